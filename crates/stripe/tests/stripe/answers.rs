//! What each answer to a request that is written down proves, and what is sent again.

use bayar_app::port::gateway::{CallError, Fault, FaultKind, Request, Sent};
use bayar_app::port::store::Operation;
use serde_json::json;

use crate::fixtures::{
    KEY, Proves, SECRET_KEY, error, gateway, patched, proves, send, send_open, session, stored_open,
};
use crate::server::{Server, answer, text, with};

#[tokio::test]
async fn what_is_stored_is_sent_to_the_last_byte() {
    let server = Server::start([answer(200, &session())]).await;
    let sent = send_open(&gateway(&server)).await.unwrap();
    let Sent::Opened(opened) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(opened.reference.as_str(), "cs_test_1");
    assert_eq!(opened.url, "https://checkout.example/cs_test_1");

    let seen = &server.seen()[0];
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.target, "/v1/checkout/sessions");
    assert_eq!(seen.body, stored_open().body);
    assert_eq!(seen.header("idempotency-key"), Some(KEY));
    assert_eq!(seen.header("stripe-version"), Some("2026-09-30.endive"));
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(seen.header("content-type"), form);
    let bearer = format!("Bearer {SECRET_KEY}");
    assert_eq!(seen.header("authorization"), Some(bearer.as_str()));
    let agent = format!("bayar/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(seen.header("user-agent"), Some(agent.as_str()));
}

#[tokio::test]
async fn each_try_is_the_same_request_under_the_same_key() {
    let failure = error("api_error", "x");
    let script = [
        answer(500, &failure),
        text(503, "<html>busy</html>"),
        answer(200, &session()),
    ];
    let server = Server::start(script).await;
    send_open(&gateway(&server)).await.unwrap();

    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].header("idempotency-key"), Some(KEY));
    assert_eq!(seen[1], seen[0]);
    assert_eq!(seen[2], seen[0]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn there_are_only_so_many_tries() {
    let failure = error("api_error", "x");
    let server = Server::start((0..9).map(|_| answer(500, &failure))).await;
    let failed = send_open(&gateway(&server)).await;
    assert_eq!(proves(failed), (Proves::Nothing, FaultKind::Api));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn stripe_can_ask_for_no_more_tries_or_for_one_more() {
    let failure = error("api_error", "x");
    let server = Server::start([with(500, &[("stripe-should-retry", "false")], &failure)]).await;
    let failed = send_open(&gateway(&server)).await;
    assert_eq!(proves(failed), (Proves::Nothing, FaultKind::Api));
    assert_eq!(server.seen().len(), 1);

    let wrong = error("invalid_request_error", "x");
    let again = with(400, &[("stripe-should-retry", "true")], &wrong);
    let server = Server::start([again, answer(200, &session())]).await;
    assert!(matches!(
        send_open(&gateway(&server)).await,
        Ok(Sent::Opened(_))
    ));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn who_is_told_to_come_back_after_all_patience_does_not_wait_here() {
    let busy = with(
        429,
        &[("retry-after", "60")],
        &error("invalid_request_error", "rate_limit"),
    );
    let server = Server::start([busy]).await;
    let failed = send_open(&gateway(&server)).await.unwrap_err();
    assert_eq!(
        failed.fault().retry_after,
        Some(std::time::Duration::from_secs(60))
    );
    assert_eq!(
        proves::<()>(Err(failed)),
        (Proves::NotSent, FaultKind::RateLimit)
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn each_refusal_is_told_apart() {
    for (status, class, code, expected) in [
        (
            400,
            "invalid_request_error",
            "parameter_missing",
            (Proves::Refused, FaultKind::InvalidRequest),
        ),
        (
            400,
            "invalid_request_error",
            "amount_too_small",
            (Proves::Refused, FaultKind::Amount),
        ),
        (
            402,
            "card_error",
            "card_declined",
            (Proves::Refused, FaultKind::Card),
        ),
        (
            401,
            "invalid_request_error",
            "api_key_expired",
            (Proves::Refused, FaultKind::Authentication),
        ),
        (
            403,
            "invalid_request_error",
            "x",
            (Proves::Refused, FaultKind::Authentication),
        ),
        (
            404,
            "invalid_request_error",
            "resource_missing",
            (Proves::Refused, FaultKind::NotFound),
        ),
        (
            400,
            "idempotency_error",
            "x",
            (Proves::Nothing, FaultKind::Idempotency),
        ),
    ] {
        let server = Server::start([answer(status, &error(class, code))]).await;
        let failed = send_open(&gateway(&server)).await.unwrap_err();
        assert_eq!(failed.fault().request_id.as_deref(), Some("req_77"));
        assert_eq!(failed.fault().code.as_deref(), Some(code));
        assert_eq!(
            proves::<()>(Err(failed)),
            expected,
            "{status} {class} {code}"
        );
        assert_eq!(server.seen().len(), 1, "{status} {class} {code}");
    }
}

#[tokio::test]
async fn what_is_tried_again_ends_as_its_last_try() {
    for (status, class, code, expected) in [
        (
            409,
            "idempotency_error",
            "idempotency_key_in_use",
            (Proves::Nothing, FaultKind::Idempotency),
        ),
        (424, "api_error", "x", (Proves::Nothing, FaultKind::Api)),
        (
            429,
            "invalid_request_error",
            "rate_limit",
            (Proves::NotSent, FaultKind::RateLimit),
        ),
        (
            429,
            "invalid_request_error",
            "lock_timeout",
            (Proves::Nothing, FaultKind::RateLimit),
        ),
        (500, "api_error", "x", (Proves::Nothing, FaultKind::Api)),
    ] {
        let server = Server::start((0..3).map(|_| answer(status, &error(class, code)))).await;
        let failed = send_open(&gateway(&server)).await;
        assert_eq!(proves(failed), expected, "{status} {class} {code}");
        assert!(server.is_over(), "{status} {class} {code}");
    }
}

#[tokio::test]
async fn a_page_of_somebody_in_between_proves_nothing() {
    for status in [400, 403, 404, 302] {
        let server = Server::start([text(status, "<html>no</html>")]).await;
        let failed = send_open(&gateway(&server)).await;
        assert_eq!(
            proves(failed),
            (Proves::Nothing, FaultKind::Garbage),
            "{status}"
        );
    }
    let server = Server::start((0..3).map(|_| text(503, "<html>busy</html>"))).await;
    let failed = send_open(&gateway(&server)).await;
    assert_eq!(proves(failed), (Proves::Nothing, FaultKind::Api));
}

#[tokio::test]
async fn the_key_is_not_carried_elsewhere() {
    let elsewhere = Server::start([answer(200, &session())]).await;
    let target: &'static str = Box::leak(format!("{}/v1/x", elsewhere.base).into_boxed_str());
    for status in [301, 302, 307, 308] {
        let moved = with(status, &[("location", target)], &json!({}));
        let server = Server::start([moved]).await;
        let failed = send_open(&gateway(&server)).await;
        assert_eq!(
            proves(failed),
            (Proves::Nothing, FaultKind::Garbage),
            "{status}"
        );
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_given_up() {
    let server = Server::start([text(200, &" ".repeat(17 * 1024 * 1024))]).await;
    let failed = send_open(&gateway(&server)).await.unwrap_err();
    assert_eq!(failed.fault().code.as_deref(), Some("endless_answer"));
    assert_eq!(
        proves::<()>(Err(failed)),
        (Proves::Nothing, FaultKind::Garbage)
    );
}

#[tokio::test]
async fn a_failure_that_stripe_keeps_is_told_as_such_at_once() {
    let failure = error("api_error", "x");
    let server = Server::start([with(500, &[("idempotent-replayed", "true")], &failure)]).await;
    let failed = send_open(&gateway(&server)).await.unwrap_err();
    assert!(matches!(failed, CallError::Unknown(_)), "{failed}");
    assert_eq!(failed.fault().code.as_deref(), Some(Fault::STORED_FAILURE));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_is_taken_whatever_else_it_holds_or_lacks() {
    let bare =
        json!({"id": "cs_1", "url": "https://c.example", "expires_at": 1, "livemode": false});
    let odd = patched(
        session(),
        json!({"status": "brand_new", "payment_status": "odd", "metadata": 7, "new": {"a": [1.5]}}),
    );
    for body in [bare, odd] {
        let server = Server::start([answer(200, &body)]).await;
        let sent = send_open(&gateway(&server)).await;
        assert!(matches!(sent, Ok(Sent::Opened(_))), "{sent:?}");
    }
    // It is open, and where cannot be told: reading tells.
    for lacking in [json!({"url": null}), json!({"expires_at": "soon"})] {
        let server = Server::start([answer(200, &patched(session(), lacking))]).await;
        assert_eq!(send_open(&gateway(&server)).await, Ok(Sent::Done));
    }
}

#[tokio::test]
async fn what_cannot_be_understood_proves_nothing() {
    let cut = &session().to_string()[..100];
    let session = r#"["cs_test_1","https://c.example",null,null,1,false,null,null]"#;
    for body in ["", "<html>", "[]", "{}", cut, session] {
        let server = Server::start([text(200, body)]).await;
        let failed = send_open(&gateway(&server)).await;
        assert_eq!(
            proves(failed),
            (Proves::Nothing, FaultKind::Garbage),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_session_of_real_money_is_not_ours_to_play_with() {
    let live = patched(session(), json!({"livemode": true}));
    let server = Server::start([answer(200, &live)]).await;
    let failed = send_open(&gateway(&server)).await.unwrap_err();
    assert_eq!(failed.fault().code.as_deref(), Some("livemode_mismatch"));
    assert_eq!(
        proves::<()>(Err(failed)),
        (Proves::Nothing, FaultKind::Authentication)
    );
}

#[tokio::test]
async fn what_was_closed_or_over_is_closed() {
    let close = Request {
        path: "/v1/checkout/sessions/cs_test_1/expire".to_owned(),
        body: String::new(),
        ..stored_open()
    };
    let expired = patched(session(), json!({"status": "expired", "url": null}));
    let over = error("invalid_request_error", "brand_new");
    let no_code = json!({"error": {"type": "invalid_request_error", "message": "not open"}});
    for (act, sent) in [
        (answer(200, &expired), Sent::Closed),
        (answer(200, &session()), Sent::Done),
        // What is paid is not simply closed: reading tells.
        (
            answer(
                200,
                &patched(expired.clone(), json!({"payment_status": "paid"})),
            ),
            Sent::Done,
        ),
        (answer(400, &over), Sent::Done),
        (answer(400, &no_code), Sent::Done),
    ] {
        let server = Server::start([act]).await;
        assert_eq!(
            send(&gateway(&server), Operation::Close, &close).await,
            Ok(sent)
        );
        let seen = &server.seen()[0];
        assert_eq!(seen.target, close.path);
        assert_eq!(seen.header("idempotency-key"), Some(KEY));
    }
    for (status, class, code, expected) in [
        (
            400,
            "invalid_request_error",
            "parameter_unknown",
            (Proves::Refused, FaultKind::InvalidRequest),
        ),
        (
            400,
            "idempotency_error",
            "x",
            (Proves::Nothing, FaultKind::Idempotency),
        ),
        (
            404,
            "invalid_request_error",
            "resource_missing",
            (Proves::Refused, FaultKind::NotFound),
        ),
        (
            401,
            "invalid_request_error",
            "x",
            (Proves::Refused, FaultKind::Authentication),
        ),
    ] {
        let server = Server::start([answer(status, &error(class, code))]).await;
        let failed = send(&gateway(&server), Operation::Close, &close).await;
        assert_eq!(proves(failed), expected, "{status} {code}");
    }
}
