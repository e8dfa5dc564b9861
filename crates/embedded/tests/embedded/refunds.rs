//! What the tables say about refunds: those of an older program, and what is only ever added to.

use bayar_app::port::store::{Refunds, Upkeep};
use bayar_domain::{PaymentStatus, RefundStatus};
use bayar_embedded::FileRole;
use bayar_testkit::builders::{AnOpening, AnOrder};
use diesel::connection::SimpleConnection;

use crate::common::Database;
use crate::looking::connect;

const OLD_REFUND: &str = r#"INSERT INTO refunds (id, payment_id, order_id, capture, origin, reason, amount_minor,
    amount, currency, status, state, version, created_at, updated_at)
    VALUES (1, 1, 1, 'pi_1', 'surplus', NULL, 100, '1.00', 'PHP', 'failed',
    '{"status":"failed","failure":"refused"}', 3, '2025-07-18T04:07:00.000000Z', '2025-07-18T04:08:00.000000Z')"#;

/// What an older program wrote about refunds is there for the newer one, with a history that begins where it stood.
#[tokio::test]
async fn a_refund_of_an_older_program_comes_up_with_its_row() {
    let database = Database::new();
    let store = database.open(FileRole::Server).await.unwrap();
    let mut old = connect(&database.path());
    for step in [
        include_str!("../../../../migrations/sqlite/0001_orders_and_payments/up.sql"),
        include_str!("../../../../migrations/sqlite/0002_gateways/up.sql"),
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
         INSERT INTO __diesel_schema_migrations (version) VALUES ('0001'), ('0002')",
    ] {
        old.batch_execute(step).unwrap();
    }
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    assert_eq!(opening.bill.payment.status(), PaymentStatus::Pending);
    old.batch_execute(OLD_REFUND).unwrap();
    assert_eq!(
        store.migrate().await.unwrap(),
        [
            "0003_refunds",
            "0004_inbox",
            "0005_schedule",
            "0006_found_by_gateway"
        ]
    );
    let id = 1.try_into().unwrap();
    let stored = store.refund(id).await.unwrap().unwrap();
    assert_eq!(stored.refund.status(), RefundStatus::Failed);
    assert_eq!((stored.by, stored.claim, stored.version), (None, None, 3));
    let events = store.refund_events(id).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].version, events[0].to), (3, RefundStatus::Failed));
}

#[tokio::test]
async fn the_papers_of_refunds_are_only_ever_added_to() {
    let database = Database::new();
    let store = database.with_tables().await;
    let order = AnOrder::of_a_cart().add(&store).await;
    AnOpening::of(&order).open(&store).await;
    let mut somebody = connect(&database.path());
    for statement in [
        OLD_REFUND,
        "INSERT INTO refund_events VALUES (1, 1, NULL, 'failed', 'system', '')",
        "INSERT INTO credit_notes VALUES (1, 'CN-1', 1, 1, NULL, 100, '1.00', 'PHP', '[]', '')",
        "INSERT INTO credit_accounts VALUES (7, 0, '')",
        "INSERT INTO credit_entries VALUES (1, 7, 1, 5, 0, 5, 'system', '')",
        "INSERT INTO alerts VALUES (1, 1, NULL, '{}', '', NULL)",
        "UPDATE alerts SET cleared_at = ''",
    ] {
        somebody.batch_execute(statement).unwrap();
    }
    for (change, why) in [
        (
            "UPDATE refund_events SET actor = 'user:8'",
            "only ever added to",
        ),
        ("DELETE FROM refund_events", "only ever added to"),
        (
            "UPDATE credit_notes SET amount_minor = 1",
            "only ever added to",
        ),
        ("DELETE FROM credit_notes", "only ever added to"),
        ("UPDATE credit_entries SET change = 1", "only ever added to"),
        ("DELETE FROM credit_entries", "only ever added to"),
        ("UPDATE alerts SET alert = '[]'", "never changes"),
        ("DELETE FROM alerts", "only ever added to"),
        ("UPDATE refunds SET reason = 'another'", "never changes"),
        ("UPDATE refunds SET key = 'another'", "never changes"),
        (
            "INSERT INTO refund_events SELECT * FROM refund_events",
            "UNIQUE constraint failed: refund_events",
        ),
        (
            "UPDATE credit_accounts SET balance = -1",
            "CHECK constraint failed: balance >= 0",
        ),
        (
            "INSERT INTO credit_entries SELECT 2, user_id, order_id, -6, 0, -1, actor, at FROM credit_entries",
            "CHECK constraint failed: balance >= 0",
        ),
    ] {
        let refusal = somebody.batch_execute(change).unwrap_err().to_string();
        assert!(refusal.contains(why), "{change}: {refusal}");
    }
}
