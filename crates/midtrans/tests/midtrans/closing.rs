//! Closing a page and what was begun on it.

use bayar_app::port::gateway::{CallError, FaultKind, PaymentGateway as _, Sent};
use bayar_app::port::store::Operation;
use chrono::TimeDelta;

use super::support::{Fixture, KEY, Reply, Server, TOKEN, transaction};

const MISSING: &str = r#"{"status_code":"404","status_message":"Transaction doesn't exist."}"#;
const CANCELED: &str = r#"{"canceled_at":"2025-06-03T13:09:39.776Z"}"#;

fn ok(body: impl Into<String>) -> Reply {
    Reply::Of(200, body.into())
}

fn status(word: &str) -> Reply {
    ok(transaction(word, ""))
}

fn snap(message: &str) -> Reply {
    Reply::Of(400, format!(r#"{{"error_messages":["{message}"]}}"#))
}

async fn close(
    with_page: bool,
    script: impl IntoIterator<Item = Reply>,
) -> (Result<Sent, CallError>, Vec<String>) {
    let server = Server::of(script).await;
    let fixture = Fixture::at(&server);
    let fixture = if with_page {
        fixture.with_page()
    } else {
        fixture
    };
    let request = fixture.gateway.to_close(&fixture.place()).unwrap();
    let sent = fixture.send(Operation::Close, &request).await;
    let lines = server.seen().into_iter().map(|seen| seen.line);
    let lines = lines.map(|line| line.replace(KEY, "ORDER").replace(TOKEN, "TOKEN"));
    (sent, lines.collect())
}

const READ: &str = "GET /v2/ORDER/status";
const EXPIRE: &str = "POST /v2/ORDER/expire";
const CANCEL: &str = "POST /v2/ORDER/cancel";
const SHUT: &str = "POST /snap/v1/transactions/TOKEN/cancel";

#[tokio::test]
async fn a_page_that_nobody_used_is_cancelled_and_that_is_proof() {
    let (sent, lines) = close(true, [ok(MISSING), ok(CANCELED), ok(MISSING)]).await;
    assert_eq!(sent, Ok(Sent::Closed));
    assert_eq!(lines, [READ, SHUT, READ]);
    let (sent, _) = close(
        true,
        [ok(MISSING), snap("token already canceled"), ok(MISSING)],
    )
    .await;
    assert_eq!(sent, Ok(Sent::Closed));
}

#[tokio::test]
async fn a_page_whose_time_was_over_is_proved_closed() {
    let script = [ok(MISSING), snap("token is expired"), ok(MISSING)];
    let (sent, _) = close(true, script).await;
    assert_eq!(sent, Ok(Sent::Closed));
}

#[tokio::test]
async fn a_page_that_is_not_known_has_to_be_waited_for() {
    let (sent, lines) = close(false, [ok(MISSING)]).await;
    let error = sent.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    assert_eq!(error.fault().kind, FaultKind::WrongState);
    assert_eq!(lines, [READ]);

    for message in ["token not found", "something new"] {
        let (sent, _) = close(true, [ok(MISSING), snap(message)]).await;
        assert!(
            matches!(sent, Err(CallError::Unknown(_))),
            "{message}: {sent:?}"
        );
    }
}

#[tokio::test]
async fn a_method_that_was_chosen_meanwhile_is_ended_too() {
    let (sent, lines) = close(
        true,
        [
            ok(MISSING),
            snap("Transaction is on progress"),
            status("pending"),
            ok(transaction("expire", r#""status_code":"407""#)),
            ok(CANCELED),
            ok(transaction("expire", r#""status_code":"407""#)),
        ],
    )
    .await;
    assert_eq!(sent, Ok(Sent::Closed));
    assert_eq!(lines, [READ, SHUT, READ, EXPIRE, SHUT, READ]);

    // The Core API does not know it yet: there is nothing to end.
    let (sent, _) = close(
        true,
        [ok(MISSING), snap("Transaction is on progress"), ok(MISSING)],
    )
    .await;
    assert!(matches!(sent, Err(CallError::Unknown(_))), "{sent:?}");
}

#[tokio::test]
async fn money_that_comes_in_while_a_page_is_closed_is_not_closed_away() {
    for word in ["pending", "capture", "settlement"] {
        let (sent, _) = close(true, [ok(MISSING), ok(CANCELED), status(word)]).await;
        assert_eq!(sent, Ok(Sent::Done), "{word}");
    }
}

#[tokio::test]
async fn what_was_begun_is_ended_and_its_page_with_it() {
    for (word, verb, code) in [("pending", EXPIRE, "407"), ("authorize", CANCEL, "200")] {
        let ended = || ok(transaction("expire", &format!(r#""status_code":"{code}""#)));
        let (sent, lines) = close(true, [status(word), ended(), ok(CANCELED), ended()]).await;
        assert_eq!(sent, Ok(Sent::Closed), "{word}");
        assert_eq!(lines, [READ, verb, SHUT, READ]);
        // Without the page, or when it will not go, what is read tells.
        let (sent, _) = close(false, [status(word), ended()]).await;
        assert_eq!(sent, Ok(Sent::Done), "{word}");
        let (sent, _) = close(true, [status(word), ended(), snap("token not found")]).await;
        assert_eq!(sent, Ok(Sent::Done), "{word}");
    }
}

#[tokio::test]
async fn a_page_that_belongs_to_what_has_ended_is_shut_with_it() {
    let busy = || snap("Transaction is on progress");
    for word in ["pending", "expire", "cancel", "failure"] {
        let ended = || ok(transaction("expire", r#""status_code":"407""#));
        let mut script = vec![status(word)];
        script.extend((word == "pending").then(ended));
        script.extend([busy(), ended()]);
        let (sent, _) = close(true, script).await;
        assert_eq!(sent, Ok(Sent::Closed), "{word}");
    }
    // It could not be ended, for the money was faster.
    let late = ok(r#"{"status_code":"412"}"#);
    let (sent, _) = close(
        true,
        [status("pending"), late, busy(), status("settlement")],
    )
    .await;
    assert_eq!(sent, Ok(Sent::Done));
}

#[tokio::test]
async fn that_it_has_ended_or_cannot_end_any_more_are_normal_answers() {
    for code in ["407", "412"] {
        let answer = format!(r#"{{"status_code":"{code}","status_message":"cannot modify"}}"#);
        let (sent, lines) = close(false, [status("pending"), ok(answer)]).await;
        assert_eq!(sent, Ok(Sent::Done), "{code}");
        assert_eq!(lines, [READ, EXPIRE]);
    }
}

#[tokio::test]
async fn where_money_came_in_nothing_is_closed() {
    for word in [
        "capture",
        "settlement",
        "refund",
        "partial_refund",
        "chargeback",
        "partial_chargeback",
    ] {
        let (sent, lines) = close(true, [status(word)]).await;
        assert_eq!(sent, Ok(Sent::Done), "{word}");
        assert_eq!(lines, [READ], "{word}");
    }
}

#[tokio::test]
async fn the_page_of_a_transaction_that_has_ended_is_shut() {
    for word in ["expire", "cancel", "failure", "deny"] {
        let (sent, lines) = close(true, [status(word), ok(CANCELED), status(word)]).await;
        assert_eq!(sent, Ok(Sent::Closed), "{word}");
        assert_eq!(lines, [READ, SHUT, READ], "{word}");
        // The buyer tried again before it was.
        let (sent, _) = close(true, [status(word), ok(CANCELED), status("settlement")]).await;
        assert_eq!(sent, Ok(Sent::Done), "{word}");
    }
}

#[tokio::test]
async fn a_denied_try_leaves_a_page_that_can_be_paid_on() {
    for with_page in [true, false] {
        let script = if with_page {
            vec![status("deny"), snap("Transaction is on progress")]
        } else {
            vec![status("deny")]
        };
        let (sent, _) = close(with_page, script).await;
        assert!(matches!(sent, Err(CallError::Unknown(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn an_unknown_word_closes_nothing() {
    let (sent, lines) = close(true, [status("paused")]).await;
    assert!(matches!(sent, Err(CallError::Unknown(_))), "{sent:?}");
    assert_eq!(lines, [READ]);
}

#[tokio::test]
async fn trouble_while_closing_proves_nothing() {
    let html = || Reply::Of(502, "<html>".to_owned());
    let mut script = vec![status("pending")];
    script.extend([html(), html(), html()]);
    let (sent, _) = close(true, script).await;
    assert!(matches!(sent, Err(CallError::Unknown(_))), "{sent:?}");
    let (sent, _) = close(true, [Reply::Of(401, "{}".to_owned())]).await;
    assert!(matches!(sent, Err(CallError::NotSent(_))), "{sent:?}");
    let (sent, _) = close(
        true,
        [ok(MISSING), ok(CANCELED), Reply::Of(401, "{}".to_owned())],
    )
    .await;
    assert!(matches!(sent, Err(CallError::Unknown(_))), "{sent:?}");
}

#[tokio::test]
async fn a_page_that_became_known_later_is_closed_too() {
    let server = Server::of([ok(MISSING), ok(CANCELED), ok(MISSING)]).await;
    let fixture = Fixture::at(&server);
    let request = fixture.gateway.to_close(&fixture.place()).unwrap();
    assert!(request.good_until > fixture.dead_at() + TimeDelta::hours(1));
    let fixture = fixture.with_page();
    let sent = fixture.send(Operation::Close, &request).await;
    assert_eq!(sent, Ok(Sent::Closed));
}
