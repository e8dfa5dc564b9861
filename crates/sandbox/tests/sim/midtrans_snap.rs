//! Snap: creating a page, and the ways it ends.

use std::time::Duration;

use bayar_sandbox::sim::{Action, Fault, Rule, SimConfig};
use serde_json::{Value, json};

use crate::client::{Answer, Play, page_body};

const PATH: &str = "/snap/v1/transactions";

fn play() -> Play {
    Play::new(SimConfig::default())
}

async fn create(play: &Play, body: &Value) -> Answer {
    play.midtrans("POST", PATH, body).await
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

async fn refused(play: &Play, body: &Value) -> (u16, String) {
    let answer = create(play, body).await;
    (answer.status, answer.at("/error_messages/0"))
}

#[tokio::test]
async fn a_page_has_a_token_and_no_transaction() {
    let play = play();
    let made = create(&play, &page_body("A-1", 50_000)).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.at("/token").len(), 36);
    assert!(made.at("/redirect_url").ends_with(&made.at("/token")));
    let status = play.status("A-1").await;
    assert_eq!(
        (status.status, status.at("/status_code")),
        (200, "404".to_owned())
    );
    assert_eq!(status.at("/status_message"), "Transaction doesn't exist.");
}

#[tokio::test]
async fn what_a_page_must_not_have_is_refused() {
    let play = play();
    let body = page_body("A-1", 50_000);
    let (status, message) = refused(&play, &json!({})).await;
    assert_eq!(
        (status, message.as_str()),
        (400, "transaction_details.order_id is required")
    );
    let fraction = json!({ "order_id": "A-1", "gross_amount": 50000.5 });
    assert_eq!(
        refused(&play, &with(body.clone(), "transaction_details", fraction))
            .await
            .0,
        400
    );
    let text = json!({ "order_id": "A-1", "gross_amount": "50000" });
    assert_eq!(
        refused(&play, &with(body.clone(), "transaction_details", text))
            .await
            .0,
        400
    );
    let strange = json!({ "order_id": "A 1", "gross_amount": 50000 });
    assert_eq!(
        refused(&play, &with(body.clone(), "transaction_details", strange))
            .await
            .0,
        400
    );
    let items = json!([{ "id": "a", "name": "Thing", "price": 49_999, "quantity": 1 }]);
    assert_eq!(
        refused(&play, &with(body.clone(), "item_details", items))
            .await
            .1,
        "transaction_details.gross_amount is not equal to the sum of item_details"
    );
    let discounted = json!([
        { "id": "a", "name": "Thing", "price": 30_000, "quantity": 2 },
        { "id": "b", "name": "Discount", "price": -10_000, "quantity": 1 },
    ]);
    assert_eq!(
        create(&play, &with(body.clone(), "item_details", discounted))
            .await
            .status,
        201
    );
    let methods = json!(["gopay", "cowrie_shells"]);
    let other = page_body("A-2", 50_000);
    assert_eq!(
        refused(&play, &with(other.clone(), "enabled_payments", methods))
            .await
            .0,
        400
    );
    let week = json!({ "unit": "day", "duration": 8 });
    assert_eq!(
        refused(&play, &with(other.clone(), "expiry", week)).await.0,
        400
    );
    let time = json!({ "unit": "day", "duration": 1, "start_time": "tomorrow" });
    assert_eq!(refused(&play, &with(other, "expiry", time)).await.0, 400);
}

#[tokio::test]
async fn nobody_gets_in_without_the_server_key() {
    let play = play();
    let body = page_body("A-1", 50_000).to_string();
    let headers = [
        ("Authorization", "Basic d3Jvbmc6"),
        ("Content-Type", "application/json"),
    ];
    let refused = play.send("POST", PATH, &headers, &body).await.unwrap();
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.at("/error_messages/0"),
        "Access denied due to unauthorized transaction, please check client or server key"
    );
    let core = play
        .send("GET", "/v2/A-1/status", &headers, "")
        .await
        .unwrap();
    assert_eq!(
        (core.status, core.at("/status_code")),
        (401, "401".to_owned())
    );
}

#[tokio::test]
async fn an_order_id_is_taken_until_what_it_was_for_is_over() {
    let play = play();
    let token = play.page("A-1").await;
    let taken = create(&play, &page_body("A-1", 50_000)).await;
    assert_eq!(taken.status, 400);
    assert_eq!(
        taken.at("/error_messages/0"),
        "transaction_details.order_id has already been taken"
    );
    let cancel = format!("{PATH}/{token}/cancel");
    play.midtrans("POST", &cancel, &Value::Null).await.ok();
    play.page("A-1").await;
    play.handle.pay_midtrans("A-1", "gopay").unwrap();
    assert_eq!(
        create(&play, &page_body("A-1", 50_000)).await.status,
        400,
        "it is paid"
    );
}

#[tokio::test]
async fn an_untouched_page_is_cancelled_once_and_a_chosen_one_is_not() {
    let play = play();
    let token = play.page("A-1").await;
    let cancel = |token: &str| {
        let path = format!("{PATH}/{token}/cancel");
        let play = &play;
        async move { play.midtrans("POST", &path, &Value::Null).await }
    };
    let done = cancel(&token).await.ok();
    assert!(done.at("/canceled_at").ends_with('Z'), "{}", done.body);
    let choose = Action::MidtransChoose {
        page: token.clone(),
        method: "gopay".to_owned(),
    };
    assert!(play.handle.act(choose).is_err());
    let again = cancel(&token).await;
    assert_eq!(
        (again.status, again.at("/error_messages/0")),
        (400, "token already canceled".into())
    );
    assert_eq!(
        cancel("no-such-token").await.at("/error_messages/0"),
        "token not found"
    );
    let chosen = play.page("A-2").await;
    let action = Action::MidtransChoose {
        page: chosen.clone(),
        method: "bca_va".to_owned(),
    };
    play.handle.act(action).unwrap();
    assert_eq!(
        cancel(&chosen).await.at("/error_messages/0"),
        "Transaction is on progress"
    );
}

#[tokio::test]
async fn a_page_expires_in_silence_and_its_number_can_still_be_paid() {
    let play = play();
    let body = with(
        page_body("A-1", 50_000),
        "page_expiry",
        json!({ "unit": "minutes", "duration": 15 }),
    );
    let body = with(body, "expiry", json!({ "unit": "hours", "duration": 2 }));
    let token = create(&play, &body).await.ok().at("/token");
    let choose = Action::MidtransChoose {
        page: token.clone(),
        method: "bca_va".to_owned(),
    };
    play.handle.act(choose.clone()).unwrap();
    play.handle
        .advance(Duration::from_secs(16 * 60))
        .await
        .unwrap();
    assert!(play.handle.act(choose).is_err(), "the page is over");
    assert_eq!(
        play.handle.book().sessions("A-1")[0].until,
        None,
        "it can still be paid"
    );
    let pay = Action::MidtransPay {
        transaction: "A-1".to_owned(),
        late: false,
    };
    play.handle.act(pay).unwrap();
    assert_eq!(
        play.status("A-1").await.at("/transaction_status"),
        "settlement"
    );
}

#[tokio::test]
async fn a_page_can_outlive_its_transaction_when_it_is_told_to() {
    for outlives in [false, true] {
        let mut config = SimConfig::default();
        config.midtrans.pages_outlive_transactions = outlives;
        let play = Play::new(config);
        let token = play.page("A-1").await;
        let choose = Action::MidtransChoose {
            page: token.clone(),
            method: "bca_va".to_owned(),
        };
        play.handle.act(choose.clone()).unwrap();
        play.midtrans("POST", "/v2/A-1/expire", &Value::Null)
            .await
            .ok();
        let open = play.handle.book().sessions("A-1")[0].until.is_none();
        assert_eq!(open, outlives);
        assert_eq!(play.handle.act(choose).is_ok(), outlives);
        play.midtrans("POST", "/v2/A-1/expire", &Value::Null)
            .await
            .ok();
        let cancel = format!("{PATH}/{token}/cancel");
        let cancelled = play.midtrans("POST", &cancel, &Value::Null).await;
        assert_eq!(cancelled.status == 200, outlives, "{}", cancelled.body);
        assert!(play.handle.book().sessions("A-1")[0].until.is_some());
    }
}

#[tokio::test]
async fn an_untouched_page_closes_when_its_time_is_up() {
    let play = play();
    play.page("A-1").await;
    play.handle
        .advance(Duration::from_secs(25 * 3600))
        .await
        .unwrap();
    let spans = play.handle.book().sessions("A-1");
    assert!(spans[0].until.is_some());
    assert!(
        play.handle.deliveries().unwrap().is_empty(),
        "nobody is told"
    );
    assert_eq!(play.status("A-1").await.at("/status_code"), "404");
}

#[tokio::test]
async fn a_method_has_to_be_enabled_and_to_fit_the_amount() {
    let play = play();
    let body = with(
        page_body("A-1", 5_000),
        "enabled_payments",
        json!(["gopay", "bca_va", "bni_va"]),
    );
    let token = create(&play, &body).await.ok().at("/token");
    let choose = |method: &str| {
        play.handle.act(Action::MidtransChoose {
            page: token.clone(),
            method: method.to_owned(),
        })
    };
    assert!(choose("shopeepay").is_err(), "not enabled");
    assert!(choose("bca_va").is_err(), "BCA takes no less than 10,000");
    assert!(choose("bni_va").is_ok());
}

#[tokio::test]
async fn a_key_replays_for_five_minutes_across_endpoints_and_is_ignored_when_it_is_long() {
    let play = play();
    let key = [("Idempotency-Key", "by-1")];
    let body = page_body("A-1", 50_000);
    let first = play.midtrans_with("POST", PATH, &body, &key).await.ok();
    let other = page_body("A-2", 60_000);
    let again = play.midtrans_with("POST", PATH, &other, &key).await;
    assert_eq!(
        (again.status, &again.body),
        (201, &first.body),
        "whatever the body says"
    );
    let charge = json!({ "payment_type": "gopay" });
    let elsewhere = play
        .midtrans_with("POST", "/v2/charge", &charge, &key)
        .await;
    assert_eq!(elsewhere.body, first.body, "whatever the endpoint is");
    play.handle.advance(Duration::from_secs(301)).await.unwrap();
    let later = play.midtrans_with("POST", PATH, &other, &key).await.ok();
    assert_ne!(later.at("/token"), first.at("/token"));
    let long = "x".repeat(47);
    let long = [("Idempotency-Key", long.as_str())];
    play.midtrans_with("POST", PATH, &page_body("A-3", 50_000), &long)
        .await
        .ok();
    let taken = play
        .midtrans_with("POST", PATH, &page_body("A-3", 50_000), &long)
        .await;
    assert_eq!(taken.status, 400);
}

#[tokio::test]
async fn a_key_that_failed_binds_nothing_and_one_in_flight_is_answered_202() {
    let play = play();
    let key = [("Idempotency-Key", "by-1")];
    let bad = play.midtrans_with("POST", PATH, &json!({}), &key).await;
    assert_eq!(bad.status, 400);
    play.handle
        .add_fault(Rule::next(Fault::Slow { ms: 3_000 }))
        .unwrap();
    let body = page_body("A-1", 50_000);
    let (first, second) = tokio::join!(play.midtrans_with("POST", PATH, &body, &key), async {
        play.in_flight("by-1").await;
        play.midtrans_with("POST", PATH, &body, &key).await
    });
    assert_eq!((first.status, second.status), (201, 202));
    assert_eq!(play.handle.book().sessions("A-1").len(), 1);
}
