//! Requests that go wrong on purpose.

use std::time::Duration;

use bayar_sandbox::sim::{Fault, Rule, SimConfig};
use serde_json::json;

use tokio::time::Instant;

use crate::client::{Answer, Failure, MIDTRANS_KEY, Play, STRIPE_KEY, page_body, session_form};

fn play() -> Play {
    let config = SimConfig {
        hold: Duration::from_millis(400),
        ..SimConfig::default()
    };
    Play::new(config)
}

async fn create(play: &Play, order: &str) -> Result<Answer, Failure> {
    let headers = [
        ("Authorization", STRIPE_KEY),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Idempotency-Key", order),
    ];
    let form = session_form(order);
    play.send("POST", "/v1/checkout/sessions", &headers, &form)
        .await
}

/// Waits until the session of an order is in the book, for at most ten seconds.
async fn must_be_applied(play: &Play, order: &str) {
    for _ in 0..1000 {
        if !play.handle.book().sessions(order).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it was never applied");
}

async fn snap(play: &Play, order: &str) -> Result<Answer, Failure> {
    let headers = [
        ("Authorization", MIDTRANS_KEY),
        ("Content-Type", "application/json"),
    ];
    let body = page_body(order, 50_000).to_string();
    play.send("POST", "/snap/v1/transactions", &headers, &body)
        .await
}

/// How many sessions the book knows after a fault struck the first request of each gateway.
async fn struck(play: &Play, fault: Fault) -> (Result<Answer, Failure>, usize) {
    let name = fault.name().replace('_', "-");
    let (stripe, midtrans) = (format!("S-{name}"), format!("M-{name}"));
    let twice = Rule::next(fault.clone()).times(2);
    play.handle.add_fault(twice).unwrap();
    let (first, second) = (create(play, &stripe).await, snap(play, &midtrans).await);
    let same = match (&first, &second) {
        (Ok(one), Ok(other)) => {
            one.status == other.status
                || fault == Fault::Garbage
                || matches!(fault, Fault::Drip { .. })
        }
        (Err(one), Err(other)) => one == other,
        _ => false,
    };
    assert!(same, "{first:?} {second:?}");
    let book = play.handle.book();
    let (here, there) = (book.sessions(&stripe).len(), book.sessions(&midtrans).len());
    assert_eq!(here, there, "{name}");
    (first, here)
}

#[tokio::test]
async fn each_fault_has_its_effect_or_not_as_it_says() {
    let play = play();
    let (answer, applied) = struck(&play, Fault::TimeoutBefore).await;
    assert_eq!((answer.unwrap_err(), applied), (Failure::Closed, 0));
    let (answer, applied) = struck(&play, Fault::TimeoutAfter).await;
    assert_eq!((answer.unwrap_err(), applied), (Failure::Closed, 1));
    let (answer, applied) = struck(&play, Fault::ResetBefore).await;
    assert_eq!((answer.unwrap_err(), applied), (Failure::Closed, 0));
    let (answer, applied) = struck(&play, Fault::ResetAfter).await;
    assert_eq!((answer.unwrap_err(), applied), (Failure::Closed, 1));
    let (answer, applied) = struck(&play, Fault::CutOff).await;
    assert_eq!((answer.unwrap_err(), applied), (Failure::CutOff, 1));
    let before = Fault::Error500Before { stored: false };
    let (answer, applied) = struck(&play, before).await;
    assert_eq!((answer.unwrap().status, applied), (500, 0));
    let (answer, applied) = struck(&play, Fault::Error500After).await;
    assert_eq!((answer.unwrap().status, applied), (500, 1));
    let (answer, applied) = struck(&play, Fault::Error503Html { applied: false }).await;
    let answer = answer.unwrap();
    assert!(answer.body.starts_with("<html>"));
    assert_eq!((answer.status, applied), (503, 0));
    let limited = Fault::RateLimited {
        lock_timeout: false,
    };
    let (answer, applied) = struck(&play, limited).await;
    let answer = answer.unwrap();
    assert_eq!(
        answer.header("stripe-rate-limited-reason"),
        Some("global-rate")
    );
    assert_eq!((answer.status, applied), (429, 0));
    let (answer, applied) = struck(&play, Fault::Garbage).await;
    let answer = answer.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_err());
    assert_eq!((answer.status, applied), (200, 1));
}

#[tokio::test]
async fn a_500_after_the_effect_is_not_kept_by_midtrans() {
    let play = play();
    play.handle
        .add_fault(Rule::next(Fault::Error500After))
        .unwrap();
    assert_eq!(snap(&play, "M-1").await.unwrap().status, 500);
    let again = snap(&play, "M-1").await.unwrap();
    assert_eq!(
        again.status, 400,
        "the order id is taken: it had its effect"
    );
}

#[tokio::test]
async fn after_a_503_with_effect_the_same_key_finds_what_was_made() {
    let play = play();
    play.handle
        .add_fault(Rule::next(Fault::Error503Html { applied: true }))
        .unwrap();
    assert_eq!(create(&play, "S-1").await.unwrap().status, 503);
    let again = create(&play, "S-1").await.unwrap();
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (200, Some("true"))
    );
    assert_eq!(play.handle.book().sessions("S-1").len(), 1);
}

#[tokio::test]
async fn what_is_applied_late_holds_its_key_until_then() {
    let play = play();
    play.handle
        .add_fault(Rule::next(Fault::AppliedLate { after_ms: 3_000 }))
        .unwrap();
    assert_eq!(create(&play, "S-1").await.unwrap_err(), Failure::Closed);
    assert!(play.handle.book().sessions("S-1").is_empty());
    assert_eq!(create(&play, "S-1").await.unwrap().status, 409);
    must_be_applied(&play, "S-1").await;
    let again = create(&play, "S-1").await.unwrap();
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (200, Some("true"))
    );
}

#[tokio::test]
async fn an_answer_can_drip() {
    let play = play();
    let fault = Fault::Drip { pause_ms: 20 };
    play.handle.add_fault(Rule::next(fault)).unwrap();
    let began = Instant::now();
    let answer = play.stripe("GET", "/v1/balance", "").await;
    assert_eq!(answer.at("/object"), "balance");
    assert!(began.elapsed() > Duration::from_millis(100));
}

#[tokio::test]
async fn a_client_that_gives_up_does_not_stop_what_it_began() {
    let play = play();
    play.handle
        .add_fault(Rule::next(Fault::Slow { ms: 3_000 }))
        .unwrap();
    tokio::select! {
        answer = create(&play, "S-1") => panic!("it did not wait: {answer:?}"),
        () = play.in_flight("S-1") => {}
    }
    assert!(play.handle.book().sessions("S-1").is_empty());
    must_be_applied(&play, "S-1").await;
}

#[tokio::test]
async fn a_capture_can_be_of_the_wrong_amount_or_currency() {
    let play = play();
    let wrong = Rule::next(Fault::WrongAmount { amount: 1_000 })
        .at("buyer.pay")
        .order("S-1");
    play.handle.add_fault(wrong).unwrap();
    play.paid_session("S-1", "4242424242424242").await;
    let wrong = Fault::WrongCurrency {
        currency: "usd".to_owned(),
    };
    play.handle
        .add_fault(Rule::next(wrong).at("checkout_session.create"))
        .unwrap();
    play.paid_session("S-2", "4242424242424242").await;
    let wrong = Fault::WrongAmount { amount: 49_000 };
    play.handle
        .add_fault(Rule::next(wrong).at("buyer.pay"))
        .unwrap();
    play.page("M-1").await;
    play.handle.pay_midtrans("M-1", "gopay").unwrap();
    let book = play.handle.book();
    let capture = |order: &str| {
        let capture = book.captures(order).remove(0);
        (capture.amount, capture.currency)
    };
    assert_eq!(capture("S-1"), (1_000, "php".to_owned()));
    assert_eq!(capture("S-2"), (560_000, "usd".to_owned()));
    assert_eq!(capture("M-1"), (49_000, "IDR".to_owned()));
    assert_eq!(play.status("M-1").await.at("/gross_amount"), "49000.00");
}

#[tokio::test]
async fn rules_are_given_listed_and_taken_back_over_http() {
    let play = play();
    let rule =
        json!({ "operation": "balance.retrieve", "times": 0, "fault": { "kind": "garbage" } });
    let id = play.control("POST", "faults", &rule).await.ok().at("/id");
    assert!(
        play.stripe("GET", "/v1/balance", "")
            .await
            .body
            .starts_with('\u{fffd}')
    );
    let list = play.control("GET", "faults", &json!(null)).await.ok();
    assert_eq!(
        (list.at("/faults/0/id"), list.at("/faults/0/struck")),
        (id.clone(), "1".into())
    );
    play.control("DELETE", &format!("faults/{id}"), &json!(null))
        .await
        .ok();
    assert_eq!(
        play.control("DELETE", &format!("faults/{id}"), &json!(null))
            .await
            .status,
        404
    );
    assert_eq!(
        play.stripe("GET", "/v1/balance", "").await.at("/object"),
        "balance"
    );
    let unknown = json!({ "fault": { "kind": "flood" } });
    assert_eq!(play.control("POST", "faults", &unknown).await.status, 400);
    let faults = play.handle.book();
    assert_eq!(
        faults.faults().collect::<Vec<_>>(),
        [("balance.retrieve", "garbage")]
    );
}

#[tokio::test]
async fn it_stops_at_once_even_while_it_holds_a_connection() {
    let play = Play::new(SimConfig::default());
    let fault = Rule::next(Fault::TimeoutBefore);
    play.handle.add_fault(fault).unwrap();
    let headers = [("Authorization", STRIPE_KEY)];
    let patience = Duration::from_millis(100);
    let held = play
        .send_within(patience, "GET", "/v1/balance", &headers, "")
        .await;
    assert_eq!(held.unwrap_err(), Failure::TimedOut);
    let address = play.simulator.address();
    let began = Instant::now();
    play.simulator.stop();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "the port is free"
    );
}
