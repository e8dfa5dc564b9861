//! Idempotency keys at Stripe.

use std::time::Duration;

use bayar_sandbox::sim::{Fault, Rule, SimConfig};

use crate::client::{Answer, Play, session_form};

const PATH: &str = "/v1/checkout/sessions";

async fn create(play: &Play, order: &str, key: &str) -> Answer {
    let key = [("Idempotency-Key", key)];
    play.stripe_with("POST", PATH, &session_form(order), &key)
        .await
}

fn play() -> Play {
    Play::new(SimConfig::default())
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_byte_for_byte() {
    let play = play();
    let first = create(&play, "A-1", "k-1").await.ok();
    assert_eq!(first.header("idempotency-key"), Some("k-1"));
    assert_eq!(first.header("idempotent-replayed"), None);
    let again = create(&play, "A-1", "k-1").await.ok();
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    let other = create(&play, "A-1", "k-2").await.ok();
    assert_ne!(other.at("/id"), first.at("/id"));
    let book = play.handle.book();
    let keys: Vec<String> = book
        .keys("A-1", "checkout_session.create")
        .into_iter()
        .collect();
    assert_eq!(keys, ["k-1", "k-2"]);
}

#[tokio::test]
async fn a_key_is_good_for_one_request_only() {
    let play = play();
    create(&play, "A-1", "k-1").await.ok();
    let other = create(&play, "A-2", "k-1").await;
    assert_eq!(
        (other.status, other.at("/error/type")),
        (400, "idempotency_error".into())
    );
    assert!(
        other
            .at("/error/message")
            .starts_with("Keys for idempotent requests")
    );
    let elsewhere = play
        .stripe_with(
            "POST",
            "/v1/refunds",
            "payment_intent=pi_x",
            &[("Idempotency-Key", "k-1")],
        )
        .await;
    assert_eq!(elsewhere.at("/error/type"), "idempotency_error");
}

#[tokio::test]
async fn a_request_that_was_refused_before_it_began_does_not_bind_its_key() {
    let play = play();
    let key = [("Idempotency-Key", "k-1")];
    let bad = play.stripe_with("POST", PATH, "mode=payment", &key).await;
    assert_eq!(bad.status, 400);
    let good = create(&play, "A-1", "k-1").await.ok();
    assert_eq!(good.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn an_error_after_it_began_is_the_answer_from_then_on() {
    let play = play();
    let (_, intent) = play.paid_session("A-1", "4242424242424242").await;
    let form = format!("payment_intent={intent}&amount=560001");
    let key = [("Idempotency-Key", "r-1")];
    let much = play.stripe_with("POST", "/v1/refunds", &form, &key).await;
    assert_eq!(much.status, 400);
    let again = play.stripe_with("POST", "/v1/refunds", &form, &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.body, much.body);
}

#[tokio::test]
async fn a_500_is_kept_for_a_day_whether_it_had_its_effect_or_not() {
    let play = play();
    let fault = Rule::next(Fault::Error500After).at("checkout_session.create");
    play.handle.add_fault(fault).unwrap();
    let failed = create(&play, "A-1", "k-1").await;
    assert_eq!(
        (failed.status, failed.at("/error/type")),
        (500, "api_error".into())
    );
    for _ in 0..3 {
        let again = create(&play, "A-1", "k-1").await;
        assert_eq!(
            (again.status, again.header("idempotent-replayed")),
            (500, Some("true"))
        );
    }
    assert_eq!(
        play.handle.book().sessions("A-1").len(),
        1,
        "it had its effect"
    );
    play.handle
        .advance(Duration::from_secs(24 * 3600 + 1))
        .await
        .unwrap();
    let anew = create(&play, "A-1", "k-1").await.ok();
    assert_eq!(anew.header("idempotent-replayed"), None);

    let before = Fault::Error500Before { stored: true };
    play.handle
        .add_fault(Rule::next(before).order("A-2"))
        .unwrap();
    assert_eq!(create(&play, "A-2", "k-2").await.status, 500);
    assert_eq!(create(&play, "A-2", "k-2").await.status, 500);
    assert!(play.handle.book().sessions("A-2").is_empty());

    let lost = Fault::Error500Before { stored: false };
    play.handle
        .add_fault(Rule::next(lost).order("A-3"))
        .unwrap();
    assert_eq!(create(&play, "A-3", "k-3").await.status, 500);
    assert_eq!(create(&play, "A-3", "k-3").await.status, 200);
}

#[tokio::test]
async fn a_key_in_flight_is_a_conflict_to_be_tried_again() {
    let play = play();
    play.handle
        .add_fault(Rule::next(Fault::Slow { ms: 3_000 }))
        .unwrap();
    let (first, second) = tokio::join!(create(&play, "A-1", "k-1"), async {
        play.in_flight("k-1").await;
        create(&play, "A-1", "k-1").await
    });
    assert_eq!(first.status, 200);
    assert_eq!(
        (second.status, second.at("/error/code")),
        (409, "idempotency_key_in_use".into())
    );
    assert_eq!(second.header("stripe-should-retry"), Some("true"));
    let third = create(&play, "A-1", "k-1").await.ok();
    assert_eq!(third.body, first.body);
    assert_eq!(play.handle.book().sessions("A-1").len(), 1);
}

#[tokio::test]
async fn a_429_binds_nothing() {
    let play = play();
    let fault = Fault::RateLimited { lock_timeout: true };
    play.handle.add_fault(Rule::next(fault)).unwrap();
    let busy = create(&play, "A-1", "k-1").await;
    assert_eq!(
        (busy.status, busy.at("/error/code")),
        (429, "lock_timeout".into())
    );
    assert_eq!(create(&play, "A-1", "k-1").await.status, 200);
}

#[tokio::test]
async fn a_limit_on_requests_is_kept_when_it_is_set() {
    let mut config = SimConfig::default();
    config.stripe.requests_per_second = Some(3);
    let play = Play::new(config);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(play.stripe("GET", "/v1/balance", "").await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(statuses.first(), Some(&200));
}
