//! What stands in the tables, and what never may.

use bayar_app::port::StoreError;
use bayar_app::port::store::{Added, NewOrder, OrderKey, Orders, Payments, Users};
use bayar_domain::{Currency, Money};
use bayar_embedded::SqliteStore;
use bayar_testkit::builders::{AnOpening, AnOrder, a_user, an_item, php, survey_of};
use diesel::connection::SimpleConnection;

use crate::common::Database;
use crate::looking::{assert_whole, connect, number, texts};

async fn with_a_payment() -> (Database, SqliteStore) {
    let database = Database::new();
    let store = database.with_tables().await;
    let order = AnOrder::of_a_consultation(1000).add(&store).await;
    AnOpening::of(&order).open(&store).await;
    (database, store)
}

#[tokio::test]
async fn an_opening_leaves_an_announcement_and_a_job() {
    let (database, store) = with_a_payment().await;
    let payment = store.payment(1.try_into().unwrap()).await.unwrap().unwrap();
    assert_whole(&store, &database.path(), &payment).await;
    let due = "SELECT due_at FROM jobs";
    assert_eq!(
        texts(&database.path(), due),
        ["2025-07-19T04:07:00.000000Z"]
    );
    let version = number(&database.path(), "SELECT version FROM orders");
    assert_eq!(version, 2);
}

#[tokio::test]
async fn every_time_is_written_in_the_same_form() {
    let (database, store) = with_a_payment().await;
    store.add_user(&a_user("siti@example.com")).await.unwrap();
    let times = "
        SELECT created_at FROM users UNION ALL
        SELECT created_at FROM orders UNION ALL SELECT updated_at FROM orders UNION ALL
        SELECT created_at FROM payments UNION ALL SELECT updated_at FROM payments UNION ALL
        SELECT deadline FROM payments UNION ALL SELECT issued_at FROM invoices UNION ALL
        SELECT at FROM payment_events UNION ALL SELECT created_at FROM idempotency_keys UNION ALL
        SELECT kept_until FROM idempotency_keys UNION ALL SELECT created_at FROM outbox UNION ALL
        SELECT due_at FROM jobs";
    let times = texts(&database.path(), times);
    assert_eq!(times.len(), 12);
    for time in times {
        assert_eq!(time.len(), "2025-07-18T04:07:00.000000Z".len(), "{time}");
        assert!(time.ends_with(".000000Z"), "{time}");
    }
}

#[tokio::test]
async fn history_is_only_ever_added_to() {
    let (database, _store) = with_a_payment().await;
    let mut somebody = connect(&database.path());
    somebody
        .batch_execute("INSERT INTO decisions VALUES (1, 1, '{}', 'system', '', NULL)")
        .unwrap();
    for change in [
        "UPDATE payment_events SET actor = 'user:8'",
        "DELETE FROM payment_events",
        "UPDATE decisions SET decision = '[]'",
        "DELETE FROM decisions",
    ] {
        let refusal = somebody.batch_execute(change).unwrap_err().to_string();
        assert!(refusal.ends_with("is only ever added to"), "{refusal}");
    }
}

#[tokio::test]
async fn each_version_is_told_of_once() {
    let (database, _store) = with_a_payment().await;
    let mut somebody = connect(&database.path());
    somebody
        .batch_execute("INSERT INTO decisions VALUES (1, 1, '{}', 'system', '', NULL)")
        .unwrap();
    for table in ["payment_events", "decisions", "outbox"] {
        let again = format!("INSERT INTO {table} SELECT * FROM {table}");
        let refusal = somebody.batch_execute(&again).unwrap_err().to_string();
        let expected = format!("UNIQUE constraint failed: {table}.");
        assert!(refusal.starts_with(&expected), "{refusal}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_broken_and_named() {
    for (change, named) in [
        (
            "UPDATE payments SET amount = '5000.01'",
            "payment 1 cannot be read",
        ),
        (
            "UPDATE payments SET status = 'expired'",
            "payment 1 cannot be read",
        ),
        (
            "UPDATE payments SET state = '{}'",
            "payment 1 cannot be read",
        ),
        (
            "UPDATE payments SET created_at = '2025-07-18'",
            "payment 1 cannot be read",
        ),
        (
            "UPDATE orders SET order_number = 'INV'",
            "payment 1 cannot be read",
        ),
    ] {
        let (database, store) = with_a_payment().await;
        connect(&database.path()).batch_execute(change).unwrap();
        assert_broken(store.payment(1.try_into().unwrap()).await, named);
    }
    for (change, named) in [
        (
            "UPDATE tax_records SET reversed_minor = 1 WHERE id = 2",
            "tax record 2 cannot be read",
        ),
        (
            "UPDATE tax_records SET tax_amount_minor = 1 WHERE id = 1",
            "tax record 1 cannot be read",
        ),
        (
            "UPDATE tax_records SET line = '' WHERE id = 1",
            "tax record 1 cannot be read",
        ),
    ] {
        let (database, store) = with_a_payment().await;
        connect(&database.path()).batch_execute(change).unwrap();
        assert_broken(store.taxes(1.try_into().unwrap()).await, named);
    }
    let (database, store) = with_a_payment().await;
    let change = "UPDATE invoices SET currency = 'XXX'";
    connect(&database.path()).batch_execute(change).unwrap();
    let invoice = store.invoice(1.try_into().unwrap()).await;
    assert_broken(invoice, "invoice 1 cannot be read");
}

#[tokio::test]
async fn an_order_whose_live_payment_has_ended_is_broken() {
    let (database, store) = with_a_payment().await;
    let change = "UPDATE payments SET status = 'expired', state = '{\"status\":\"expired\"}'";
    connect(&database.path()).batch_execute(change).unwrap();
    let order = OrderKey::Id(1.try_into().unwrap());
    let order = store.order(&order).await.unwrap().unwrap().order;
    let opening = AnOpening::of(&order).build(&store).await;
    let survey = survey_of(&opening);
    assert_broken(store.survey(&survey).await, "payment 1 cannot be read");
}

#[tokio::test]
async fn an_order_of_two_currencies_is_refused_whole() {
    let (database, store) = with_a_payment().await;
    let rupiah = Money::new(500_000, Currency::Idr);
    let items = vec![an_item("Tea", 1, php(500_000)), an_item("Talk", 1, rupiah)];
    let new: NewOrder = AnOrder::of_a_cart().with_items(items).reserve(&store).await;
    let refused = store.add_order(&new).await;
    assert!(matches!(refused, Err(StoreError::Broken(_))), "{refused:?}");
    assert_eq!(
        number(&database.path(), "SELECT count(*) FROM order_items"),
        0
    );
    assert_eq!(number(&database.path(), "SELECT count(*) FROM orders"), 1);
    let id = new.order.terms().id;
    let sound = AnOrder::of_a_cart().build(id);
    let added = store.add_order(&sound).await;
    assert_eq!(added.unwrap(), Added::Yes);
}

#[tokio::test]
async fn a_bill_of_another_order_is_refused() {
    let (database, store) = with_a_payment().await;
    let order = AnOrder::of_a_cart().add(&store).await;
    let other = AnOrder::of_a_cart().add(&store).await;
    let mut opening = AnOpening::of(&order).build(&store).await;
    opening.order = other;
    let refused = store.open_payment(&opening).await;
    assert!(matches!(refused, Err(StoreError::Broken(_))), "{refused:?}");
    assert_eq!(number(&database.path(), "SELECT count(*) FROM payments"), 1);
}

fn assert_broken<T: std::fmt::Debug>(answer: Result<T, StoreError>, named: &str) {
    match answer {
        Err(StoreError::Broken(why)) => assert_eq!(why.to_string(), named),
        other => panic!("{other:?}"),
    }
}
