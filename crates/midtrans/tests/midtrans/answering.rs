//! Answering money that is held back.

use bayar_app::port::gateway::{CallError, FaultKind, PaymentGateway as _, Sent};
use bayar_app::port::store::Operation;
use bayar_domain::Verdict;
use bayar_domain::gateway::CaptureId;

use super::support::{Fixture, Reply, Server, TRANSACTION, transaction};

fn ok(body: impl Into<String>) -> Reply {
    Reply::Of(200, body.into())
}

async fn answer(
    verdict: Verdict,
    script: impl IntoIterator<Item = Reply>,
) -> (Result<Sent, CallError>, Vec<String>) {
    let server = Server::of(script).await;
    let fixture = Fixture::at(&server);
    let capture = CaptureId::new(TRANSACTION).unwrap();
    let request = fixture
        .gateway
        .to_answer(&fixture.place(), &capture, verdict)
        .unwrap();
    let sent = fixture.send(Operation::Answer, &request).await;
    let lines = server.seen().into_iter();
    (
        sent,
        lines
            .map(|seen| seen.line.replace(TRANSACTION, "ID"))
            .collect(),
    )
}

#[tokio::test]
async fn held_money_is_approved_or_denied() {
    let approved = ok(transaction("capture", r#""fraud_status":"accept""#));
    let (sent, lines) = answer(Verdict::Accept, [approved]).await;
    assert_eq!(
        (sent, lines),
        (Ok(Sent::Done), vec!["POST /v2/ID/approve".to_owned()])
    );
    for code in ["200", "202"] {
        let denied = ok(transaction("deny", &format!(r#""status_code":"{code}""#)));
        let (sent, lines) = answer(Verdict::Refuse, [denied]).await;
        assert_eq!(
            (sent, lines),
            (Ok(Sent::Done), vec!["POST /v2/ID/deny".to_owned()])
        );
    }
}

#[tokio::test]
async fn an_answer_that_was_given_before_is_read() {
    let late = || ok(r#"{"status_code":"412","status_message":"cannot modify"}"#);
    let capture = |fraud: &str| {
        ok(transaction(
            "capture",
            &format!(r#""fraud_status":"{fraud}""#),
        ))
    };
    for (verdict, found, is_done) in [
        (Verdict::Accept, capture("accept"), true),
        (Verdict::Accept, ok(transaction("settlement", "")), true),
        (Verdict::Refuse, ok(transaction("deny", "")), true),
        (Verdict::Refuse, ok(transaction("cancel", "")), true),
        (Verdict::Accept, ok(transaction("deny", "")), false),
        (Verdict::Refuse, capture("accept"), false),
        (Verdict::Accept, capture("challenge"), false),
        (Verdict::Refuse, ok(transaction("expire", "")), false),
    ] {
        let shown = format!("{verdict:?} {found:?}");
        let (sent, _) = answer(verdict, [late(), found]).await;
        if is_done {
            assert_eq!(sent, Ok(Sent::Done), "{shown}");
        } else {
            let error = sent.unwrap_err();
            assert!(matches!(error, CallError::Refused(_)), "{shown}: {error:?}");
            assert_eq!(error.fault().kind, FaultKind::WrongState);
        }
    }
}

#[tokio::test]
async fn an_approval_that_was_answered_with_a_denial_is_not_done() {
    let denied = ok(transaction("deny", r#""status_code":"202""#));
    let (sent, _) = answer(Verdict::Accept, [denied]).await;
    assert!(sent.is_err(), "{sent:?}");
}

#[tokio::test]
async fn a_name_that_no_transaction_has_is_not_asked_for() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    for name in ["../v2/charge", "a/b", "a b", "..", "pi?x", "é"] {
        let capture = CaptureId::new(name).unwrap();
        assert!(
            fixture
                .gateway
                .to_answer(&fixture.place(), &capture, Verdict::Accept)
                .is_err(),
            "{name}"
        );
    }
}
