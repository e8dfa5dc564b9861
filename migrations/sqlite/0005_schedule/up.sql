-- A payment whose money is looked at, and an answer that a gateway waits for, own a job, too.
-- A table keeps its checks for good, so it is made anew.
CREATE TABLE jobs_with_leases (
    kind         text NOT NULL CHECK (kind IN (
        'expire_payment', 'watch_attempt', 'carry_refund', 'watch_review', 'carry_answer')),
    subject_id   integer NOT NULL,
    due_at       text NOT NULL,
    done_at      text,
    -- A job is in one pair of hands at a time. Whoever writes what became of it says which time it was taken.
    tries        integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    -- How many tries in a row the gateway was in trouble.
    faults       integer NOT NULL DEFAULT 0 CHECK (faults >= 0),
    epoch        integer NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    leased_until text,
    -- The gateway whose trouble put it off.
    waits_for    text,
    PRIMARY KEY (kind, subject_id)
) STRICT;
INSERT INTO jobs_with_leases (kind, subject_id, due_at, done_at)
    SELECT kind, subject_id, due_at, done_at FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_with_leases RENAME TO jobs;
CREATE INDEX jobs_due ON jobs (due_at) WHERE done_at IS NULL;
CREATE INDEX jobs_waiting ON jobs (waits_for, due_at) WHERE done_at IS NULL AND waits_for IS NOT NULL;

-- What is not at its end is found without looking at what is.
CREATE INDEX payments_unresolved ON payments (id) WHERE status IN ('pending', 'processing', 'under_review');
CREATE INDEX refunds_under_way ON refunds (payment_id) WHERE status IN ('requested', 'sent', 'unknown');

-- What runs at its hour, one process at a time.
CREATE TABLE schedule (
    name         text PRIMARY KEY,
    due_at       text NOT NULL,
    began_at     text,
    ended_at     text,
    -- What the last run that ended came to, in words.
    result       text,
    has_failed   integer NOT NULL DEFAULT 0 CHECK (has_failed IN (0, 1)),
    -- How far a run that follows a list has come.
    cursor       text,
    epoch        integer NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    leased_until text
) STRICT;
