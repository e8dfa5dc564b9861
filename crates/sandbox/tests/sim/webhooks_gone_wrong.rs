//! Webhooks that go wrong on purpose.

use std::time::Duration;

use bayar_sandbox::sim::{Action, Fault, Forgery, Rule, SimConfig, Tamper, WebhookRule};

use crate::client::Play;
use crate::sink::{Received, Sink, midtrans_signed, signed, stage};

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
async fn the_answer_waits_for_no_webhook_but_its_own() {
    let sink = Sink::start().await;
    // Takes connections and never says anything.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = SimConfig::default();
    config.stripe.webhook_url = Some(sink.url("/stripe"));
    let nowhere = format!("http://{}/midtrans", silent.local_addr().unwrap());
    config.midtrans.notification_url = Some(nowhere);
    let play = Play::new(config);
    let page = play.page("A-1").await;
    play.handle.pay_midtrans(&page, "gopay").unwrap();
    let _under_way = silent.accept().await.unwrap();

    let id = play.session("A-2").await;
    play.handle
        .add_fault(Rule::next(Fault::WebhookFirst).at("checkout_session.expire"))
        .unwrap();
    // Its own webhook is there, and the other one still waits for its answer.
    play.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), "")
        .await
        .ok();
    assert_eq!(sink.seen("/type"), ["checkout.session.expired"]);
}
