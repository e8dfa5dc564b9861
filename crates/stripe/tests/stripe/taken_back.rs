//! What is read of money that went back, or is asked back.

use bayar_app::port::gateway::{Door, FaultKind, PaymentGateway as _};
use bayar_domain::RefundId;
use bayar_domain::fact::{Proof, RefundStep};
use bayar_domain::gateway::{CaptureId, DisputeId, GatewayRefundId};
use serde_json::{Value, json};

use crate::fixtures::{NOW, Proves, Where, at, gateway, list, paid_session, php, proves};
use crate::server::{Server, answer};

fn capture() -> CaptureId {
    CaptureId::new("pi_1").unwrap()
}

#[tokio::test]
async fn each_refund_is_told_with_our_mark_from_every_page() {
    let refund = |id: &str, status: &str, metadata: Value| {
        json!({
            "id": id, "amount": 100, "currency": "php", "status": status, "created": NOW + 30,
            "metadata": metadata,
        })
    };
    let ours = json!({"bayar_installation": "abcdefgh", "bayar_refund": "9"});
    let first = list(
        vec![
            refund("re_6", "brand_new", json!({})),
            refund(
                "re_5",
                "canceled",
                json!({"bayar_installation": "hgfedcba", "bayar_refund": "9"}),
            ),
            refund(
                "re_4",
                "failed",
                json!({"bayar_installation": "abcdefgh", "bayar_refund": "x"}),
            ),
        ],
        true,
    );
    let second = list(
        vec![
            refund("re_3", "succeeded", ours.clone()),
            refund("re_2", "requires_action", json!(null)),
            refund("re_1", "pending", ours),
        ],
        false,
    );
    let script = [paid_session(), first, second].map(|body| answer(200, &body));
    let server = Server::start(script).await;
    let reading = gateway(&server)
        .read(&Where::known().place())
        .await
        .unwrap();
    let told: Vec<_> = reading.proofs[1..]
        .iter()
        .map(|(proof, _)| proof.clone())
        .collect();
    let expected = [
        ("re_5", RefundStep::Failed, None),
        ("re_4", RefundStep::Failed, None),
        ("re_3", RefundStep::Succeeded, RefundId::new(9).ok()),
        ("re_2", RefundStep::Pending, None),
        ("re_1", RefundStep::Pending, RefundId::new(9).ok()),
    ]
    .map(|(name, step, ours)| Proof::Refunded {
        capture: capture(),
        refund: GatewayRefundId::new(name).unwrap(),
        amount: php(100),
        step,
        ours,
    });
    assert_eq!(told, expected);
    assert_eq!(reading.door, Door::Paid);
    assert!(
        server.seen()[2].target.ends_with("&starting_after=re_4"),
        "{:?}",
        server.seen()[2]
    );
}

/// That it is there is known, and that the gateway has none is not.
#[tokio::test]
async fn a_refund_under_our_mark_is_told_whatever_its_status() {
    let ours = json!({"bayar_installation": "abcdefgh", "bayar_refund": "9"});
    let refund = |status: Value, metadata: &Value| {
        json!({
            "id": "re_1", "amount": 100, "currency": "php", "status": status, "metadata": metadata,
        })
    };
    for status in [json!("brand_new"), json!(null)] {
        for (metadata, is_told) in [(&ours, true), (&json!({}), false)] {
            let script = [
                paid_session(),
                list(vec![refund(status.clone(), metadata)], false),
            ];
            let server = Server::start(script.map(|body| answer(200, &body))).await;
            let reading = gateway(&server).read(&Where::known().place()).await;
            let told: Vec<_> = reading.unwrap().proofs.drain(1..).collect();
            let expected = Proof::Refunded {
                capture: capture(),
                refund: GatewayRefundId::new("re_1").unwrap(),
                amount: php(100),
                step: RefundStep::Pending,
                ours: RefundId::new(9).ok(),
            };
            let told: Vec<_> = told.into_iter().map(|(proof, _)| proof).collect();
            let expected = if is_told { vec![expected] } else { Vec::new() };
            assert_eq!(told, expected, "{status}");
        }
    }
}

/// Each value would be taken for the field in its place.
#[tokio::test]
async fn a_list_in_place_of_an_object_is_not_read() {
    let refund = json!(["re_1", 100, "php", "succeeded", null, null, null]);
    let dispute = json!(["du_1", 100, "php", "lost", null, null]);
    let mut disputed = paid_session();
    disputed["payment_intent"]["latest_charge"]["disputed"] = true.into();
    let mut by_list = paid_session();
    by_list["payment_intent"] = json!(["pi_1", "succeeded", 560_000, "php", null, null, null]);
    let mut charge = paid_session();
    charge["payment_intent"]["latest_charge"] = json!(["ch_1", 1, null, false]);
    for script in [
        vec![paid_session(), list(vec![refund], false)],
        vec![paid_session(), json!([[], false])],
        vec![disputed, list(vec![], false), list(vec![dispute], false)],
        vec![by_list],
        vec![charge],
    ] {
        let server = Server::start(script.iter().map(|body| answer(200, body))).await;
        let failed = gateway(&server).read(&Where::known().place()).await;
        assert_eq!(
            proves(failed),
            (Proves::Nothing, FaultKind::Garbage),
            "{script:?}"
        );
    }
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    let refund = json!({"id": "re_1", "amount": 1, "currency": "php", "status": "failed"});
    for endless in [list(vec![refund], true), list(vec![], true)] {
        let script = [paid_session(), endless.clone(), endless];
        let server = Server::start(script.map(|body| answer(200, &body))).await;
        let failed = gateway(&server)
            .read(&Where::known().place())
            .await
            .unwrap_err();
        assert_eq!(failed.fault().code.as_deref(), Some("list_without_end"));
        assert_eq!(
            proves::<()>(Err(failed)),
            (Proves::Nothing, FaultKind::Garbage)
        );
    }
}

#[tokio::test]
async fn a_dispute_is_asked_for_where_the_charge_has_one() {
    let mut disputed = paid_session();
    disputed["payment_intent"]["latest_charge"]["disputed"] = true.into();
    let dispute = json!({
        "id": "du_1", "amount": 560_000, "currency": "php", "status": "needs_response",
        "created": NOW + 40, "balance_transactions": [{"id": "txn_1"}],
    });
    let script = [disputed, list(vec![], false), list(vec![dispute], false)];
    let server = Server::start(script.map(|body| answer(200, &body))).await;
    let reading = gateway(&server)
        .read(&Where::known().place())
        .await
        .unwrap();
    let target = &server.seen()[2].target;
    assert_eq!(target, "/v1/disputes?payment_intent=pi_1&limit=100");
    let expected = Proof::Disputed {
        capture: capture(),
        dispute: DisputeId::new("du_1").unwrap(),
        held: php(560_000),
        step: 20,
        lost: false,
    };
    assert_eq!(reading.proofs[1..], [(expected, at(40))]);
    assert_eq!(reading.door, Door::Paid);
}
