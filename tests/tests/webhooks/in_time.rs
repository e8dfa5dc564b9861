//! Webhooks come as they like: at once, twice, late, in any order, before the answer to what they are about.
//! The payment is the same.

use std::time::Duration;

use bayar_sandbox::sim::{Action, Fault, RefundMove, Tamper};

use crate::stage::{Stage, on_both_stores};

on_both_stores! {
    a_payment_completes_by_its_webhook_alone,
    a_webhook_that_comes_many_times_completes_once,
    webhooks_that_overtake_each_other_change_nothing,
    webhooks_that_come_late_still_count,
    a_webhook_may_come_before_the_answer,
    what_a_webhook_proves_ends_the_call_whose_answer_was_lost,
    a_webhook_that_was_lost_is_sent_again,
    a_declined_card_is_no_end,
    a_session_that_is_complete_and_unpaid_is_not_paid,
    a_checkout_that_expires_is_ended,
    a_refund_and_a_dispute_at_the_dashboard_are_seen,
    all_that_midtrans_tells_is_followed,
}

const GATEWAYS: [&str; 2] = ["stripe", "midtrans"];

async fn a_payment_completes_by_its_webhook_alone(mut stage: Stage) {
    for gateway in GATEWAYS {
        let order = stage.open(gateway).await;
        stage.pay(&order, gateway);
        stage.must_become(&order, "completed").await;
        stage.must_have_kept(&order, 1).await;
    }
    stage.all_is_done().await;
    for webhook in stage.webhooks("").await {
        let is_well = ["processed", "ignored"].contains(&webhook["status"].as_str().unwrap());
        assert!(is_well, "{webhook}");
    }
    stage.must_be("payment_intent.created", "ignored").await;
    let told = stage.must_be("settlement", "processed").await;
    assert!(told["order_number"].is_string(), "{told}");
}

async fn a_webhook_that_comes_many_times_completes_once(mut stage: Stage) {
    for gateway in GATEWAYS {
        stage.tamper("*", Tamper::Duplicate { copies: 3 });
        let order = stage.open(gateway).await;
        stage.pay(&order, gateway);
        stage.must_become(&order, "completed").await;
        stage.all_is_done().await;
        stage.must_have_kept(&order, 1).await;
        stage.calm();
    }
    // Each is there once.
    let mut ids: Vec<_> = stage.webhooks("").await;
    let all = ids.len();
    ids.sort_by_key(|webhook| webhook["event_id"].to_string());
    ids.dedup_by_key(|webhook| webhook["event_id"].to_string());
    assert_eq!(ids.len(), all);
}

async fn webhooks_that_overtake_each_other_change_nothing(mut stage: Stage) {
    for gateway in GATEWAYS {
        stage.tamper("*", Tamper::Reorder);
        let order = stage.open(gateway).await;
        stage.pay(&order, gateway);
        stage
            .gateways
            .advance(Duration::from_secs(30))
            .await
            .unwrap();
        stage.must_become(&order, "completed").await;
        stage.all_is_done().await;
        assert_eq!(stage.status(&order).await, "completed");
        stage.must_have_kept(&order, 1).await;
        stage.calm();
    }
}

async fn webhooks_that_come_late_still_count(mut stage: Stage) {
    for gateway in GATEWAYS {
        stage.tamper("*", Tamper::Delay { seconds: 1800 });
        let order = stage.open(gateway).await;
        stage.pay(&order, gateway);
        stage.gateways.settle().await.unwrap();
        assert_eq!(stage.status(&order).await, "processing", "{gateway}");
        stage
            .gateways
            .advance(Duration::from_secs(1900))
            .await
            .unwrap();
        stage.must_become(&order, "completed").await;
        stage.must_have_kept(&order, 1).await;
        stage.calm();
    }
}

async fn a_webhook_may_come_before_the_answer(mut stage: Stage) {
    // Closing tells of itself, and the answer comes after that.
    let order = stage.open("stripe").await;
    stage.next("checkout_session.expire", Fault::WebhookFirst);
    bayar_tests::program::wait_until("the other door is open", async || {
        stage.process(&order, "midtrans").await == 200
    })
    .await;
    stage.must_be("checkout.session.expired", "processed").await;
    stage.pay(&order, "midtrans");
    stage.must_become(&order, "completed").await;
    stage.all_is_done().await;
    stage.must_have_kept(&order, 1).await;
}

/// Nobody comes back to a call once what it was for is known by another door: so it has to end with that.
async fn what_a_webhook_proves_ends_the_call_whose_answer_was_lost(mut stage: Stage) {
    let order = stage.order().await;
    stage.all("checkout_session.create", Fault::TimeoutAfter);
    assert_eq!(stage.process(&order, "stripe").await, 202);
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    no_call_must_be_open(&stage).await;
    stage.calm();

    let order = stage.open("stripe").await;
    stage.all("checkout_session.expire", Fault::TimeoutAfter);
    stage.process(&order, "midtrans").await;
    stage.must_be("checkout.session.expired", "processed").await;
    no_call_must_be_open(&stage).await;
    assert_eq!(stage.process(&order, "midtrans").await, 200);
    stage.pay(&order, "midtrans");
    stage.must_become(&order, "completed").await;
    stage.must_have_kept(&order, 1).await;
}

async fn no_call_must_be_open(stage: &Stage) {
    stage.gateways.settle().await.unwrap();
    let open =
        "SELECT operation || ' ' || status AS json FROM gateway_calls WHERE finished_at IS NULL";
    bayar_tests::program::wait_until("no call is open", async || {
        stage.store.texts(open).await.is_empty()
    })
    .await;
}

async fn a_webhook_that_was_lost_is_sent_again(mut stage: Stage) {
    for gateway in GATEWAYS {
        stage.tamper("*", Tamper::Drop);
        let order = stage.open(gateway).await;
        stage.pay(&order, gateway);
        stage.gateways.settle().await.unwrap();
        assert_eq!(stage.status(&order).await, "processing", "{gateway}");
        stage.calm();
        // Somebody at the dashboard sends them once more.
        for delivery in stage.gateways.deliveries().unwrap() {
            let delivery = delivery.id;
            stage.act(Action::ResendWebhook { delivery });
        }
        stage.must_become(&order, "completed").await;
        stage.all_is_done().await;
        stage.must_have_kept(&order, 1).await;
    }
}

async fn a_declined_card_is_no_end(mut stage: Stage) {
    let order = stage.open("stripe").await;
    let declined = stage.gateways.act(Action::StripePayCard {
        session: order.number.clone(),
        card: "4000000000000002".to_owned(),
    });
    assert!(declined.is_err());
    stage
        .must_be("payment_intent.payment_failed", "processed")
        .await;
    assert_eq!(stage.status(&order).await, "processing");
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    stage.must_have_kept(&order, 1).await;
}

async fn a_session_that_is_complete_and_unpaid_is_not_paid(mut stage: Stage) {
    for (came, status) in [(true, "completed"), (false, "pending")] {
        let order = stage.open("stripe").await;
        let session = order.number.clone();
        stage.act(Action::StripePayBank {
            session: session.clone(),
        });
        stage.all_is_done().await;
        stage
            .must_be("checkout.session.completed", "processed")
            .await;
        assert_eq!(stage.status(&order).await, "processing");
        stage.act(Action::StripeBankEnds { session, came });
        stage.must_become(&order, status).await;
        stage.all_is_done().await;
        stage.must_have_kept(&order, usize::from(came)).await;
    }
}

async fn a_checkout_that_expires_is_ended(mut stage: Stage) {
    let order = stage.open("stripe").await;
    let session = order.number.clone();
    stage.act(Action::StripeExpire { session });
    stage.must_become(&order, "pending").await;
    // And another one can be opened at once.
    assert_eq!(stage.process(&order, "stripe").await, 200);
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    stage.must_have_kept(&order, 1).await;
}

async fn a_refund_and_a_dispute_at_the_dashboard_are_seen(mut stage: Stage) {
    let order = stage.open("stripe").await;
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    let payment_intent = stage.money(&order);
    stage.act(Action::StripeRefund {
        payment_intent,
        amount: Some(1_000_000),
    });
    stage.must_become(&order, "partially_refunded").await;

    let order = stage.open("stripe").await;
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    let payment_intent = stage.money(&order);
    let disputed = stage.act(Action::StripeDispute {
        payment_intent,
        reason: "fraudulent".to_owned(),
        amount: None,
    });
    stage.must_be("charge.dispute.created", "processed").await;
    let explained = stage.installation.explain(&order.number).to_string();
    assert!(explained.contains("disputed"), "{explained}");
    let dispute = disputed["id"].as_str().or(disputed["dispute"].as_str());
    let dispute = dispute.unwrap_or_else(|| panic!("{disputed}")).to_owned();
    stage.act(Action::StripeDisputeEnds { dispute, won: true });
    stage.must_be("charge.dispute.closed", "processed").await;

    let order = stage.open("stripe").await;
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    let payment_intent = stage.money(&order);
    let refunded = stage.act(Action::StripeRefund {
        payment_intent,
        amount: None,
    });
    stage.must_become(&order, "refunded").await;
    let refund = refunded["id"].as_str().or(refunded["refund"].as_str());
    let refund = refund.unwrap_or_else(|| panic!("{refunded}")).to_owned();
    // The bank could not take it.
    stage.act(Action::StripeRefundMoves {
        refund,
        to: RefundMove::Failed,
    });
    stage.must_be("refund.failed", "processed").await;
    stage.must_become(&order, "completed").await;
}

async fn all_that_midtrans_tells_is_followed(mut stage: Stage) {
    for (end, said, status) in [
        ("settle", "settlement", "completed"),
        ("deny", "deny", "processing"),
        ("expire", "expire", "pending"),
        ("cancel", "cancel", "pending"),
        ("challenge", "capture", "under_review"),
    ] {
        let order = stage.open("midtrans").await;
        let method = if end == "challenge" {
            "credit_card"
        } else {
            "bca_va"
        };
        let page = order.number.clone();
        let chosen = if end == "challenge" {
            stage.act(Action::MidtransCard {
                page,
                card: "4811111111111114".to_owned(),
            })
        } else {
            stage.act(Action::MidtransChoose {
                page,
                method: method.to_owned(),
            })
        };
        let transaction = chosen["transaction_id"].as_str().unwrap().to_owned();
        stage.gateways.settle().await.unwrap();
        stage.act(match end {
            "settle" => Action::MidtransPay {
                transaction: transaction.clone(),
                late: false,
            },
            "deny" => Action::MidtransDeny { transaction },
            "expire" => Action::MidtransExpire { transaction },
            "cancel" => Action::MidtransCancel { transaction },
            _ => Action::MidtransChallenge { transaction },
        });
        stage.all_is_done().await;
        stage.must_be(said, "processed").await;
        stage.must_become(&order, status).await;
    }
    let order = stage.open("midtrans").await;
    stage.pay(&order, "midtrans");
    stage.must_become(&order, "completed").await;
    let transaction = stage.money(&order);
    stage.act(Action::MidtransRefund {
        transaction,
        amount: Some(50_000),
    });
    stage.must_be("partial_refund", "processed").await;
    stage.must_become(&order, "partially_refunded").await;

    let order = stage.open("midtrans").await;
    let page = order.number.clone();
    let chosen = stage.act(Action::MidtransChoose {
        page,
        method: "permata_va".to_owned(),
    });
    let transaction = chosen["transaction_id"].as_str().unwrap().to_owned();
    stage.act(Action::MidtransPay {
        transaction: transaction.clone(),
        late: false,
    });
    stage.must_become(&order, "completed").await;
    // The settlement turns out not to be there.
    stage.act(Action::MidtransReverse { transaction });
    wait_until_not_completed(&stage, &order).await;
}

async fn wait_until_not_completed(stage: &Stage, order: &crate::stage::Ordered) {
    bayar_tests::program::wait_until("the money is gone again", async || {
        stage.status(order).await != "completed"
    })
    .await;
}
