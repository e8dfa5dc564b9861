//! What people do before and after a copy is made, and what the command says of it.

use std::collections::BTreeSet;

use bayar_sandbox::sim::Action;
use bayar_tests::stage::{Ordered, Ran, Stage};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub async fn completed(stage: &mut Stage, gateway: &str) -> Ordered {
    let order = opened(stage, gateway).await;
    pay(stage, &order, gateway);
    stage.must_become(order.payment, "completed").await;
    order
}

pub async fn opened(stage: &mut Stage, gateway: &str) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, gateway).await;
    order
}

pub fn pay(stage: &Stage, order: &Ordered, gateway: &str) {
    match gateway {
        "stripe" => stage.pay_stripe(order),
        _ => stage.pay_midtrans(order),
    }
}

/// The buyer chooses how to pay at Midtrans, and has not yet paid.
pub fn choose(stage: &Stage, order: &Ordered, method: &str) -> String {
    let page = stage
        .book()
        .sessions(&order.number)
        .last()
        .unwrap()
        .session
        .clone();
    let chosen = stage.act(Action::MidtransChoose {
        page,
        method: method.to_owned(),
    });
    chosen["transaction_id"].as_str().unwrap().to_owned()
}

pub async fn refund(stage: &Stage, order: &Ordered, amount: &str) {
    let path = format!("/api/v1/payments/{}/refund", order.payment);
    let wish = json!({ "amount": amount, "reason": "requested by customer" });
    let key = format!("refund-{}", order.payment);
    let headers = [("idempotency-key", key.as_str())];
    let answer = stage.operator().post(&path, &headers, &wish).await.unwrap();
    assert!(answer.status < 300, "{}", answer.text);
}

pub fn money(stage: &Stage, order: &Ordered) -> String {
    stage.book().kept_captures(&order.number)[0].id.clone()
}

pub fn rebuild(stage: &Stage, since: DateTime<Utc>, more: &[&str]) -> Ran {
    let since = since.to_rfc3339();
    let mut arguments = vec!["payments", "rebuild", "--since", &since, "--gap", "60"];
    arguments.extend(more);
    stage.command(&arguments)
}

pub fn rebuilt(stage: &Stage, since: DateTime<Utc>, more: &[&str]) -> (Option<i32>, Value) {
    let since = since.to_rfc3339();
    let mut arguments = vec![
        "payments", "rebuild", "--since", &since, "--gap", "60", "--json",
    ];
    arguments.extend(more);
    let (ended, told) = stage.installation.told(&arguments);
    let told = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{ended:?}: {told}"));
    (ended.code(), told)
}

/// The names of all money that gateways took, and of all that is written down.
pub async fn captures(stage: &Stage) -> (BTreeSet<String>, BTreeSet<String>) {
    let book = stage.book();
    let taken = book
        .all_captures()
        .into_iter()
        .map(|capture| capture.id)
        .collect();
    let known = stage
        .store
        .texts("SELECT capture AS json FROM captures WHERE captured_minor > 0")
        .await;
    (taken, known.into_iter().collect())
}
