-- Webhooks, stored before they are answered: to the last byte as they came.
CREATE TABLE inbox (
    id           integer PRIMARY KEY AUTOINCREMENT,
    gateway      text NOT NULL,
    -- The account that it names, or '-'.
    account      text NOT NULL,
    mode         text NOT NULL CHECK (mode IN ('live', 'test')),
    -- The same for the same webhook, however often it comes.
    event_key    text NOT NULL,
    event_type   text NOT NULL,
    headers      text NOT NULL,
    body         blob NOT NULL,
    received_at  text NOT NULL,
    status       text NOT NULL CHECK (status IN (
        'received', 'processed', 'ignored', 'unmatched', 'parked', 'quarantined')),
    tries        integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    -- Nothing is left to do without it.
    next_try_at  text,
    -- How often it was taken. Whoever writes what became of it says which time that was.
    epoch        integer NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    leased_until text,
    fault        text,
    order_id     integer REFERENCES orders,
    attempt_id   integer REFERENCES attempts,
    finished_at  text,
    -- However often a webhook comes, it is processed once.
    CONSTRAINT inbox_once UNIQUE (gateway, account, mode, event_key),
    -- What was received is worked on until it is said what became of it.
    CHECK (status <> 'received' OR next_try_at IS NOT NULL),
    CHECK (next_try_at IS NULL OR status IN ('received', 'unmatched')),
    CHECK ((next_try_at IS NULL) = (finished_at IS NOT NULL))
) STRICT;
CREATE INDEX inbox_due ON inbox (next_try_at, id) WHERE next_try_at IS NOT NULL;
CREATE INDEX inbox_by_status ON inbox (status, received_at DESC, id DESC);
CREATE INDEX inbox_newest ON inbox (received_at DESC, id DESC);

-- What came is evidence.
CREATE TRIGGER inbox_says_the_same BEFORE UPDATE OF
    id, gateway, account, mode, event_key, event_type, headers, body, received_at
    ON inbox
    BEGIN SELECT RAISE(ABORT, 'what a webhook said never changes'); END;
CREATE TRIGGER inbox_no_delete BEFORE DELETE ON inbox
    BEGIN SELECT RAISE(ABORT, 'a webhook that came is kept'); END;

-- Refunds and disputes name the money and nothing else.
CREATE INDEX captures_by_name ON captures (capture);
