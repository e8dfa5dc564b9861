//! Payments whose time is over.

use bayar_sandbox::sim::Fault;
use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::{Value, json};

use crate::moments::let_all_be_overdue;

on_both_stores! {
    what_is_overdue_is_closed_at_its_gateway_and_ended_here,
    money_that_came_at_the_last_moment_is_honoured,
    the_clean_up_of_the_schedule_does_the_same,
    what_is_overdue_while_its_gateway_is_away_ends_when_it_is_back,
    the_clean_up_forgets_keys_that_count_no_more,
}

async fn what_is_overdue_is_closed_at_its_gateway_and_ended_here(mut stage: Stage) {
    let (bare, open, in_time) = (
        stage.order().await,
        stage.order().await,
        stage.order().await,
    );
    stage.open(open.payment, "stripe").await;
    let_all_be_overdue(&stage).await;
    let late = format!(
        "UPDATE payments SET deadline = '2099-01-01T00:00:00.000000Z' WHERE id = {}",
        in_time.payment
    );
    stage.store.run(&late).await;
    let told = stage
        .installation
        .run(&["payments", "cleanup-expired", "--dry-run", "--json"], "");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["found"], 2, "{told}");
    assert_eq!(told["payments"][0]["payment_id"], bare.payment);
    assert_eq!(told["payments"][0]["action"], "would expire");
    assert_eq!(stage.stored_status(bare.payment).await, "pending");
    assert_eq!(stage.stored_status(open.payment).await, "processing");
    let ran = stage.command(&["payments", "cleanup-expired"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert!(
        ran.text.contains("Found 2 payments whose time is over."),
        "{}",
        ran.text
    );
    for order in [&bare, &open] {
        assert_eq!(stage.stored_status(order.payment).await, "expired");
    }
    assert_eq!(stage.stored_status(in_time.payment).await, "pending");
    let book = stage.book();
    assert!(
        book.sessions(&open.number)
            .iter()
            .all(|span| span.until.is_some())
    );
    let again = stage.command(&["payments", "cleanup-expired"]);
    assert!(again.text.contains("Found 0 payments"), "{}", again.text);
}

async fn money_that_came_at_the_last_moment_is_honoured(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        match gateway {
            "stripe" => stage.pay_stripe(&order),
            _ => stage.pay_midtrans(&order),
        }
        let_all_be_overdue(&stage).await;
        let ran = stage.command(&["payments", "cleanup-expired"]);
        assert_eq!(ran.code, Some(0), "{}", ran.text);
        assert_eq!(
            stage.stored_status(order.payment).await,
            "completed",
            "{gateway}"
        );
        assert_eq!(stage.times(order.payment, "expired").await, 0, "{gateway}");
        stage.must_have_kept(&order, 1);
    }
}

/// The job of the payment waits for the gateway that is away, and not for the one that was opened before it.
async fn what_is_overdue_while_its_gateway_is_away_ends_when_it_is_back(mut stage: Stage) {
    let order = stage.order().await;
    for gateway in ["midtrans", "stripe"] {
        stage.open(order.payment, gateway).await;
    }
    let_all_be_overdue(&stage).await;
    for operation in ["checkout_session.retrieve", "checkout_session.expire"] {
        stage.all(operation, Fault::Error500Before { stored: false });
    }
    let due =
        "UPDATE jobs SET due_at = '2020-01-01T00:00:00.000000Z' WHERE kind = 'expire_payment'";
    stage.store.run(due).await;
    stage.command(&["schedule", "run", "check-unresolved"]);
    assert_eq!(stage.stored_status(order.payment).await, "processing");
    let waits = "SELECT coalesce(waits_for, 'nobody') || ' ' || faults AS json FROM jobs WHERE kind = 'expire_payment'";
    assert_eq!(stage.store.texts(waits).await, ["stripe 1"]);
    stage.calm();
    stage.command(&["schedule", "run", "check-unresolved"]);
    assert_eq!(stage.stored_status(order.payment).await, "expired");
}

async fn the_clean_up_of_the_schedule_does_the_same(mut stage: Stage) {
    let (bare, paid) = (stage.order().await, stage.order().await);
    stage.open(paid.payment, "stripe").await;
    stage.pay_stripe(&paid);
    let_all_be_overdue(&stage).await;
    let ran = stage.command(&["schedule", "run", "cleanup-expired"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let result = "1 expired, 1 turned out to be paid, 0 wait for their gateway, 0 keys forgotten";
    assert!(ran.text.contains(result), "{}", ran.text);
    assert_eq!(stage.stored_status(bare.payment).await, "expired");
    assert_eq!(stage.stored_status(paid.payment).await, "completed");
}

/// A key counts while its time lasts, and as long as its payment has not ended.
async fn the_clean_up_forgets_keys_that_count_no_more(mut stage: Stage) {
    let (over, young, open) = (
        stage.order().await,
        stage.order().await,
        stage.order().await,
    );
    for order in [&over, &young] {
        let ended = stage.post(order.payment, "cancel", &json!({})).await;
        assert_eq!(ended.status, 200, "{}", ended.text);
    }
    let kept = async || {
        let kept =
            "SELECT CAST(payment_id AS text) AS json FROM idempotency_keys ORDER BY payment_id";
        stage.store.texts(kept).await
    };
    let all = [&over, &young, &open].map(|order| order.payment.to_string());
    assert_eq!(kept().await, all);
    let past = format!(
        "UPDATE idempotency_keys SET kept_until = '2020-01-01T00:00:00.000000Z' WHERE payment_id <> {}",
        young.payment
    );
    stage.store.run(&past).await;
    let ran = stage.command(&["schedule", "run", "cleanup-expired"]);
    assert!(ran.text.contains(", 1 keys forgotten"), "{}", ran.text);
    assert_eq!(kept().await, all[1..]);
}
