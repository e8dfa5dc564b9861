//! Our clock is ten minutes off: what Stripe signs seems too old, and is turned away. Nothing is lost by it.

use std::time::Duration;

use bayar_sandbox::sim::Tamper;
use bayar_sandbox::sim::book::Outcome;

use crate::stage::{Stage, on_both_stores};

on_both_stores! {
    webhooks_that_a_wrong_clock_turns_away_lose_nothing,
}

async fn webhooks_that_a_wrong_clock_turns_away_lose_nothing(mut stage: Stage) {
    // As it looks to a process whose clock is so much ahead.
    stage.tamper("*", Tamper::Stale { seconds: 600 });
    let order = stage.open("stripe").await;
    stage.pay(&order, "stripe");
    stage.gateways.settle().await.unwrap();
    let attempts = stage.attempts(&order);
    assert!(!attempts.is_empty());
    for attempt in &attempts {
        assert_eq!(attempt.outcome, Outcome::Answered(400), "{attempt:?}");
    }
    assert_eq!(stage.status(&order).await, "processing");
    // What looks by itself needs no webhook.
    let all_due = "UPDATE jobs SET due_at = '2020-01-01T00:00:00.000000Z' WHERE done_at IS NULL AND kind <> 'expire_payment'";
    stage.store.run(all_due).await;
    let (ended, told) = stage
        .installation
        .ran(&["schedule", "run", "check-unresolved"]);
    assert!(ended.success(), "{told}");
    assert_eq!(stage.status(&order).await, "completed");
    // And once the clock is right, what comes again is taken.
    stage.calm();
    stage
        .gateways
        .advance(Duration::from_secs(700))
        .await
        .unwrap();
    stage.all_is_done().await;
    let taken = stage.attempts(&order);
    let taken = taken.last().unwrap();
    assert_eq!(taken.outcome, Outcome::Answered(200), "{taken:?}");
    stage.must_have_kept(&order, 1).await;
}
