//! Webhooks that nobody knows what to do with yet, that nothing can be done with, and gateways that do not answer.

use bayar_sandbox::sim::{Action, Fault, Tamper};
use bayar_tests::program::wait_until;

use crate::stage::{Stage, on_both_stores};

on_both_stores! {
    a_webhook_about_money_nobody_knows_waits_for_it,
    a_webhook_about_nothing_of_ours_rests_after_seven_days,
    a_gateway_in_trouble_is_asked_again_and_then_an_operator_is,
    a_webhook_that_kills_its_worker_is_parked,
    work_goes_on_beside_a_gateway_that_is_slow,
}

async fn a_webhook_about_money_nobody_knows_waits_for_it(mut stage: Stage) {
    let order = stage.paid_unheard("stripe").await;
    // A refund names the money, and nothing else.
    stage.tamper("charge.refunded", Tamper::Drop);
    stage.act(Action::StripeRefund {
        payment_intent: stage.money(&order),
        amount: Some(1_000_000),
    });
    stage.gateways.settle().await.unwrap();
    let waiting = stage.must_be("refund.created", "unmatched").await;
    assert!(waiting["next_try_at"].is_string(), "{waiting}");
    assert_eq!(stage.status(&order).await, "processing");
    // The money is found by another door.
    stage.refresh(&order).await;
    stage.let_pauses_end().await;
    let done = stage.must_be("refund.created", "processed").await;
    assert_eq!(done["order_number"], order.number, "{done}");
    stage.must_become(&order, "partially_refunded").await;
}

async fn a_webhook_about_nothing_of_ours_rests_after_seven_days(mut stage: Stage) {
    let order = stage.paid_unheard("stripe").await;
    stage.tamper("charge.refunded", Tamper::Drop);
    stage.act(Action::StripeRefund {
        payment_intent: stage.money(&order),
        amount: Some(1_000_000),
    });
    stage.must_be("refund.created", "unmatched").await;
    age(&stage).await;
    wait_until("it rests", async || {
        let all = stage.webhooks("&status=unmatched").await;
        !all.is_empty() && all.iter().all(|webhook| webhook["next_try_at"].is_null())
    })
    .await;
    // It is there for whoever wants it.
    stage.refresh(&order).await;
    let all = stage.webhooks("&status=unmatched").await;
    for webhook in all {
        let id = webhook["id"].to_string();
        stage.installation.run(&["webhooks", "replay", &id], "");
    }
    stage.must_be("refund.created", "processed").await;
}

/// Lets eight days pass for all webhooks.
async fn age(stage: &Stage) {
    match &stage.store {
        bayar_tests::program::Store::Postgres(_) => {
            stage
                .store
                .run(
                    "ALTER TABLE inbox DISABLE TRIGGER inbox_says_the_same;
                    UPDATE inbox SET received_at = received_at - interval '8 days';
                    ALTER TABLE inbox ENABLE TRIGGER inbox_says_the_same",
                )
                .await;
        }
        bayar_tests::program::Store::Sqlite(_) => {
            stage
                .store
                .run(
                    "DROP TRIGGER inbox_says_the_same;
                    UPDATE inbox SET received_at =
                        strftime('%Y-%m-%dT%H:%M:%S', received_at, '-8 days') || '.000000Z'",
                )
                .await;
        }
    }
    stage.let_pauses_end().await;
}

async fn a_gateway_in_trouble_is_asked_again_and_then_an_operator_is(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        let order = stage.open(gateway).await;
        stage.gateways.settle().await.unwrap();
        let operation = match gateway {
            "stripe" => "checkout_session.retrieve",
            _ => "core.status",
        };
        let kind = match gateway {
            "stripe" => "checkout.session.completed",
            _ => "settlement",
        };
        stage.all(operation, Fault::Error503Html { applied: false });
        stage.pay(&order, gateway);
        wait_until("it is parked", async || {
            stage.let_pauses_end().await;
            let parked = stage.webhooks("&status=parked").await;
            parked.iter().any(|webhook| webhook["event_type"] == kind)
        })
        .await;
        let parked = stage.must_be(kind, "parked").await;
        assert_eq!(parked["tries"], 8, "{parked}");
        assert_eq!(stage.status(&order).await, "processing");
        stage.calm();
        stage
            .installation
            .run(&["webhooks", "replay", "--parked"], "");
        stage.must_become(&order, "completed").await;
        stage.must_be(kind, "processed").await;
        stage.must_have_kept(&order, 1).await;
    }
}

async fn a_webhook_that_kills_its_worker_is_parked(mut stage: Stage) {
    let order = stage.open("midtrans").await;
    stage.gateways.settle().await.unwrap();
    stage = stage.restarted_until("inbox.taken").await;
    stage.pay(&order, "midtrans");
    stage = stage.revived().await;
    stage.stop_listening();
    // As often as it takes.
    stage
        .store
        .run("UPDATE inbox SET tries = 8 WHERE status = 'received'")
        .await;
    stage.let_leases_end().await;
    stage.let_pauses_end().await;
    wait_until("it is parked", async || {
        let parked = stage.webhooks("&status=parked").await;
        parked
            .iter()
            .any(|webhook| webhook["fault"] == "never_finished")
    })
    .await;
    stage
        .installation
        .run(&["webhooks", "replay", "--parked"], "");
    stage.all_is_done().await;
    stage.refresh(&order).await;
    assert_eq!(stage.status(&order).await, "completed");
}

async fn work_goes_on_beside_a_gateway_that_is_slow(mut stage: Stage) {
    stage.installation.set("WEBHOOK_WORKERS", "2");
    stage = stage.restarted().await;
    let mut slow = Vec::new();
    for _ in 0..6 {
        slow.push(stage.open("stripe").await);
    }
    let quick = stage.open("midtrans").await;
    stage.all("checkout_session.retrieve", Fault::TimeoutBefore);
    for order in &slow {
        stage.pay(order, "stripe");
    }
    stage.pay(&quick, "midtrans");
    stage.must_become(&quick, "completed").await;
    // It came last and did not wait for those before it.
    let untried = "SELECT event_type AS json FROM inbox WHERE gateway = 'stripe' AND tries = 0";
    assert!(!stage.store.texts(untried).await.is_empty());
    stage.calm();
    for order in &slow {
        wait_until("the others are completed too", async || {
            stage.let_pauses_end().await;
            stage.status(order).await == "completed"
        })
        .await;
    }
}
