//! Giving money back.

use bayar_app::port::gateway::{
    CallError, FaultKind, PaymentGateway as _, RefundOrder, Request, Sent,
};
use bayar_app::port::store::{CallKey, Installation, Operation};
use bayar_domain::gateway::CaptureId;
use bayar_domain::{Currency, Money, RefundId};
use chrono::TimeDelta;

use super::support::{Fixture, Reply, Server, TRANSACTION, idr, transaction};

const REFUND: &str = "by-shop0001-refund";

fn asked(fixture: &Fixture, amount: Money, reason: &str) -> Option<Request> {
    let order = RefundOrder {
        installation: &Installation::new("shop0001").unwrap(),
        refund: RefundId::new(5).unwrap(),
        capture: &CaptureId::new(TRANSACTION).unwrap(),
        captured: idr(10_000),
        amount,
        reason,
        now: fixture.now,
    };
    fixture
        .gateway
        .to_refund(&order, &CallKey::new(REFUND).unwrap())
        .ok()
}

fn ok(body: impl Into<String>) -> Reply {
    Reply::Of(200, body.into())
}

async fn refund(
    rupiah: i64,
    script: impl IntoIterator<Item = Reply>,
) -> (Result<Sent, CallError>, Vec<String>) {
    let server = Server::of(script).await;
    let fixture = Fixture::at(&server);
    let request = asked(&fixture, idr(rupiah), "late").unwrap();
    let sent = fixture.send(Operation::Refund, &request).await;
    let lines = server.seen().into_iter();
    (
        sent,
        lines
            .map(|seen| seen.line.replace(TRANSACTION, "ID"))
            .collect(),
    )
}

const READ: &str = "GET /v2/ID/status";
const GIVE: &str = "POST /v2/ID/refund";
const CANCEL: &str = "POST /v2/ID/cancel";

#[tokio::test]
async fn a_refund_carries_our_mark_and_its_own_key() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    let request = asked(&fixture, idr(4_000), "came\nlate").unwrap();
    assert_eq!(request.path, format!("/v2/{TRANSACTION}/refund"));
    assert_eq!(
        request.body,
        r#"{"refund_key":"by-shop0001-refund","amount":4000,"reason":"refund:5 came late"}"#
    );
    assert_eq!(request.good_until, fixture.now + TimeDelta::days(6));
    let long = asked(&fixture, idr(4_000), &"é".repeat(300)).unwrap();
    let body: serde_json::Value = serde_json::from_str(&long.body).unwrap();
    assert_eq!(body["reason"].as_str().unwrap().chars().count(), 255);
}

#[tokio::test]
async fn what_cannot_go_back_exactly_is_not_asked_for() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    for amount in [
        Money::new(50, Currency::Idr),
        idr(0),
        idr(10_001),
        Money::new(400_000, Currency::Php),
    ] {
        assert_eq!(asked(&fixture, amount, "late"), None, "{amount:?}");
    }
}

#[tokio::test]
async fn settled_money_is_refunded_in_part_or_whole() {
    for (rupiah, word) in [(4_000, "partial_refund"), (10_000, "refund")] {
        let settled = ok(transaction("settlement", ""));
        let (sent, lines) = refund(rupiah, [settled, ok(transaction(word, ""))]).await;
        assert_eq!(sent, Ok(Sent::Done));
        assert_eq!(lines, [READ, GIVE]);
    }
}

#[tokio::test]
async fn the_refund_is_sent_as_it_was_written_down_each_time() {
    let server = Server::of([
        ok(transaction("settlement", "")),
        Reply::Hang,
        ok(transaction("partial_refund", "")),
    ])
    .await;
    let fixture = Fixture::at(&server);
    let request = asked(&fixture, idr(4_000), "late").unwrap();
    fixture.send(Operation::Refund, &request).await.unwrap();
    for seen in &server.seen()[1..] {
        assert_eq!(seen.body, request.body);
        assert_eq!(seen.header("idempotency-key"), Some(REFUND));
    }
}

#[tokio::test]
async fn a_refund_that_came_through_before_is_not_asked_for_again() {
    let listed = format!(r#""refunds":[{{"refund_key":"{REFUND}","refund_amount":"4000.00"}}]"#);
    let (sent, lines) = refund(4_000, [ok(transaction("partial_refund", &listed))]).await;
    assert_eq!(sent, Ok(Sent::Done));
    assert_eq!(lines, [READ]);
    // Somebody else's is not ours.
    let other = r#""refunds":[{"refund_key":"other","refund_amount":"4000.00"}]"#;
    let (_, lines) = refund(
        4_000,
        [
            ok(transaction("partial_refund", other)),
            ok(transaction("partial_refund", "")),
        ],
    )
    .await;
    assert_eq!(lines, [READ, GIVE]);
}

#[tokio::test]
async fn all_of_a_card_payment_that_has_not_settled_is_cancelled() {
    for word in ["capture", "authorize"] {
        let script = [ok(transaction(word, "")), ok(transaction("cancel", ""))];
        let (sent, lines) = refund(10_000, script).await;
        assert_eq!(sent, Ok(Sent::Done), "{word}");
        assert_eq!(lines, [READ, CANCEL]);
    }
    // The answer was lost, and the next time it is cancelled.
    let (sent, lines) = refund(10_000, [ok(transaction("cancel", ""))]).await;
    assert_eq!(sent, Ok(Sent::Done));
    assert_eq!(lines, [READ]);
    // It settled in between, and the next time it is refunded.
    let late = r#"{"status_code":"412","status_message":"cannot modify"}"#;
    let (sent, _) = refund(10_000, [ok(transaction("capture", "")), ok(late)]).await;
    assert!(matches!(sent, Err(CallError::Unknown(_))), "{sent:?}");
}

#[tokio::test]
async fn a_part_of_a_card_payment_waits_until_it_has_settled() {
    let (sent, lines) = refund(4_000, [ok(transaction("capture", ""))]).await;
    let Err(CallError::NotSent(fault)) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!(fault.kind, FaultKind::WrongState);
    assert_eq!(fault.code.as_deref(), Some("412"));
    assert!(fault.retry_after.is_some());
    assert_eq!(lines, [READ]);
}

#[tokio::test]
async fn a_refusal_inside_an_answer_that_looks_well_is_a_refusal() {
    for http in [200, 202] {
        let refusal = transaction("settlement", r#""status_code":"202""#);
        let script = [ok(transaction("settlement", "")), Reply::Of(http, refusal)];
        let (sent, _) = refund(4_000, script).await;
        let Err(CallError::Refused(fault)) = sent else {
            panic!("{sent:?}");
        };
        assert_eq!(
            (fault.kind, fault.code.as_deref()),
            (FaultKind::Card, Some("202"))
        );
    }
}

/// The answer of a machine in between looks well, too.
#[tokio::test]
async fn an_answer_that_does_not_tell_of_our_refund_is_unknown() {
    let without_code = |word: &str, fields: &str| {
        let mut json: serde_json::Value = serde_json::from_str(&transaction(word, fields)).unwrap();
        json.as_object_mut().unwrap().remove("status_code");
        json.to_string()
    };
    let settled = || ok(transaction("settlement", ""));
    for (http, answer) in [
        (200, "{}".to_owned()),
        (201, "{}".to_owned()),
        (200, r#"{"status_code":"200"}"#.to_owned()),
        (200, without_code("refund", "")),
        (
            200,
            without_code("settlement", &format!(r#""refund_key":"{REFUND}""#)),
        ),
        (200, transaction("settlement", "")),
        (200, transaction("refund", r#""refund_key":"another""#)),
    ] {
        let script = [settled(), Reply::Of(http, answer.clone())];
        let (sent, _) = refund(4_000, script).await;
        assert!(
            matches!(sent, Err(CallError::Unknown(_))),
            "{answer}: {sent:?}"
        );
    }
    let told = transaction("settlement", &format!(r#""refund_key":"{REFUND}""#));
    let (sent, _) = refund(4_000, [settled(), ok(told)]).await;
    assert_eq!(sent, Ok(Sent::Done));
    // Nor is it a cancellation.
    for answer in [
        "{}".to_owned(),
        r#"{"status_code":"200"}"#.to_owned(),
        without_code("cancel", ""),
    ] {
        let script = [ok(transaction("capture", "")), ok(answer.clone())];
        let (sent, _) = refund(10_000, script).await;
        assert!(
            matches!(sent, Err(CallError::Unknown(_))),
            "{answer}: {sent:?}"
        );
    }
}

#[tokio::test]
async fn a_request_that_is_still_at_work_is_unknown() {
    let at_work = || Reply::Of(202, r#"{"status_code":"202"}"#.to_owned());
    let script = [
        ok(transaction("settlement", "")),
        at_work(),
        at_work(),
        at_work(),
    ];
    let (sent, _) = refund(4_000, script).await;
    assert!(matches!(sent, Err(CallError::Unknown(_))), "{sent:?}");
}

#[tokio::test]
async fn each_answer_to_a_refund_has_its_meaning() {
    use FaultKind::{Amount, Authentication, Idempotency, InvalidRequest, NotFound, WrongState};
    for (code, kind, is_refused) in [
        ("400", InvalidRequest, true),
        ("401", Authentication, true),
        ("404", NotFound, true),
        ("406", Idempotency, false),
        ("412", WrongState, true),
        ("414", Amount, true),
    ] {
        let answer = format!(r#"{{"status_code":"{code}","status_message":"no","id":"r-1"}}"#);
        let (sent, _) = refund(4_000, [ok(transaction("settlement", "")), ok(answer)]).await;
        let error = sent.unwrap_err();
        assert_eq!(
            matches!(error, CallError::Refused(_)),
            is_refused,
            "{code}: {error:?}"
        );
        assert_eq!(error.fault().kind, kind, "{code}");
        assert_eq!(error.fault().request_id.as_deref(), Some("r-1"));
    }
}

#[tokio::test]
async fn some_methods_have_no_way_back() {
    for (method, rupiah, code) in [
        ("bank_transfer", 10_000, "method"),
        ("echannel", 10_000, "method"),
        ("cstore", 4_000, "method"),
        ("shopeepay", 4_000, "partial"),
        ("ovo", 4_000, "partial"),
    ] {
        let settled = transaction("settlement", &format!(r#""payment_type":"{method}""#));
        let (sent, lines) = refund(rupiah, [ok(settled)]).await;
        let Err(CallError::Refused(fault)) = sent else {
            panic!("{method}: {sent:?}");
        };
        assert_eq!(fault.kind, FaultKind::NotRefundable, "{method}");
        assert_eq!(fault.code.as_deref(), Some(code), "{method}");
        assert_eq!(lines, [READ]);
    }
    for method in [
        "shopeepay",
        "ovo",
        "gopay",
        "qris",
        "dana",
        "kredivo",
        "akulaku",
        "new",
    ] {
        let settled = transaction("settlement", &format!(r#""payment_type":"{method}""#));
        let (sent, _) = refund(10_000, [ok(settled), ok(transaction("refund", ""))]).await;
        assert_eq!(sent, Ok(Sent::Done), "{method}");
    }
}

#[tokio::test]
async fn a_method_whose_time_is_over_has_no_way_back() {
    for (method, settled_at, is_open) in [
        ("kredivo", "2020-01-01 12:00:00", false),
        ("dana", "2020-01-01 12:00:00", false),
        ("gopay", "2020-01-01 12:00:00", false),
        ("ovo", "2020-01-01 12:00:00", false),
        ("shopeepay", "2020-01-01 12:00:00", false),
        ("credit_card", "2020-01-01 12:00:00", true),
        ("qris", "2020-01-01 12:00:00", true),
        ("kredivo", "2099-01-01 12:00:00", true),
        ("kredivo", "some day", true),
    ] {
        let fields = format!(r#""payment_type":"{method}","settlement_time":"{settled_at}""#);
        let settled = transaction("settlement", &fields);
        if is_open {
            let script = [ok(settled), ok(transaction("refund", ""))];
            let (sent, _) = refund(10_000, script).await;
            assert_eq!(sent, Ok(Sent::Done), "{method} {settled_at}");
            continue;
        }
        let (sent, lines) = refund(10_000, [ok(settled)]).await;
        let Err(CallError::Refused(fault)) = sent else {
            panic!("{method}: {sent:?}");
        };
        assert_eq!(fault.kind, FaultKind::NotRefundable, "{method}");
        assert_eq!(fault.code.as_deref(), Some("window"), "{method}");
        assert_eq!(lines, [READ]);
    }
}

#[tokio::test]
async fn where_there_is_no_money_nothing_goes_back() {
    for word in ["pending", "deny", "expire", "failure"] {
        let (sent, lines) = refund(10_000, [ok(transaction(word, ""))]).await;
        let Err(CallError::Refused(fault)) = sent else {
            panic!("{word}: {sent:?}");
        };
        assert_eq!(fault.kind, FaultKind::WrongState, "{word}");
        assert_eq!(lines, [READ]);
    }
    let (sent, _) = refund(4_000, [ok(transaction("cancel", ""))]).await;
    assert!(matches!(sent, Err(CallError::Refused(_))), "{sent:?}");
    let (sent, _) = refund(4_000, [ok(transaction("paused", ""))]).await;
    assert!(matches!(sent, Err(CallError::Unknown(_))), "{sent:?}");
    let missing = r#"{"status_code":"404"}"#;
    let (sent, _) = refund(4_000, [ok(missing)]).await;
    assert!(matches!(sent, Err(CallError::Refused(_))), "{sent:?}");
}

#[tokio::test]
async fn when_the_state_cannot_be_read_nothing_is_sent() {
    let (sent, lines) = refund(4_000, [Reply::Of(401, "{}".to_owned())]).await;
    assert!(matches!(sent, Err(CallError::NotSent(_))), "{sent:?}");
    assert_eq!(lines, [READ]);
}
