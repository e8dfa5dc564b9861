//! The process is killed at each step of paying. Another one finds the truth, by one press of a button.

use std::collections::BTreeSet;

use bayar_sandbox::sim::Fault;
use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::json;

on_both_stores! {
    killed_at_any_step_of_opening,
    killed_at_any_step_of_confirming,
    killed_at_any_step_of_cancelling,
    killed_while_the_gateway_takes_its_time,
}

/// Every step of opening a checkout that a process can be killed at.
const OPENING: &[&str] = &[
    "checkout.before_intent",
    "settle.before_commit",
    "settle.after_commit",
    "checkout.after_intent",
    "call.taken",
    "call.before_send",
    "call.after_send",
    "checkout.before_answer",
];

/// Every step of finding out that it is paid.
const READING: &[&str] = &[
    "read.before",
    "read.after",
    "settle.before_commit",
    "settle.after_commit",
];

/// Every step of cancelling while a checkout is open.
const CANCELLING: &[&str] = &[
    "settle.before_commit",
    "settle.after_commit",
    "call.taken",
    "call.before_send",
    "call.after_send",
    "call.recorded",
    "read.before",
    "read.after",
];

#[test]
fn every_step_of_paying_is_tried() {
    let all = [OPENING, READING, CANCELLING].concat();
    let tried: BTreeSet<_> = all
        .into_iter()
        .filter(|step| !step.starts_with("settle."))
        .map(ToOwned::to_owned)
        .collect();
    let paying = ["checkout.", "call.", "read."];
    let mut named = bayar_tests::program::named_steps();
    named.retain(|name| paying.iter().any(|part| name.starts_with(part)));
    assert_eq!(named, tried);
}

async fn killed_at_any_step_of_opening(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        for step in OPENING {
            let order = stage.order().await;
            stage = stage.restarted_until(step).await;
            let body = json!({ "gateway": gateway });
            let path = format!("/api/v1/payments/{}/process", order.payment);
            let lost = stage.customer().post(&path, &[], &body).await;
            assert!(lost.is_err(), "{step}: {lost:?}");
            stage = stage.revived().await;
            stage.let_leases_end().await;
            stage.open_in_the_end(order.payment, gateway).await;
            assert_eq!(stage.opened(&order), 1, "{gateway}, killed at {step}");
            if gateway == "stripe" {
                stage.pay_stripe(&order);
            } else {
                stage.pay_midtrans(&order);
            }
            stage.must_become(order.payment, "completed").await;
            stage.must_have_kept(&order, 1);
        }
    }
}

async fn killed_at_any_step_of_confirming(mut stage: Stage) {
    for step in READING {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        stage.pay_stripe(&order);
        let capture = stage.book().captures(&order.number)[0].id.clone();
        stage = stage.restarted_until(step).await;
        let path = format!("/api/v1/payments/{}/confirm", order.payment);
        let body = json!({ "transaction_id": capture });
        let lost = stage.customer().post(&path, &[], &body).await;
        assert!(lost.is_err(), "{step}: {lost:?}");
        stage = stage.revived().await;
        assert_eq!(stage.status(order.payment).await, "completed", "{step}");
        assert_eq!(stage.times(order.payment, "completed").await, 1, "{step}");
        stage.must_have_kept(&order, 1);
    }
}

async fn killed_at_any_step_of_cancelling(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        for step in CANCELLING {
            let order = stage.order().await;
            stage.open(order.payment, gateway).await;
            stage = stage.restarted_until(step).await;
            let path = format!("/api/v1/payments/{}/cancel", order.payment);
            let answer = stage.customer().post(&path, &[], &json!({})).await;
            if answer.is_ok() {
                // Nothing had to be read any more.
                assert!(step.starts_with("read"), "{gateway} at {step}: {answer:?}");
                stage = stage.restarted().await;
            } else {
                stage = stage.revived().await;
            }
            stage.let_leases_end().await;
            bayar_tests::program::wait_until("it is cancelled", async || {
                stage.post(order.payment, "cancel", &json!({})).await.status == 200
            })
            .await;
            assert_eq!(
                stage.stored_status(order.payment).await,
                "cancelled",
                "{step}"
            );
            stage.must_have_kept(&order, 0);
            let book = stage.book();
            let still_open = book
                .sessions(&order.number)
                .iter()
                .any(|span| span.until.is_none());
            assert!(!still_open, "{gateway}, killed at {step}");
        }
    }
}

async fn killed_while_the_gateway_takes_its_time(mut stage: Stage) {
    let order = stage.order().await;
    stage = stage.restarted_until("call.after_send").await;
    stage.next("checkout_session.create", Fault::TimeoutAfter);
    let path = format!("/api/v1/payments/{}/process", order.payment);
    let body = json!({ "gateway": "stripe" });
    let lost = stage.customer().post(&path, &[], &body).await;
    assert!(lost.is_err(), "{lost:?}");
    stage = stage.revived().await;
    stage.let_leases_end().await;
    stage.open_in_the_end(order.payment, "stripe").await;
    assert_eq!(stage.opened(&order), 1);
    assert_eq!(
        stage
            .book()
            .keys(&order.number, "checkout_session.create")
            .len(),
        1
    );
}
