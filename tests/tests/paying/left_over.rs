//! What one process left undone, the next press of a button does: also when a long time has passed, when the gateway
//! was taken out of the settings in between, and when what was asked for is seen before its answer.

use bayar_sandbox::sim::Fault;
use bayar_tests::stage::{MIDTRANS_KEY, Ordered, PRICE_MINOR, STRIPE_KEY, Stage, on_both_stores};
use serde_json::json;

on_both_stores! {
    a_refund_that_is_seen_before_its_answer_stops_nothing,
    a_refund_that_never_left_is_asked_for_under_another_key,
    a_failure_kept_for_the_key_of_a_refund_leads_to_another_key,
    a_refund_that_nobody_could_ask_for_is_asked_for_later,
    an_opening_that_never_left_is_begun_anew,
    a_verdict_that_nobody_could_pass_on_is_passed_on_later,
    a_checkout_that_was_found_is_not_lost_again,
    who_paid_at_the_last_moment_is_not_told_that_it_is_over,
}

/// Money that an operator has to look at.
async fn odd_money(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    let amount = PRICE_MINOR - 100;
    stage.next("checkout_session.create", Fault::WrongAmount { amount });
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "under_review").await;
    order
}

/// The gateway is asked until the money has gone back, once.
async fn must_go_back(stage: &Stage, order: &Ordered) {
    bayar_tests::program::wait_until("the money goes back", async || {
        stage.refresh(order.payment).await;
        stage.book().kept_captures(&order.number).is_empty()
    })
    .await;
    assert_eq!(stage.book().keys(&order.number, "refund.create").len(), 1);
}

async fn a_refund_that_is_seen_before_its_answer_stops_nothing(mut stage: Stage) {
    let order = odd_money(&mut stage).await;
    stage.all("refund.create", Fault::TimeoutAfter);
    let refused = stage.review(order.payment, "refuse").await;
    assert_eq!(refused.status, 200, "{}", refused.text);
    // The answer is lost once more, and then the refund is read.
    stage.refresh(order.payment).await;
    let asked = bayar_tests::program::wait_until("the gateway is asked again", async || {
        let told = stage.post(order.payment, "refresh", &json!({})).await;
        assert_eq!(told.status, 200, "{}", told.text);
        told.json()["data"]["asked"] == json!(true)
    });
    asked.await;
    must_go_back(&stage, &order).await;
}

async fn a_refund_that_never_left_is_asked_for_under_another_key(mut stage: Stage) {
    let order = odd_money(&mut stage).await;
    stage = stage.restarted_until("settle.after_commit").await;
    let path = format!("/api/v1/payments/{}/review", order.payment);
    let body = json!({ "decision": "refuse", "reason": "looked at it" });
    let lost = stage.operator().post(&path, &[], &body).await;
    assert!(lost.is_err(), "{lost:?}");
    stage = stage.revived().await;
    stage.let_keys_be_forgotten().await;
    must_go_back(&stage, &order).await;
}

async fn a_failure_kept_for_the_key_of_a_refund_leads_to_another_key(mut stage: Stage) {
    let order = odd_money(&mut stage).await;
    stage.next("refund.create", Fault::Error500Before { stored: true });
    let refused = stage.review(order.payment, "refuse").await;
    assert_eq!(refused.status, 200, "{}", refused.text);
    // A quarter of an hour goes by in which no list tells of it.
    stage
        .store
        .run("UPDATE refunds SET updated_at = '2020-01-01T00:00:00.000000Z'")
        .await;
    stage.refresh(order.payment).await;
    stage.must_have_kept(&order, 0);
    assert_eq!(stage.book().keys(&order.number, "refund.create").len(), 2);
}

async fn a_refund_that_nobody_could_ask_for_is_asked_for_later(mut stage: Stage) {
    let order = odd_money(&mut stage).await;
    stage.installation.set("STRIPE_SECRET_KEY", "");
    stage = stage.restarted().await;
    let refused = stage.review(order.payment, "refuse").await;
    assert_eq!(refused.status, 200, "{}", refused.text);
    stage.installation.set("STRIPE_SECRET_KEY", STRIPE_KEY);
    stage = stage.restarted().await;
    must_go_back(&stage, &order).await;
}

async fn an_opening_that_never_left_is_begun_anew(mut stage: Stage) {
    for gateway in ["midtrans", "stripe"] {
        let order = stage.order().await;
        stage = stage.restarted_until("checkout.after_intent").await;
        let path = format!("/api/v1/payments/{}/process", order.payment);
        let body = json!({ "gateway": gateway });
        let lost = stage.customer().post(&path, &[], &body).await;
        assert!(lost.is_err(), "{lost:?}");
        stage = stage.revived().await;
        stage.let_keys_be_forgotten().await;
        stage.open(order.payment, gateway).await;
        assert_eq!(stage.opened(&order), 1);
    }
}

async fn a_verdict_that_nobody_could_pass_on_is_passed_on_later(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    stage
        .gateways
        .pay_midtrans_card(&order.number, "4511111111111117")
        .unwrap();
    stage.must_become(order.payment, "under_review").await;
    stage.installation.set("MIDTRANS_SERVER_KEY", "");
    stage = stage.restarted().await;
    let accepted = stage.review(order.payment, "accept").await;
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    stage.installation.set("MIDTRANS_SERVER_KEY", MIDTRANS_KEY);
    stage = stage.restarted().await;
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn a_checkout_that_was_found_is_not_lost_again(mut stage: Stage) {
    let order = stage.order().await;
    stage.all("checkout_session.create", Fault::TimeoutAfter);
    let unknown = stage.process(order.payment, "stripe").await;
    assert_eq!(unknown.status, 202, "{}", unknown.text);
    // Each time the answer is lost again, and the checkout is found.
    stage.refresh(order.payment).await;
    stage.refresh(order.payment).await;
    stage.open(order.payment, "stripe").await;
    assert_eq!(stage.opened(&order), 1);
}

async fn who_paid_at_the_last_moment_is_not_told_that_it_is_over(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.let_payments_be_overdue().await;
    let told = stage.process(order.payment, "stripe").await;
    assert_eq!(told.status, 409, "{}", told.text);
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    let paid = stage.process(order.payment, "stripe").await;
    assert_eq!(told.json()["detail"], paid.json()["detail"]);
    assert_eq!(told.json()["message"], paid.json()["message"]);
}
