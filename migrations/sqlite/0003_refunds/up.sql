INSERT INTO sequences (name) VALUES ('credit_notes');

-- Who wanted a refund, what it was asked for by, and whose day it counts in. The oldest ones do not say.
ALTER TABLE refunds ADD COLUMN asked_by text;
ALTER TABLE refunds ADD COLUMN key_owner text;
ALTER TABLE refunds ADD COLUMN key text;
ALTER TABLE refunds ADD COLUMN request_hash blob CHECK (length(request_hash) = 32);
ALTER TABLE refunds ADD COLUMN counted_day text CONSTRAINT refunds_asked_for_whole CHECK (
    (key IS NULL) = (key_owner IS NULL) AND (key IS NULL) = (request_hash IS NULL)
    AND (key IS NULL OR asked_by IS NOT NULL)
    AND (counted_day IS NULL OR key IS NOT NULL));
-- One refund per key, for ever: a wish that comes again after years is still the same one.
CREATE UNIQUE INDEX refunds_one_per_key ON refunds (key_owner, key) WHERE key IS NOT NULL;
CREATE INDEX refunds_by_payment ON refunds (payment_id);
CREATE INDEX refunds_open ON refunds (id) WHERE status NOT IN ('succeeded', 'failed');

CREATE TRIGGER refunds_ask_for_the_same BEFORE UPDATE OF
    id, payment_id, order_id, capture, origin, reason, currency, created_at,
    asked_by, key_owner, key, request_hash, counted_day
    ON refunds
    BEGIN SELECT RAISE(ABORT, 'what a refund was asked for never changes'); END;

-- What happened to a refund, and who did it.
CREATE TABLE refund_events (
    refund_id   integer NOT NULL REFERENCES refunds,
    version     integer NOT NULL,
    from_status text,
    to_status   text NOT NULL,
    actor       text NOT NULL,
    at          text NOT NULL,
    PRIMARY KEY (refund_id, version)
) STRICT;
INSERT INTO refund_events (refund_id, version, from_status, to_status, actor, at)
    SELECT id, version, NULL, status, 'system', updated_at FROM refunds;
CREATE TRIGGER refund_events_no_update BEFORE UPDATE ON refund_events
    BEGIN SELECT RAISE(ABORT, 'refund_events is only ever added to'); END;
CREATE TRIGGER refund_events_no_delete BEFORE DELETE ON refund_events
    BEGIN SELECT RAISE(ABORT, 'refund_events is only ever added to'); END;

-- How much somebody gives back on one day. Two refunds at once wait for each other here.
CREATE TABLE refund_days (
    actor      text NOT NULL,
    day        text NOT NULL,
    currency   text NOT NULL,
    used_minor integer NOT NULL CHECK (used_minor >= 0),
    PRIMARY KEY (actor, day, currency)
) STRICT;

-- The papers of money that went back. What was wrong is taken back by another one.
CREATE TABLE credit_notes (
    id              integer PRIMARY KEY,
    number          text NOT NULL CONSTRAINT credit_notes_number_key UNIQUE,
    payment_id      integer NOT NULL REFERENCES payments,
    -- The refund it is the paper of: ours, or one that somebody made at the gateway.
    refund_id       integer REFERENCES refunds,
    external_refund text,
    amount_minor    integer NOT NULL CHECK (amount_minor <> 0),
    amount          text NOT NULL,
    currency        text NOT NULL,
    -- What it reverses of each tax.
    taxes           text NOT NULL,
    issued_at       text NOT NULL,
    CHECK ((refund_id IS NULL) <> (external_refund IS NULL))
) STRICT;
CREATE INDEX credit_notes_by_payment ON credit_notes (payment_id);
CREATE TRIGGER credit_notes_no_update BEFORE UPDATE ON credit_notes
    BEGIN SELECT RAISE(ABORT, 'credit_notes is only ever added to'); END;
CREATE TRIGGER credit_notes_no_delete BEFORE DELETE ON credit_notes
    BEGIN SELECT RAISE(ABORT, 'credit_notes is only ever added to'); END;

-- Refunds that somebody made at a gateway without us, as their facts tell.
CREATE TABLE external_refunds (
    order_id     integer NOT NULL REFERENCES orders,
    refund       text NOT NULL,
    payment_id   integer REFERENCES payments,
    capture      text NOT NULL,
    amount_minor integer NOT NULL,
    amount       text NOT NULL,
    currency     text NOT NULL,
    step         text NOT NULL CHECK (step IN ('pending', 'succeeded', 'failed')),
    created_at   text NOT NULL,
    updated_at   text NOT NULL,
    PRIMARY KEY (order_id, refund)
) STRICT;
CREATE INDEX external_refunds_by_payment ON external_refunds (payment_id);

-- The credits that somebody has. No balance is below zero.
CREATE TABLE credit_accounts (
    user_id    integer PRIMARY KEY,
    balance    integer NOT NULL CHECK (balance >= 0),
    updated_at text NOT NULL
) STRICT;

-- Every change of a balance.
CREATE TABLE credit_entries (
    id        integer PRIMARY KEY,
    user_id   integer NOT NULL REFERENCES credit_accounts,
    -- The order whose package it is about.
    order_id  integer REFERENCES orders,
    change    integer NOT NULL,
    -- How far that moved which should have gone and was used already.
    shortfall integer NOT NULL,
    balance   integer NOT NULL CHECK (balance >= 0),
    actor     text NOT NULL,
    at        text NOT NULL,
    CHECK (change <> 0 OR shortfall <> 0)
) STRICT;
CREATE INDEX credit_entries_by_user ON credit_entries (user_id);
CREATE INDEX credit_entries_by_order ON credit_entries (order_id);
CREATE TRIGGER credit_entries_no_update BEFORE UPDATE ON credit_entries
    BEGIN SELECT RAISE(ABORT, 'credit_entries is only ever added to'); END;
CREATE TRIGGER credit_entries_no_delete BEFORE DELETE ON credit_entries
    BEGIN SELECT RAISE(ABORT, 'credit_entries is only ever added to'); END;

-- What an operator is called for.
CREATE TABLE alerts (
    id         integer PRIMARY KEY,
    order_id   integer NOT NULL REFERENCES orders,
    -- The refund that failed and is owed, where it is about one.
    owed       integer REFERENCES refunds,
    -- All that it says.
    alert      text NOT NULL,
    raised_at  text NOT NULL,
    cleared_at text
) STRICT;
-- Each is open once.
CREATE UNIQUE INDEX alerts_open_once ON alerts (order_id, alert) WHERE cleared_at IS NULL;
CREATE INDEX alerts_open ON alerts (raised_at) WHERE cleared_at IS NULL;
CREATE INDEX alerts_owed ON alerts (owed) WHERE cleared_at IS NULL AND owed IS NOT NULL;
CREATE TRIGGER alerts_say_the_same BEFORE UPDATE OF id, order_id, owed, alert, raised_at ON alerts
    BEGIN SELECT RAISE(ABORT, 'what an alert says never changes'); END;
CREATE TRIGGER alerts_no_delete BEFORE DELETE ON alerts
    BEGIN SELECT RAISE(ABORT, 'alerts is only ever added to'); END;
