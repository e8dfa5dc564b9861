//! Refunds and disputes at Stripe.

use std::time::Duration;

use bayar_sandbox::sim::{Action, Fault, RefundMove, Rule, SimConfig};

use crate::client::{Answer, Play};

fn play() -> Play {
    Play::new(SimConfig::default())
}

async fn refund(play: &Play, form: &str) -> Answer {
    play.stripe("POST", "/v1/refunds", form).await
}

#[tokio::test]
async fn refunds_go_up_to_what_was_captured_and_no_further() {
    let play = play();
    let (_, intent) = play.paid_session("A-1", "4242424242424242").await;
    let part = format!("payment_intent={intent}&amount=160000&reason=requested_by_customer");
    let first = refund(&play, &part).await.ok();
    assert_eq!(
        (first.at("/status"), first.at("/amount")),
        ("succeeded".into(), "160000".into())
    );
    let much = refund(&play, &format!("payment_intent={intent}&amount=400001")).await;
    assert_eq!(
        (much.status, much.at("/error/param")),
        (400, "amount".into())
    );
    let rest = refund(&play, &format!("payment_intent={intent}"))
        .await
        .ok();
    assert_eq!(rest.at("/amount"), "400000");
    let more = refund(&play, &format!("payment_intent={intent}")).await;
    assert_eq!(more.at("/error/code"), "charge_already_refunded");
    let charge = play
        .stripe("GET", &format!("/v1/charges/{}", first.at("/charge")), "")
        .await
        .ok();
    assert_eq!(
        (charge.at("/refunded"), charge.at("/amount_refunded")),
        ("true".into(), "560000".into())
    );
    let list = play
        .stripe("GET", &format!("/v1/refunds?payment_intent={intent}"), "")
        .await
        .ok();
    assert_eq!(list.json()["data"].as_array().unwrap().len(), 2);
    assert!(play.handle.book().kept_captures("A-1").is_empty());
}

#[tokio::test]
async fn what_was_not_paid_cannot_be_refunded() {
    let play = play();
    let unknown = refund(&play, "payment_intent=pi_none").await;
    assert_eq!(
        (unknown.status, unknown.at("/error/code")),
        (404, "resource_missing".into())
    );
    assert_eq!(
        refund(&play, "amount=5").await.at("/error/code"),
        "parameter_missing"
    );
    let made = play
        .stripe("POST", "/v1/payment_intents", "amount=5000&currency=usd")
        .await
        .ok();
    assert_eq!(
        refund(&play, &format!("payment_intent={}", made.at("/id")))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_refund_can_be_pending_first() {
    let play = play();
    let (_, intent) = play.paid_session("A-1", "4000000000007726").await;
    let made = refund(&play, &format!("payment_intent={intent}"))
        .await
        .ok();
    assert_eq!(
        (made.at("/status"), made.at("/pending_reason")),
        ("pending".into(), "processing".into())
    );
    play.handle.advance(Duration::from_secs(11)).await.unwrap();
    let path = format!("/v1/refunds/{}", made.at("/id"));
    assert_eq!(
        play.stripe("GET", &path, "").await.ok().at("/status"),
        "succeeded"
    );
}

#[tokio::test]
async fn a_refund_that_succeeded_can_fail_later_and_the_money_is_back() {
    let play = play();
    let (_, intent) = play.paid_session("A-1", "4000000000005126").await;
    let made = refund(&play, &format!("payment_intent={intent}"))
        .await
        .ok();
    assert_eq!(made.at("/status"), "succeeded");
    assert!(play.handle.book().kept_captures("A-1").is_empty());
    play.handle.advance(Duration::from_secs(11)).await.unwrap();
    let path = format!("/v1/refunds/{}", made.at("/id"));
    let failed = play.stripe("GET", &path, "").await.ok();
    assert_eq!(failed.at("/status"), "failed");
    assert_eq!(failed.at("/failure_reason"), "expired_or_canceled_card");
    assert_eq!(play.handle.book().kept_captures("A-1")[0].kept(), 560_000);
    assert_eq!(
        refund(&play, &format!("payment_intent={intent}"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_fate_of_a_refund_can_be_set_for_one_request_and_moved_by_hand() {
    let play = play();
    let (_, intent) = play.paid_session("A-1", "4242424242424242").await;
    let fails = Rule::next(Fault::RefundFails)
        .at("refund.create")
        .order("A-1");
    play.handle.add_fault(fails).unwrap();
    let form = format!("payment_intent={intent}&amount=100000");
    assert_eq!(refund(&play, &form).await.ok().at("/status"), "failed");
    let made = refund(&play, &form).await.ok();
    assert_eq!(made.at("/status"), "succeeded");
    let moved = Action::StripeRefundMoves {
        refund: made.at("/id"),
        to: RefundMove::RequiresAction,
    };
    play.handle.act(moved).unwrap();
    let cancel = format!("/v1/refunds/{}/cancel", made.at("/id"));
    assert_eq!(
        play.stripe("POST", &cancel, "").await.ok().at("/status"),
        "canceled"
    );
    assert_eq!(play.stripe("POST", &cancel, "").await.status, 400);
    let path = format!("/v1/refunds/{}", made.at("/id"));
    let updated = play.stripe("POST", &path, "metadata[a]=1").await.ok();
    assert_eq!(updated.at("/metadata/a"), "1");
}

#[tokio::test]
async fn somebody_refunds_at_the_dashboard() {
    let play = play();
    play.paid_session("A-1", "4242424242424242").await;
    let action = Action::StripeRefund {
        payment_intent: "A-1".to_owned(),
        amount: Some(60_000),
    };
    play.handle.act(action).unwrap();
    assert_eq!(play.handle.book().captures("A-1")[0].refunded, 60_000);
}

#[tokio::test]
async fn a_dispute_locks_the_charge_until_it_is_won() {
    let play = play();
    let (_, intent) = play.paid_session("A-1", "4000000000000259").await;
    let list = play
        .stripe("GET", &format!("/v1/disputes?payment_intent={intent}"), "")
        .await
        .ok();
    assert_eq!(list.at("/data/0/status"), "needs_response");
    assert_eq!(list.at("/data/0/reason"), "fraudulent");
    let refused = refund(&play, &format!("payment_intent={intent}")).await;
    assert_eq!(refused.at("/error/code"), "charge_disputed");
    assert_eq!(play.handle.book().captures("A-1")[0].disputed, 560_000);
    let path = format!("/v1/disputes/{}", list.at("/data/0/id"));
    let form = "evidence[uncategorized_text]=winning_evidence&submit=true";
    assert_eq!(
        play.stripe("POST", &path, form).await.ok().at("/status"),
        "won"
    );
    assert_eq!(play.handle.book().captures("A-1")[0].disputed, 0);
    assert_eq!(
        refund(&play, &format!("payment_intent={intent}&amount=1000"))
            .await
            .status,
        200
    );
    assert_eq!(
        play.stripe("POST", &format!("{path}/close"), "")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn an_inquiry_moves_no_money_and_a_lost_dispute_keeps_it() {
    let play = play();
    let (_, inquiry) = play.paid_session("A-1", "4000000000001976").await;
    assert_eq!(play.handle.book().captures("A-1")[0].disputed, 0);
    assert_eq!(
        refund(&play, &format!("payment_intent={inquiry}&amount=1000"))
            .await
            .status,
        200
    );
    play.paid_session("A-2", "4242424242424242").await;
    let opened = play.handle.act(Action::StripeDispute {
        payment_intent: "A-2".to_owned(),
        reason: "product_not_received".to_owned(),
        amount: None,
    });
    let dispute = opened.unwrap()["dispute"].as_str().unwrap().to_owned();
    let lost = Action::StripeDisputeEnds {
        dispute: dispute.clone(),
        won: false,
    };
    play.handle.act(lost.clone()).unwrap();
    assert!(play.handle.act(lost).is_err());
    let read = play
        .stripe("GET", &format!("/v1/disputes/{dispute}"), "")
        .await
        .ok();
    assert_eq!(read.at("/status"), "lost");
    assert_eq!(play.handle.book().captures("A-2")[0].disputed, 560_000);
}
