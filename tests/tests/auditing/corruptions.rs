//! One thing after the other is spoiled, and the auditor has to name it.

use std::path::Path;

use bayar_auditor::{Check, ClientLog, Database, Ledger, Report};
use bayar_tests::stage::{Ordered, Stage, on_both_stores};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::json;

use crate::scenario::Scenario;
use crate::spoiling::{Kind, NOBODY, Spoil, kinds};

on_both_stores! {
    whatever_is_spoiled_is_found_and_named,
    a_webhook_that_waits_for_a_person_is_told_of_and_is_no_finding,
}

async fn whatever_is_spoiled_is_found_and_named(stage: Stage) {
    let scenario = Scenario::play(stage).await;
    let sound = scenario.ledger().await;
    let report = scenario.audit(
        &sound,
        &scenario.pages.read(),
        Some(&told(&scenario, |_| {})),
    );
    assert!(report.is_clean(), "before anything is spoiled: {report}");

    let mut missed = Vec::new();
    let kinds = kinds();
    assert!(kinds.len() >= 25, "{} kinds", kinds.len());
    for kind in &kinds {
        let order = (kind.which)(&scenario);
        let report = spoiled(&scenario, &sound, kind, order).await;
        let named = [Some(order.number.as_str()), Some(NOBODY)];
        let found = report.findings().iter().any(|finding| {
            // An account is of no order, and neither are the schedule and what is not there.
            let of_none = [
                Check::CreditsAdd,
                Check::AnswersKept,
                Check::ScheduleKept,
                Check::NothingStuck,
            ];
            let of_none = of_none.contains(&kind.notices);
            let is_named =
                named.contains(&finding.order.as_deref()) || of_none && finding.order.is_none();
            finding.check == kind.notices && is_named
        });
        if !found {
            missed.push(format!("{} ({}): {report}", kind.name, kind.notices));
        }
    }
    assert!(
        missed.is_empty(),
        "{} missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
    // What was spoiled was a copy.
    let report = scenario.audit(&scenario.ledger().await, &scenario.pages.read(), None);
    assert!(report.is_clean(), "{report}");
}

/// Whoever sends foreign webhooks would else have every audit end badly.
async fn a_webhook_that_waits_for_a_person_is_told_of_and_is_no_finding(
    stage: bayar_tests::stage::Stage,
) {
    let scenario = Scenario::play(stage).await;
    let sound = scenario.ledger().await;
    let row = |key: &str, status: &str| {
        format!(
            "INSERT INTO inbox (gateway, account, mode, event_key, event_type, headers, body, received_at, status,
                finished_at)
            SELECT 'stripe', '-', 'test', '{key}', 'charge.refunded', '{{}}', hash, '2020-01-01T00:00:00.000000Z',
                '{status}', '2020-01-02T00:00:00.000000Z' FROM api_keys LIMIT 1;"
        )
    };
    let rows = [
        row("1", "parked"),
        row("2", "quarantined"),
        row("3", "parked"),
    ]
    .concat();
    let ledger = if scenario.stage.is_shared() {
        on_postgres(scenario.client(), &rows).await
    } else {
        on_sqlite(&scenario.stage.installation.data_dir(), &rows).await
    };
    let report = scenario.audit(&ledger, &scenario.pages.read(), None);
    assert!(report.is_clean(), "{report}");
    let told = report.for_people();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("webhooks that are parked: 2, the oldest since 2020-01-01"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("webhooks that are quarantined: 1,"),
        "{told:?}"
    );
    let report = scenario.audit(&sound, &scenario.pages.read(), None);
    assert_eq!(report.for_people(), [""; 0]);
}

async fn spoiled(scenario: &Scenario, sound: &Ledger, kind: &Kind, order: &Ordered) -> Report {
    match kind.spoil {
        Spoil::Tables(sql) => {
            let id = format!(
                "(SELECT order_id FROM payments WHERE id = {})",
                order.payment
            );
            let sql = sql
                .replace("{order}", &id)
                .replace("{payment}", &order.payment.to_string());
            let ledger = if scenario.stage.is_shared() {
                on_postgres(scenario.client(), &sql).await
            } else {
                on_sqlite(&scenario.stage.installation.data_dir(), &sql).await
            };
            scenario.audit(&ledger, &scenario.pages.read(), None)
        }
        Spoil::Book(change) => {
            let mut pages = scenario.pages.clone();
            change(&mut pages, order);
            scenario.audit(sound, &pages.read(), None)
        }
        Spoil::Told(change) => {
            let log = told(scenario, change);
            scenario.audit(sound, &scenario.pages.read(), Some(&log))
        }
    }
}

/// What a client says it was told of the paid order.
fn told(scenario: &Scenario, change: impl FnOnce(&mut serde_json::Value)) -> ClientLog {
    let mut body = json!({ "data": { "payment": scenario.told, "status": "completed" } });
    change(&mut body);
    let line = json!({ "key": "k", "at": "2026-11-21T12:00:00Z", "status": 200, "body": body });
    ClientLog::of_lines([line.to_string().as_str()]).unwrap()
}

/// In a transaction that is never committed.
async fn on_postgres(client: &tokio_postgres::Client, sql: &str) -> Ledger {
    // Whoever spoils a database does not ask its guards.
    let guards = "SET LOCAL session_replication_role = replica;
        DROP INDEX payments_one_live_per_order, attempts_one_live_per_payment, attempts_one_live_per_order,
            gateway_calls_one_at_a_time, primary_captures_one_per_order;
        ALTER TABLE captures DROP CONSTRAINT captures_covered;";
    client
        .batch_execute(&format!("BEGIN; {guards} {sql}"))
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let ledger = Ledger::read_through(client).await.unwrap();
    client.batch_execute("ROLLBACK").await.unwrap();
    ledger
}

#[derive(QueryableByName)]
struct Guard {
    #[diesel(sql_type = Text)]
    drop: String,
}

/// In a copy of the file.
async fn on_sqlite(data: &Path, sql: &str) -> Ledger {
    let copy = data.join("spoiled.sqlite");
    let _ = std::fs::remove_file(&copy);
    let from = data.join("bayar.sqlite");
    let from = format!("file:{}?mode=rw", from.display());
    let mut original = SqliteConnection::establish(&from).unwrap();
    original
        .batch_execute("PRAGMA busy_timeout = 30000")
        .unwrap();
    let into = format!("VACUUM INTO '{}'", copy.display());
    original.batch_execute(&into).unwrap();
    drop(original);

    let mut spoiled = SqliteConnection::establish(&copy.display().to_string()).unwrap();
    let guards = "SELECT 'DROP ' || type || ' ' || name AS \"drop\" FROM sqlite_master
        WHERE type IN ('trigger', 'index') AND sql IS NOT NULL";
    let guards = diesel::sql_query(guards)
        .load::<Guard>(&mut spoiled)
        .unwrap();
    for guard in guards {
        spoiled.batch_execute(&guard.drop).unwrap();
    }
    let without = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;";
    spoiled
        .batch_execute(&format!("{without} {sql}"))
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    drop(spoiled);
    let ledger = Ledger::read(&Database::Sqlite(copy.clone())).await.unwrap();
    std::fs::remove_file(&copy).unwrap();
    ledger
}
