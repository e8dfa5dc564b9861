//! The commands: `bayar audit` reads the gateways' lists by itself, over HTTP.

use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::Value;

use crate::scenario::Scenario;
use crate::spoiling::kinds;

on_both_stores! {
    the_gateways_own_lists_agree_with_what_is_stored,
}

async fn the_gateways_own_lists_agree_with_what_is_stored(stage: Stage) {
    let scenario = Scenario::play(stage).await;
    let stage = &scenario.stage;
    let ran = stage.command(&["audit", "--rate", "100", "--grace", "0"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert!(
        ran.text
            .contains("7 orders, one charge each, nothing missing."),
        "{}",
        ran.text
    );
    // What cannot be checked this way is told.
    assert!(ran.text.contains("one_open_session"), "{}", ran.text);
    for secret in ["sk_test_", "SB-Mid-", "cs_test_"] {
        assert!(!ran.text.contains(secret), "{secret} in {}", ran.text);
    }

    // Somebody pays, and nobody here hears of it.
    stage.open(scenario.waiting.payment, "stripe").await;
    stage.pay_stripe(&scenario.waiting);
    let ran = stage.command(&["audit", "--rate", "100", "--grace", "0"]);
    assert_eq!(ran.code, Some(2), "{}", ran.text);
    let (number, payment) = (&scenario.waiting.number, scenario.waiting.payment);
    assert!(
        ran.text
            .contains(&format!("Order {number}:\n  nothing_lost")),
        "{}",
        ran.text
    );
    assert!(ran.text.contains("pending -> processing"), "{}", ran.text);
    // Soon after, it need not be known yet.
    let ran = stage.command(&["audit", "--rate", "100"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    stage.must_become(payment, "completed").await;
    let ran = stage.command(&["audit", "--rate", "100", "--grace", "0"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);

    // What the gateway does not know was never paid.
    stage
        .store
        .run(&format!(
            "UPDATE orders SET live_payment_id = NULL WHERE order_number = '{number}'"
        ))
        .await;
    let (status, text) = stage
        .installation
        .told(&["audit", "--rate", "100", "--json"]);
    assert_eq!(status.code(), Some(2), "{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["findings"][0]["check"], "live_pointer", "{text}");
    assert_eq!(report["findings"][0]["order"], number.as_str(), "{text}");
    assert!(
        report["timelines"][number].as_array().unwrap().len() > 3,
        "{text}"
    );
    stage
        .store
        .run(&format!(
            "UPDATE orders SET live_payment_id = {payment} WHERE order_number = '{number}'"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_does_not_answer_is_no_clean_audit() {
    let mut stage = Stage::on_sqlite().await;
    stage.order().await;
    stage
        .installation
        .set("STRIPE_SECRET_KEY", "sk_test_of_a_stranger");
    let ran = stage.command(&["audit"]);
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("stripe answers 401"), "{}", ran.text);
}

#[test]
fn each_check_and_each_kind_stands_in_the_documentation() {
    let page = bayar_tests::repository_root().join("docs/AUDIT.md");
    let page = std::fs::read_to_string(page).unwrap();
    for check in bayar_auditor::Check::ALL {
        let line = format!("| `{check}` | {} |", check.rule());
        assert!(page.contains(&line), "{line}");
    }
    for kind in kinds() {
        let line = format!("| {} | ", kind.name);
        assert!(page.contains(&line), "{line}");
    }
}
