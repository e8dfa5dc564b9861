//! Rows that nobody of ours could have written are reported by name, and never guessed at.

use crate::support::{Fixture, reasons};
use bayar_app::port::store::{Answer, OrderKey, StoreError};
use bayar_testkit::builders::{AnOpening, AnOrder, a_user, survey_of};

fn fault<T: std::fmt::Debug>(answer: Answer<T>) -> String {
    match answer {
        Err(StoreError::Broken(source)) => reasons(&*source),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_contradicts_itself_is_named() {
    for (change, reason) in [
        (
            "status = 'completed'",
            "its status contradicts the rest of it",
        ),
        ("state = '{}'", "missing field `status`"),
        ("currency = 'XXX'", "`XXX` is not a known currency"),
        ("payment_method = 'cash'", "`cash` is not a known gateway"),
    ] {
        let fixture = Fixture::new().await;
        let store = fixture.port();
        let order = AnOrder::of_a_cart().add(store).await;
        let opening = AnOpening::of(&order).open(store).await;
        let id = opening.bill.payment.terms().id;
        fixture.run(&format!("UPDATE payments SET {change}")).await;
        let faults = [
            fault(store.payment(id).await),
            fault(store.payments_of(&order.terms().number).await),
            fault(store.begin(order.terms().id).await.map(|_| ())),
        ];
        for fault in faults {
            assert!(
                fault.starts_with(&format!("payment {id} cannot be read: ")),
                "{fault}"
            );
            assert!(fault.contains(reason), "{fault}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_that_contradict_themselves_are_named() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    for (table, change) in [
        ("invoices", "invoice_number = 'INV-1'"),
        ("tax_records", "tax_amount_minor = tax_amount_minor + 1"),
        ("tax_records", "reversed_minor = 1"),
        ("tax_records", "line = '[]'"),
    ] {
        let order = AnOrder::of_a_cart().add(store).await;
        let opening = AnOpening::of(&order).open(store).await;
        let payment = opening.bill.payment.terms().id;
        let change = format!("UPDATE {table} SET {change} WHERE payment_id = {payment}");
        fixture.run(&change).await;
        let (said, named) = if table == "invoices" {
            let id = opening.bill.invoice.terms().id;
            (fault(store.invoice(payment).await), format!("invoice {id}"))
        } else {
            let id = opening.bill.taxes.first().unwrap().terms().id;
            (
                fault(store.taxes(payment).await),
                format!("tax record {id}"),
            )
        };
        let expected = format!("{named} cannot be read: ");
        assert!(said.starts_with(&expected), "{change}: {said}");
        let (mut unit, _) = store.begin(order.terms().id).await.unwrap().unwrap();
        let said = fault(unit.papers(payment).await);
        assert!(said.starts_with(&expected), "{change}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_contradicts_itself_is_named() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let order = AnOrder::of_a_cart().add(store).await;
    let opening = AnOpening::of(&order).build(store).await;
    let id = order.terms().id;
    fixture
        .run("UPDATE orders SET order_number = 'INV-1'")
        .await;
    let faults = [
        fault(store.order(&OrderKey::Id(id)).await),
        fault(store.survey(&survey_of(&opening)).await),
        fault(store.begin(id).await.map(|_| ())),
    ];
    for fault in faults {
        assert!(
            fault.starts_with(&format!("order {id} cannot be read: ")),
            "{fault}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_payment_that_is_not_there_is_a_fault() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let order = AnOrder::of_a_cart().add(store).await;
    let opening = AnOpening::of(&order).build(store).await;
    fixture.run("UPDATE orders SET live_payment_id = 99").await;
    let said = fault(store.survey(&survey_of(&opening)).await);
    let id = order.terms().id;
    assert_eq!(
        said,
        format!("order {id} names a live payment that is not there")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_or_a_key_that_cannot_be_is_named() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let user = a_user("siti@example.com");
    let id = store.add_user(&user).await.unwrap().unwrap();
    fixture.run("UPDATE users SET password = 'plain'").await;
    let said = fault(store.user_by_email(&user.email).await);
    assert!(
        said.starts_with(&format!("user {id} cannot be read: ")),
        "{said}"
    );

    let order = AnOrder::of_a_cart().add(store).await;
    let opening = AnOpening::of(&order).open(store).await;
    let payment = opening.bill.payment.terms().id;
    fixture
        .run("UPDATE idempotency_keys SET owner = 'nobody'")
        .await;
    let said = fault(store.keys_of(payment).await);
    let expected = format!(
        "a key of payment {payment} cannot be read: the owner of a key must be user-ID or service-ID"
    );
    assert_eq!(said, expected);
}

/// An id is given out once: one that comes twice must be the same order.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_under_the_id_of_another_is_a_fault() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let first = AnOrder::of_a_cart().add(store).await;
    let id = first.terms().id;
    let mut second = AnOrder::of_a_consultation(1000).reserve(store).await;
    second = AnOrder::of_a_consultation(1000)
        .numbered(second.order.terms().number.clone())
        .build(id);
    let added = store.add_order(&second).await;
    let said = fault(added);
    assert_eq!(said, format!("order id {id} is somebody else's"));
}
