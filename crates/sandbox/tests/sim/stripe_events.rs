//! Stripe's event list.

use std::time::Duration;

use bayar_sandbox::sim::{Action, SimConfig};

use crate::client::{Answer, Play};

fn play() -> Play {
    Play::new(SimConfig::default())
}

async fn events(play: &Play, query: &str) -> Answer {
    play.stripe("GET", &format!("/v1/events?{query}"), "").await
}

fn each(answer: &Answer, path: &str) -> Vec<String> {
    let list = answer.json();
    let data = list["data"].as_array().unwrap().iter();
    data.map(|event| event.pointer(path).unwrap().as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_purchase_and_its_refund_leave_their_events() {
    let play = play();
    let (session, intent) = play.paid_session("A-1", "4242424242424242").await;
    let form = format!("payment_intent={intent}&amount=1000");
    let key = [("Idempotency-Key", "r-1")];
    play.stripe_with("POST", "/v1/refunds", &form, &key)
        .await
        .ok();
    let all = events(&play, "limit=100").await.ok();
    let mut types = each(&all, "/type");
    types.reverse();
    assert_eq!(
        types,
        [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.succeeded",
            "checkout.session.completed",
            "refund.created",
            "charge.refunded",
        ]
    );
    let refunded = all.json()["data"][0].clone();
    assert_eq!(refunded["request"]["idempotency_key"], "r-1");
    assert_eq!(refunded["data"]["object"]["amount_refunded"], 1000);
    assert_eq!(
        refunded["data"]["previous_attributes"]["amount_refunded"],
        0
    );
    assert!(
        refunded["data"]["object"].get("refunds").is_none(),
        "it holds no refund ids"
    );
    let completed = all.json()["data"][2].clone();
    assert!(completed["request"]["id"].is_null(), "the buyer caused it");
    assert_eq!(completed["data"]["object"]["id"], session.as_str());
    let path = format!("/v1/events/{}", completed["id"].as_str().unwrap());
    assert_eq!(play.stripe("GET", &path, "").await.ok().json(), completed);
}

#[tokio::test]
async fn a_cursor_leads_to_everything_newer_page_by_page() {
    let play = play();
    play.paid_session("A-1", "4242424242424242").await;
    let cursor = each(&events(&play, "limit=1").await.ok(), "/id").remove(0);
    play.paid_session("A-2", "4242424242424242").await;
    play.paid_session("A-3", "4242424242424242").await;
    let (mut cursor, mut seen) = (cursor, Vec::new());
    loop {
        let page = events(&play, &format!("ending_before={cursor}&limit=3"))
            .await
            .ok();
        let mut types = each(&page, "/type");
        types.reverse();
        seen.extend(types);
        cursor = each(&page, "/id").into_iter().next().unwrap_or(cursor);
        if page.at("/has_more") == "false" {
            break;
        }
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
    assert_eq!(seen.first().unwrap(), "payment_intent.created");
    assert_eq!(seen.last().unwrap(), "checkout.session.completed");
}

#[tokio::test]
async fn types_and_times_narrow_the_list() {
    let play = play();
    play.paid_session("A-1", "4242424242424242").await;
    let two = "types[0]=charge.succeeded&types[]=payment_intent.succeeded";
    assert_eq!(each(&events(&play, two).await.ok(), "/type").len(), 2);
    assert_eq!(
        each(&events(&play, "type=payment_intent.*").await.ok(), "/type").len(),
        2
    );
    let both = format!("{two}&type=charge.succeeded");
    assert_eq!(
        events(&play, &both).await.at("/error/code"),
        "parameters_exclusive"
    );
    let many: Vec<String> = (0..21).map(|n| format!("types[{n}]=a.b{n}")).collect();
    assert_eq!(events(&play, &many.join("&")).await.status, 400);
    let now = play.handle.now().unwrap() / 1000;
    assert!(
        each(
            &events(&play, &format!("created[gte]={}", now + 60))
                .await
                .ok(),
            "/id"
        )
        .is_empty()
    );
    assert_eq!(
        each(
            &events(&play, &format!("created[gte]={}", now - 60))
                .await
                .ok(),
            "/id"
        )
        .len(),
        4
    );
    assert_eq!(events(&play, "ending_before=evt_none").await.status, 400);
}

#[tokio::test]
async fn events_are_forgotten_after_thirty_days_and_stay_as_they_were_until_then() {
    let play = play();
    let (_, intent) = play.paid_session("A-1", "4242424242424242").await;
    let first = events(&play, "types[]=charge.succeeded").await.ok();
    assert_eq!(
        first.json()["data"][0]["data"]["object"]["amount_refunded"],
        0
    );
    play.stripe("POST", "/v1/refunds", &format!("payment_intent={intent}"))
        .await
        .ok();
    let again = events(&play, "types[]=charge.succeeded").await.ok();
    assert_eq!(first.json(), again.json(), "an event is not rendered again");
    let id = each(&again, "/id").remove(0);
    play.handle
        .advance(Duration::from_secs(31 * 86_400))
        .await
        .unwrap();
    assert!(each(&events(&play, "").await.ok(), "/id").is_empty());
    assert_eq!(
        play.stripe("GET", &format!("/v1/events/{id}"), "")
            .await
            .status,
        404
    );
}

/// The types of all events since the last time, the oldest first.
async fn since(play: &Play, cursor: &mut Option<String>) -> Vec<String> {
    let query = match cursor {
        Some(cursor) => format!("ending_before={cursor}&limit=100"),
        None => "limit=100".to_owned(),
    };
    let page = events(play, &query).await.ok();
    if let Some(newest) = each(&page, "/id").into_iter().next() {
        *cursor = Some(newest);
    }
    let mut types = each(&page, "/type");
    types.reverse();
    types
}

#[tokio::test]
async fn every_turn_of_a_payment_has_its_events() {
    let play = play();
    let mut cursor = None;
    let act = |action: Action| play.handle.act(action);
    let card = |order: &str, number: &str| Action::StripePayCard {
        session: order.to_owned(),
        card: number.to_owned(),
    };

    play.session("A-1").await;
    let _ = act(card("A-1", "4000000000000002"));
    act(card("A-1", "4000002760003184")).unwrap();
    assert_eq!(
        since(&play, &mut cursor).await,
        [
            "payment_intent.created",
            "charge.failed",
            "payment_intent.payment_failed",
            "payment_intent.requires_action",
        ]
    );
    act(Action::StripeExpire {
        session: "A-1".to_owned(),
    })
    .unwrap();
    let ended = ["payment_intent.canceled", "checkout.session.expired"];
    assert_eq!(since(&play, &mut cursor).await, ended);

    for (order, came) in [("A-2", true), ("A-3", false)] {
        play.session(order).await;
        act(Action::StripePayBank {
            session: order.to_owned(),
        })
        .unwrap();
        assert_eq!(
            since(&play, &mut cursor).await,
            [
                "payment_intent.created",
                "payment_intent.processing",
                "checkout.session.completed"
            ]
        );
        let session = order.to_owned();
        act(Action::StripeBankEnds { session, came }).unwrap();
        let expected = if came {
            [
                "charge.succeeded",
                "payment_intent.succeeded",
                "checkout.session.async_payment_succeeded",
            ]
        } else {
            [
                "charge.failed",
                "payment_intent.payment_failed",
                "checkout.session.async_payment_failed",
            ]
        };
        assert_eq!(since(&play, &mut cursor).await, expected);
    }

    play.session("A-4").await;
    act(card("A-4", "4000000000000259")).unwrap();
    let disputed = since(&play, &mut cursor).await;
    assert!(
        disputed.contains(&"charge.dispute.created".to_owned()),
        "{disputed:?}"
    );
    assert!(disputed.contains(&"charge.dispute.funds_withdrawn".to_owned()));
    let list = play.stripe("GET", "/v1/disputes", "").await.ok();
    let dispute = list.at("/data/0/id");
    act(Action::StripeDisputeEnds { dispute, won: true }).unwrap();
    let won = ["charge.dispute.closed", "charge.dispute.funds_reinstated"];
    assert_eq!(since(&play, &mut cursor).await, won);

    let (_, intent) = play.paid_session("A-5", "4000000000005126").await;
    since(&play, &mut cursor).await;
    play.stripe("POST", "/v1/refunds", &format!("payment_intent={intent}"))
        .await
        .ok();
    assert_eq!(
        since(&play, &mut cursor).await,
        ["refund.created", "charge.refunded"]
    );
    play.handle.advance(Duration::from_secs(11)).await.unwrap();
    assert_eq!(
        since(&play, &mut cursor).await,
        ["refund.failed", "refund.updated", "charge.refund.updated"]
    );
}
