//! Nothing is left over, and what is stored is what happened.

use std::collections::{BTreeMap, BTreeSet};

use bayar_auditor::{Book, ClientLog, Database, Ledger, Options, audit};
use bayar_sandbox::sim::book::Book as GatewayBook;
use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use crate::buyer::Story;
use crate::scene::Scene;

/// The stories have an end, and the gateways' book says which.
#[derive(Debug, Default)]
pub struct Sound {
    pub orders: usize,
    pub captures: usize,
    /// Orders that were paid more than once, each with all but one of the captures given back.
    pub paid_twice: usize,
    /// Where the payments stand, and how many do.
    pub statuses: BTreeMap<String, usize>,
    pub answers: usize,
}

/// Looks at everything, without any grace.
pub async fn must_be(scene: &Scene, stories: &[Story]) -> Sound {
    nothing_is_left(scene).await;
    let book = scene.gateways.book();
    let mut sound = by_the_gateways(&book, stories);
    keys_have_one_answer(stories);
    let log = client_log(&book, stories);
    sound.answers = stories.iter().map(|story| story.told.len()).sum();
    let url = scene.installation.database_url().unwrap().to_owned();
    let ledger = Ledger::read(&Database::Postgres(url)).await.unwrap();
    let lines = book.records().iter();
    let lines: Vec<_> = lines
        .map(|line| serde_json::to_string(line).unwrap())
        .collect();
    let read = Book::of_lines(lines.iter().map(String::as_str)).unwrap();
    let last = book.records().last().unwrap();
    let last = DateTime::from_timestamp_millis(last.at.max(last.real)).unwrap();
    // Both clocks have gone on by days since: whoever waits for something has waited long enough.
    let options = Options::settled(last + TimeDelta::seconds(5));
    let report = audit(&ledger, &read, Some(&log), &options);
    assert!(report.is_clean(), "the auditor: {report}");
    assert_eq!(report.orders(), scene.size.payments);
    let store = scene.installation.store().await;
    for payment in store.all().await.payments {
        *sound.statuses.entry(payment.status).or_default() += 1;
    }
    sound
}

/// Nobody has anything to do any more, as operators and commands tell it and as it is stored.
async fn nothing_is_left(scene: &Scene) {
    let operator = scene.operator.at(scene.posts[0].address);
    let unresolved = operator.get("/api/v1/ops/unresolved").await.unwrap();
    assert_eq!(unresolved.status, 200, "{}", unresolved.text);
    assert_eq!(unresolved.json()["data"], json!([]), "{}", unresolved.text);
    let (status, told) = scene.installation.ran(&["payments", "check-all"]);
    assert_eq!(status.code(), Some(0), "{told}");
    assert!(
        told.contains("Found 0 orders with pending payments:"),
        "{told}"
    );
    let store = scene.installation.store().await;
    for (what, query) in [
        (
            "jobs",
            "SELECT kind || ' ' || subject_id AS json FROM jobs WHERE done_at IS NULL",
        ),
        (
            "webhooks",
            "SELECT status || ' ' || event_type || ' ' || coalesce(fault, '') AS json FROM inbox
                WHERE status NOT IN ('processed', 'ignored')",
        ),
        (
            "calls",
            "SELECT operation || ' ' || status AS json FROM gateway_calls WHERE finished_at IS NULL",
        ),
        (
            "checkouts",
            "SELECT status || ' ' || id AS json FROM attempts
                WHERE status IN ('creating', 'open', 'unknown', 'closing')",
        ),
        (
            "refunds",
            "SELECT status || ' ' || id AS json FROM refunds WHERE status <> 'succeeded'",
        ),
    ] {
        let left = store.texts(query).await;
        assert!(left.is_empty(), "{what} are left: {left:?}");
    }
}

/// One kept capture for each order that somebody paid and nobody gave back, and none for the others.
fn by_the_gateways(book: &GatewayBook, stories: &[Story]) -> Sound {
    let by_order = book.by_order();
    let mut sound = Sound {
        orders: stories.len(),
        ..Sound::default()
    };
    for story in stories {
        let Some(summary) = by_order.get(&story.order) else {
            assert_eq!(story.paid, 0, "{story:?}");
            continue;
        };
        assert!(summary.most_open_at_once <= 1, "{story:?}: {summary:#?}");
        assert_eq!(
            summary.captures.len(),
            story.paid,
            "{story:?}: {summary:#?}"
        );
        sound.captures += summary.captures.len();
        sound.paid_twice += usize::from(summary.captures.len() > 1);
        let kept = summary.kept().count();
        assert!(kept <= 1, "charged twice: {story:?}: {summary:#?}");
        let went_back = summary.captures.iter().all(|capture| capture.kept() >= 0);
        assert!(went_back, "more went back than came in: {summary:#?}");
        if story.paid > 0 && !story.asked_back {
            // What came late, after its payment was called off, is honoured too.
            assert_eq!(kept, 1, "paid and not kept: {story:?}: {summary:#?}");
        }
    }
    sound
}

/// Whatever was asked under one key has one answer: one payment, and the same bytes each time.
fn keys_have_one_answer(stories: &[Story]) {
    for story in stories {
        let mut created: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for told in story.told.iter().filter(|told| told.status == 201) {
            created.entry(&told.key).or_default().insert(&told.text);
        }
        for (key, answers) in created {
            assert_eq!(answers.len(), 1, "{key}: {answers:#?}");
        }
        let mut refunds: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for told in &story.told {
            let body: Value = serde_json::from_str(&told.text).unwrap();
            let refund = body.pointer("/data/refund/id").or(body.get("refund_id"));
            let refund = refund.and_then(Value::as_i64);
            refunds.entry(&told.key).or_default().extend(refund);
        }
        for (key, refunds) in refunds {
            assert!(
                refunds.len() <= 1,
                "{key}: one wish, several refunds: {refunds:?}"
            );
        }
    }
}

/// What the clients were told, as the auditor reads it.
fn client_log(book: &GatewayBook, stories: &[Story]) -> ClientLog {
    // It is not about when: a time that all of them lie before.
    let at = book.records().last().unwrap().at;
    let at = DateTime::from_timestamp_millis(at).unwrap().to_rfc3339();
    let lines = stories.iter().flat_map(|story| &story.told).map(|told| {
        let body: Value = serde_json::from_str(&told.text).unwrap();
        json!({ "key": told.key, "at": at, "status": told.status, "body": body }).to_string()
    });
    let lines: Vec<_> = lines.collect();
    ClientLog::of_lines(lines.iter().map(String::as_str)).unwrap()
}
