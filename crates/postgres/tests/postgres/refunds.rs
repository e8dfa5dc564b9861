//! What the tables say about refunds: those of an older program, and what is only ever added to.

use bayar_app::port::store::{Refunds, Upkeep};
use bayar_domain::RefundStatus;
use bayar_testkit::builders::{AnOpening, AnOrder};
use bayar_testkit::servers::FreshDatabase;

use crate::support::{Fixture, client, connect, reasons};

fn an_old_refund(order: i64, payment: i64) -> String {
    format!(
        r#"INSERT INTO refunds (id, payment_id, order_id, capture, origin, reason, amount_minor,
        amount, currency, status, state, version, created_at, updated_at)
        VALUES (1, {payment}, {order}, 'pi_1', 'surplus', NULL, 100, 1.00, 'PHP', 'failed',
        '{{"status":"failed","failure":"refused"}}', 3, now(), now())"#
    )
}

/// What an older program wrote about refunds is there for the newer one, with a history that begins where it stood.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_of_an_older_program_comes_up_with_its_row() {
    let database = FreshDatabase::new("bayar-postgres, no tables", async |_| {}).await;
    let store = connect(&database.url);
    let old = client(&database.url).await;
    for step in [
        include_str!("../../../../migrations/postgres/0001_orders_and_payments/up.sql"),
        include_str!("../../../../migrations/postgres/0002_gateways/up.sql"),
        "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, \
         run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP); \
         INSERT INTO __diesel_schema_migrations (version) VALUES ('0001'), ('0002')",
    ] {
        old.batch_execute(step).await.unwrap();
    }
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    let payment = opening.bill.payment.terms().id;
    let refund = an_old_refund(order.terms().id.get(), payment.get());
    old.batch_execute(&refund).await.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn the_papers_of_refunds_are_only_ever_added_to() {
    let fixture = Fixture::new().await;
    let order = AnOrder::of_a_cart().add(fixture.port()).await;
    let opening = AnOpening::of(&order).open(fixture.port()).await;
    let (order, payment) = (
        order.terms().id.get(),
        opening.bill.payment.terms().id.get(),
    );
    for statement in [
        an_old_refund(order, payment),
        "INSERT INTO refund_events VALUES (1, 1, NULL, 'failed', 'system', now())".to_owned(),
        format!(
            "INSERT INTO credit_notes VALUES (1, 'CN-1', {payment}, 1, NULL, 100, 1.00, 'PHP', '[]', now())"
        ),
        "INSERT INTO credit_accounts VALUES (7, 0, now())".to_owned(),
        format!(
            "INSERT INTO credit_entries (user_id, order_id, change, shortfall, balance, actor, at) \
             VALUES (7, {order}, 5, 0, 5, 'system', now())"
        ),
        format!("INSERT INTO alerts (order_id, alert, raised_at) VALUES ({order}, '{{}}', now())"),
        "UPDATE alerts SET cleared_at = now()".to_owned(),
    ] {
        fixture.run(&statement).await;
    }
    let somebody = fixture.client().await;
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
        ("TRUNCATE credit_notes", "only ever added to"),
        ("UPDATE credit_entries SET change = 1", "only ever added to"),
        ("DELETE FROM credit_entries", "only ever added to"),
        ("UPDATE alerts SET alert = '[]'", "only ever added to"),
        ("DELETE FROM alerts", "only ever added to"),
        ("UPDATE refunds SET reason = 'another'", "never changes"),
        ("UPDATE refunds SET key = 'another'", "never changes"),
        (
            "INSERT INTO refund_events SELECT * FROM refund_events",
            "refund_events_pkey",
        ),
        (
            "UPDATE credit_accounts SET balance = -1",
            "credit_accounts_balance_check",
        ),
        (
            "INSERT INTO credit_entries (user_id, order_id, change, shortfall, balance, actor, at) \
             SELECT user_id, order_id, -6, 0, -1, actor, at FROM credit_entries",
            "credit_entries_balance_check",
        ),
    ] {
        let refusal = somebody.batch_execute(change).await.unwrap_err();
        let refusal = reasons(&refusal);
        assert!(refusal.contains(why), "{change}: {refusal}");
    }
}
