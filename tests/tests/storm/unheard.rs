//! Every webhook is lost, and the payments complete all the same: by work that is due, or by whoever presses refresh.
//! The time is the real one, and so are the pauses.

use std::time::Duration;

use bayar_sandbox::sim::book::Outcome;
use bayar_sandbox::sim::{Tamper, WebhookRule, WebhookUrls};
use bayar_tests::program::note;
use bayar_tests::stage::{Ordered, Stage, on_both_stores};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

on_both_stores! {
    every_payment_completes_by_due_work_though_no_webhook_ever_comes,
    where_no_scheduler_runs_either_the_refresh_button_completes_it,
}

/// How many people pay.
const ORDERS: usize = 16;

/// How long they take to pay, at most.
const PAID_WITHIN: Duration = Duration::from_secs(24);

/// In the first minute it is looked after 10, 30 and 60 seconds: nobody waits longer than half of that.
const KNOWN_WITHIN: Duration = Duration::from_secs(30);

/// What a busy machine adds.
const SLACK: Duration = Duration::from_secs(10);

/// From now on every webhook is lost.
fn lose_all_webhooks(stage: &Stage) {
    let address = stage.server.address;
    stage
        .gateways
        .send_webhooks_to(WebhookUrls {
            stripe: Some(format!("http://{address}/stripe/webhook")),
            midtrans: Some(format!("http://{address}/midtrans/notification")),
        })
        .unwrap();
    let lost = WebhookRule::next(Tamper::Drop).times(0);
    stage.gateways.add_webhook_rule(lost).unwrap();
}

/// There were webhooks, and none of them arrived.
fn must_have_lost_all_webhooks(stage: &Stage, orders: usize) {
    let book = stage.book();
    let outcomes: Vec<_> = book
        .webhook_attempts()
        .map(|(_, attempt)| attempt.outcome.clone())
        .collect();
    assert!(outcomes.len() >= orders, "{}", outcomes.len());
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Dropped));
}

async fn open(stage: &mut Stage, many: usize) -> Vec<(Ordered, &'static str)> {
    let mut orders = Vec::new();
    for number in 0..many {
        let gateway = ["stripe", "midtrans"][number % 2];
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        orders.push((order, gateway));
    }
    orders
}

fn pay(stage: &Stage, order: &Ordered, gateway: &str) {
    match gateway {
        "stripe" => stage.pay_stripe(order),
        _ => stage.pay_midtrans(order),
    }
}

/// How long it took from the money to the completed payment.
fn tell(how: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    note(format_args!(
        "{} payments, no webhook, {how}: complete {median:.1?} after the money came in the middle, {longest:.1?} at most",
        times.len()
    ));
    longest
}

async fn every_payment_completes_by_due_work_though_no_webhook_ever_comes(stage: Stage) {
    let mut stage = stage.at_work().await;
    lose_all_webhooks(&stage);
    let orders = open(&mut stage, ORDERS).await;
    let stage = &stage;
    let completing = orders
        .iter()
        .zip(0_u32..)
        .map(async |((order, gateway), number)| {
            sleep(PAID_WITHIN * number / u32::try_from(ORDERS).unwrap()).await;
            pay(stage, order, gateway);
            let paid = Instant::now();
            while stage.stored_status(order.payment).await != "completed" {
                assert!(
                    paid.elapsed() < KNOWN_WITHIN + SLACK,
                    "{order:?}: nobody looks"
                );
                sleep(Duration::from_millis(200)).await;
            }
            paid.elapsed()
        });
    tell("by due work", join_all(completing).await);
    for (order, _) in &orders {
        assert_eq!(stage.times(order.payment, "completed").await, 1);
        stage.must_have_kept(order, 1);
    }
    must_have_lost_all_webhooks(stage, ORDERS);
}

async fn where_no_scheduler_runs_either_the_refresh_button_completes_it(mut stage: Stage) {
    lose_all_webhooks(&stage);
    let orders = open(&mut stage, ORDERS / 2).await;
    let mut times = Vec::new();
    for (order, gateway) in &orders {
        pay(&stage, order, gateway);
        assert_eq!(stage.stored_status(order.payment).await, "processing");
        let pressed = Instant::now();
        let told = stage.post(order.payment, "refresh", &json!({})).await;
        times.push(pressed.elapsed());
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        stage.must_have_kept(order, 1);
    }
    let longest = tell("by the refresh button", times);
    assert!(longest < SLACK, "{longest:?}");
    must_have_lost_all_webhooks(&stage, orders.len());
}
