//! Transactions: from the choice of a method to the end.

use std::time::Duration;

use bayar_sandbox::sim::{Action, ActionError, SimConfig};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use crate::client::{Answer, Play};

fn play() -> Play {
    Play::new(SimConfig::default())
}

async fn post(play: &Play, path: &str) -> Answer {
    play.midtrans("POST", path, &Value::Null).await
}

fn choose(play: &Play, order: &str, method: &str) -> Value {
    let action = Action::MidtransChoose {
        page: order.to_owned(),
        method: method.to_owned(),
    };
    play.handle.act(action).unwrap()
}

fn pair(answer: &Answer) -> (String, String) {
    (answer.at("/status_code"), answer.at("/transaction_status"))
}

fn is(code: &str, status: &str) -> (String, String) {
    (code.to_owned(), status.to_owned())
}

#[tokio::test]
async fn a_virtual_account_is_pending_then_settled_and_looks_as_documented() {
    let play = play();
    play.page("A-1").await;
    choose(&play, "A-1", "bca_va");
    let pending = play.status("A-1").await;
    assert_eq!(pair(&pending), is("201", "pending"));
    assert_eq!(
        (
            pending.at("/payment_type"),
            pending.at("/va_numbers/0/bank")
        ),
        ("bank_transfer".into(), "bca".into())
    );
    assert_eq!(
        (pending.at("/gross_amount"), pending.at("/currency")),
        ("50000.00".into(), "IDR".into())
    );
    assert_eq!(
        (pending.at("/custom_field1"), pending.at("/order_id")),
        ("A-1".into(), "A-1".into())
    );
    let time = pending.at("/transaction_time");
    assert!(
        time.len() == 19 && !time.contains(['T', 'Z', '+']),
        "{time}"
    );
    play.handle
        .act(Action::MidtransPay {
            transaction: "A-1".to_owned(),
            late: false,
        })
        .unwrap();
    let settled = play.status(&pending.at("/transaction_id")).await;
    assert_eq!(pair(&settled), is("200", "settlement"));
    assert_eq!(settled.at("/payment_amounts/0/amount"), "50000.00");
    let signed = format!("A-120050000.00{}", "SB-Mid-server-simulated");
    assert_eq!(
        settled.at("/signature_key"),
        hex::encode(Sha512::digest(signed))
    );
}

#[tokio::test]
async fn every_method_that_is_offered_can_be_paid() {
    let play = play();
    for method in [
        "gopay",
        "other_qris",
        "shopeepay",
        "ovo",
        "bca_va",
        "bni_va",
        "bri_va",
        "permata_va",
        "cimb_va",
        "danamon_va",
        "bsi_va",
        "seabank_va",
        "saqu_va",
        "other_va",
        "echannel",
        "indomaret",
        "alfamart",
        "akulaku",
        "kredivo",
    ] {
        let order = format!("O-{}", method.replace('_', "-"));
        play.page(&order).await;
        play.handle.pay_midtrans(&order, method).unwrap();
        assert_eq!(
            pair(&play.status(&order).await),
            is("200", "settlement"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_dana_transaction_answers_to_its_own_id_only() {
    let play = play();
    play.page("A-1").await;
    let chosen = choose(&play, "A-1", "dana");
    assert_eq!(play.status("A-1").await.at("/status_code"), "404");
    let id = chosen["transaction_id"].as_str().unwrap();
    assert_eq!(pair(&play.status(id).await), is("201", "pending"));
}

#[tokio::test]
async fn a_card_is_captured_and_settles_the_next_afternoon() {
    let play = play();
    let token = play.page("A-1").await;
    play.handle
        .pay_midtrans_card(&token, "4811 1111 1111 1114")
        .unwrap();
    let captured = play.status("A-1").await;
    assert_eq!(pair(&captured), is("200", "capture"));
    assert_eq!(captured.at("/fraud_status"), "accept");
    assert_eq!(
        (captured.at("/masked_card"), captured.at("/bank")),
        ("48111111-1114".into(), "bni".into())
    );
    play.handle
        .advance(Duration::from_secs(2 * 86_400))
        .await
        .unwrap();
    let settled = play.status("A-1").await;
    assert_eq!(pair(&settled), is("200", "settlement"));
    assert!(
        settled.at("/settlement_time").ends_with("16:00:00"),
        "{}",
        settled.body
    );
    assert_eq!(
        play.handle.book().captures("A-1").len(),
        1,
        "one capture, not two"
    );
}

#[tokio::test]
async fn a_denied_card_leaves_the_page_open_and_the_order_can_still_be_paid() {
    let play = play();
    let token = play.page("A-1").await;
    for (card, code, fraud) in [
        ("4911111111111113", "05", "accept"),
        ("4472429869996670", "51", "accept"),
        ("4611111111111116", "", "deny"),
    ] {
        let denied = play.handle.pay_midtrans_card(&token, card);
        assert!(
            matches!(denied, Err(ActionError::Declined(_))),
            "{denied:?}"
        );
        let status = play.status("A-1").await;
        assert_eq!(pair(&status), is("202", "deny"));
        assert_eq!(
            (
                status.at("/channel_response_code"),
                status.at("/fraud_status")
            ),
            (code.into(), fraud.into())
        );
    }
    let denied = play.status("A-1").await.at("/transaction_id");
    play.handle
        .pay_midtrans_card(&token, "5211111111111117")
        .unwrap();
    assert_eq!(pair(&play.status("A-1").await), is("200", "capture"));
    assert_eq!(pair(&play.status(&denied).await), is("202", "deny"));
}

#[tokio::test]
async fn a_challenged_card_is_approved_or_denied() {
    let play = play();
    for (order, verb, expected) in [
        ("A-1", "approve", is("200", "capture")),
        ("A-2", "deny", is("202", "deny")),
    ] {
        let token = play.page(order).await;
        play.handle
            .pay_midtrans_card(&token, "4511111111111117")
            .unwrap();
        let status = play.status(order).await;
        assert_eq!(pair(&status), is("201", "capture"));
        assert_eq!(status.at("/fraud_status"), "challenge");
        assert!(play.handle.book().captures(order).is_empty());
        assert_eq!(
            post(&play, &format!("/v2/{order}/{verb}"))
                .await
                .at("/status_code"),
            "200"
        );
        assert_eq!(pair(&play.status(order).await), expected);
        assert_eq!(
            post(&play, &format!("/v2/{order}/{verb}"))
                .await
                .at("/status_code"),
            "412"
        );
    }
    assert_eq!(play.handle.book().captures("A-1").len(), 1);
}

#[tokio::test]
async fn a_slow_card_is_through_after_a_minute() {
    let play = play();
    let token = play.page("A-1").await;
    play.handle
        .pay_midtrans_card(&token, "4024007176265022")
        .unwrap();
    assert_eq!(pair(&play.status("A-1").await), is("201", "pending"));
    play.handle.advance(Duration::from_secs(61)).await.unwrap();
    assert_eq!(pair(&play.status("A-1").await), is("200", "capture"));
}

#[tokio::test]
async fn cancel_and_expire_end_what_is_pending_and_nothing_else() {
    let play = play();
    for order in ["A-1", "A-2", "A-3"] {
        play.page(order).await;
        choose(&play, order, "bca_va");
    }
    assert_eq!(
        pair(&post(&play, "/v2/A-1/cancel").await),
        is("200", "cancel")
    );
    assert_eq!(pair(&play.status("A-1").await), is("200", "cancel"));
    assert_eq!(
        pair(&post(&play, "/v2/A-2/expire").await),
        is("407", "expire")
    );
    assert_eq!(pair(&play.status("A-2").await), is("407", "expire"));
    play.handle
        .act(Action::MidtransPay {
            transaction: "A-3".to_owned(),
            late: false,
        })
        .unwrap();
    for path in ["/v2/A-3/cancel", "/v2/A-3/expire", "/v2/A-1/cancel"] {
        let refused = post(&play, path).await;
        assert_eq!(
            (refused.status, refused.at("/status_code")),
            (200, "412".into()),
            "{path}"
        );
    }
    assert_eq!(
        post(&play, "/v2/none/cancel").await.at("/status_code"),
        "404"
    );
    let token = play.page("A-4").await;
    play.handle
        .pay_midtrans_card(&token, "4811111111111114")
        .unwrap();
    assert_eq!(
        pair(&post(&play, "/v2/A-4/cancel").await),
        is("200", "cancel")
    );
    assert!(play.handle.book().kept_captures("A-4").is_empty());
}

#[tokio::test]
async fn a_number_expires_by_itself() {
    let play = play();
    play.page("A-1").await;
    choose(&play, "A-1", "gopay");
    play.handle
        .advance(Duration::from_secs(16 * 60))
        .await
        .unwrap();
    assert_eq!(pair(&play.status("A-1").await), is("407", "expire"));
    let pay = |late| {
        play.handle.act(Action::MidtransPay {
            transaction: "A-1".to_owned(),
            late,
        })
    };
    assert!(pay(false).is_err());
    pay(true).unwrap();
    assert_eq!(
        pair(&play.status("A-1").await),
        is("200", "settlement"),
        "money may come late"
    );
}

#[tokio::test]
async fn a_settlement_can_turn_out_not_to_be_there_and_come_again() {
    let play = play();
    play.page("A-1").await;
    play.handle.pay_midtrans("A-1", "permata_va").unwrap();
    let reverse = Action::MidtransReverse {
        transaction: "A-1".to_owned(),
    };
    play.handle.act(reverse).unwrap();
    assert_eq!(pair(&play.status("A-1").await), is("202", "deny"));
    assert!(play.handle.book().kept_captures("A-1").is_empty());
    play.handle
        .act(Action::MidtransPay {
            transaction: "A-1".to_owned(),
            late: true,
        })
        .unwrap();
    assert_eq!(pair(&play.status("A-1").await), is("200", "settlement"));
    assert_eq!(play.handle.book().captures("A-1")[0].kept(), 50_000);
}

#[tokio::test]
async fn who_chooses_again_gives_up_the_first_choice() {
    let play = play();
    play.page("A-1").await;
    let first = choose(&play, "A-1", "bca_va")["transaction_id"]
        .as_str()
        .unwrap()
        .to_owned();
    choose(&play, "A-1", "gopay");
    assert_eq!(pair(&play.status(&first).await), is("200", "cancel"));
    assert_eq!(play.status("A-1").await.at("/payment_type"), "gopay");
}

#[tokio::test]
async fn a_chargeback_takes_money_back() {
    let play = play();
    let token = play.page("A-1").await;
    play.handle
        .pay_midtrans_card(&token, "5211111111111117")
        .unwrap();
    let back = |amount| Action::MidtransChargeback {
        transaction: "A-1".to_owned(),
        amount,
    };
    play.handle.act(back(Some(20_000))).unwrap();
    assert_eq!(
        pair(&play.status("A-1").await),
        is("200", "partial_chargeback")
    );
    play.handle.act(back(None)).unwrap();
    assert_eq!(pair(&play.status("A-1").await), is("200", "chargeback"));
    assert_eq!(play.handle.book().captures("A-1")[0].disputed, 50_000);
}

#[tokio::test]
async fn a_charge_makes_a_transaction_without_a_page() {
    let play = play();
    let body = json!({
        "payment_type": "bank_transfer", "bank_transfer": { "bank": "bca" },
        "transaction_details": { "order_id": "A-1", "gross_amount": 10_000 },
    });
    let made = play.midtrans("POST", "/v2/charge", &body).await;
    assert_eq!((made.status, pair(&made)), (201, is("201", "pending")));
    let again = play.midtrans("POST", "/v2/charge", &body).await;
    assert_eq!(
        (again.status, again.at("/status_code")),
        (200, "406".into())
    );
    let bad = play.midtrans("POST", "/v2/charge", &json!({})).await;
    assert_eq!((bad.status, bad.at("/status_code")), (200, "400".into()));
    assert_eq!(
        bad.at("/validation_messages/0"),
        "transaction_details.order_id is required"
    );
    assert_eq!(play.handle.book().sessions("A-1").len(), 1);
}

#[tokio::test]
async fn errors_carry_their_code_as_the_http_status_only_when_told_so() {
    let mut config = SimConfig::default();
    config.midtrans.http_errors = true;
    let play = Play::new(config);
    assert_eq!(play.status("none").await.status, 404);
}
