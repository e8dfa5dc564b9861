-- Times are text in UTC with six decimals, so that they sort as they follow each other.

CREATE TABLE installation (
    only_one   integer PRIMARY KEY DEFAULT 1 CHECK (only_one = 1),
    word       text NOT NULL CHECK (word NOT GLOB '*[^a-z0-9]*' AND length(word) BETWEEN 8 AND 16)
) STRICT;
INSERT INTO installation (word) VALUES (lower(hex(randomblob(6))));

CREATE TABLE users (
    id          integer PRIMARY KEY AUTOINCREMENT,
    email       text NOT NULL CONSTRAINT users_email_key UNIQUE,
    password    text NOT NULL,
    role        text NOT NULL CHECK (role IN ('customer', 'operator')),
    disabled_at text,
    -- Tokens carry the epoch they were given out in; those of another one are void.
    epoch       integer NOT NULL DEFAULT 1,
    created_at  text NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id         integer PRIMARY KEY AUTOINCREMENT,
    name       text NOT NULL CONSTRAINT api_keys_name_key UNIQUE,
    role       text NOT NULL CHECK (role IN ('service', 'operator')),
    scopes     text NOT NULL,
    prefix     text NOT NULL,
    hash       blob NOT NULL CONSTRAINT api_keys_hash_key UNIQUE,
    created_at text NOT NULL,
    revoked_at text
) STRICT;

-- Ids are taken from these in blocks, before the rows are written.
CREATE TABLE sequences (
    name    text PRIMARY KEY,
    next_id integer NOT NULL DEFAULT 1
) STRICT;
INSERT INTO sequences (name) VALUES ('orders'), ('payments'), ('invoices'), ('tax_records');

CREATE TABLE orders (
    id              integer PRIMARY KEY,
    order_number    text NOT NULL CONSTRAINT orders_order_number_key UNIQUE,
    kind            text NOT NULL CHECK (kind IN ('consultation', 'checkout', 'direct', 'credits')),
    consultation_id integer CONSTRAINT orders_consultation_id_key UNIQUE,
    credits         integer CHECK (credits > 0),
    external_ref    text CONSTRAINT orders_external_ref_key UNIQUE,
    description     text,
    user_id         integer NOT NULL,
    price_minor     integer NOT NULL CHECK (price_minor > 0),
    currency        text NOT NULL,
    status          text NOT NULL
        CHECK (status IN ('pending', 'processing', 'completed', 'cancelled', 'refunded')),
    -- The payment that takes the order's only place. Taking it is what opens a payment.
    live_payment_id integer,
    version         integer NOT NULL DEFAULT 1,
    created_at      text NOT NULL,
    updated_at      text NOT NULL,
    CHECK ((kind = 'consultation') = (consultation_id IS NOT NULL)),
    CHECK ((kind = 'credits') = (credits IS NOT NULL))
) STRICT;

CREATE TABLE order_items (
    order_id   integer NOT NULL REFERENCES orders,
    position   integer NOT NULL,
    name       text NOT NULL,
    quantity   integer NOT NULL CHECK (quantity > 0),
    unit_minor integer NOT NULL CHECK (unit_minor >= 0),
    PRIMARY KEY (order_id, position)
) STRICT;

CREATE TABLE payments (
    id              integer PRIMARY KEY,
    order_id        integer NOT NULL REFERENCES orders,
    user_id         integer NOT NULL,
    consultation_id integer,
    price_minor     integer NOT NULL CHECK (price_minor > 0),
    amount_minor    integer NOT NULL CHECK (amount_minor >= price_minor),
    -- The same amount for people who read the table.
    amount          text NOT NULL,
    currency        text NOT NULL,
    payment_method  text NOT NULL,
    status          text NOT NULL CHECK (status IN (
        'pending', 'processing', 'under_review', 'completed', 'partially_refunded',
        'refunded', 'failed', 'cancelled', 'expired')),
    -- What belongs to that state only.
    state           text NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    deadline        text NOT NULL,
    created_at      text NOT NULL,
    updated_at      text NOT NULL,
    CHECK (deadline > created_at)
) STRICT;
-- One live payment per order.
CREATE UNIQUE INDEX payments_one_live_per_order ON payments (order_id)
    WHERE status IN ('pending', 'processing', 'under_review', 'completed', 'partially_refunded');
CREATE INDEX payments_by_order ON payments (order_id);
CREATE INDEX payments_by_user ON payments (user_id, created_at DESC, id DESC);
CREATE INDEX payments_by_time ON payments (created_at DESC, id DESC);
CREATE INDEX payments_by_consultation ON payments (consultation_id, user_id);

CREATE TABLE invoices (
    id             integer PRIMARY KEY,
    payment_id     integer NOT NULL CONSTRAINT invoices_payment_id_key UNIQUE REFERENCES payments,
    invoice_number text NOT NULL CONSTRAINT invoices_invoice_number_key UNIQUE,
    amount_minor   integer NOT NULL CHECK (amount_minor > 0),
    amount         text NOT NULL,
    currency       text NOT NULL,
    status         text NOT NULL
        CHECK (status IN ('pending', 'paid', 'partially_refunded', 'refunded', 'void')),
    issued_at      text NOT NULL
) STRICT;

CREATE TABLE tax_records (
    id               integer PRIMARY KEY,
    payment_id       integer NOT NULL REFERENCES payments,
    position         integer NOT NULL,
    tax_type         text NOT NULL,
    rate             text NOT NULL,
    tax_amount_minor integer NOT NULL CHECK (tax_amount_minor >= 0),
    tax_amount       text NOT NULL,
    currency         text NOT NULL,
    status           text NOT NULL
        CHECK (status IN ('pending', 'collected', 'partially_reversed', 'reversed', 'void')),
    reversed_minor   integer NOT NULL DEFAULT 0
        CHECK (reversed_minor BETWEEN 0 AND tax_amount_minor),
    -- How the amount was computed.
    line             text NOT NULL,
    CONSTRAINT tax_records_payment_id_position_key UNIQUE (payment_id, position)
) STRICT;

CREATE TABLE payment_events (
    payment_id  integer NOT NULL REFERENCES payments,
    version     integer NOT NULL CHECK (version > 0),
    from_status text,
    to_status   text NOT NULL,
    actor       text NOT NULL,
    at          text NOT NULL,
    PRIMARY KEY (payment_id, version)
) STRICT;
CREATE TRIGGER payment_events_no_update BEFORE UPDATE ON payment_events
    BEGIN SELECT RAISE(ABORT, 'payment_events is only ever added to'); END;
CREATE TRIGGER payment_events_no_delete BEFORE DELETE ON payment_events
    BEGIN SELECT RAISE(ABORT, 'payment_events is only ever added to'); END;

-- What was decided about an order, in the order of deciding.
CREATE TABLE decisions (
    order_id integer NOT NULL REFERENCES orders,
    position integer NOT NULL,
    decision text NOT NULL,
    actor    text NOT NULL,
    at       text NOT NULL,
    PRIMARY KEY (order_id, position)
) STRICT;
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions is only ever added to'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions is only ever added to'); END;

-- What was answered to a key. Written in the transaction that made it true.
CREATE TABLE idempotency_keys (
    owner        text NOT NULL,
    route        text NOT NULL,
    key          text NOT NULL,
    request_hash blob NOT NULL,
    payment_id   integer NOT NULL REFERENCES payments,
    body         blob NOT NULL,
    created_at   text NOT NULL,
    kept_until   text NOT NULL,
    PRIMARY KEY (owner, route, key)
) STRICT;
CREATE INDEX idempotency_keys_by_payment ON idempotency_keys (payment_id);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (kept_until);

-- What the world is to be told.
CREATE TABLE outbox (
    aggregate  text NOT NULL,
    sequence   integer NOT NULL,
    kind       text NOT NULL,
    created_at text NOT NULL,
    PRIMARY KEY (aggregate, sequence)
) STRICT;

-- Work that is due. What is not at its end owns an open job.
CREATE TABLE jobs (
    kind       text NOT NULL CHECK (kind IN ('expire_payment')),
    subject_id integer NOT NULL,
    due_at     text NOT NULL,
    done_at    text,
    PRIMARY KEY (kind, subject_id)
) STRICT;
CREATE INDEX jobs_due ON jobs (due_at) WHERE done_at IS NULL;
