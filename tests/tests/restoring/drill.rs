//! The drill: a copy is made while people pay, more happens, and the copy is put back.

use bayar_sandbox::sim::Action;
use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::json;

use crate::acts::{captures, choose, completed, money, opened, pay, rebuild, rebuilt, refund};
use crate::copies::Copy;

on_both_stores! {
    a_restored_database_gets_back_every_payment_that_was_captured,
    a_rebuild_that_is_killed_goes_on_where_it_was,
    nothing_is_brought_back_where_nothing_was_lost,
}

/// How many payments are paid while the copy is made, at each gateway.
const MEANWHILE: usize = 8;

async fn a_restored_database_gets_back_every_payment_that_was_captured(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    // What was there before.
    let refunded = completed(&mut stage, "stripe").await;
    let by_hand = completed(&mut stage, "stripe").await;
    let elsewhere = completed(&mut stage, "midtrans").await;
    let mut late = Vec::new();
    for gateway in ["stripe", "midtrans"] {
        late.push((opened(&mut stage, gateway).await, gateway));
    }
    let mut moved_on = Vec::new();
    for (from, to) in [("stripe", "midtrans"), ("midtrans", "stripe")] {
        moved_on.push((opened(&mut stage, from).await, to));
    }
    // People pay while the copy is made: some of it is in the copy, and some is not.
    let mut meanwhile = Vec::new();
    for _ in 0..MEANWHILE {
        for gateway in ["stripe", "midtrans"] {
            meanwhile.push((stage.order().await, gateway));
        }
    }
    let begun = stage.time();
    let load = tokio::spawn({
        let (customer, gateways) = (stage.customer(), stage.gateways.clone());
        let orders = meanwhile.clone();
        async move {
            for (order, gateway) in orders {
                let path = format!("/api/v1/payments/{}/process", order.payment);
                let wish = json!({ "gateway": gateway });
                let answer = customer.post(&path, &[], &wish).await.unwrap();
                assert_eq!(answer.status, 200, "{}", answer.text);
                match gateway {
                    "stripe" => gateways.pay_stripe(&order.number).unwrap(),
                    _ => gateways.pay_midtrans(&order.number, "gopay").unwrap(),
                };
                let path = format!("/api/v1/payments/{}/refresh", order.payment);
                customer.post(&path, &[], &json!({})).await.unwrap();
            }
        }
    });
    let copy = Copy::of(&stage);
    load.await.unwrap();
    // What happened afterwards, and is in no copy.
    let mut lost = Vec::new();
    for gateway in ["stripe", "midtrans", "stripe"] {
        lost.push((completed(&mut stage, gateway).await, gateway));
    }
    for (order, gateway) in &late {
        pay(&stage, order, gateway);
        stage.must_become(order.payment, "completed").await;
    }
    for (order, gateway) in &moved_on {
        stage.open_in_the_end(order.payment, gateway).await;
        pay(&stage, order, gateway);
        stage.must_become(order.payment, "completed").await;
    }
    let open = opened(&mut stage, "stripe").await;
    let transferring = opened(&mut stage, "midtrans").await;
    let transfer = choose(&stage, &transferring, "bca_va");
    refund(&stage, &refunded, "10000").await;
    stage.act(Action::StripeRefund {
        payment_intent: money(&stage, &by_hand),
        amount: Some(2_000_000),
    });
    refund(&stage, &elsewhere, "20000").await;
    let highest = transferring.payment;

    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    let (taken, known) = captures(&stage).await;
    assert!(known.len() + 3 <= taken.len(), "{known:?} of {taken:?}");

    // Nothing is written by looking.
    let (code, told) = rebuilt(&stage, begun, &["--dry-run"]);
    assert_eq!(code, Some(2), "{told}");
    assert_eq!(captures(&stage).await.1, known);
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(2), "{told:#}");
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known, "{told:#}");
    // It may be run again, and finds nothing more.
    let again = rebuild(&stage, begun, &[]);
    assert_eq!(again.code, Some(0), "{}", again.text);
    assert!(again.text.contains("Nothing was lost."), "{}", again.text);
    stage.forgot_since(begun);

    let mut stage = stage.serving().await;
    let all = lost.iter().chain(&late).chain(&meanwhile).chain(&moved_on);
    for (order, _) in all {
        assert_eq!(
            stage.stored_status(order.payment).await,
            "completed",
            "{}",
            order.number
        );
        stage.must_have_kept(order, 1);
    }
    for order in [&refunded, &by_hand] {
        let status = stage.stored_status(order.payment).await;
        assert_eq!(status, "partially_refunded", "{}", order.number);
    }
    // Midtrans lists no refunds: that one is seen when its payment is next read.
    stage
        .must_become(elsewhere.payment, "partially_refunded")
        .await;
    // Whoever asks again for what was lost finds it, and is charged for nothing twice.
    for (order, _) in &lost {
        let again = stage
            .create(order.consultation, bayar_tests::stage::PRICE)
            .await;
        assert_eq!(again.status, 409, "{}", again.text);
    }
    let again = stage
        .create(open.consultation, bayar_tests::stage::PRICE)
        .await;
    assert_eq!(
        again.number("/data/payment_id"),
        open.payment,
        "{}",
        again.text
    );
    // What was open and lost can be paid, and its money is known for what it is.
    stage.pay_stripe(&open);
    stage.must_become(open.payment, "completed").await;
    stage.act(Action::MidtransPay {
        transaction: transfer,
        late: false,
    });
    stage.must_become(transferring.payment, "completed").await;
    // New payments share nothing with what was lost.
    for gateway in ["stripe", "midtrans"] {
        let new = completed(&mut stage, gateway).await;
        assert!(new.payment > highest, "{} and {highest}", new.payment);
    }
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known);
}

async fn a_rebuild_that_is_killed_goes_on_where_it_was(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let begun = stage.time();
    let copy = Copy::of(&stage);
    let mut lost = Vec::new();
    for gateway in ["stripe", "midtrans", "stripe"] {
        lost.push(completed(&mut stage, gateway).await);
    }
    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    for step in [
        "rebuild.before_commit",
        "rebuild.after_commit",
        "settle.before_commit",
        "settle.after_commit",
    ] {
        stage.installation.set("BAYAR_KILL_AT", step);
        let died = rebuild(&stage, begun, &[]);
        assert_eq!(died.code, None, "{step}: {}", died.text);
    }
    stage.installation.set("BAYAR_KILL_AT", "");
    let told = rebuild(&stage, begun, &[]);
    assert_eq!(told.code, Some(2), "{}", told.text);
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known);
    stage.forgot_since(begun);
    let stage = stage.serving().await;
    for order in &lost {
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        assert_eq!(stage.times(order.payment, "completed").await, 1);
        stage.must_have_kept(order, 1);
    }
}

async fn nothing_is_brought_back_where_nothing_was_lost(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let begun = stage.time();
    for gateway in ["stripe", "midtrans"] {
        completed(&mut stage, gateway).await;
        opened(&mut stage, gateway).await;
    }
    for more in [["--dry-run"].as_slice(), &[]] {
        let told = rebuild(&stage, begun, more);
        assert_eq!(told.code, Some(0), "{}", told.text);
    }
    // What cannot be read is not taken for nothing.
    stage.all(
        "core.status",
        bayar_sandbox::sim::Fault::Error500Before { stored: false },
    );
    let told = rebuild(&stage, begun, &[]);
    assert_eq!(told.code, Some(1), "{}", told.text);
    assert!(told.text.contains("Not known: midtrans"), "{}", told.text);
    stage.calm();
}
