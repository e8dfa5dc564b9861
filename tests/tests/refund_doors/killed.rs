//! The process is killed at each step of giving money back. The same wish again is the same refund.

use std::collections::BTreeSet;

use bayar_tests::program::wait_until;
use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::json;

on_both_stores! {
    killed_at_any_step_of_giving_back,
}

/// Every step of giving money back that a process can be killed at.
const REFUNDING: &[&str] = &[
    "refund.before_intent",
    "settle.before_commit",
    "settle.after_commit",
    "refund.after_intent",
    "read.before",
    "read.after",
    "call.taken",
    "call.before_send",
    "call.after_send",
    "call.recorded",
    "refund.before_answer",
];

#[test]
fn every_step_of_refunding_is_tried() {
    let tried: BTreeSet<_> = REFUNDING.iter().map(|&step| step.to_owned()).collect();
    let mut named = bayar_tests::program::named_steps();
    named.retain(|name| name.starts_with("refund."));
    assert!(!named.is_empty());
    assert!(named.is_subset(&tried), "{named:?}");
}

async fn killed_at_any_step_of_giving_back(mut stage: Stage) {
    let body = json!({ "amount": "50000", "reason": "the doctor was ill" });
    for gateway in ["stripe", "midtrans"] {
        for step in REFUNDING {
            let order = stage.order().await;
            stage.open(order.payment, gateway).await;
            if gateway == "stripe" {
                stage.pay_stripe(&order);
            } else {
                stage.pay_midtrans(&order);
            }
            stage.must_become(order.payment, "completed").await;
            let key = format!("{gateway}-{step}");
            let headers = [("Idempotency-Key", key.as_str())];
            let path = format!("/api/v1/payments/{}/refund", order.payment);

            stage = stage.restarted_until(step).await;
            let lost = stage.operator().post(&path, &headers, &body).await;
            assert!(lost.is_err(), "{gateway} at {step}: {lost:?}");
            stage = stage.revived().await;
            stage.let_leases_end().await;

            // Whoever resolves the order carries it out, and the same wish again tells of it.
            let what = format!("{gateway}, killed at {step}: it goes back");
            wait_until(&what, async || {
                let told = stage.operator().post(&path, &headers, &body).await.unwrap();
                assert!([200, 202].contains(&told.status), "{}", told.text);
                stage.refresh(order.payment).await;
                told.status == 200
            })
            .await;
            let captures = stage.book().captures(&order.number);
            let kept: i64 = captures.iter().map(|capture| capture.kept()).sum();
            // Stripe counts hundredths of a rupiah.
            let left = if gateway == "stripe" {
                10_000_000
            } else {
                100_000
            };
            assert_eq!(kept, left, "{gateway}, killed at {step}: {captures:?}");
        }
    }
}
