//! Webhooks: their signatures, their repetitions, and those that go wrong on purpose.

use std::time::Duration;

use bayar_sandbox::sim::book::Outcome;
use bayar_sandbox::sim::{
    Action, Fault, Forgery, Rule, SigningTime, SimConfig, Tamper, WebhookRule,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256, Sha512};

use crate::client::{Play, session_form};
use crate::sink::{Received, Sink};

async fn stage() -> (Play, Sink) {
    let sink = Sink::start().await;
    let mut config = SimConfig::default();
    config.stripe.webhook_url = Some(sink.url("/stripe"));
    config.midtrans.notification_url = Some(sink.url("/midtrans"));
    (Play::new(config), sink)
}

fn signature(secret: &str, time: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// The time of a signature, if one of its `v1` is of the secret.
fn signed(webhook: &Received, secret: &str) -> Option<i64> {
    let header = webhook.header("stripe-signature");
    let mut parts = header.split(',');
    let time = parts.next()?.strip_prefix("t=")?;
    let good = signature(secret, time, &webhook.body);
    parts
        .any(|part| part == format!("v1={good}"))
        .then(|| time.parse().unwrap())
}

fn midtrans_signed(webhook: &Received) -> bool {
    let text = format!(
        "{}{}{}SB-Mid-server-simulated",
        webhook.at("/order_id"),
        webhook.at("/status_code"),
        webhook.at("/gross_amount")
    );
    webhook.at("/signature_key") == hex::encode(Sha512::digest(text))
}

#[tokio::test]
async fn stripe_signs_with_every_secret_and_numbers_what_it_sends() {
    let sink = Sink::start().await;
    let mut config = SimConfig::default();
    config.stripe.webhook_url = Some(sink.url("/stripe"));
    config.stripe.webhook_secrets = vec!["whsec_old".to_owned(), "whsec_new".to_owned()];
    let play = Play::new(config);
    play.paid_session("A-1", "4242424242424242").await;
    play.handle.settle().await.unwrap();
    assert_eq!(sink.received().len(), 4);
    for webhook in sink.received() {
        assert!(signed(&webhook, "whsec_old").is_some());
        assert!(signed(&webhook, "whsec_new").is_some());
        assert!(signed(&webhook, "whsec_other").is_none());
        assert_eq!(
            (webhook.at("/object"), webhook.at("/livemode")),
            ("event".into(), "false".into())
        );
        assert_eq!(webhook.at("/pending_webhooks"), "1");
        assert_eq!(webhook.at("/api_version"), "2026-10-28.endive");
    }
    assert_eq!(sink.received()[0].path, "/stripe");
}

#[tokio::test]
async fn midtrans_signs_what_it_signs_and_says_202_when_something_was_cancelled() {
    let (play, sink) = stage().await;
    play.page("A-1").await;
    play.handle.pay_midtrans("A-1", "gopay").unwrap();
    play.handle.settle().await.unwrap();
    play.page("A-2").await;
    let choose = Action::MidtransChoose {
        page: "A-2".to_owned(),
        method: "bca_va".to_owned(),
    };
    play.handle.act(choose).unwrap();
    play.handle.settle().await.unwrap();
    play.midtrans("POST", "/v2/A-2/expire", &json!(null))
        .await
        .ok();
    play.handle.settle().await.unwrap();
    let mut seen: Vec<(String, String, String)> = sink
        .received()
        .iter()
        .map(|webhook| {
            assert!(midtrans_signed(webhook));
            assert_eq!(webhook.header("user-agent"), "Veritrans");
            (
                webhook.at("/order_id"),
                webhook.at("/transaction_status"),
                webhook.at("/status_code"),
            )
        })
        .collect();
    seen.sort();
    let is = |order: &str, status: &str, code: &str| {
        (order.to_owned(), status.to_owned(), code.to_owned())
    };
    assert_eq!(
        seen,
        [
            is("A-1", "pending", "201"),
            is("A-1", "settlement", "200"),
            is("A-2", "expire", "202"),
            is("A-2", "pending", "201"),
        ]
    );
}

#[tokio::test]
async fn a_refund_is_told_twice() {
    let (play, sink) = stage().await;
    play.page("A-1").await;
    play.handle.pay_midtrans("A-1", "gopay").unwrap();
    let body = json!({ "refund_key": "r-1", "amount": 20_000 });
    play.midtrans("POST", "/v2/A-1/refund", &body).await.ok();
    play.handle.settle().await.unwrap();
    play.handle.advance(Duration::from_secs(61)).await.unwrap();
    let confirmed: Vec<bool> = sink
        .received()
        .iter()
        .filter(|webhook| webhook.at("/transaction_status") == "partial_refund")
        .map(|webhook| !webhook.at("/refunds/0/bank_confirmed_at").is_empty())
        .collect();
    assert_eq!(confirmed, [false, true]);
}

#[tokio::test]
async fn headers_of_a_transaction_say_where_its_notifications_go() {
    let (play, sink) = stage().await;
    let body = |order| crate::client::page_body(order, 50_000);
    let (more, other) = (sink.url("/more"), sink.url("/other"));
    let append = [("X-Append-Notification", more.as_str())];
    play.midtrans_with("POST", "/snap/v1/transactions", &body("A-1"), &append)
        .await
        .ok();
    let both = [
        ("X-Append-Notification", more.as_str()),
        ("X-Override-Notification", other.as_str()),
    ];
    play.midtrans_with("POST", "/snap/v1/transactions", &body("A-2"), &both)
        .await
        .ok();
    for order in ["A-1", "A-2"] {
        let choose = Action::MidtransChoose {
            page: order.to_owned(),
            method: "gopay".to_owned(),
        };
        play.handle.act(choose).unwrap();
    }
    play.handle.settle().await.unwrap();
    let mut places: Vec<(String, String)> = sink
        .received()
        .iter()
        .map(|webhook| (webhook.at("/order_id"), webhook.path.clone()))
        .collect();
    places.sort();
    let is = |order: &str, path: &str| (order.to_owned(), path.to_owned());
    assert_eq!(
        places,
        [
            is("A-1", "/midtrans"),
            is("A-1", "/more"),
            is("A-2", "/other")
        ]
    );
}

/// How many attempts Midtrans makes when it is answered like this.
async fn attempts(answer: &str) -> usize {
    let (play, sink) = stage().await;
    sink.answer(&[answer; 12]);
    play.page("A-1").await;
    let choose = Action::MidtransChoose {
        page: "A-1".to_owned(),
        method: "bca_va".to_owned(),
    };
    play.handle.act(choose).unwrap();
    play.handle.settle().await.unwrap();
    play.handle
        .advance(Duration::from_secs(8 * 3600))
        .await
        .unwrap();
    sink.received().len()
}

#[tokio::test]
async fn midtrans_tries_as_often_as_the_answer_says() {
    assert_eq!(attempts("200 OK").await, 1);
    assert_eq!(attempts("500 Error").await, 2);
    assert_eq!(attempts("503 Busy").await, 5);
    assert_eq!(attempts("404 None").await, 3);
    assert_eq!(attempts("302 Found").await, 1);
    assert_eq!(attempts("502 Bad").await, 6);
}

#[tokio::test]
async fn midtrans_follows_a_redirection() {
    let (play, sink) = stage().await;
    sink.answer(&["307 Temporary\r\nLocation: /moved"]);
    play.page("A-1").await;
    let choose = Action::MidtransChoose {
        page: "A-1".to_owned(),
        method: "gopay".to_owned(),
    };
    play.handle.act(choose).unwrap();
    play.handle.settle().await.unwrap();
    let paths: Vec<String> = sink
        .received()
        .into_iter()
        .map(|webhook| webhook.path)
        .collect();
    assert_eq!(paths, ["/midtrans", "/moved"]);
}

#[tokio::test]
async fn stripe_tries_again_with_the_same_event_and_a_fresh_signature() {
    let (play, sink) = stage().await;
    sink.answer(&["500 Error", "302 Found", "400 Bad"]);
    let id = play.session("A-1").await;
    play.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), "")
        .await
        .ok();
    play.handle.settle().await.unwrap();
    assert_eq!(sink.received().len(), 1);
    play.handle
        .advance(Duration::from_secs(6 * 3600))
        .await
        .unwrap();
    let received = sink.received();
    assert_eq!(received.len(), 4, "three more over a few hours");
    let ids = sink.seen("/id");
    assert!(ids.iter().all(|each| *each == ids[0]));
    let times: Vec<i64> = received
        .iter()
        .map(|webhook| signed(webhook, "whsec_simulated").unwrap())
        .collect();
    let apart: Vec<i64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    for (apart, wanted) in apart.iter().zip([600, 3600, 10_800]) {
        assert!(
            (wanted..wanted + 5).contains(apart),
            "{apart} is not {wanted}"
        );
    }
    let book = play.handle.book();
    let outcomes: Vec<Outcome> = book
        .webhook_attempts()
        .map(|(_, attempt)| attempt.outcome.clone())
        .collect();
    assert_eq!(outcomes, [500, 302, 400, 200].map(Outcome::Answered));
}

#[tokio::test]
async fn an_answer_that_never_comes_is_tried_again() {
    let sink = Sink::start().await;
    let mut config = SimConfig::default();
    // Nobody listens there.
    config.stripe.webhook_url = Some("http://127.0.0.1:1/stripe".to_owned());
    let play = Play::new(config);
    let id = play.session("A-1").await;
    play.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), "")
        .await
        .ok();
    play.handle.settle().await.unwrap();
    let book = play.handle.book();
    let (_, first) = book.webhook_attempts().next().unwrap();
    assert!(matches!(first.outcome, Outcome::Failed(_)));
    let waiting = play.handle.deliveries().unwrap();
    assert_eq!(waiting[0].attempts, 1);
    assert!(sink.received().is_empty());
}

/// What arrives when a session expires under a rule.
async fn tampered(tamper: Tamper) -> (Play, Sink) {
    let (play, sink) = stage().await;
    play.handle
        .add_webhook_rule(WebhookRule::next(tamper))
        .unwrap();
    let id = play.session("A-1").await;
    play.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), "")
        .await
        .ok();
    play.handle.settle().await.unwrap();
    (play, sink)
}

#[tokio::test]
async fn a_webhook_can_be_lost_repeated_and_late() {
    let (play, sink) = tampered(Tamper::Drop).await;
    play.handle
        .advance(Duration::from_secs(86_400))
        .await
        .unwrap();
    assert!(sink.received().is_empty());

    let (play, sink) = tampered(Tamper::DropOnce).await;
    assert!(sink.received().is_empty());
    play.handle.advance(Duration::from_secs(601)).await.unwrap();
    assert_eq!(sink.received().len(), 1);

    let (_play, sink) = tampered(Tamper::Duplicate { copies: 2 }).await;
    let ids = sink.seen("/id");
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]));

    let (play, sink) = tampered(Tamper::Delay {
        seconds: 3 * 86_400,
    })
    .await;
    assert!(sink.received().is_empty());
    play.handle
        .advance(Duration::from_secs(3 * 86_400 + 1))
        .await
        .unwrap();
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test]
async fn a_webhook_can_be_overtaken() {
    let (play, sink) = stage().await;
    let rule = WebhookRule::next(Tamper::Reorder).event("payment_intent.created");
    play.handle.add_webhook_rule(rule).unwrap();
    play.paid_session("A-1", "4242424242424242").await;
    sink.wait_for(4).await;
    assert_ne!(sink.seen("/type")[0], "payment_intent.created");
    assert!(
        sink.seen("/type")
            .contains(&"payment_intent.created".to_owned())
    );
}

#[tokio::test]
async fn a_webhook_can_be_forged_in_each_way() {
    let (_play, sink) = tampered(Tamper::WrongSecret).await;
    assert!(signed(&sink.received()[0], "whsec_simulated").is_none());

    let (_play, sink) = tampered(Tamper::Unsigned).await;
    assert_eq!(sink.received()[0].header("stripe-signature"), "");

    let (play, sink) = tampered(Tamper::Stale { seconds: 600 }).await;
    let time = signed(&sink.received()[0], "whsec_simulated").unwrap();
    assert!(time < play.handle.now().unwrap() / 1000 - 590);

    let (_play, sink) = tampered(Tamper::OtherAccount).await;
    assert!(signed(&sink.received()[0], "whsec_simulated").is_some());
    assert_eq!(sink.received()[0].at("/account"), "acct_1SomebodyElse");

    let (_play, sink) = tampered(Tamper::LiveFlipped).await;
    assert!(signed(&sink.received()[0], "whsec_simulated").is_some());
    assert_eq!(sink.received()[0].at("/livemode"), "true");

    let edited = Tamper::Edited {
        status: "complete".to_owned(),
    };
    let (_play, sink) = tampered(edited).await;
    assert!(
        signed(&sink.received()[0], "whsec_simulated").is_none(),
        "Stripe signs everything"
    );
}

#[tokio::test]
async fn an_edited_notification_of_midtrans_still_verifies() {
    let (play, sink) = stage().await;
    play.page("A-1").await;
    let choose = Action::MidtransChoose {
        page: "A-1".to_owned(),
        method: "bca_va".to_owned(),
    };
    play.handle.act(choose).unwrap();
    play.handle.settle().await.unwrap();
    for (how, good) in [
        (
            Tamper::Edited {
                status: "settlement".to_owned(),
            },
            true,
        ),
        (Tamper::WrongSecret, false),
        (Tamper::Unsigned, false),
    ] {
        let forgery = Forgery {
            about: "A-1".to_owned(),
            event: "settlement".to_owned(),
            how,
        };
        play.handle.act(Action::ForgeWebhook { forgery }).unwrap();
        play.handle.settle().await.unwrap();
        let received = sink.received();
        let forged = received.last().unwrap();
        assert_eq!(forged.at("/transaction_status"), "settlement");
        assert_eq!(midtrans_signed(forged), good);
    }
    assert_eq!(
        play.status("A-1").await.at("/transaction_status"),
        "pending"
    );
}

#[tokio::test]
async fn a_made_up_event_is_sent_once_and_is_not_in_the_list() {
    let (play, sink) = stage().await;
    sink.answer(&["400 Bad"]);
    let id = play.session("A-1").await;
    let forgery = Forgery {
        about: id,
        event: "checkout.session.completed".to_owned(),
        how: Tamper::WrongSecret,
    };
    play.handle.act(Action::ForgeWebhook { forgery }).unwrap();
    play.handle.settle().await.unwrap();
    play.handle
        .advance(Duration::from_secs(86_400))
        .await
        .unwrap();
    let forged: Vec<Received> = sink
        .received()
        .into_iter()
        .filter(|webhook| webhook.at("/type") == "checkout.session.completed")
        .collect();
    assert_eq!(forged.len(), 1);
    assert_eq!(forged[0].at("/data/object/payment_status"), "paid");
    assert!(signed(&forged[0], "whsec_simulated").is_none());
    let list = play
        .stripe("GET", "/v1/events?types[]=checkout.session.completed", "")
        .await
        .ok();
    assert_eq!(list.at("/data/0"), "");
}

#[tokio::test]
async fn a_webhook_can_come_before_the_answer_it_belongs_to() {
    let (play, sink) = stage().await;
    let id = play.session("A-1").await;
    play.handle
        .add_fault(Rule::next(Fault::WebhookFirst).at("checkout_session.expire"))
        .unwrap();
    play.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), "")
        .await
        .ok();
    assert_eq!(
        sink.seen("/type"),
        ["checkout.session.expired"],
        "no waiting"
    );
}

#[tokio::test]
async fn a_delivery_can_be_sent_again_by_hand() {
    let (play, sink) = stage().await;
    let id = play.session("A-1").await;
    play.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), "")
        .await
        .ok();
    play.handle.settle().await.unwrap();
    let list = play
        .control("GET", "webhooks?order=A-1", &json!(null))
        .await
        .ok();
    assert_eq!(list.at("/webhooks/0/state"), "delivered");
    let delivery = list.at("/webhooks/0/id");
    play.handle.act(Action::ResendWebhook { delivery }).unwrap();
    play.handle.settle().await.unwrap();
    assert_eq!(sink.received().len(), 2);
}

#[tokio::test]
async fn a_service_whose_clock_stands_still_can_have_real_times_in_signatures() {
    let sink = Sink::start().await;
    let mut config = SimConfig {
        signing_time: SigningTime::Real,
        ..SimConfig::default()
    };
    config.stripe.webhook_url = Some(sink.url("/stripe"));
    let play = Play::new(config);
    let real = play.handle.now().unwrap() / 1000;
    play.stripe("POST", "/v1/checkout/sessions", &session_form("A-1"))
        .await
        .ok();
    play.handle
        .advance(Duration::from_secs(25 * 3600))
        .await
        .unwrap();
    let time = signed(&sink.received()[0], "whsec_simulated").unwrap();
    assert!((real..real + 60).contains(&time));
    let created: i64 = sink.received()[0].at("/created").parse().unwrap();
    assert!(created >= real + 24 * 3600);
}

#[tokio::test]
async fn an_endpoint_made_through_the_api_hears_what_it_wants_with_a_secret_of_its_own() {
    let play = Play::new(SimConfig::default());
    let sink = Sink::start().await;
    let form = format!(
        "url={}&enabled_events[]=checkout.session.completed",
        sink.url("/own")
    );
    let made = play
        .stripe("POST", "/v1/webhook_endpoints", &form)
        .await
        .ok();
    play.paid_session("A-1", "4242424242424242").await;
    play.handle.settle().await.unwrap();
    assert_eq!(sink.seen("/type"), ["checkout.session.completed"]);
    assert!(signed(&sink.received()[0], &made.at("/secret")).is_some());
    let path = format!("/v1/webhook_endpoints/{}", made.at("/id"));
    assert_eq!(play.stripe("GET", &path, "").await.ok().at("/secret"), "");
    play.stripe("DELETE", &path, "").await.ok();
    assert_eq!(play.stripe("GET", &path, "").await.status, 404);
    play.paid_session("A-2", "4242424242424242").await;
    play.handle.settle().await.unwrap();
    assert_eq!(sink.received().len(), 1);
}
