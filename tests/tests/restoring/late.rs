//! What comes back after its time: its order is paid by then, its payment has ended, or other ids were given out.

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::program::wait_until;
use bayar_tests::stage::{Ordered, PRICE, Stage, on_both_stores};
use serde_json::json;

use crate::acts::{captures, choose, completed, money, opened, rebuild, rebuilt};
use crate::copies::Copy;

on_both_stores! {
    what_was_paid_at_both_gateways_comes_back_and_is_kept_once,
    a_payment_whose_order_another_one_paid_comes_back_called_off,
    what_was_given_back_before_takes_no_place_from_what_was_kept,
    where_it_cannot_be_told_which_money_was_kept_none_goes_back_by_itself,
    what_the_first_run_could_not_read_is_found_by_a_later_one,
}

/// A wallet is paid after its page was closed, and the other gateway is paid as well.
async fn what_was_paid_at_both_gateways_comes_back_and_is_kept_once(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    // Of one order nothing is in the copy, and of the other one nothing but its payment.
    let twice = stage.order().await;
    let begun = stage.time();
    let copy = Copy::of(&stage);
    let lost = stage.order().await;
    for order in [&lost, &twice] {
        stage.open(order.payment, "midtrans").await;
        let transaction = choose(&stage, order, "gopay");
        stage.open_in_the_end(order.payment, "stripe").await;
        stage.pay_stripe(order);
        stage.must_become(order.payment, "completed").await;
        stage.act(Action::MidtransPay {
            transaction,
            late: true,
        });
        assert_eq!(stage.book().kept_captures(&order.number).len(), 2);
    }
    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(2), "{told:#}");
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known, "{told:#}");
    let again = rebuild(&stage, begun, &[]);
    assert_eq!(again.code, Some(0), "{}", again.text);
    stage.forgot_since(begun);
    let stage = stage.serving().await;
    for order in [&lost, &twice] {
        stage.must_become(order.payment, "completed").await;
        stage.must_have_kept(order, 1);
    }
}

/// A payment is called off and its wallet paid all the same, after another payment was opened and paid.
async fn a_payment_whose_order_another_one_paid_comes_back_called_off(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let begun = stage.time();
    let copy = Copy::of(&stage);
    let order = stage.order().await;
    let transaction = choose_wallet(&stage, &order).await;
    let cancelled = stage.post(order.payment, "cancel", &json!({})).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    let created = stage.create(order.consultation, PRICE).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let second = created.number("/data/payment_id");
    stage.open(second, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(second, "completed").await;
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(2), "{told:#}");
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known, "{told:#}");
    stage.forgot_since(begun);
    let stage = stage.serving().await;
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    assert_eq!(stage.stored_status(second).await, "cancelled");
    assert_eq!(stage.times(second, "cancelled").await, 1);
    stage.must_have_kept(&order, 1);
}

/// The buyer chooses a wallet.
async fn choose_wallet(stage: &Stage, order: &Ordered) -> String {
    stage.open(order.payment, "midtrans").await;
    choose(stage, order, "gopay")
}

/// The buyer pays at the other gateway, and the wallet after its page was closed. That is noticed and given back.
async fn pay_twice(stage: &Stage, order: &Ordered, transaction: String) {
    stage.open_in_the_end(order.payment, "stripe").await;
    stage.pay_stripe(order);
    stage.must_become(order.payment, "completed").await;
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
    wait_until("the wallet is given back", async || {
        stage.refresh(order.payment).await;
        stage.book().kept_captures(&order.number).len() == 1
    })
    .await;
}

/// The wallet was given back when it was noticed, and none of it is in the copy.
async fn what_was_given_back_before_takes_no_place_from_what_was_kept(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let begun = stage.time();
    let copy = Copy::of(&stage);
    let order = stage.order().await;
    let transaction = choose_wallet(&stage, &order).await;
    pay_twice(&stage, &order, transaction).await;
    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(2), "{told:#}");
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known, "{told:#}");
    stage.forgot_since(begun);
    let stage = stage.serving().await;
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

/// In the copy the wallet might still be paid, so that it is read first: it came in, and went back.
async fn where_it_cannot_be_told_which_money_was_kept_none_goes_back_by_itself(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let order = stage.order().await;
    let transaction = choose_wallet(&stage, &order).await;
    let begun = stage.time();
    let copy = Copy::of(&stage);
    pay_twice(&stage, &order, transaction).await;
    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(1), "{told:#}");
    let why = told["payments"][0]["detail"].as_str().unwrap();
    assert!(why.contains("other money of its order went back"), "{why}");
    stage.must_have_kept(&order, 1);
    // Somebody looks, and does not keep it.
    stage.act(Action::StripeRefund {
        payment_intent: money(&stage, &order),
        amount: None,
    });
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(2), "{told:#}");
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known, "{told:#}");
    stage.forgot_since(begun);
}

async fn what_the_first_run_could_not_read_is_found_by_a_later_one(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let known = stage.order().await;
    let begun = stage.time();
    let copy = Copy::of(&stage);
    stage.open(known.payment, "midtrans").await;
    stage.pay_midtrans(&known);
    stage.must_become(known.payment, "completed").await;
    let mut lost = Vec::new();
    for gateway in ["midtrans", "stripe", "midtrans"] {
        lost.push(completed(&mut stage, gateway).await);
    }
    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    stage.all("core.status", Fault::Error500Before { stored: false });
    let first = rebuild(&stage, begun, &[]);
    assert_eq!(first.code, Some(1), "{}", first.text);
    let unread = "Not known: midtrans could not be read";
    assert!(first.text.contains(unread), "{}", first.text);
    stage.calm();
    // It goes on without them: a payment that was paid is called off, and others are opened.
    let mut stage = stage.serving().await;
    let cancelled = stage.post(known.payment, "cancel", &json!({})).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    for gateway in ["stripe", "midtrans"] {
        completed(&mut stage, gateway).await;
        opened(&mut stage, gateway).await;
    }
    stage.stop_for(async |_| {}).await;
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(2), "{told:#}");
    let (taken, known_money) = captures(&stage).await;
    assert_eq!(taken, known_money, "{told:#}");
    // Ids that were passed over were not tried.
    let tried = told["names_tried"].as_i64().unwrap();
    assert!(tried < 1000, "{told:#}");
    stage.forgot_since(begun);
    let stage = stage.serving().await;
    for order in lost.iter().chain([&known]) {
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        stage.must_have_kept(order, 1);
    }
}
