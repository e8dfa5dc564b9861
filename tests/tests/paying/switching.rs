//! From one gateway to the other: the open door is closed, and proved closed, before another one opens.

use bayar_sandbox::sim::Fault;
use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::json;

on_both_stores! {
    the_first_door_is_closed_before_the_second_opens,
    a_door_that_was_paid_is_the_end_of_switching,
    a_chosen_method_is_ended_before_another_gateway_opens,
    two_gateways_at_once_open_one_door,
    many_presses_at_once_open_one_door,
    the_price_cannot_change_while_a_door_is_open,
    a_currency_that_the_other_gateway_does_not_take_closes_nothing,
}

async fn the_first_door_is_closed_before_the_second_opens(mut stage: Stage) {
    for (first, second) in [("stripe", "midtrans"), ("midtrans", "stripe")] {
        let order = stage.order().await;
        let one = stage.open(order.payment, first).await;
        let two = stage.open(order.payment, second).await;
        assert_ne!(one.attempt, two.attempt);
        assert_eq!(two.gateway, second);
        stage.must_have_kept(&order, 0);
        assert_eq!(stage.opened(&order), 2);
        if second == "stripe" {
            stage.pay_stripe(&order);
        } else {
            stage.pay_midtrans(&order);
        }
        stage.must_become(order.payment, "completed").await;
        stage.must_have_kept(&order, 1);
    }
}

async fn a_door_that_was_paid_is_the_end_of_switching(mut stage: Stage) {
    for (first, second) in [("stripe", "midtrans"), ("midtrans", "stripe")] {
        let order = stage.order().await;
        stage.open(order.payment, first).await;
        if first == "stripe" {
            stage.pay_stripe(&order);
        } else {
            stage.pay_midtrans(&order);
        }
        let other = stage.process(order.payment, second).await;
        assert_eq!(other.status, 409, "{}", other.text);
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        assert_eq!(stage.opened(&order), 1);
        stage.must_have_kept(&order, 1);
    }
}

async fn a_chosen_method_is_ended_before_another_gateway_opens(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(bayar_sandbox::sim::Action::MidtransChoose {
        page: order.number.clone(),
        method: "gopay".to_owned(),
    });
    stage.open(order.payment, "stripe").await;
    let paid = stage.gateways.act(bayar_sandbox::sim::Action::MidtransPay {
        transaction: chosen["transaction_id"].as_str().unwrap().to_owned(),
        late: false,
    });
    assert!(paid.is_err(), "it was ended");
    stage.must_have_kept(&order, 0);
}

async fn two_gateways_at_once_open_one_door(mut stage: Stage) {
    for _ in 0..5 {
        let order = stage.order().await;
        let stripe = stage.process(order.payment, "stripe");
        let midtrans = stage.process(order.payment, "midtrans");
        let (stripe, midtrans) = tokio::join!(stripe, midtrans);
        for answer in [&stripe, &midtrans] {
            assert!(matches!(answer.status, 200 | 202 | 409), "{}", answer.text);
        }
        stage.open_in_the_end(order.payment, "stripe").await;
        stage.pay_stripe(&order);
        stage.must_become(order.payment, "completed").await;
        stage.must_have_kept(&order, 1);
    }
}

async fn many_presses_at_once_open_one_door(mut stage: Stage) {
    let order = stage.order().await;
    stage.all("checkout_session.create", Fault::Slow { ms: 500 });
    let presses = (0..20).map(|_| stage.process(order.payment, "stripe"));
    let answers = futures_util::future::join_all(presses).await;
    let mut doors: Vec<_> = answers
        .iter()
        .filter_map(bayar_tests::stage::door)
        .collect();
    assert!(!doors.is_empty(), "{}", answers[0].text);
    doors.dedup();
    assert_eq!(doors.len(), 1);
    for answer in &answers {
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
    }
    assert_eq!(stage.opened(&order), 1);
}

async fn the_price_cannot_change_while_a_door_is_open(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    let other = stage.register(order.consultation, "IDR", "160000").await;
    assert_eq!(other.status, 409, "{}", other.text);
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    let other = stage.register(order.consultation, "IDR", "160000").await;
    assert_eq!(other.status, 409, "{}", other.text);
}

async fn a_currency_that_the_other_gateway_does_not_take_closes_nothing(mut stage: Stage) {
    let order = stage.order_in("PHP", "5000").await;
    let door = stage.open(order.payment, "stripe").await;
    let other = stage.process(order.payment, "midtrans").await;
    assert_eq!(other.status, 422, "{}", other.text);
    let again = stage.post(order.payment, "process", &json!({})).await;
    assert_eq!(bayar_tests::stage::door(&again), Some(door));
}
