//! A gateway is in trouble for hours, and answers again.

use bayar_sandbox::sim::Fault;
use bayar_tests::program::wait_until;
use bayar_tests::stage::{Ordered, Stage, on_both_stores};

use crate::moments::{
    check_unresolved, leave_lists_alone, let_five_minutes_pass, let_jobs_be_due, reads, sweep,
};

on_both_stores! {
    a_gateway_that_answers_again_is_asked_about_everything_at_once,
    a_gateway_in_trouble_holds_up_nothing_of_another,
    a_slow_gateway_keeps_nobody_waiting_but_its_own,
    nobody_is_left_behind_in_a_crowd,
    a_job_that_cannot_be_read_holds_up_no_other_one,
    rubbish_for_an_answer_is_no_reason_to_look_away,
}

async fn a_gateway_that_answers_again_is_asked_about_everything_at_once(mut stage: Stage) {
    let mut orders = Vec::new();
    for _ in 0..6 {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        orders.push(order);
    }
    stage.all(
        "checkout_session.retrieve",
        Fault::Error500Before { stored: false },
    );
    for _ in 0..3 {
        let told = sweep(&stage).await;
        assert!(told.contains("0 updated"), "{told}");
    }
    for order in &orders {
        stage.pay_stripe(order);
        assert_eq!(stage.stored_status(order.payment).await, "processing");
    }
    let waiting = stage
        .store
        .texts("SELECT kind AS json FROM jobs WHERE waits_for = 'stripe' AND done_at IS NULL")
        .await;
    assert_eq!(waiting.len(), 6);
    // It is not hammered: as long as nothing is due, one of them finds out whether it is back.
    let before: usize = orders.iter().map(|order| reads(&stage, order)).sum();
    check_unresolved(&stage);
    let after: usize = orders.iter().map(|order| reads(&stage, order)).sum();
    assert!((1..=4).contains(&(after - before)), "{before} {after}");
    stage.calm();
    check_unresolved(&stage);
    for order in &orders {
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        assert_eq!(stage.times(order.payment, "completed").await, 1);
    }
}

async fn a_gateway_in_trouble_holds_up_nothing_of_another(mut stage: Stage) {
    let mut stuck = Vec::new();
    for _ in 0..12 {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        stuck.push(order);
    }
    let paid = stage.order().await;
    stage.open(paid.payment, "midtrans").await;
    stage.pay_midtrans(&paid);
    stage.all("checkout_session.retrieve", Fault::TimeoutBefore);
    sweep(&stage).await;
    assert_eq!(stage.stored_status(paid.payment).await, "completed");
    // After a few that asked in vain the others did not ask.
    let asked = stuck
        .iter()
        .filter(|order| reads(&stage, order) > 0)
        .count();
    assert!(asked < stuck.len(), "{asked}");
    for order in &stuck {
        assert_eq!(stage.stored_status(order.payment).await, "processing");
    }
}

/// It answers, so nobody looks away from it; but one hand stays free for the other gateway.
async fn a_slow_gateway_keeps_nobody_waiting_but_its_own(mut stage: Stage) {
    let mut slow = Vec::new();
    for _ in 0..20 {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        slow.push(order);
    }
    let paid = stage.order().await;
    stage.open(paid.payment, "midtrans").await;
    stage.pay_midtrans(&paid);
    stage.all("checkout_session.retrieve", Fault::Slow { ms: 14_000 });
    let_jobs_be_due(&stage).await;
    stage
        .store
        .run(
            "UPDATE jobs SET due_at = '2020-01-02T00:00:00.000000Z' WHERE kind = 'watch_attempt'
            AND subject_id IN (SELECT id FROM attempts WHERE gateway = 'midtrans')",
        )
        .await;
    stage.installation.set("GATEWAY_TIMEOUT", "15s");
    let mut worker = stage.installation.work();
    must_come(&stage, &paid).await;
    let asked = || slow.iter().filter(|order| reads(&stage, order) > 0).count();
    // It is not among the hands of the slow one: none of them had an answer yet, which would free it for another.
    assert!(asked() <= 7, "{}", asked());
    wait_until("the slow one is asked", async || asked() > 0).await;
    // Those that found no hand are not forgotten: they come one after the other when there are hands again.
    stage.calm();
    for order in &slow {
        stage.pay_stripe(order);
    }
    for order in &slow {
        must_come(&stage, order).await;
    }
    worker.stop();
    assert!(worker.ended_well());
}

/// There are more of them than a gateway may have hands: whoever found none is served as soon as one is free again.
async fn nobody_is_left_behind_in_a_crowd(mut stage: Stage) {
    let mut orders = Vec::new();
    for _ in 0..24 {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        stage.pay_stripe(&order);
        orders.push(order);
    }
    leave_lists_alone(&stage).await;
    stage.installation.set("GATEWAY_TIMEOUT", "15s");
    stage.all("checkout_session.retrieve", Fault::Slow { ms: 200 });
    sweep(&stage).await;
    for order in &orders {
        assert_eq!(stage.stored_status(order.payment).await, "completed");
    }
}

/// Whoever wrote it, nobody here knows what it is about.
async fn a_job_that_cannot_be_read_holds_up_no_other_one(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    leave_lists_alone(&stage).await;
    stage
        .store
        .run(
            "INSERT INTO jobs (kind, subject_id, due_at) \
            VALUES ('watch_attempt', 1000000, '2019-01-01T00:00:00.000000Z')",
        )
        .await;
    sweep(&stage).await;
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    let gone = "DELETE FROM jobs WHERE subject_id = 1000000";
    stage.store.run(gone).await;
}

/// It completes though nobody asks.
async fn must_come(stage: &Stage, order: &Ordered) {
    wait_until("the payment completes", async || {
        stage.stored_status(order.payment).await == "completed"
    })
    .await;
}

/// Nobody is woken when the rubbish ends, so what may be paid is looked at as often as ever.
async fn rubbish_for_an_answer_is_no_reason_to_look_away(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.all("checkout_session.retrieve", Fault::Garbage);
    for _ in 0..6 {
        sweep(&stage).await;
    }
    stage.calm();
    stage.pay_stripe(&order);
    assert_eq!(stage.stored_status(order.payment).await, "processing");
    let_five_minutes_pass(&stage).await;
    check_unresolved(&stage);
    assert_eq!(stage.stored_status(order.payment).await, "completed");
}
