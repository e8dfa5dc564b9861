-- What is due of one gateway is found without looking at what waits for another one.
DROP INDEX inbox_due;
CREATE INDEX inbox_due ON inbox (gateway, next_try_at, id) WHERE next_try_at IS NOT NULL;

-- What moved lately is found without looking at what has rested for years.
CREATE INDEX attempts_moved ON attempts (gateway, updated_at, id);
