//! The guards that stand in the tables.

use super::guard::Guard;

/// Each of them, with the tests that must miss it.
#[rustfmt::skip] // a table
pub(super) fn guards() -> Vec<Guard> {
    vec![
        Guard::new("C1", "one live payment per order: the index")
            .tables("DROP INDEX payments_one_live_per_order", &[
                "contract::opening::an_order_that_forgot_its_live_payment_opens_no_second_one",
            ]),

        Guard::new("C2", "one outcome per key: the primary key")
            .in_postgres("ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey", BOUND_KEYS)
            .in_sqlite("PART idempotency_keys: PRIMARY KEY (owner, route, key)", BOUND_KEYS),
        Guard::new("C2", "one refund per key: the index")
            .tables("DROP INDEX refunds_one_per_key", &[
                "contract::refund_records::a_key_makes_one_refund_for_ever",
            ]),

        Guard::new("C3", "one open checkout per payment: the index")
            .audited("two checkouts could be paid at once")
            .tables("DROP INDEX attempts_one_live_per_payment", &[
                "gateways::an_order_has_one_attempt_that_might_still_be_paid",
            ]),
        Guard::new("C3", "one open checkout per order: the index")
            .audited("two checkouts could be paid at once")
            .tables("DROP INDEX attempts_one_live_per_order", &[
                "gateways::an_order_has_one_attempt_that_might_still_be_paid",
            ]),

        Guard::new("C4", "a fact counts once: the primary key")
            .in_postgres("ALTER TABLE facts DROP CONSTRAINT facts_pkey", FACTS)
            .in_sqlite("PART facts: PRIMARY KEY (gateway, account, mode, kind, object, step)", FACTS),
        Guard::new("C4", "facts are not changed: the trigger")
            .audited("a proof tells another amount")
            .in_postgres("DROP TRIGGER facts_insert_only ON facts", FACTS_STAY)
            .in_sqlite("DROP TRIGGER facts_no_update", FACTS_STAY),
        Guard::new("C4", "facts are not deleted: the trigger")
            .audited("the proof of money is gone, with all that follows from it")
            .in_sqlite("DROP TRIGGER facts_no_delete", FACTS_STAY),
        Guard::new("C4", "money counts for one order: the primary key")
            .audited("a capture counts for the payment of another order")
            .in_postgres("ALTER TABLE captures DROP CONSTRAINT captures_pkey CASCADE", MONEY)
            .in_sqlite("PART primary_captures: FOREIGN KEY (gateway, account, mode, capture) REFERENCES captures\n\
                        PART captures: PRIMARY KEY (gateway, account, mode, capture)", MONEY),

        Guard::new("C5", "one capture pays an order: the index")
            .audited("two captures pay one order")
            .tables("DROP INDEX primary_captures_one_per_order", &[
                "gateways::one_capture_pays_an_order_at_a_time",
            ]),
        Guard::new("C5", "decisions are not changed: the trigger")
            .in_postgres("DROP TRIGGER decisions_insert_only ON decisions", HISTORY_ON_POSTGRES)
            .in_sqlite("DROP TRIGGER decisions_no_update", HISTORY_ON_SQLITE),
        Guard::new("C5", "decisions are not deleted: the trigger")
            .in_sqlite("DROP TRIGGER decisions_no_delete", HISTORY_ON_SQLITE),
        Guard::new("C5", "one decision at each place: the primary key")
            .in_postgres("ALTER TABLE decisions DROP CONSTRAINT decisions_pkey", ONE_VERSION_ON_POSTGRES)
            .in_sqlite("PART decisions: PRIMARY KEY (order_id, position)", ONE_VERSION_ON_SQLITE),

        Guard::new("C6", "a webhook is kept once: the constraint")
            .in_postgres("ALTER TABLE inbox DROP CONSTRAINT inbox_once", ONE_WEBHOOK_ON_POSTGRES)
            .in_sqlite("PART inbox: CONSTRAINT inbox_once UNIQUE (gateway, account, mode, event_key)", ONE_WEBHOOK_ON_SQLITE),
        Guard::new("C6", "what a webhook said stays: the trigger")
            .in_postgres("DROP TRIGGER inbox_says_the_same ON inbox", WEBHOOKS_STAY)
            .in_sqlite("DROP TRIGGER inbox_says_the_same", WEBHOOKS_STAY),
        Guard::new("C6", "webhooks are not deleted: the trigger")
            .in_postgres("DROP TRIGGER inbox_no_delete ON inbox", WEBHOOKS_ARE_KEPT)
            .in_sqlite("DROP TRIGGER inbox_no_delete", WEBHOOKS_ARE_KEPT),

        Guard::new("C7", "one event per version of a payment: the primary key")
            .in_postgres("ALTER TABLE payment_events DROP CONSTRAINT payment_events_pkey", ONE_VERSION_ON_POSTGRES)
            .in_sqlite("PART payment_events: PRIMARY KEY (payment_id, version)", ONE_VERSION_ON_SQLITE),
        Guard::new("C7", "the history of a payment is not changed: the trigger")
            .audited("the history makes a move that is not legal")
            .in_postgres("DROP TRIGGER payment_events_insert_only ON payment_events", HISTORY_ON_POSTGRES)
            .in_sqlite("DROP TRIGGER payment_events_no_update", HISTORY_ON_SQLITE),
        Guard::new("C7", "the history of a payment is not deleted: the trigger")
            .audited("the history has a gap")
            .in_sqlite("DROP TRIGGER payment_events_no_delete", HISTORY_ON_SQLITE),
        Guard::new("C7", "one event per version of a refund: the primary key")
            .in_postgres("ALTER TABLE refund_events DROP CONSTRAINT refund_events_pkey", REFUND_TABLES)
            .in_sqlite("PART refund_events: PRIMARY KEY (refund_id, version)", REFUND_TABLES),
        Guard::new("C7", "the history of a refund is not changed: the trigger")
            .audited("the history of a refund has another end")
            .in_postgres("DROP TRIGGER refund_events_insert_only ON refund_events", REFUND_TABLES)
            .in_sqlite("DROP TRIGGER refund_events_no_update", REFUND_TABLES),
        Guard::new("C7", "the history of a refund is not deleted: the trigger")
            .in_sqlite("DROP TRIGGER refund_events_no_delete", REFUND_TABLES),

        Guard::new("C8", "no more goes out than came in: the check")
            .audited("a reservation is left behind")
            .in_postgres("ALTER TABLE captures DROP CONSTRAINT captures_covered", COVERED)
            .in_sqlite("PART captures: CHECK (refunded_minor + reserved_minor + disputed_minor <= captured_minor + loss_minor)", COVERED),
        Guard::new("C8", "what a refund was asked for stays: the trigger")
            .in_postgres("DROP TRIGGER refunds_ask_for_the_same ON refunds", REFUND_TABLES)
            .in_sqlite("DROP TRIGGER refunds_ask_for_the_same", REFUND_TABLES),

        Guard::new("C10", "a key is used for one call: the primary key")
            .audited("a key was used for another order")
            .in_postgres("ALTER TABLE gateway_calls DROP CONSTRAINT gateway_calls_pkey", KEYS_OF_CALLS)
            .in_sqlite("PART gateway_calls: PRIMARY KEY", KEYS_OF_CALLS),
        Guard::new("C10", "a generation is used once: the constraint")
            .audited("the generations of a call have a gap")
            .in_postgres("ALTER TABLE gateway_calls DROP CONSTRAINT gateway_calls_generation_key", GENERATIONS)
            .in_sqlite("PART gateway_calls: CONSTRAINT gateway_calls_generation_key UNIQUE (operation, subject_id, generation)",
                GENERATIONS),
        Guard::new("C10", "one call at a time for one purpose: the index")
            .tables("DROP INDEX gateway_calls_one_at_a_time", &[
                "contract::calls::a_second_call_for_one_purpose_waits_for_the_end_of_the_first",
                "gateways::one_call_at_a_time_serves_one_purpose_and_always_says_the_same",
            ]),
        Guard::new("C10", "what a call says stays: the trigger")
            .in_postgres("DROP TRIGGER gateway_calls_say_the_same ON gateway_calls", SAY_THE_SAME)
            .in_sqlite("DROP TRIGGER gateway_calls_say_the_same", SAY_THE_SAME),

        Guard::new("C11", "no balance below zero: the check")
            .audited("a balance of credits comes from nowhere")
            .in_postgres("ALTER TABLE credit_accounts DROP CONSTRAINT credit_accounts_balance_check", REFUND_TABLES)
            .in_sqlite("PART credit_accounts: CHECK (balance >= 0)", REFUND_TABLES),
        Guard::new("C11", "no entry leads below zero: the check")
            .in_postgres("ALTER TABLE credit_entries DROP CONSTRAINT credit_entries_balance_check", REFUND_TABLES)
            .in_sqlite("PART credit_entries: CHECK (balance >= 0)", REFUND_TABLES),
        Guard::new("C11", "entries are not changed: the trigger")
            .in_postgres("DROP TRIGGER credit_entries_insert_only ON credit_entries", REFUND_TABLES)
            .in_sqlite("DROP TRIGGER credit_entries_no_update", REFUND_TABLES),
        Guard::new("C11", "entries are not deleted: the trigger")
            .in_sqlite("DROP TRIGGER credit_entries_no_delete", REFUND_TABLES),

        Guard::new("C12", "each announcement under a number of its own: the primary key")
            .in_postgres("ALTER TABLE outbox DROP CONSTRAINT outbox_pkey", ONE_VERSION_ON_POSTGRES)
            .in_sqlite("PART outbox: PRIMARY KEY (aggregate, sequence)", ONE_VERSION_ON_SQLITE),
    ]
}

const BOUND_KEYS: &[&str] = &["contract::opening::an_opening_under_a_bound_key_leaves_nothing"];
const FACTS: &[&str] = &[
    "contract::facts::a_fact_counts_once",
    "gateways::a_fact_counts_once_and_is_never_changed",
];
const FACTS_STAY: &[&str] = &["gateways::a_fact_counts_once_and_is_never_changed"];
const MONEY: &[&str] = &["contract::facts::money_counts_for_one_order_whatever_is_told_of_it"];
const HISTORY_ON_POSTGRES: &[&str] = &["units::history_and_decisions_are_only_ever_added_to"];
const HISTORY_ON_SQLITE: &[&str] = &["tables::history_is_only_ever_added_to"];
const ONE_VERSION_ON_POSTGRES: &[&str] = &["units::each_version_is_told_of_once"];
const ONE_VERSION_ON_SQLITE: &[&str] = &["tables::each_version_is_told_of_once"];
/// The store on SQLite looks before it writes, with nobody beside it: only the table itself shows the constraint.
const ONE_WEBHOOK_ON_SQLITE: &[&str] = &["inbox::the_inbox_holds_a_webhook_once"];
const ONE_WEBHOOK_ON_POSTGRES: &[&str] = &[
    "contract::inbox::the_same_webhook_is_kept_once",
    "inbox::the_inbox_holds_a_webhook_once",
];
const WEBHOOKS_STAY: &[&str] = &["inbox::what_a_webhook_said_never_changes"];
const WEBHOOKS_ARE_KEPT: &[&str] = &["inbox::a_webhook_that_came_is_kept"];
const REFUND_TABLES: &[&str] = &["refunds::the_papers_of_refunds_are_only_ever_added_to"];
const COVERED: &[&str] = &["gateways::no_more_goes_out_than_came_in_unless_it_is_a_loss"];
const KEYS_OF_CALLS: &[&str] = &["contract::calls::a_key_is_used_once"];
const GENERATIONS: &[&str] = &[
    "contract::calls::a_generation_is_used_once",
    "gateways::one_call_at_a_time_serves_one_purpose_and_always_says_the_same",
];
const SAY_THE_SAME: &[&str] =
    &["gateways::one_call_at_a_time_serves_one_purpose_and_always_says_the_same"];
