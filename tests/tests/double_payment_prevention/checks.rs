//! What the rounds rely on: whatever is not as it must be is noticed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;

use crate::racers::{Wish, ask};
use crate::stage::Stage;
use crate::told::Told;

/// Faults, made by hand in what is stored about an order with a payment that ended and one that lives.
const FAULTS: &[&str] = &[
    "UPDATE orders SET live_payment_id = NULL",
    "UPDATE orders SET price_minor = price_minor + 1",
    "UPDATE orders SET live_payment_id = (SELECT min(id) FROM payments)",
    "DROP INDEX payments_one_live_per_order; UPDATE payments SET status = 'pending'",
    "UPDATE payments SET amount_minor = amount_minor + 1",
    "UPDATE payments SET version = version + 1",
    "DELETE FROM invoices WHERE id = (SELECT max(id) FROM invoices)",
    "UPDATE invoices SET amount_minor = amount_minor - 1",
    "UPDATE invoices SET status = 'pending'",
    "DELETE FROM tax_records WHERE id = (SELECT max(id) FROM tax_records)",
    "UPDATE tax_records SET tax_amount_minor = tax_amount_minor + 1 WHERE tax_type = 'VAT'",
    "DROP TRIGGER payment_events_no_delete; DELETE FROM payment_events WHERE version = 1",
    "DELETE FROM idempotency_keys WHERE payment_id = (SELECT max(id) FROM payments)",
    "DELETE FROM jobs",
    "UPDATE jobs SET done_at = NULL",
    "DELETE FROM outbox WHERE kind = 'payment.cancelled'",
    "DELETE FROM sights WHERE position = (SELECT max(position) FROM sights)",
    "UPDATE sights SET price_minor = price_minor + 1 WHERE live_payment_id IS NOT NULL",
    "UPDATE sights SET live_payment_id = (SELECT max(id) FROM payments) WHERE live_payment_id IS NOT NULL",
];

#[tokio::test]
async fn every_fault_in_the_tables_is_noticed() {
    let mut stage = Stage::on_sqlite().await;
    let consultation = stage.order(500_000).await.consultation;
    let mut connection = stage.customer.connect().await.unwrap();
    for key in ["first", "second"] {
        let wish = Wish {
            consultation,
            order_number: None,
            price: 500_000,
            key: key.to_owned(),
            header: "Idempotency-Key",
        };
        let Told::New { payment, .. } = ask(&mut connection, &wish).await else {
            panic!("the order has a payment already");
        };
        if key == "first" {
            let path = format!("/api/v1/payments/{payment}/cancel");
            let answer = connection.post(&path, &[], &json!({})).await.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }
    for server in stage.servers.drain(..) {
        server.stop().await;
    }
    let untouched = stage.installation.store_of_the_dead().await;
    untouched.all().await.must_be_whole();
    for fault in FAULTS {
        let copy = stage.installation.store_of_the_dead().await;
        copy.run(fault).await;
        let book = copy.all().await;
        let looked = catch_unwind(AssertUnwindSafe(|| book.must_be_whole()));
        assert!(looked.is_err(), "nobody noticed: {fault}");
    }
}
