//! Webhooks: their signatures and their repetitions.

use std::time::Duration;

use bayar_sandbox::sim::book::Outcome;
use bayar_sandbox::sim::{Action, SigningTime, SimConfig, WebhookUrls};
use serde_json::json;

use crate::client::{Play, session_form};
use crate::sink::{Sink, midtrans_signed, signed, stage};

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

#[tokio::test]
async fn a_service_that_starts_later_says_where_webhooks_go() {
    let play = Play::new(SimConfig::default());
    let sink = Sink::start().await;
    play.page("A-1").await;
    play.handle
        .send_webhooks_to(WebhookUrls {
            stripe: Some(sink.url("/stripe")),
            midtrans: Some(sink.url("/midtrans")),
        })
        .unwrap();
    play.handle.pay_midtrans("A-1", "gopay").unwrap();
    play.paid_session("A-2", "4242424242424242").await;
    play.handle.settle().await.unwrap();
    let to = |path: &str| {
        sink.received()
            .iter()
            .filter(|webhook| webhook.path == path)
            .count()
    };
    assert_eq!((to("/stripe"), to("/midtrans")), (4, 2));
    let elsewhere = json!({ "stripe": sink.url("/new") });
    play.control("PUT", "webhook-urls", &elsewhere).await.ok();
    play.paid_session("A-3", "4242424242424242").await;
    play.page("A-4").await;
    play.handle.pay_midtrans("A-4", "gopay").unwrap();
    play.handle.settle().await.unwrap();
    assert_eq!((to("/new"), to("/stripe"), to("/midtrans")), (4, 4, 2));
}
