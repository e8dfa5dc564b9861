//! Two processes do due work on one store.

use std::collections::BTreeMap;

use bayar_tests::program::wait_until;
use bayar_tests::stage::{Stage, on_both_stores};

use crate::moments::{let_jobs_be_due, reads};

on_both_stores! {
    two_workers_read_each_of_200_payments_once_for_each_time_it_is_due,
}

async fn two_workers_read_each_of_200_payments_once_for_each_time_it_is_due(mut stage: Stage) {
    const ORDERS: usize = 200;
    let mut orders = BTreeMap::new();
    for _ in 0..ORDERS {
        let order = stage.order().await;
        let door = stage.open(order.payment, "stripe").await;
        orders.insert(door.attempt, order);
    }
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    // Nothing is asked twice because this machine was slow.
    stage.installation.set("GATEWAY_TIMEOUT", "15s");
    let mut before = BTreeMap::new();
    for (attempt, order) in &orders {
        before.insert(*attempt, reads(&stage, order));
    }
    let_jobs_be_due(&stage).await;
    let mut workers: Vec<_> = (0..2).map(|_| stage.installation.work()).collect();
    let all = "SELECT kind AS json FROM jobs WHERE kind = 'watch_attempt' AND tries > 0 AND leased_until IS NULL";
    wait_until("each was looked at", async || {
        stage.store.texts(all).await.len() >= ORDERS
    })
    .await;
    for worker in &mut workers {
        worker.stop();
    }
    let tries = "SELECT subject_id || ' ' || tries AS json FROM jobs WHERE kind = 'watch_attempt'";
    let tries = stage.store.texts(tries).await;
    assert_eq!(tries.len(), ORDERS);
    for row in tries {
        let (attempt, tries) = row.split_once(' ').unwrap();
        let attempt: i64 = attempt.parse().unwrap();
        let tries: usize = tries.parse().unwrap();
        let read = reads(&stage, &orders[&attempt]) - before[&attempt];
        assert_eq!(read, tries, "attempt {attempt}");
    }
    let shares: Vec<_> = workers.iter().map(|worker| worker.ended_well()).collect();
    assert_eq!(shares, [true, true]);
}
