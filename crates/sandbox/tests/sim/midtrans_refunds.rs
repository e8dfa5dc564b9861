//! Refunds at Midtrans.

use std::time::Duration;

use bayar_sandbox::sim::{Action, Fault, RepeatedRefund, Rule, SimConfig};
use serde_json::{Value, json};

use crate::client::{Answer, Play};

async fn paid(config: SimConfig, method: &str) -> Play {
    let play = Play::new(config);
    play.page("A-1").await;
    play.handle.pay_midtrans("A-1", method).unwrap();
    play
}

async fn refund(play: &Play, body: &Value) -> Answer {
    play.midtrans("POST", "/v2/A-1/refund", body).await
}

fn part(key: &str, amount: i64) -> Value {
    json!({ "refund_key": key, "amount": amount, "reason": "returned" })
}

async fn code(play: &Play, body: &Value) -> String {
    refund(play, body).await.at("/status_code")
}

#[tokio::test]
async fn refunds_add_up_and_are_confirmed_later() {
    let play = paid(SimConfig::default(), "gopay").await;
    let first = refund(&play, &part("r-1", 20_000)).await;
    assert_eq!(
        (first.status, first.at("/status_code")),
        (200, "200".into())
    );
    assert_eq!(first.at("/transaction_status"), "partial_refund");
    assert_eq!(
        (first.at("/refund_key"), first.at("/refund_amount")),
        ("r-1".into(), "20000.00".into())
    );
    assert_eq!(
        first.at("/gross_amount"),
        "50000.00",
        "it stays the original one"
    );
    assert_eq!(code(&play, &part("r-2", 30_001)).await, "414");
    let rest = refund(&play, &json!({ "refund_key": "r-3" })).await;
    assert_eq!(
        (rest.at("/transaction_status"), rest.at("/refund_amount")),
        ("refund".into(), "30000.00".into())
    );
    let status = play.status("A-1").await;
    assert_eq!(status.at("/refund_amount"), "50000.00");
    assert_eq!(status.at("/refunds/1/refund_key"), "r-3");
    assert_eq!(status.at("/refunds/0/bank_confirmed_at"), "");
    play.handle.advance(Duration::from_secs(61)).await.unwrap();
    assert_eq!(
        play.status("A-1")
            .await
            .at("/refunds/0/bank_confirmed_at")
            .len(),
        19
    );
    assert_eq!(code(&play, &part("r-4", 1)).await, "414");
    assert!(play.handle.book().kept_captures("A-1").is_empty());
}

#[tokio::test]
async fn a_refund_key_moves_money_once() {
    let play = paid(SimConfig::default(), "gopay").await;
    assert_eq!(code(&play, &part("r-1", 20_000)).await, "200");
    assert_eq!(code(&play, &part("r-1", 20_000)).await, "406");
    assert_eq!(play.handle.book().captures("A-1")[0].refunded, 20_000);

    let mut config = SimConfig::default();
    config.midtrans.repeated_refund = RepeatedRefund::SameAnswer;
    let play = paid(config, "gopay").await;
    let first = refund(&play, &part("r-1", 20_000)).await;
    let again = refund(&play, &part("r-1", 20_000)).await;
    assert_eq!(first.body, again.body);
    assert_eq!(play.handle.book().captures("A-1")[0].refunded, 20_000);
}

#[tokio::test]
async fn some_methods_cannot_be_refunded_and_some_only_as_a_whole() {
    for method in ["bca_va", "echannel", "indomaret"] {
        let play = paid(SimConfig::default(), method).await;
        assert_eq!(code(&play, &part("r-1", 50_000)).await, "412", "{method}");
    }
    for method in ["shopeepay", "ovo"] {
        let play = paid(SimConfig::default(), method).await;
        assert_eq!(code(&play, &part("r-1", 20_000)).await, "414", "{method}");
        assert_eq!(code(&play, &part("r-2", 50_000)).await, "200", "{method}");
    }
}

#[tokio::test]
async fn a_refund_comes_after_the_settlement_and_within_its_time() {
    let play = Play::new(SimConfig::default());
    let token = play.page("A-1").await;
    play.handle
        .pay_midtrans_card(&token, "5211111111111117")
        .unwrap();
    assert_eq!(
        code(&play, &part("r-1", 1_000)).await,
        "412",
        "only captured"
    );
    play.handle
        .act(Action::MidtransSettle {
            transaction: "A-1".to_owned(),
        })
        .unwrap();
    assert_eq!(code(&play, &part("r-1", 1_000)).await, "200");
    let late = paid(SimConfig::default(), "ovo").await;
    late.handle
        .advance(Duration::from_secs(7 * 86_400 + 1))
        .await
        .unwrap();
    assert_eq!(code(&late, &part("r-1", 50_000)).await, "412");
}

#[tokio::test]
async fn an_issuer_that_declines_answers_202_and_moves_nothing() {
    let play = paid(SimConfig::default(), "gopay").await;
    let declines = Rule::next(Fault::RefundRefused).at("core.refund");
    play.handle.add_fault(declines).unwrap();
    let refused = refund(&play, &part("r-1", 20_000)).await;
    assert_eq!(
        (refused.status, refused.at("/status_code")),
        (200, "202".into())
    );
    assert_eq!(refused.at("/transaction_status"), "settlement");
    assert_eq!(play.handle.book().captures("A-1")[0].refunded, 0);
    let action = Action::MidtransRefuseRefunds {
        transaction: "A-1".to_owned(),
    };
    play.handle.act(action).unwrap();
    assert_eq!(code(&play, &part("r-2", 20_000)).await, "202");
}

#[tokio::test]
async fn a_refund_needs_money_on_the_balance() {
    let play = paid(SimConfig::default(), "gopay").await;
    play.handle
        .act(Action::MidtransBalance { too_low: true })
        .unwrap();
    assert_eq!(code(&play, &part("r-1", 20_000)).await, "414");
    play.handle
        .act(Action::MidtransBalance { too_low: false })
        .unwrap();
    assert_eq!(code(&play, &part("r-1", 20_000)).await, "200");
}

#[tokio::test]
async fn a_refund_has_to_be_well_formed() {
    let play = paid(SimConfig::default(), "gopay").await;
    assert_eq!(code(&play, &json!({ "refund_key": "r 1" })).await, "400");
    assert_eq!(
        code(&play, &json!({ "refund_key": "r-1", "amount": 0 })).await,
        "400"
    );
    assert_eq!(
        code(&play, &json!({ "refund_key": "r-1", "amount": 10.5 })).await,
        "400"
    );
    assert_eq!(
        code(&play, &json!({ "refund_key": "r-1", "amount": "10" })).await,
        "400"
    );
    let unknown = play
        .midtrans("POST", "/v2/none/refund", &part("r-1", 1))
        .await;
    assert_eq!(unknown.at("/status_code"), "404");
    let direct = "/v2/A-1/refund/online/direct";
    let done = play.midtrans("POST", direct, &part("r-1", 1_000)).await;
    assert_eq!(done.at("/status_code"), "200");
}

#[tokio::test]
async fn cards_of_one_bank_need_a_reason() {
    let play = Play::new(SimConfig::default());
    let token = play.page("A-1").await;
    play.handle
        .pay_midtrans_card(&token, "4811111111111114")
        .unwrap();
    play.handle
        .act(Action::MidtransSettle {
            transaction: "A-1".to_owned(),
        })
        .unwrap();
    assert_eq!(
        code(&play, &json!({ "refund_key": "r-1", "amount": 1_000 })).await,
        "400"
    );
    assert_eq!(code(&play, &part("r-1", 1_000)).await, "200");
}

#[tokio::test]
async fn somebody_refunds_at_the_dashboard() {
    let play = paid(SimConfig::default(), "gopay").await;
    let action = Action::MidtransRefund {
        transaction: "A-1".to_owned(),
        amount: Some(20_000),
    };
    play.handle.act(action).unwrap();
    let status = play.status("A-1").await;
    assert_eq!(status.at("/transaction_status"), "partial_refund");
    assert_eq!(status.at("/refunds/0/refund_method"), "offline");
}
