-- A payment whose money is looked at, and an answer that a gateway waits for, own a job, too.
ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_check
    CHECK (kind IN ('expire_payment', 'watch_attempt', 'carry_refund', 'watch_review', 'carry_answer'));

-- A job is in one pair of hands at a time. Whoever writes what became of it says which time it was taken.
ALTER TABLE jobs
    ADD COLUMN tries bigint NOT NULL DEFAULT 0 CHECK (tries >= 0),
    -- How many tries in a row the gateway was in trouble.
    ADD COLUMN faults bigint NOT NULL DEFAULT 0 CHECK (faults >= 0),
    ADD COLUMN epoch bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    ADD COLUMN leased_until timestamptz,
    -- The gateway whose trouble put it off.
    ADD COLUMN waits_for text;
CREATE INDEX jobs_waiting ON jobs (waits_for, due_at) WHERE done_at IS NULL AND waits_for IS NOT NULL;

-- What is not at its end is found without looking at what is.
CREATE INDEX payments_unresolved ON payments (id) WHERE status IN ('pending', 'processing', 'under_review');
CREATE INDEX refunds_under_way ON refunds (payment_id) WHERE status IN ('requested', 'sent', 'unknown');

-- What runs at its hour, one process at a time.
CREATE TABLE schedule (
    name         text PRIMARY KEY,
    due_at       timestamptz NOT NULL,
    began_at     timestamptz,
    ended_at     timestamptz,
    -- What the last run that ended came to, in words.
    result       text,
    has_failed   boolean NOT NULL DEFAULT false,
    -- How far a run that follows a list has come.
    cursor       text,
    epoch        bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    leased_until timestamptz
);
