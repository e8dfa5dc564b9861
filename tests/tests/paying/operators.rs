//! What operators do.

use bayar_sandbox::sim::Action;
use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::json;

on_both_stores! {
    checking_an_order_applies_what_the_gateway_proves,
    a_dry_run_changes_nothing,
    money_that_moves_no_state_is_told_of_as_well,
    a_review_of_nothing_is_refused,
    the_story_of_an_order_tells_of_its_checkouts,
    checking_the_configuration_asks_the_gateways,
}

async fn checking_an_order_applies_what_the_gateway_proves(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    stage.pay_midtrans(&order);
    let told = stage.check_status(&order).await;
    assert_eq!(told.code, Some(2), "{}", told.text);
    assert!(told.text.contains(&order.number), "{}", told.text);
    assert_eq!(stage.stored_status(order.payment).await, "completed");
}

async fn a_dry_run_changes_nothing(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    let told = stage.command(&[
        "payments",
        "check-status",
        &order.number,
        "--dry-run",
        "--json",
    ]);
    assert_eq!(told.code, Some(2), "{}", told.text);
    assert_eq!(stage.stored_status(order.payment).await, "processing");
    let told = stage.check_status(&order).await;
    assert_eq!(told.code, Some(2), "{}", told.text);
    assert_eq!(stage.stored_status(order.payment).await, "completed");
}

async fn money_that_moves_no_state_is_told_of_as_well(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "gopay".to_owned(),
    });
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    stage.act(Action::MidtransPay {
        transaction: chosen["transaction_id"].as_str().unwrap().to_owned(),
        late: true,
    });
    let check = ["payments", "check-status", &order.number];
    let dry = stage.command(&[&check[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, Some(2), "{}", dry.text);
    assert_eq!(stage.book().kept_captures(&order.number).len(), 2);
    let told = stage.command(&check);
    assert_eq!(told.code, Some(2), "{}", told.text);
    stage.must_have_kept(&order, 1);
}

async fn a_review_of_nothing_is_refused(mut stage: Stage) {
    let order = stage.order().await;
    let refused = stage.review(order.payment, "accept").await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let body = json!({ "decision": "accept", "reason": "because" });
    let customer = stage.post(order.payment, "review", &body).await;
    assert_eq!(customer.status, 403, "{}", customer.text);
}

async fn the_story_of_an_order_tells_of_its_checkouts(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    let told = stage.command(&["payments", "explain", &order.number, "--json"]);
    assert_eq!(told.code, Some(0), "{}", told.text);
    for word in [
        "closed", "paid", "captured", "expired", "stripe", "midtrans",
    ] {
        assert!(
            told.text.contains(word),
            "{word} is missing in {}",
            told.text
        );
    }
    let url = stage.book().sessions(&order.number)[1].session.clone();
    assert!(!told.text.contains(&url), "{}", told.text);
}

async fn checking_the_configuration_asks_the_gateways(stage: Stage) {
    let told = stage.command(&["config", "check"]);
    assert_eq!(told.code, Some(0), "{}", told.text);
    assert!(told.text.contains("acct_1Simulated"), "{}", told.text);
}
