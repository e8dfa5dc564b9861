//! The clock of a process is ten minutes off. The clock of the store judges. (A SQLite file has the clock of its process.)

use bayar_sandbox::sim::Fault;
use bayar_tests::program::wait_until;
use bayar_tests::stage::Stage;
use futures_util::future::join_all;
use serde_json::json;

use crate::moments::sweep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_clock_is_ten_minutes_fast_ends_nothing_too_soon() {
    judged_by_the_store("-10 minutes").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_clock_is_ten_minutes_slow_ends_what_is_overdue() {
    judged_by_the_store("10 minutes").await;
}

async fn judged_by_the_store(ahead: &str) {
    let mut stage = Stage::on_postgres().await;
    let (paid, in_time, overdue) = (
        stage.order().await,
        stage.order().await,
        stage.order().await,
    );
    for order in [&paid, &in_time] {
        stage.open(order.payment, "stripe").await;
    }
    stage.pay_stripe(&paid);
    let (soon, over) = (in_time.payment, overdue.payment);
    stage
        .store
        .run(&format!(
            "CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
                AS 'SELECT now() + interval ''{ahead}''';
            UPDATE payments SET created_at = created_at - interval '1 hour';
            UPDATE payments SET deadline = bayar_now() + interval '5 minutes' WHERE id = {soon};
            UPDATE payments SET deadline = bayar_now() - interval '1 minute' WHERE id = {over};
            UPDATE jobs SET due_at = deadline FROM payments
                WHERE kind = 'expire_payment' AND subject_id = payments.id"
        ))
        .await;
    let told = sweep(&stage).await;
    assert!(told.contains("0 jobs were missing"), "{told}");
    let ran = stage.command(&["payments", "cleanup-expired"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    for (order, status) in [
        (&paid, "completed"),
        (&in_time, "processing"),
        (&overdue, "expired"),
    ] {
        assert_eq!(stage.stored_status(order.payment).await, status, "{ahead}");
    }
    stage.must_have_kept(&paid, 1);
}

/// Moves the clock of the store, and with it how far that of every process is off.
async fn shift(stage: &Stage, ahead: &str) {
    stage
        .store
        .run(&format!(
            "CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
                AS 'SELECT now() + interval ''{ahead}'''"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_ten_minutes_off_is_told() {
    for (ahead, most, least) in [
        ("-10 minutes", 660_000, 540_000),
        ("10 minutes", -540_000, -660_000),
    ] {
        let stage = Stage::on_postgres().await;
        shift(&stage, ahead).await;
        let stage = stage.restarted().await;
        wait_until("somebody is told", async || {
            let log = stage.server.log();
            let mut lines = log.lines();
            lines.any(|line| {
                line.contains("this clock and that of the database differ")
                    && line.contains(r#""level":"ERROR""#)
            })
        })
        .await;
        let figures = stage.server.anybody().get("/metrics").await.unwrap().text;
        let skew = figures
            .lines()
            .find_map(|line| line.strip_prefix("bayar_clock_skew_milliseconds "));
        let skew: i64 = skew.expect("a figure").parse().unwrap();
        assert!((least..=most).contains(&skew), "{ahead}: {skew}");
    }
}

/// How long a call is in somebody's hands is told by the clock of the store, which all share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_whose_clock_is_ten_minutes_off_take_nothing_out_of_each_others_hands() {
    for ahead in ["-10 minutes", "10 minutes"] {
        let mut stage = Stage::on_postgres().await;
        // Nothing is asked twice because this machine was slow.
        stage.installation.set("GATEWAY_TIMEOUT", "15s");
        stage = stage.restarted().await;
        shift(&stage, ahead).await;
        let other = stage.installation.serve().await;
        let order = stage.order().await;
        stage.all("checkout_session.create", Fault::Slow { ms: 600 });
        let body = json!({ "gateway": "stripe" });
        let path = format!("/api/v1/payments/{}/process", order.payment);
        let presses = (0..6).map(|number| {
            let address = [stage.server.address, other.address][number % 2];
            let (customer, path, body) = (stage.customer().at(address), &path, &body);
            async move { customer.post(path, &[], body).await.unwrap() }
        });
        for answer in join_all(presses).await {
            assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
        }
        let book = stage.book();
        let asked = book.requests();
        let asked = asked.filter(|(_, it)| it.operation == "checkout_session.create");
        assert_eq!(asked.count(), 1, "{ahead}");
        stage.calm();
        stage.open_in_the_end(order.payment, "stripe").await;
        stage.pay_stripe(&order);
        stage.must_become(order.payment, "completed").await;
        stage.must_have_kept(&order, 1);
    }
}
