//! The book: what it tells, and that the simulator finds itself again in it.

use std::path::PathBuf;
use std::time::Duration;

use bayar_sandbox::sim::book::{Book, BookError, Happening};
use bayar_sandbox::sim::{Action, SimConfig, SimError, Simulator};
use serde_json::json;

use crate::client::Play;
use crate::sink::Sink;

/// A file of its own, gone when the test is over.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("sim-book-{}-{name}", std::process::id()));
        Self(folder.join("book.jsonl"))
    }

    fn config(&self) -> SimConfig {
        SimConfig {
            book: Some(self.0.clone()),
            ..SimConfig::default()
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = self.0.parent() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

#[tokio::test]
async fn the_state_is_found_again_after_a_restart() {
    let place = Place::new("restart");
    let play = Play::new(place.config());
    let open = play.session("A-1").await;
    let (paid, intent) = play.paid_session("A-2", "4000000000007726").await;
    let key = [("Idempotency-Key", "r-1")];
    let form = format!("payment_intent={intent}&amount=1000");
    let refund = play
        .stripe_with("POST", "/v1/refunds", &form, &key)
        .await
        .ok();
    let token = play.page("M-1").await;
    let token_of_other = play.page("M-2").await;
    play.handle
        .act(Action::MidtransChoose {
            page: token.clone(),
            method: "bca_va".to_owned(),
        })
        .unwrap();
    play.handle
        .advance(Duration::from_secs(3600))
        .await
        .unwrap();
    let now = play.handle.now().unwrap();
    let path = |id: &str| format!("/v1/checkout/sessions/{id}");
    let before = play.stripe("GET", &path(&paid), "").await.ok();
    let status = play.status("M-1").await;
    play.simulator.stop();

    let play = Play::new(place.config());
    assert!(play.handle.now().unwrap() >= now, "time does not run back");
    let strip = |answer: &crate::client::Answer| {
        let mut value = answer.json();
        value["url"] = json!(null);
        value
    };
    let after = play.stripe("GET", &path(&paid), "").await.ok();
    assert_eq!(strip(&after), strip(&before));
    assert_eq!(play.status("M-1").await.json(), status.json());
    let again = play
        .stripe_with("POST", "/v1/refunds", &form, &key)
        .await
        .ok();
    assert_eq!(
        (again.at("/id"), again.header("idempotent-replayed")),
        (refund.at("/id"), Some("true"))
    );
    let new = play.session("A-3").await;
    assert!(![open.clone(), paid].contains(&new));
    assert_ne!(play.page("M-3").await, token_of_other);
    play.handle.pay_stripe(&open).unwrap();
    play.handle
        .act(Action::MidtransPay {
            transaction: "M-1".to_owned(),
            late: false,
        })
        .unwrap();
    play.handle
        .advance(Duration::from_secs(86_400))
        .await
        .unwrap();
    let expired = play.stripe("GET", &path(&new), "").await.ok();
    assert_eq!(
        expired.at("/status"),
        "expired",
        "the agenda is found again too"
    );
    let book = Book::read(&place.0).unwrap();
    assert_eq!(book.kept_captures("A-1").len(), 1);
    assert_eq!(book.captures("A-2")[0].refunded, 1000);
    assert_eq!(book.kept_captures("M-1")[0].kept(), 50_000);
    let numbers: Vec<u64> = book.records().iter().map(|record| record.n).collect();
    assert!(
        numbers.windows(2).all(|two| two[1] == two[0] + 1),
        "no line is missing"
    );
}

#[tokio::test]
async fn a_webhook_that_waited_is_sent_after_a_restart() {
    let place = Place::new("webhook");
    let mut config = place.config();
    config.stripe.webhook_url = Some("http://127.0.0.1:1/nobody".to_owned());
    let play = Play::new(config);
    let id = play.session("A-1").await;
    play.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), "")
        .await
        .ok();
    play.handle.settle().await.unwrap();
    play.simulator.stop();
    let play = Play::new(place.config());
    play.handle.advance(Duration::from_secs(601)).await.unwrap();
    let deliveries = play.handle.deliveries().unwrap();
    assert_eq!(deliveries[0].attempts, 2);
}

#[tokio::test]
async fn a_line_that_a_crash_cut_off_never_happened() {
    let place = Place::new("torn");
    let play = Play::new(place.config());
    play.session("A-1").await;
    play.simulator.stop();
    let whole = std::fs::read_to_string(&place.0).unwrap();
    let torn = format!("{whole}{{\"n\":99,\"at\":1,\"rea");
    std::fs::write(&place.0, torn).unwrap();
    assert_eq!(Book::read(&place.0).unwrap().sessions("A-1").len(), 1);
    let play = Play::new(place.config());
    play.session("A-2").await;
    play.simulator.stop();
    assert_eq!(Book::read(&place.0).unwrap().sessions("A-2").len(), 1);
    assert!(
        std::fs::read_to_string(&place.0)
            .unwrap()
            .starts_with(&whole),
        "nothing is rewritten"
    );
    let broken = whole.replacen('{', "[", 1);
    std::fs::write(&place.0, broken).unwrap();
    assert!(matches!(
        Book::read(&place.0),
        Err(BookError::Line { line: 1, .. })
    ));
}

#[tokio::test]
async fn two_simulators_do_not_write_one_book() {
    let place = Place::new("twice");
    let _play = Play::new(place.config());
    let second = Simulator::start(place.config());
    assert!(matches!(second, Err(SimError::Book(BookError::InUse(_)))));
}

#[tokio::test]
async fn the_most_sessions_that_were_open_at_once_are_counted_line_by_line() {
    let play = Play::new(SimConfig::default());
    let first = play.session("A-1").await;
    play.stripe("POST", &format!("/v1/checkout/sessions/{first}/expire"), "")
        .await
        .ok();
    play.session("A-1").await;
    assert_eq!(play.handle.book().most_open_at_once("A-1"), 1);
    let body = json!({
        "transaction_details": { "order_id": "other", "gross_amount": 50_000 },
        "custom_field1": "bayar_order=A-1;attempt=2",
    });
    play.midtrans("POST", "/snap/v1/transactions", &body)
        .await
        .ok();
    let book = play.handle.book();
    assert_eq!(book.most_open_at_once("A-1"), 2, "at two gateways");
    assert_eq!(book.sessions("A-1").len(), 3);
    let told = play.control("GET", "orders/A-1", &json!(null)).await.ok();
    assert_eq!(told.at("/most_open_at_once"), "2");
    play.handle.pay_midtrans("A-1", "gopay").unwrap();
    play.handle.pay_stripe("A-1").unwrap();
    let summary = play.handle.book().by_order().remove("A-1").unwrap();
    assert_eq!((summary.sessions, summary.most_open_at_once), (3, 2));
    assert_eq!(summary.kept().count(), 2);
    assert_eq!(summary.captures, play.handle.book().captures("A-1"));
    assert_eq!(
        play.handle.book().kept_captures("A-1").len(),
        2,
        "paid twice"
    );
}

#[tokio::test]
async fn everything_that_came_in_and_went_out_is_in_it() {
    let sink = Sink::start().await;
    let mut config = SimConfig::default();
    config.stripe.webhook_url = Some(sink.url("/stripe"));
    let play = Play::new(config);
    play.paid_session("A-1", "4242424242424242").await;
    play.handle.settle().await.unwrap();
    let book = play.handle.book();
    let kinds: Vec<&str> = book
        .happenings()
        .map(|(_, what)| match what {
            Happening::Started { .. } => "started",
            Happening::RequestReceived(_) => "request",
            Happening::RequestAnswered { .. } => "answer",
            Happening::ObjectCreated { .. } => "object",
            Happening::SessionOpened { .. } => "opened",
            Happening::SessionClosed { .. } => "closed",
            Happening::BuyerActed { .. } => "buyer",
            Happening::Captured { .. } => "captured",
            Happening::WebhookAttempt(_) => "webhook",
            _ => "other",
        })
        .collect();
    for kind in [
        "started", "request", "answer", "object", "opened", "closed", "buyer", "captured",
    ] {
        assert!(kinds.contains(&kind), "{kind}");
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == "webhook").count(), 4);
    let requests: Vec<&str> = book
        .requests()
        .map(|(_, request)| request.operation.as_str())
        .collect();
    assert_eq!(
        requests,
        ["checkout_session.create", "checkout_session.retrieve"]
    );
    let lines = play.control("GET", "book?after=1", &json!(null)).await.ok();
    assert_eq!(lines.at("/records/0/n"), "2");
}

#[tokio::test]
async fn one_seed_gives_one_run() {
    let ids = |seed| async move {
        let play = Play::new(SimConfig {
            seed,
            ..SimConfig::default()
        });
        (play.session("A-1").await, play.page("M-1").await)
    };
    assert_eq!(ids(5).await, ids(5).await);
    assert_ne!(ids(5).await, ids(6).await);
}
