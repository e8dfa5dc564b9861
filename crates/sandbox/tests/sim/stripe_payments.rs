//! Paying: test cards, 3-D Secure, banks that take their time, and PaymentIntents on their own.

use bayar_sandbox::sim::{Action, ActionError, SimConfig};

use crate::client::{Answer, Play};

fn play() -> Play {
    Play::new(SimConfig::default())
}

async fn session(play: &Play, id: &str) -> Answer {
    let path = format!("/v1/checkout/sessions/{id}?expand[]=payment_intent.latest_charge");
    play.stripe("GET", &path, "").await.ok()
}

fn card(play: &Play, session: &str, number: &str) -> Result<serde_json::Value, ActionError> {
    play.handle.act(Action::StripePayCard {
        session: session.to_owned(),
        card: number.to_owned(),
    })
}

#[tokio::test]
async fn a_card_completes_the_session_and_sends_the_buyer_back() {
    let play = play();
    let id = play.session("A-1").await;
    let seen = card(&play, &id, "4242 4242 4242 4242").unwrap();
    assert_eq!(
        seen["redirect"],
        format!("https://shop.example/ok?sid={id}")
    );
    let paid = session(&play, &id).await;
    assert_eq!(
        (paid.at("/status"), paid.at("/payment_status")),
        ("complete".into(), "paid".into())
    );
    assert_eq!(paid.at("/payment_intent/status"), "succeeded");
    assert_eq!(paid.at("/payment_intent/amount_received"), "560000");
    assert_eq!(paid.at("/payment_intent/metadata/bayar_order"), "A-1");
    assert_eq!(
        paid.at("/payment_intent/latest_charge/payment_method_details/card/last4"),
        "4242"
    );
    assert!(card(&play, &id, "4242424242424242").is_err());
}

#[tokio::test]
async fn a_declined_card_leaves_the_session_open_and_the_buyer_may_try_again() {
    let play = play();
    let id = play.session("A-1").await;
    for (number, code, reason) in [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
    ] {
        let declined = card(&play, &id, number);
        assert!(
            matches!(declined, Err(ActionError::Declined(_))),
            "{number}: {declined:?}"
        );
        let tried = session(&play, &id).await;
        assert_eq!(tried.at("/status"), "open");
        assert_eq!(
            tried.at("/payment_intent/status"),
            "requires_payment_method"
        );
        let error = "/payment_intent/last_payment_error";
        assert_eq!(tried.at(&format!("{error}/type")), "card_error");
        assert_eq!(tried.at(&format!("{error}/code")), code);
        assert_eq!(tried.at(&format!("{error}/decline_code")), reason);
    }
    let wrong = card(&play, &id, "4242424242424241");
    assert!(matches!(wrong, Err(ActionError::Declined(_))));
    let before = session(&play, &id).await.at("/payment_intent/id");
    card(&play, &id, "4242424242424242").unwrap();
    let after = session(&play, &id).await;
    assert_eq!(after.at("/payment_intent/id"), before);
    assert_eq!(after.at("/payment_intent/last_payment_error"), "");
}

#[tokio::test]
async fn three_d_secure_is_passed_or_failed() {
    let play = play();
    let id = play.session("A-1").await;
    let show = |passed| {
        play.handle.act(Action::StripeAuthenticate {
            session: id.clone(),
            passed,
        })
    };
    assert!(show(true).is_err(), "no card waits yet");
    assert_eq!(
        card(&play, &id, "4000002760003184").unwrap()["next"],
        "authenticate"
    );
    assert_eq!(
        session(&play, &id).await.at("/payment_intent/status"),
        "requires_action"
    );
    assert!(matches!(show(false), Err(ActionError::Declined(_))));
    let failed = session(&play, &id).await;
    assert_eq!(
        failed.at("/payment_intent/last_payment_error/code"),
        "payment_intent_authentication_failure"
    );
    card(&play, &id, "4000008400001629").unwrap();
    assert!(
        matches!(show(true), Err(ActionError::Declined(_))),
        "passed, then declined"
    );
    card(&play, &id, "4000002760003184").unwrap();
    show(true).unwrap();
    assert_eq!(session(&play, &id).await.at("/payment_status"), "paid");
}

#[tokio::test]
async fn a_slow_bank_completes_the_session_before_the_money_comes_or_does_not() {
    let play = play();
    for (order, came, status, intent) in [
        ("A-1", true, "paid", "succeeded"),
        ("A-2", false, "unpaid", "requires_payment_method"),
    ] {
        let id = play.session(order).await;
        play.handle
            .act(Action::StripePayBank {
                session: id.clone(),
            })
            .unwrap();
        let waiting = session(&play, &id).await;
        assert_eq!(
            (waiting.at("/status"), waiting.at("/payment_status")),
            ("complete".into(), "unpaid".into())
        );
        assert_eq!(waiting.at("/payment_intent/status"), "processing");
        let ends = Action::StripeBankEnds {
            session: id.clone(),
            came,
        };
        play.handle.act(ends.clone()).unwrap();
        let ended = session(&play, &id).await;
        assert_eq!(
            (ended.at("/status"), ended.at("/payment_status")),
            ("complete".into(), status.into())
        );
        assert_eq!(ended.at("/payment_intent/status"), intent);
        assert!(play.handle.act(ends).is_err());
    }
}

#[tokio::test]
async fn the_payment_intent_of_a_session_is_not_cancelled_directly() {
    let play = play();
    let id = play.session("A-1").await;
    let _ = card(&play, &id, "4000000000000002");
    let intent = session(&play, &id).await.at("/payment_intent/id");
    let path = format!("/v1/payment_intents/{intent}/cancel");
    let refused = play.stripe("POST", &path, "").await;
    assert_eq!(
        (refused.status, refused.at("/error/code")),
        (400, "payment_intent_unexpected_state".into())
    );
    play.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), "")
        .await
        .ok();
    let read = play
        .stripe("GET", &format!("/v1/payment_intents/{intent}"), "")
        .await
        .ok();
    assert_eq!(read.at("/status"), "canceled");
}

#[tokio::test]
async fn money_of_a_session_can_be_held_and_captured_in_part() {
    let play = play();
    let form = crate::client::session_form("A-1");
    let form = format!("{form}&payment_intent_data[capture_method]=manual");
    let id = play
        .stripe("POST", "/v1/checkout/sessions", &form)
        .await
        .ok()
        .at("/id");
    card(&play, &id, "4242424242424242").unwrap();
    let held = session(&play, &id).await;
    assert_eq!(
        (held.at("/status"), held.at("/payment_status")),
        ("complete".into(), "unpaid".into())
    );
    assert_eq!(held.at("/payment_intent/amount_capturable"), "560000");
    let path = format!(
        "/v1/payment_intents/{}/capture",
        held.at("/payment_intent/id")
    );
    let much = play.stripe("POST", &path, "amount_to_capture=560001").await;
    assert_eq!(much.status, 400);
    let taken = play
        .stripe("POST", &path, "amount_to_capture=500000")
        .await
        .ok();
    assert_eq!(
        (taken.at("/status"), taken.at("/amount_received")),
        ("succeeded".into(), "500000".into())
    );
    assert_eq!(session(&play, &id).await.at("/payment_status"), "paid");
    let captures = play.handle.book().captures("A-1");
    assert_eq!(captures.len(), 1);
    assert_eq!(captures[0].kept(), 500_000);
}

#[tokio::test]
async fn a_payment_intent_of_its_own_is_made_confirmed_and_cancelled() {
    let play = play();
    let make = "amount=5000&currency=usd&metadata[bayar_order]=B-1&automatic_payment_methods[enabled]=true";
    let made = play.stripe("POST", "/v1/payment_intents", make).await.ok();
    assert_eq!(made.at("/status"), "requires_payment_method");
    let path = format!("/v1/payment_intents/{}", made.at("/id"));
    let confirm = format!("{path}/confirm");
    let declined = play
        .stripe(
            "POST",
            &confirm,
            "payment_method=pm_card_visa_chargeDeclined",
        )
        .await;
    assert_eq!(
        (declined.status, declined.at("/error/type")),
        (402, "card_error".into())
    );
    assert_eq!(
        declined.at("/error/payment_intent/status"),
        "requires_payment_method"
    );
    let paid = play
        .stripe("POST", &confirm, "payment_method=pm_card_visa")
        .await
        .ok();
    assert_eq!(paid.at("/status"), "succeeded");
    let cancel = play.stripe("POST", &format!("{path}/cancel"), "").await;
    assert_eq!(cancel.at("/error/code"), "payment_intent_unexpected_state");
    let other = play
        .stripe("POST", "/v1/payment_intents", make)
        .await
        .ok()
        .at("/id");
    let cancel = format!("/v1/payment_intents/{other}/cancel");
    let gone = play
        .stripe("POST", &cancel, "cancellation_reason=abandoned")
        .await
        .ok();
    assert_eq!(
        (gone.at("/status"), gone.at("/cancellation_reason")),
        ("canceled".into(), "abandoned".into())
    );
    let small = play
        .stripe("POST", "/v1/payment_intents", "amount=49&currency=usd")
        .await;
    assert_eq!(small.at("/error/code"), "amount_too_small");
}

#[tokio::test]
async fn the_search_finds_by_metadata_and_status_and_is_as_far_behind_as_it_is_told() {
    let play = play();
    let (_, intent) = play.paid_session("A-1", "4242424242424242").await;
    let query = "/v1/payment_intents/search?query=metadata%5B'bayar_order'%5D:'A-1'%20AND%20status:'succeeded'";
    let found = play.stripe("GET", query, "").await.ok();
    assert_eq!(
        (found.at("/object"), found.at("/data/0/id")),
        ("search_result".into(), intent)
    );
    assert_eq!(
        play.stripe("GET", &query.replace("succeeded", "canceled"), "")
            .await
            .ok()
            .at("/data/0"),
        ""
    );
    assert_eq!(
        play.stripe("GET", "/v1/payment_intents/search?query=colour:'blue'", "")
            .await
            .status,
        400
    );

    let mut config = SimConfig::default();
    config.stripe.search_lag = std::time::Duration::from_secs(60);
    let lagging = Play::new(config);
    lagging.paid_session("A-1", "4242424242424242").await;
    assert_eq!(
        lagging.stripe("GET", query, "").await.ok().at("/data/0"),
        ""
    );
    lagging
        .handle
        .advance(std::time::Duration::from_secs(61))
        .await
        .unwrap();
    assert_ne!(
        lagging.stripe("GET", query, "").await.ok().at("/data/0/id"),
        ""
    );
}
