//! No webhook comes, nobody comes back, and a job is missing.

use bayar_tests::program::wait_until;
use bayar_tests::stage::{Stage, on_both_stores};

use crate::moments::{check_unresolved, leave_lists_alone, let_jobs_be_due, sweep};

on_both_stores! {
    a_server_completes_what_is_paid_by_itself,
    all_webhooks_are_lost_and_the_schedule_finds_out,
    a_page_that_nobody_has_touched_is_no_evidence,
    a_job_that_is_missing_is_opened_and_counted,
    money_under_review_is_looked_at_until_the_gateway_decides,
}

async fn a_server_completes_what_is_paid_by_itself(stage: Stage) {
    leave_lists_alone(&stage).await;
    let mut stage = stage.at_work().await;
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        match gateway {
            "stripe" => stage.pay_stripe(&order),
            _ => stage.pay_midtrans(&order),
        }
        wait_until("the payment completes", async || {
            stage.stored_status(order.payment).await == "completed"
        })
        .await;
        assert_eq!(stage.times(order.payment, "completed").await, 1);
        stage.must_have_kept(&order, 1);
    }
    // It is told and counted after it is stored.
    wait_until("it is told", async || {
        let log = stage.server.log();
        let lines = log.lines();
        let told = lines.filter(|line| line.contains("Auto-updated payment"));
        told.count() == 2
    })
    .await;
    let anybody = stage.server.anybody();
    wait_until("it is counted", async || {
        let figures = anybody.get("/metrics").await.unwrap().text;
        figures.contains(r#"bayar_reconciler_fixes_total{to="completed"} 2"#)
            && figures.contains("bayar_oldest_unresolved_payment_seconds")
    })
    .await;
}

async fn all_webhooks_are_lost_and_the_schedule_finds_out(mut stage: Stage) {
    let (stripe, midtrans, unpaid) = (
        stage.order().await,
        stage.order().await,
        stage.order().await,
    );
    stage.open(stripe.payment, "stripe").await;
    stage.open(midtrans.payment, "midtrans").await;
    stage.open(unpaid.payment, "stripe").await;
    stage.pay_stripe(&stripe);
    stage.pay_midtrans(&midtrans);
    let told = sweep(&stage).await;
    assert!(
        told.contains("3 looked at, 2 updated, 0 in trouble, 0 jobs were missing"),
        "{told}"
    );
    for order in [&stripe, &midtrans] {
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        assert_eq!(stage.times(order.payment, "completed").await, 1);
    }
    assert_eq!(stage.stored_status(unpaid.payment).await, "processing");
    // What is not due is not asked for again.
    let told = check_unresolved(&stage).text;
    assert!(told.contains("0 looked at"), "{told}");
}

async fn a_page_that_nobody_has_touched_is_no_evidence(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    for _ in 0..3 {
        sweep(&stage).await;
        assert_eq!(stage.stored_status(order.payment).await, "processing");
    }
    stage.pay_midtrans(&order);
    sweep(&stage).await;
    assert_eq!(stage.stored_status(order.payment).await, "completed");
}

async fn a_job_that_is_missing_is_opened_and_counted(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage
        .store
        .run("DELETE FROM jobs WHERE kind = 'watch_attempt'")
        .await;
    let ran = check_unresolved(&stage);
    assert!(ran.text.contains("1 jobs were missing"), "{}", ran.text);
    assert!(ran.text.contains("a job was missing"), "{}", ran.text);
    // Whoever runs it by cron is told.
    assert_eq!(ran.code, Some(1));
    let listed = stage.command(&["schedule", "list"]).text;
    assert!(listed.contains("failed: "), "{listed}");
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    let ran = check_unresolved(&stage);
    assert!(ran.text.contains("0 jobs were missing"), "{}", ran.text);
    assert_eq!(ran.code, Some(0));
}

async fn money_under_review_is_looked_at_until_the_gateway_decides(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    stage
        .gateways
        .pay_midtrans_card(&order.number, "4511111111111117")
        .unwrap();
    sweep(&stage).await;
    assert_eq!(stage.stored_status(order.payment).await, "under_review");
    sweep(&stage).await;
    assert_eq!(stage.stored_status(order.payment).await, "under_review");
    stage.act(bayar_sandbox::sim::Action::MidtransApprove {
        transaction: order.number.clone(),
    });
    let_jobs_be_due(&stage).await;
    check_unresolved(&stage);
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    stage.must_have_kept(&order, 1);
}
