//! The process is killed at each step of a webhook. Whatever was answered with a success is done by the next one.

use std::collections::BTreeSet;

use bayar_sandbox::sim::book::Outcome;

use crate::stage::{Stage, on_both_stores};

on_both_stores! {
    killed_at_any_step_of_a_webhook,
}

/// Every step that a process can be killed at, and whether the gateway was told by then that it is stored.
const STEPS: &[(&str, bool)] = &[
    ("inbox.before_store", false),
    ("inbox.after_store", false),
    ("inbox.taken", true),
    ("inbox.heeded", true),
];

#[test]
fn every_step_of_a_webhook_is_tried() {
    let tried: BTreeSet<_> = STEPS.iter().map(|(step, _)| (*step).to_owned()).collect();
    let mut named = bayar_tests::program::named_steps();
    named.retain(|name| name.starts_with("inbox."));
    assert_eq!(named, tried);
}

async fn killed_at_any_step_of_a_webhook(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        for (step, _) in STEPS {
            let order = stage.open(gateway).await;
            // What there was to tell of the opening is told before.
            stage.gateways.settle().await.unwrap();
            stage = stage.restarted_until(step).await;
            stage.pay(&order, gateway);
            stage = stage.revived().await;
            stage.let_leases_end().await;
            // What was not taken in is sent again, in the gateways' time.
            stage.let_retries_come().await;
            stage.must_become(&order, "completed").await;
            stage.must_have_kept(&order, 1).await;
        }
    }
}

/// The gateway was told that it is stored, and nothing comes a second time: the next process does it nevertheless.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_done_though_nobody_sends_it_again_on_postgres() {
    answered_and_killed(Stage::on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_done_though_nobody_sends_it_again_on_sqlite() {
    answered_and_killed(Stage::on_sqlite().await).await;
}

async fn answered_and_killed(mut stage: Stage) {
    for (step, is_answered) in STEPS {
        if !is_answered {
            continue;
        }
        let order = stage.open("midtrans").await;
        stage.gateways.settle().await.unwrap();
        stage = stage.restarted_until(step).await;
        stage.pay(&order, "midtrans");
        stage = stage.revived().await;
        // Nobody hears anything any more from here on.
        stage.stop_listening();
        stage.let_leases_end().await;
        let all = stage.webhooks("").await;
        assert!(!all.is_empty());
        let known = all
            .iter()
            .any(|webhook| webhook["event_type"] == "settlement");
        if known {
            stage.must_become(&order, "completed").await;
            stage.must_have_kept(&order, 1).await;
        } else {
            // It died at the first of two, and the second was never answered with a success.
            let taken = stage.attempts(&order).into_iter().any(|attempt| {
                attempt.event == "settlement" && attempt.outcome == Outcome::Answered(200)
            });
            assert!(!taken, "it was answered with a success, and is not there");
            stage.refresh(&order).await;
        }
        assert_eq!(stage.status(&order).await, "completed", "{step}");
        stage = stage.restarted().await;
    }
}
