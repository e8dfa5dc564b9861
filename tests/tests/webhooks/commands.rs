//! `bayar webhooks`.

use serde_json::Value;

use crate::stage::{Stage, on_both_stores};

on_both_stores! {
    an_operator_lists_shows_and_replays,
}

async fn an_operator_lists_shows_and_replays(mut stage: Stage) {
    let order = stage.open("stripe").await;
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    stage.all_is_done().await;
    let run = |arguments: &[&str]| stage.installation.run(arguments, "");
    let listed: Value = serde_json::from_str(&run(&["webhooks", "list", "--json"])).unwrap();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), stage.webhooks("").await.len());
    let completed = listed
        .iter()
        .find(|webhook| webhook["event_type"] == "checkout.session.completed")
        .unwrap();
    assert_eq!(completed["order_number"], order.number);
    let number = completed["id"].clone();
    let id = number.to_string();

    let text = run(&["webhooks", "list", "--status", "processed"]);
    assert!(text.contains("checkout.session.completed"), "{text}");
    assert!(!text.contains("payment_intent.created"), "{text}");
    let parked: Value =
        serde_json::from_str(&run(&["webhooks", "list", "--parked", "--json"])).unwrap();
    assert_eq!(parked, Value::Array(Vec::new()));

    let shown: Value = serde_json::from_str(&run(&["webhooks", "show", &id, "--json"])).unwrap();
    assert_eq!(shown["status"], "processed");
    assert!(shown["headers"]["stripe-signature"].is_string(), "{shown}");
    assert!(!run(&["webhooks", "show", &id]).contains("cs_test_"));
    let raw = run(&["webhooks", "show", &id, "--raw"]);
    let sent = stage.gateways.deliveries().unwrap();
    assert!(sent.iter().any(|delivery| delivery.body == raw), "{raw}");

    run(&["webhooks", "replay", &id]);
    bayar_tests::program::wait_until("it is worked on again", async || {
        let all = stage.webhooks("").await;
        let all = all.iter().find(|webhook| webhook["id"] == number);
        all.is_some_and(|webhook| webhook["status"] == "processed" && webhook["tries"] == 1)
    })
    .await;
    stage.must_have_kept(&order, 1).await;

    for wrong in [
        &["webhooks", "show", "1000000"][..],
        &["webhooks", "replay", "1000000"],
        &["webhooks", "replay"],
        &["webhooks", "show", "0"],
    ] {
        let (status, said) = stage.installation.ran(wrong);
        assert_eq!(status.code(), Some(1), "{wrong:?}: {said}");
    }
}
