CREATE SEQUENCE credit_note_ids;

-- Who wanted a refund, what it was asked for by, and whose day it counts in. The oldest ones do not say.
ALTER TABLE refunds
    ADD COLUMN asked_by text,
    ADD COLUMN key_owner text,
    ADD COLUMN key text,
    ADD COLUMN request_hash bytea CHECK (octet_length(request_hash) = 32),
    ADD COLUMN counted_day date,
    ADD CONSTRAINT refunds_asked_for_whole CHECK (
        (key IS NULL) = (key_owner IS NULL) AND (key IS NULL) = (request_hash IS NULL)
        AND (key IS NULL OR asked_by IS NOT NULL)
        AND (counted_day IS NULL OR key IS NOT NULL));
-- One refund per key, for ever: a wish that comes again after years is still the same one.
CREATE UNIQUE INDEX refunds_one_per_key ON refunds (key_owner, key) WHERE key IS NOT NULL;
CREATE INDEX refunds_by_payment ON refunds (payment_id);
CREATE INDEX refunds_open ON refunds (id) WHERE status NOT IN ('succeeded', 'failed');

CREATE FUNCTION bayar_refuse_other_refund() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'what a refund was asked for never changes'; END $$;
CREATE TRIGGER refunds_ask_for_the_same BEFORE UPDATE OF
    id, payment_id, order_id, capture, origin, reason, currency, created_at,
    asked_by, key_owner, key, request_hash, counted_day
    ON refunds FOR EACH STATEMENT EXECUTE FUNCTION bayar_refuse_other_refund();

-- What happened to a refund, and who did it.
CREATE TABLE refund_events (
    refund_id   bigint NOT NULL REFERENCES refunds,
    version     bigint NOT NULL,
    from_status text,
    to_status   text NOT NULL,
    actor       text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (refund_id, version)
);
INSERT INTO refund_events (refund_id, version, from_status, to_status, actor, at)
    SELECT id, version, NULL, status, 'system', updated_at FROM refunds;
CREATE TRIGGER refund_events_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON refund_events
    FOR EACH STATEMENT EXECUTE FUNCTION bayar_refuse_change();

-- How much somebody gives back on one day. Two refunds at once wait for each other here.
CREATE TABLE refund_days (
    actor      text NOT NULL,
    day        date NOT NULL,
    currency   text NOT NULL,
    used_minor bigint NOT NULL CHECK (used_minor >= 0),
    PRIMARY KEY (actor, day, currency)
);

-- The papers of money that went back. What was wrong is taken back by another one.
CREATE TABLE credit_notes (
    id              bigint PRIMARY KEY,
    number          text NOT NULL CONSTRAINT credit_notes_number_key UNIQUE,
    payment_id      bigint NOT NULL REFERENCES payments,
    -- The refund it is the paper of: ours, or one that somebody made at the gateway.
    refund_id       bigint REFERENCES refunds,
    external_refund text,
    amount_minor    bigint NOT NULL CHECK (amount_minor <> 0),
    amount          numeric NOT NULL,
    currency        text NOT NULL,
    -- What it reverses of each tax.
    taxes           text NOT NULL,
    issued_at       timestamptz NOT NULL,
    CHECK ((refund_id IS NULL) <> (external_refund IS NULL))
);
CREATE INDEX credit_notes_by_payment ON credit_notes (payment_id);
CREATE TRIGGER credit_notes_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_notes
    FOR EACH STATEMENT EXECUTE FUNCTION bayar_refuse_change();

-- Refunds that somebody made at a gateway without us, as their facts tell.
CREATE TABLE external_refunds (
    order_id     bigint NOT NULL REFERENCES orders,
    refund       text NOT NULL,
    payment_id   bigint REFERENCES payments,
    capture      text NOT NULL,
    amount_minor bigint NOT NULL,
    amount       numeric NOT NULL,
    currency     text NOT NULL,
    step         text NOT NULL CHECK (step IN ('pending', 'succeeded', 'failed')),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (order_id, refund)
);
CREATE INDEX external_refunds_by_payment ON external_refunds (payment_id);

-- The credits that somebody has. No balance is below zero.
CREATE TABLE credit_accounts (
    user_id    bigint PRIMARY KEY,
    balance    bigint NOT NULL CHECK (balance >= 0),
    updated_at timestamptz NOT NULL
);

-- Every change of a balance.
CREATE TABLE credit_entries (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id   bigint NOT NULL REFERENCES credit_accounts,
    -- The order whose package it is about.
    order_id  bigint REFERENCES orders,
    change    bigint NOT NULL,
    -- How far that moved which should have gone and was used already.
    shortfall bigint NOT NULL,
    balance   bigint NOT NULL CHECK (balance >= 0),
    actor     text NOT NULL,
    at        timestamptz NOT NULL,
    CHECK (change <> 0 OR shortfall <> 0)
);
CREATE INDEX credit_entries_by_user ON credit_entries (user_id);
CREATE INDEX credit_entries_by_order ON credit_entries (order_id);
CREATE TRIGGER credit_entries_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION bayar_refuse_change();

-- What an operator is called for.
CREATE TABLE alerts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   bigint NOT NULL REFERENCES orders,
    -- The refund that failed and is owed, where it is about one.
    owed       bigint REFERENCES refunds,
    -- All that it says.
    alert      text NOT NULL,
    raised_at  timestamptz NOT NULL,
    cleared_at timestamptz
);
-- Each is open once.
CREATE UNIQUE INDEX alerts_open_once ON alerts (order_id, alert) WHERE cleared_at IS NULL;
CREATE INDEX alerts_open ON alerts (raised_at) WHERE cleared_at IS NULL;
CREATE INDEX alerts_owed ON alerts (owed) WHERE cleared_at IS NULL AND owed IS NOT NULL;
CREATE TRIGGER alerts_say_the_same BEFORE UPDATE OF id, order_id, owed, alert, raised_at OR DELETE OR TRUNCATE ON alerts
    FOR EACH STATEMENT EXECUTE FUNCTION bayar_refuse_change();
