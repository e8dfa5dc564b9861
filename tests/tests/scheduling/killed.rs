//! The process that does due work dies in the middle of it. Another one takes over.

use std::collections::BTreeSet;

use bayar_sandbox::sim::Fault;
use bayar_tests::program::wait_until;
use bayar_tests::stage::{Stage, on_both_stores};

use crate::moments::{check_unresolved, let_all_leases_end, let_jobs_be_due, sweep};

on_both_stores! {
    killed_at_any_step_of_due_work,
    a_run_whose_process_is_dead_is_not_taken_before_its_time,
    a_worker_that_is_told_to_stop_keeps_nothing,
}

/// Every step of due work that a process can be killed at, and whether the payment is completed by then.
const STEPS: &[(&str, bool)] = &[
    ("schedule.taken", false),
    ("schedule.half_way", false),
    ("job.taken", false),
    ("job.looked", true),
    ("schedule.before_end", true),
];

#[test]
fn every_step_of_due_work_is_tried() {
    let tried: BTreeSet<_> = STEPS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut named = bayar_tests::program::named_steps();
    named.retain(|name| name.starts_with("schedule.") || name.starts_with("job."));
    assert_eq!(named, tried);
}

async fn killed_at_any_step_of_due_work(mut stage: Stage) {
    for (step, is_completed) in STEPS {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        stage.pay_stripe(&order);
        let_jobs_be_due(&stage).await;
        stage.installation.set("BAYAR_KILL_AT", step);
        let died = check_unresolved(&stage);
        assert_eq!(died.code, None, "{step}: {}", died.text);
        stage.installation.set("BAYAR_KILL_AT", "");
        let status = stage.stored_status(order.payment).await;
        assert_eq!(status == "completed", *is_completed, "{step}: {status}");
        let_all_leases_end(&stage).await;
        let ran = check_unresolved(&stage);
        assert_eq!(ran.code, Some(0), "{step}: {}", ran.text);
        assert_eq!(
            stage.stored_status(order.payment).await,
            "completed",
            "{step}"
        );
        assert_eq!(stage.times(order.payment, "completed").await, 1, "{step}");
        stage.must_have_kept(&order, 1);
    }
}

async fn a_run_whose_process_is_dead_is_not_taken_before_its_time(stage: Stage) {
    stage.installation.run(&["schedule", "list"], "");
    let mut stage = stage;
    stage.installation.set("BAYAR_KILL_AT", "schedule.half_way");
    assert_eq!(check_unresolved(&stage).code, None);
    stage.installation.set("BAYAR_KILL_AT", "");
    let told = check_unresolved(&stage).text;
    assert!(told.contains("another process is at it"), "{told}");
    let_all_leases_end(&stage).await;
    let told = check_unresolved(&stage).text;
    assert!(told.contains("check-unresolved: 0 looked at"), "{told}");
}

/// What it has in hand it brings to its end, a run of the schedule included, so that nobody waits for its leases.
async fn a_worker_that_is_told_to_stop_keeps_nothing(mut stage: Stage) {
    for _ in 0..12 {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
    }
    stage.all("checkout_session.retrieve", Fault::TimeoutBefore);
    let_jobs_be_due(&stage).await;
    stage.installation.run(&["schedule", "list"], "");
    let due = "UPDATE schedule SET due_at = '2020-01-01T00:00:00.000000Z'";
    stage.store.run(due).await;
    let mut worker = stage.installation.work();
    let leased = async |table: &str| {
        let leased = format!("SELECT 'one' AS json FROM {table} WHERE leased_until IS NOT NULL");
        stage.store.texts(&leased).await.len()
    };
    wait_until("a run and jobs are under way", async || {
        leased("schedule").await > 0 && leased("jobs").await > 0
    })
    .await;
    worker.stop();
    assert!(worker.ended_well());
    assert_eq!((leased("schedule").await, leased("jobs").await), (0, 0));
    stage.calm();
    sweep(&stage).await;
}
