//! Giving money back.

use bayar_app::port::gateway::{FaultKind, PaymentGateway as _, RefundOrder, Request, Sent, Unfit};
use bayar_app::port::store::Operation;
use bayar_domain::decision::Verdict;
use bayar_domain::gateway::CaptureId;
use bayar_domain::{Currency, Money, RefundId};
use serde_json::{Value, json};

use crate::fixtures::{
    Proves, Where, at, error, form, gateway, installation, key, patched, php, proves, send,
};
use crate::server::{Server, answer, text};

/// What Stripe makes of a request for 600.00 of `pi_1`.
fn made(with: Value) -> Value {
    let refund = json!({
        "id": "re_1", "object": "refund", "amount": 60_000, "currency": "php", "status": "succeeded",
        "payment_intent": "pi_1",
    });
    patched(refund, with)
}

async fn to_refund(captured: Money, amount: Money) -> Result<Request, Unfit> {
    let server = Server::start([]).await;
    let order = RefundOrder {
        installation: &installation(),
        refund: RefundId::new(9).unwrap(),
        capture: &CaptureId::new("pi_1").unwrap(),
        captured,
        amount,
        reason: "Jane Doe asked for it",
        now: at(0),
    };
    gateway(&server).to_refund(&order, &key())
}

#[tokio::test]
async fn a_refund_names_the_money_and_carries_our_mark() {
    let request = to_refund(php(560_000), php(60_000)).await.unwrap();
    assert_eq!(request.path, "/v1/refunds");
    assert_eq!(request.good_until, at(23 * 3_600));
    let expected = [
        ("amount", "60000"),
        ("metadata[bayar_installation]", "abcdefgh"),
        ("metadata[bayar_refund]", "9"),
        ("payment_intent", "pi_1"),
        ("reason", "requested_by_customer"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form(&request.body), expected.into());
}

/// What was written down is held against what is wanted now: it must not differ by chance.
#[tokio::test]
async fn the_same_refund_is_always_asked_for_in_the_same_words() {
    let first = to_refund(php(560_000), php(60_000)).await.unwrap();
    for _ in 0..20 {
        let again = to_refund(php(560_000), php(60_000)).await.unwrap();
        assert_eq!(again.body, first.body);
    }
}

#[tokio::test]
async fn a_refund_is_exact_and_never_more_than_came_in() {
    let isk = |minor| Money::new(minor, Currency::Isk);
    let request = to_refund(isk(500), isk(500)).await.unwrap();
    assert_eq!(form(&request.body)["amount"], "50000");
    for (captured, amount) in [
        (php(100), php(101)),
        (php(100), php(0)),
        (php(100), php(-1)),
        (php(100), Money::new(100, Currency::Usd)),
        (
            Money::new(5_120, Currency::Kwd),
            Money::new(5_112, Currency::Kwd),
        ),
    ] {
        assert!(
            to_refund(captured, amount).await.is_err(),
            "{amount} of {captured}"
        );
    }
}

#[tokio::test]
async fn what_stripe_says_to_a_refund_is_told_apart() {
    let request = to_refund(php(560_000), php(60_000)).await.unwrap();
    // How far it is, is read.
    for status in [json!("brand_new"), json!(null), json!("failed")] {
        let server = Server::start([answer(200, &made(json!({"status": status})))]).await;
        let sent = send(&gateway(&server), Operation::Refund, &request).await;
        assert_eq!(sent, Ok(Sent::Done));
        assert_eq!(server.seen()[0].body, request.body);
    }

    let kind = "invalid_request_error";
    for (status, code, expected) in [
        (
            400,
            "charge_already_refunded",
            (Proves::Refused, FaultKind::WrongState),
        ),
        (
            400,
            "charge_disputed",
            (Proves::Refused, FaultKind::WrongState),
        ),
        (
            400,
            "charge_not_refundable",
            (Proves::Refused, FaultKind::NotRefundable),
        ),
        (
            400,
            "amount_too_large",
            (Proves::Refused, FaultKind::Amount),
        ),
        (
            404,
            "resource_missing",
            (Proves::Refused, FaultKind::NotFound),
        ),
    ] {
        let server = Server::start([answer(status, &error(kind, code))]).await;
        let failed = send(&gateway(&server), Operation::Refund, &request).await;
        assert_eq!(proves(failed), expected, "{code}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_tell_of_our_refund_proves_nothing() {
    let request = to_refund(php(560_000), php(60_000)).await.unwrap();
    for body in [
        json!({}),
        json!({"id": "re_1"}),
        json!(["re_1"]),
        json!(["re_1", 60_000, "php", "succeeded", "pi_1", null, null]),
        made(json!({"amount": 60_001})),
        made(json!({"amount": null})),
        made(json!({"payment_intent": "pi_2"})),
        made(json!({"payment_intent": null})),
        made(json!({"id": null})),
    ] {
        let server = Server::start([text(200, &body.to_string())]).await;
        let failed = send(&gateway(&server), Operation::Refund, &request).await;
        assert_eq!(
            proves(failed),
            (Proves::Nothing, FaultKind::Garbage),
            "{body}"
        );
    }
}

#[tokio::test]
async fn stripe_is_never_answered() {
    let server = Server::start([]).await;
    let capture = CaptureId::new("pi_1").unwrap();
    let known = Where::known();
    let answered = gateway(&server).to_answer(&known.place(), &capture, Verdict::Accept);
    assert!(answered.is_err());
    let request = to_refund(php(1), php(1)).await.unwrap();
    let failed = send(&gateway(&server), Operation::Answer, &request).await;
    assert_eq!(proves(failed), (Proves::Refused, FaultKind::InvalidRequest));
    assert_eq!(server.connections(), 0);
}
