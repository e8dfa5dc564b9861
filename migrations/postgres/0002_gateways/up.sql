CREATE SEQUENCE attempt_ids;
CREATE SEQUENCE refund_ids;

CREATE TABLE attempts (
    id         bigint PRIMARY KEY,
    payment_id bigint NOT NULL REFERENCES payments,
    order_id   bigint NOT NULL REFERENCES orders,
    gateway    text NOT NULL,
    account    text NOT NULL,
    mode       text NOT NULL CHECK (mode IN ('live', 'test')),
    status     text NOT NULL CHECK (status IN (
        'creating', 'open', 'unknown', 'closing', 'paid', 'failed', 'expired', 'closed')),
    -- What belongs to that state only.
    state      text NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- One checkout per payment that somebody might still pay through.
CREATE UNIQUE INDEX attempts_one_live_per_payment ON attempts (payment_id)
    WHERE status IN ('creating', 'open', 'unknown', 'closing');
-- And one per order, whichever payment it is of.
CREATE UNIQUE INDEX attempts_one_live_per_order ON attempts (order_id)
    WHERE status IN ('creating', 'open', 'unknown', 'closing');
CREATE INDEX attempts_by_order ON attempts (order_id);

-- When a gateway was last asked about a payment by somebody who may do so at any time.
CREATE TABLE payment_reads (
    payment_id bigint PRIMARY KEY REFERENCES payments,
    read_at    timestamptz NOT NULL
);

-- What gateways are asked, written down before they are.
CREATE TABLE gateway_calls (
    key          text PRIMARY KEY CHECK (key ~ '^[A-Za-z0-9-]{1,40}$'),
    order_id     bigint NOT NULL REFERENCES orders,
    position     integer NOT NULL,
    operation    text NOT NULL CHECK (operation IN ('open', 'close', 'answer', 'refund')),
    -- The attempt, or the refund.
    subject_id   bigint NOT NULL,
    generation   bigint NOT NULL CHECK (generation > 0),
    path         text NOT NULL,
    body         text NOT NULL,
    good_until   timestamptz NOT NULL,
    dead_at      timestamptz NOT NULL,
    status       text NOT NULL CHECK (status IN ('planned', 'sent', 'done', 'refused')),
    -- How often it was taken. Whoever writes what became of it says which time that was.
    epoch        bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    leased_until timestamptz,
    unclear      bigint NOT NULL DEFAULT 0 CHECK (unclear >= 0),
    fault        text,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    CONSTRAINT gateway_calls_order_id_position_key UNIQUE (order_id, position),
    CONSTRAINT gateway_calls_generation_key UNIQUE (operation, subject_id, generation),
    CHECK ((status IN ('done', 'refused')) = (finished_at IS NOT NULL)),
    CHECK (leased_until IS NULL OR status = 'sent')
);
-- One call at a time for one purpose: another one begins after proof that this one had no effect.
CREATE UNIQUE INDEX gateway_calls_one_at_a_time ON gateway_calls (operation, subject_id)
    WHERE status IN ('planned', 'sent');

-- A call is sent again to the last byte as it was sent before.
CREATE FUNCTION bayar_refuse_other_call() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'what a call says never changes'; END $$;
CREATE TRIGGER gateway_calls_say_the_same BEFORE UPDATE OF
    key, order_id, position, operation, subject_id, generation, path, body, good_until, dead_at, created_at
    ON gateway_calls FOR EACH STATEMENT EXECUTE FUNCTION bayar_refuse_other_call();

-- What gateways proved. A thing counts once, through whichever door it came.
CREATE TABLE facts (
    gateway     text NOT NULL,
    account     text NOT NULL,
    mode        text NOT NULL CHECK (mode IN ('live', 'test')),
    kind        text NOT NULL CHECK (kind IN (
        'captured', 'challenged', 'reversed', 'declined', 'failed', 'expired', 'refunded', 'disputed')),
    object      text NOT NULL,
    step        text NOT NULL,
    order_id    bigint NOT NULL REFERENCES orders,
    attempt_id  bigint NOT NULL REFERENCES attempts,
    -- All that it says.
    fact        text NOT NULL,
    -- By the clock of the gateway.
    at          timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, account, mode, kind, object, step)
);
CREATE INDEX facts_by_order ON facts (order_id);
CREATE TRIGGER facts_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON facts
    FOR EACH STATEMENT EXECUTE FUNCTION bayar_refuse_change();

-- Money that a fact tells of: it counts for one order. The sums are those of its settlement, and zero
-- as long as there is no currency: then it is not known how much it is.
CREATE TABLE captures (
    gateway        text NOT NULL,
    account        text NOT NULL,
    mode           text NOT NULL CHECK (mode IN ('live', 'test')),
    capture        text NOT NULL,
    order_id       bigint NOT NULL REFERENCES orders,
    payment_id     bigint NOT NULL REFERENCES payments,
    attempt_id     bigint NOT NULL REFERENCES attempts,
    currency       text,
    captured_minor bigint NOT NULL CHECK (captured_minor >= 0),
    captured       numeric NOT NULL,
    refunded_minor bigint NOT NULL CHECK (refunded_minor >= 0),
    refunded       numeric NOT NULL,
    reserved_minor bigint NOT NULL CHECK (reserved_minor >= 0),
    reserved       numeric NOT NULL,
    disputed_minor bigint NOT NULL CHECK (disputed_minor >= 0),
    disputed       numeric NOT NULL,
    loss_minor     bigint NOT NULL CHECK (loss_minor >= 0),
    loss           numeric NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (gateway, account, mode, capture),
    -- No more goes out than came in, unless it is written down as a loss.
    CONSTRAINT captures_covered CHECK (refunded_minor + reserved_minor + disputed_minor <= captured_minor + loss_minor),
    CHECK (currency IS NOT NULL
        OR (captured_minor, refunded_minor, reserved_minor, disputed_minor, loss_minor) = (0, 0, 0, 0, 0))
);
CREATE INDEX captures_by_order ON captures (order_id);

-- The money that pays an order, and the money that did.
CREATE TABLE primary_captures (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id    bigint NOT NULL REFERENCES orders,
    gateway     text NOT NULL,
    account     text NOT NULL,
    mode        text NOT NULL,
    capture     text NOT NULL,
    decided_at  timestamptz NOT NULL,
    released_at timestamptz,
    FOREIGN KEY (gateway, account, mode, capture) REFERENCES captures
);
-- One kept capture per order. Every other one goes back.
CREATE UNIQUE INDEX primary_captures_one_per_order ON primary_captures (order_id)
    WHERE released_at IS NULL;

CREATE TABLE refunds (
    id           bigint PRIMARY KEY,
    payment_id   bigint NOT NULL REFERENCES payments,
    order_id     bigint NOT NULL REFERENCES orders,
    -- The money it is taken from.
    capture      text NOT NULL,
    origin       text NOT NULL CHECK (origin IN ('requested', 'surplus')),
    reason       text,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    amount       numeric NOT NULL,
    currency     text NOT NULL,
    status       text NOT NULL
        CHECK (status IN ('requested', 'sent', 'unknown', 'manual', 'succeeded', 'failed')),
    state        text NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE INDEX refunds_by_order ON refunds (order_id);

-- Attempts that are live and refunds that are under way own a job, too.
ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_check
    CHECK (kind IN ('expire_payment', 'watch_attempt', 'carry_refund'));

-- Why something was decided, in the words of whoever did.
ALTER TABLE decisions ADD COLUMN note text;
