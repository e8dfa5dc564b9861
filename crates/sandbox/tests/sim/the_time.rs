//! Simulated time: whatever has a time happens when it comes.

use std::time::Duration;

use bayar_sandbox::sim::SimConfig;
use bayar_sandbox::sim::book::Closed;
use serde_json::json;

use crate::client::{Play, session_form};
use crate::sink::Sink;

#[tokio::test]
async fn time_runs_by_itself_and_jumps_when_it_is_told_to() {
    let play = Play::new(SimConfig::default());
    let before = play.handle.now().unwrap();
    let moved = play
        .control("POST", "advance", &json!({ "seconds": 3600 }))
        .await
        .ok();
    assert!(moved.at("/offset_ms").parse::<i64>().unwrap() > 3_590_000);
    let after = play.handle.now().unwrap();
    assert!(
        (3_600_000..3_660_000).contains(&(after - before)),
        "{}",
        after - before
    );
    assert_eq!(
        play.control("POST", "advance", &json!({ "hours": 1 }))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn sessions_expire_at_their_own_time_and_say_so() {
    let sink = Sink::start().await;
    let mut config = SimConfig::default();
    config.stripe.webhook_url = Some(sink.url("/stripe"));
    let play = Play::new(config);
    let now = play.handle.now().unwrap() / 1000;
    let form = format!("{}&expires_at={}", session_form("A-1"), now + 3600);
    play.stripe("POST", "/v1/checkout/sessions", &form)
        .await
        .ok();
    play.session("A-2").await;
    play.handle
        .advance(Duration::from_secs(3 * 86_400))
        .await
        .unwrap();
    assert_eq!(
        sink.seen("/type"),
        ["checkout.session.expired", "checkout.session.expired"]
    );
    let book = play.handle.book();
    for (order, lived) in [("A-1", 3600), ("A-2", 86_400)] {
        let span = book.sessions(order).remove(0);
        let (until, why) = span.until.unwrap();
        assert_eq!(why, Closed::Expired);
        let seconds = (until - span.from) / 1000;
        assert!(
            (lived - 2..lived + 5).contains(&seconds),
            "{order} lived {seconds} s"
        );
        assert_eq!(book.open_at(order, span.from + 1000).len(), 1);
        assert!(book.open_at(order, until).is_empty());
    }
}

#[tokio::test]
async fn a_held_amount_is_let_go_after_a_week() {
    let play = Play::new(SimConfig::default());
    let form =
        "amount=5000&currency=usd&capture_method=manual&confirm=true&payment_method=pm_card_visa";
    let held = play.stripe("POST", "/v1/payment_intents", form).await.ok();
    assert_eq!(held.at("/status"), "requires_capture");
    play.handle
        .advance(Duration::from_secs(7 * 86_400 + 1))
        .await
        .unwrap();
    let path = format!("/v1/payment_intents/{}", held.at("/id"));
    let gone = play.stripe("GET", &path, "").await.ok();
    assert_eq!(
        (gone.at("/status"), gone.at("/cancellation_reason")),
        ("canceled".into(), "expired".into())
    );
}

#[tokio::test]
async fn things_happen_without_anybody_asking() {
    let sink = Sink::start().await;
    let mut config = SimConfig::default();
    config.midtrans.notification_url = Some(sink.url("/midtrans"));
    config.midtrans.refund_confirmation = Duration::from_millis(300);
    let play = Play::new(config);
    play.page("A-1").await;
    play.handle.pay_midtrans("A-1", "gopay").unwrap();
    let body = json!({ "refund_key": "r-1" });
    play.midtrans("POST", "/v2/A-1/refund", &body).await.ok();
    sink.wait_for(4).await;
    let confirmed = sink.seen("/refunds/0/bank_confirmed_at");
    assert_eq!(confirmed.iter().filter(|time| !time.is_empty()).count(), 1);
}
