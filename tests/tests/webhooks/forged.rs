//! Nothing but what the gateway says when it is asked ever changes a payment: not what somebody makes up,
//! not what was edited after it was signed, not what is about somebody else.

use std::time::Duration;

use bayar_sandbox::sim::book::Outcome;
use bayar_sandbox::sim::{Action, Tamper};

use crate::stage::{Stage, on_both_stores};

on_both_stores! {
    what_nobody_signed_changes_nothing,
    what_was_edited_after_it_was_signed_changes_nothing,
    what_is_signed_and_untrue_changes_nothing_and_is_parked,
    what_is_about_another_account_or_world_is_put_aside,
    no_log_holds_a_secret_or_what_a_webhook_said,
}

async fn what_nobody_signed_changes_nothing(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        let order = stage.open(gateway).await;
        let about = stage.book().sessions(&order.number)[0].session.clone();
        let (about, event) = match gateway {
            "stripe" => (about, "checkout.session.completed"),
            _ => {
                let chosen = stage.act(Action::MidtransChoose {
                    page: order.number.clone(),
                    method: "bca_va".to_owned(),
                });
                stage.gateways.settle().await.unwrap();
                let transaction = chosen["transaction_id"].as_str().unwrap();
                (transaction.to_owned(), "settlement")
            }
        };
        let before = stage.webhooks("").await.len();
        for how in [Tamper::WrongSecret, Tamper::Unsigned] {
            stage.forge(&about, event, how).await;
        }
        if gateway == "stripe" {
            stage
                .forge(&about, event, Tamper::Stale { seconds: 400 })
                .await;
            stage
                .forge(&about, event, Tamper::Stale { seconds: -400 })
                .await;
        }
        assert_eq!(stage.webhooks("").await.len(), before, "{gateway}");
        assert_eq!(stage.status(&order).await, "processing");
        let attempts = stage.attempts(&order);
        let forged: Vec<_> = attempts.iter().filter(|it| it.tampered.is_some()).collect();
        assert!(forged.len() >= 2, "{attempts:?}");
        for attempt in forged {
            assert_eq!(attempt.outcome, Outcome::Answered(400), "{attempt:?}");
        }
    }
}

async fn what_was_edited_after_it_was_signed_changes_nothing(mut stage: Stage) {
    let order = stage.open("midtrans").await;
    // Its signature covers neither the status nor the time.
    stage.tamper(
        "pending",
        Tamper::Edited {
            status: "settlement".to_owned(),
        },
    );
    stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "bca_va".to_owned(),
    });
    stage.gateways.settle().await.unwrap();
    let told = stage.must_be("settlement", "processed").await;
    assert_eq!(told["order_number"], order.number, "{told}");
    assert_eq!(stage.status(&order).await, "processing");
    stage.must_have_kept(&order, 0).await;
}

async fn what_is_signed_and_untrue_changes_nothing_and_is_parked(mut stage: Stage) {
    let order = stage.open("stripe").await;
    let session = stage.book().sessions(&order.number)[0].session.clone();
    stage
        .forge(
            &session,
            "checkout.session.completed",
            Tamper::Duplicate { copies: 0 },
        )
        .await;
    bayar_tests::program::wait_until("it is parked", async || {
        stage.let_pauses_end().await;
        stage.webhooks("").await[0]["status"] == "parked"
    })
    .await;
    let parked = stage.must_be("checkout.session.completed", "parked").await;
    assert_eq!(parked["fault"], "not_confirmed", "{parked}");
    assert_eq!(parked["tries"], 8, "{parked}");
    assert_eq!(stage.status(&order).await, "processing");
    stage.must_have_kept(&order, 0).await;
    assert!(
        stage
            .server
            .log()
            .contains("a webhook is parked: an operator has to look")
    );
    // The buyer may still pay, and then it is true.
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    stage.must_have_kept(&order, 1).await;
}

async fn what_is_about_another_account_or_world_is_put_aside(mut stage: Stage) {
    stage.installation.set("MIDTRANS_MERCHANT_ID", "G000000001");
    stage = stage.restarted().await;
    for (event, how) in [
        // It would lead to the same money.
        ("pending", Tamper::Drop),
        ("payment_intent.succeeded", Tamper::LiveFlipped),
        ("checkout.session.completed", Tamper::OtherAccount),
        ("settlement", Tamper::OtherAccount),
    ] {
        stage.tamper(event, how);
    }
    for gateway in ["stripe", "midtrans"] {
        let order = stage.open(gateway).await;
        stage.pay(&order, gateway);
        stage.gateways.settle().await.unwrap();
        if gateway == "stripe" {
            let other = stage
                .must_be("payment_intent.succeeded", "quarantined")
                .await;
            assert_eq!(
                (&other["mode"], &other["fault"]),
                (&"live".into(), &"other_mode".into())
            );
            let other = stage
                .must_be("checkout.session.completed", "quarantined")
                .await;
            assert_eq!(other["fault"], "other_account", "{other}");
        } else {
            let other = stage.must_be("settlement", "quarantined").await;
            assert_eq!(other["fault"], "other_account", "{other}");
        }
        assert_eq!(stage.status(&order).await, "processing", "{gateway}");
        stage.refresh(&order).await;
        assert_eq!(stage.status(&order).await, "completed", "{gateway}");
    }
    assert!(
        stage
            .server
            .log()
            .contains("a webhook is not for this account")
    );
}

async fn no_log_holds_a_secret_or_what_a_webhook_said(mut stage: Stage) {
    stage.installation.set("LOG_LEVEL", "trace");
    stage = stage.restarted().await;
    for gateway in ["stripe", "midtrans"] {
        let order = stage.open(gateway).await;
        stage.pay(&order, gateway);
        stage.must_become(&order, "completed").await;
    }
    let order = stage.open("midtrans").await;
    let pay = stage
        .gateways
        .pay_midtrans_card(&order.number, "4811111111111114");
    pay.unwrap();
    stage.must_become(&order, "completed").await;
    stage
        .forge(&stage.money(&order), "settlement", Tamper::WrongSecret)
        .await;
    stage.all_is_done().await;
    let deliveries = stage.gateways.deliveries().unwrap();
    assert!(deliveries.len() > 6, "{}", deliveries.len());
    tokio::time::timeout(Duration::from_secs(60), async {
        let server = stage.shared.server;
        let log = server.stop().await.log;
        assert!(log.contains("MIDTRANS WEBHOOK RECEIVED"));
        assert!(log.contains("STRIPE WEBHOOK RECEIVED"));
        for secret in [
            "whsec_simulated",
            "SB-Mid-server-simulated",
            "signature_key",
            "client_secret",
            "_secret_",
            "v1=",
            "cs_test_",
            "48111111",
            "by-",
        ] {
            assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
        }
        for delivery in deliveries {
            assert!(!log.contains(&delivery.body), "{}", delivery.event);
        }
    })
    .await
    .unwrap();
}
