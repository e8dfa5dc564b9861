//! Stripe's own lists.

use bayar_app::port::gateway::{CallError, FaultKind};
use bayar_app::port::gateway_book::{
    EventCursor, EventsPage, GatewayBook, GatewayEvent, Mark, Names, Since, Taken, Window,
};
use bayar_domain::fact::RefundStep;
use bayar_domain::gateway::{CaptureId, GatewayRefundId, SessionRef};
use bayar_domain::{AttemptId, PaymentId, RefundId};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::fixtures::{
    NOW, Proves, at, error, gateway, hasty, installation, intent, list, patched, php, proves,
    session,
};
use crate::server::{Act, Server, answer, text};

fn event(id: &str, created: i64, object: Value) -> Value {
    json!({
        "id": id, "object": "event", "type": "payment_intent.succeeded", "created": NOW + created,
        "livemode": false, "data": {"object": object},
    })
}

fn bare(id: &str, created: i64) -> Value {
    event(id, created, json!({"object": "charge", "id": "ch_1"}))
}

async fn events(
    server: &Server,
    cursor: Option<&EventCursor>,
    begin: DateTime<Utc>,
) -> Result<EventsPage, CallError> {
    let since = Since {
        cursor,
        begin,
        now: at(0),
    };
    gateway(server).events(&since).await
}

fn ids(events: &[GatewayEvent]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

fn query(server: &Server, number: usize) -> Vec<String> {
    let target = &server.seen()[number].target;
    let target = target.replace("%5B", "[").replace("%5D", "]");
    let (path, query) = target.split_once('?').unwrap();
    assert_eq!(path, "/v1/events");
    query.split('&').map(str::to_owned).collect()
}

#[tokio::test]
async fn a_page_is_asked_for_by_kind_and_time_and_told_oldest_first() {
    let page = list(
        vec![bare("evt_3", -10), bare("evt_2", -20), bare("evt_1", -20)],
        false,
    );
    let server = Server::start([answer(200, &page)]).await;
    let page = events(&server, None, at(-100)).await.unwrap();
    assert_eq!(ids(&page.events), ["evt_1", "evt_2", "evt_3"]);
    assert_eq!(page.events[0].at, at(-20));
    assert_eq!(page.events[0].kind, "payment_intent.succeeded");
    assert!(!page.has_more && page.reaches_back);

    let asked = query(&server, 0);
    let kinds = asked.iter().filter(|pair| pair.starts_with("types["));
    assert!((1..=20).contains(&kinds.count()), "{asked:?}");
    let since = format!("created[gte]={}", NOW - 100);
    for wanted in ["limit=100", "types[0]=checkout.session.completed", &since] {
        assert!(asked.iter().any(|pair| pair == wanted), "{asked:?}");
    }
    assert!(!asked.iter().any(|pair| pair.contains("starting_after")));
}

#[tokio::test]
async fn every_name_of_what_an_event_is_about_is_told() {
    let metadata = json!({
        "bayar_installation": "abcdefgh", "bayar_order": "INV202507180407-3C2A",
        "bayar_payment": "5", "bayar_attempt": "7", "somebody": "else",
    });
    let mark = Mark {
        installation: installation(),
        order: Some("INV202507180407-3C2A".parse().unwrap()),
        payment: PaymentId::new(5).ok(),
        attempt: AttemptId::new(7).ok(),
        refund: None,
    };
    let capture = CaptureId::new("pi_1").ok();
    let told = [
        (
            json!({
                "object": "checkout.session", "id": "cs_test_1", "payment_intent": "pi_1",
                "client_reference_id": "INV202507180407-3C2A", "metadata": metadata,
            }),
            Names {
                session: SessionRef::new("cs_test_1").ok(),
                capture: capture.clone(),
                reference: Some("INV202507180407-3C2A".to_owned()),
                mark: Some(mark.clone()),
                ..Names::default()
            },
        ),
        (
            json!({"object": "payment_intent", "id": "pi_1", "metadata": metadata}),
            Names {
                capture: capture.clone(),
                mark: Some(mark),
                ..Names::default()
            },
        ),
        (
            json!({
                "object": "refund", "id": "re_1", "payment_intent": {"id": "pi_1"},
                "metadata": {"bayar_installation": "abcdefgh", "bayar_refund": "9", "bayar_order": "x"},
            }),
            Names {
                capture: capture.clone(),
                refund: GatewayRefundId::new("re_1").ok(),
                mark: Some(Mark {
                    installation: installation(),
                    order: None,
                    payment: None,
                    attempt: None,
                    refund: RefundId::new(9).ok(),
                }),
                ..Names::default()
            },
        ),
        (
            json!({"object": "dispute", "id": "du_1", "payment_intent": "pi_1", "metadata": {}}),
            Names {
                capture,
                ..Names::default()
            },
        ),
        (
            json!({"object": "balance", "id": "x", "metadata": {"bayar_attempt": "7"}}),
            Names::default(),
        ),
        // Nothing of it can be read, and it happened all the same.
        (json!({"odd": true}), Names::default()),
    ];
    let data = told
        .iter()
        .map(|(object, _)| event("evt_1", 0, object.clone()));
    let server = Server::start([answer(200, &list(data.collect(), false))]).await;
    let page = events(&server, None, at(-100)).await.unwrap();
    let about: Vec<_> = page.events.into_iter().rev().map(|it| it.about).collect();
    let expected: Vec<_> = told.into_iter().map(|(_, names)| names).collect();
    assert_eq!(about.len(), expected.len());
    for (about, expected) in about.iter().zip(&expected) {
        assert!(about == expected, "{about:?} is not {expected:?}");
    }
    let shown = format!("{about:?}");
    assert!(!shown.contains("cs_test_1"), "{shown}");
}

#[tokio::test]
async fn pages_go_on_below_the_last_event_and_the_next_sweep_overlaps() {
    let script = [
        list(vec![bare("evt_9", -1), bare("evt_8", -1)], true),
        list(vec![bare("evt_7", -2000)], false),
        list(vec![], false),
    ];
    let server = Server::start(script.map(|body| answer(200, &body))).await;
    let first = events(&server, None, at(-3000)).await.unwrap();
    assert_eq!(ids(&first.events), ["evt_8", "evt_9"]);
    assert!(first.has_more);
    // The time to begin at counts once.
    let second = events(&server, Some(&first.cursor), at(0)).await.unwrap();
    assert_eq!(ids(&second.events), ["evt_7"]);
    assert!(!second.has_more);
    let third = events(&server, Some(&second.cursor), at(0)).await.unwrap();
    assert_eq!(third.cursor, second.cursor);

    assert!(query(&server, 1).contains(&"starting_after=evt_8".to_owned()));
    assert!(query(&server, 1).contains(&format!("created[gte]={}", NOW - 3000)));
    // Five minutes before the newest: what is shown late is told, too.
    assert!(query(&server, 2).contains(&format!("created[gte]={}", NOW - 301)));
    assert!(server.is_over());
}

#[tokio::test]
async fn an_event_that_is_forgotten_has_its_sweep_begun_anew() {
    let gone = error("invalid_request_error", "resource_missing");
    for status in [400, 404] {
        let server = Server::start([
            answer(200, &list(vec![bare("evt_9", -1)], true)),
            answer(status, &gone),
            answer(200, &list(vec![bare("evt_8", -500)], false)),
        ])
        .await;
        let first = events(&server, None, at(-3000)).await.unwrap();
        let again = events(&server, Some(&first.cursor), at(0)).await.unwrap();
        assert_eq!(ids(&again.events), ["evt_8"]);
        let asked = query(&server, 2);
        assert!(asked.contains(&format!("created[gte]={}", NOW - 3000)));
        assert!(!asked.iter().any(|pair| pair.contains("starting_after")));
    }
}

#[tokio::test]
async fn what_stripe_has_forgotten_is_said() {
    for (days, expected) in [(29, true), (30, false), (400, false)] {
        let server = Server::start([answer(200, &list(vec![], false))]).await;
        let begin = at(0) - TimeDelta::days(days);
        let page = events(&server, None, begin).await.unwrap();
        assert_eq!(page.reaches_back, expected, "{days}");
    }
}

#[tokio::test]
async fn an_event_of_play_money_is_no_event_of_ours() {
    let live = patched(bare("evt_1", 0), json!({"livemode": true}));
    let server = Server::start([answer(200, &list(vec![live], false))]).await;
    let failed = events(&server, None, at(-100)).await;
    let code = failed.as_ref().unwrap_err().fault().code.clone();
    assert_eq!(code.as_deref(), Some("livemode_mismatch"));
    assert_eq!(proves(failed), (Proves::Refused, FaultKind::Authentication));
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_told_by_its_fault() {
    let busy = || answer(429, &error("invalid_request_error", "rate_limit"));
    let trouble = || text(500, "<html>");
    let denied = || answer(403, &error("invalid_request_error", "x"));
    let garbage = || text(200, "[]");
    let scripts: [(Vec<Act>, (Proves, FaultKind)); 5] = [
        (
            vec![busy(), busy(), busy()],
            (Proves::NotSent, FaultKind::RateLimit),
        ),
        (
            vec![trouble(), trouble(), trouble()],
            (Proves::Nothing, FaultKind::Api),
        ),
        (vec![denied()], (Proves::Refused, FaultKind::Authentication)),
        (vec![garbage()], (Proves::Nothing, FaultKind::Garbage)),
        (
            vec![Act::Silence, Act::Silence, Act::Silence],
            (Proves::Nothing, FaultKind::Timeout),
        ),
    ];
    for (script, expected) in scripts {
        let server = Server::start(script).await;
        let since = Since {
            cursor: None,
            begin: at(-100),
            now: at(0),
        };
        let failed = hasty(&server).events(&since).await;
        assert_eq!(proves(failed), expected);
        assert!(server.is_over(), "{expected:?}");
    }
}

fn booked(id: &str, with: Value) -> Value {
    let known =
        json!({"id": id, "created": NOW - 50, "client_reference_id": "INV202507180407-3C2A"});
    patched(patched(session(), known), with)
}

fn window(after: Option<&str>) -> Window<'_> {
    Window {
        from: at(-86_400),
        to: at(0),
        after,
    }
}

#[tokio::test]
async fn checkouts_are_told_with_the_money_that_came_in() {
    let paid = intent("succeeded", json!({"amount_received": 560_000}));
    let odd = intent(
        "succeeded",
        json!({"amount_received": 50_001, "currency": "isk"}),
    );
    let complete = |intent: Value| json!({"status": "complete", "payment_status": "paid", "payment_intent": intent});
    let at_the_bank = json!({
        "status": "complete", "payment_status": "unpaid", "payment_intent": intent("processing", json!({})),
    });
    let page = list(
        vec![
            booked("cs_6", complete(paid)),
            booked("cs_5", complete(odd)),
            booked("cs_4", complete(json!("pi_1"))),
            booked("cs_3", at_the_bank),
            booked("cs_2", json!({"metadata": null, "status": 5})),
        ],
        true,
    );
    let rest = list(vec![booked("cs_1", json!({"status": "expired"}))], false);
    let server = Server::start([page, rest].map(|body| answer(200, &body))).await;
    let stripe = gateway(&server);
    let first = stripe.checkouts(&window(None)).await.unwrap();
    assert_eq!(first.next.as_deref(), Some("cs_2"));
    let capture = CaptureId::new("pi_1").unwrap();
    let taken = |amount| {
        let capture = capture.clone();
        Some(Taken {
            capture,
            amount,
            has_gone_back: false,
        })
    };
    let told: Vec<_> = first
        .checkouts
        .iter()
        .map(|it| (it.status.as_str(), it.taken.clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("complete, paid, succeeded", taken(Some(php(560_000)))),
            ("complete, paid, succeeded", taken(None)),
            ("complete, paid", taken(None)),
            ("complete, unpaid, processing", None),
            ("unpaid", None),
        ]
    );
    let names = &first.checkouts[0].names;
    assert_eq!(names.session, SessionRef::new("cs_6").ok());
    assert_eq!(names.capture, Some(capture));
    assert_eq!(names.reference.as_deref(), Some("INV202507180407-3C2A"));
    let mark = names.mark.clone().unwrap();
    assert_eq!(
        (mark.installation, mark.attempt),
        (installation(), AttemptId::new(7).ok())
    );
    assert_eq!(first.checkouts[4].names.mark, None);
    assert_eq!(first.checkouts[0].opened_at, at(-50));

    let second = stripe
        .checkouts(&window(first.next.as_deref()))
        .await
        .unwrap();
    assert_eq!((second.checkouts.len(), second.next), (1, None));
    let targets = server.seen().into_iter().map(|seen| {
        let plain = seen.target.replace("%5B", "[").replace("%5D", "]");
        let (path, query) = plain.split_once('?').unwrap();
        assert_eq!(path, "/v1/checkout/sessions");
        query.split('&').map(str::to_owned).collect::<Vec<_>>()
    });
    let targets: Vec<_> = targets.collect();
    for wanted in [
        format!("created[gte]={}", NOW - 86_400),
        format!("created[lt]={NOW}"),
        "expand[0]=data.payment_intent".to_owned(),
        "limit=100".to_owned(),
    ] {
        assert!(
            targets.iter().all(|pairs| pairs.contains(&wanted)),
            "{targets:?}"
        );
    }
    assert!(targets[1].contains(&"starting_after=cs_2".to_owned()));
    assert!(
        !targets[0]
            .iter()
            .any(|pair| pair.contains("starting_after"))
    );
}

#[tokio::test]
async fn a_list_of_checkouts_that_never_ends_is_given_up() {
    for (data, after) in [
        (vec![], None),
        (vec![booked("cs_1", json!({}))], Some("cs_1")),
    ] {
        let server = Server::start([answer(200, &list(data, true))]).await;
        let failed = gateway(&server).checkouts(&window(after)).await;
        assert_eq!(proves(failed), (Proves::Nothing, FaultKind::Garbage));
    }
}

#[tokio::test]
async fn checkouts_of_live_money_are_not_ours() {
    let live = booked("cs_1", json!({"livemode": true}));
    let server = Server::start([answer(200, &list(vec![live], false))]).await;
    let failed = gateway(&server).checkouts(&window(None)).await;
    assert_eq!(proves(failed), (Proves::Refused, FaultKind::Authentication));
}

#[tokio::test]
async fn a_refund_is_read_by_its_name() {
    let refund = |status: &str| {
        json!({
            "id": "re_1", "amount": 60_000, "currency": "php", "status": status, "created": NOW + 30,
            "payment_intent": "pi_1",
            "metadata": {"bayar_installation": "abcdefgh", "bayar_refund": "9"},
        })
    };
    let name = GatewayRefundId::new("re_1").unwrap();
    for (status, step) in [
        ("pending", Some(RefundStep::Pending)),
        ("requires_action", Some(RefundStep::Pending)),
        ("succeeded", Some(RefundStep::Succeeded)),
        ("failed", Some(RefundStep::Failed)),
        ("canceled", Some(RefundStep::Failed)),
        ("brand_new", None),
    ] {
        let server = Server::start([answer(200, &refund(status))]).await;
        let told = gateway(&server).refund(&name).await.unwrap().unwrap();
        assert_eq!(server.seen()[0].target, "/v1/refunds/re_1");
        assert_eq!(
            (told.amount, told.step, told.at),
            (php(60_000), step, Some(at(30)))
        );
        assert_eq!(told.names.capture, CaptureId::new("pi_1").ok());
        assert_eq!(told.names.refund.as_ref(), Some(&name));
        assert_eq!(told.names.mark.unwrap().refund, RefundId::new(9).ok());
    }
}

#[tokio::test]
async fn a_refund_that_is_not_there_is_none() {
    let gone = error("invalid_request_error", "resource_missing");
    let server = Server::start([answer(404, &gone)]).await;
    let name = GatewayRefundId::new("re_1").unwrap();
    assert_eq!(gateway(&server).refund(&name).await, Ok(None));

    let server = Server::start([]).await;
    let odd = GatewayRefundId::new("../accounts").unwrap();
    assert_eq!(gateway(&server).refund(&odd).await, Ok(None));
    assert_eq!(server.connections(), 0);
}
