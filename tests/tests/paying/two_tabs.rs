//! Two tabs, two gateways, fifty orders, and one request in ten that nobody answers, half of them carried out.

use bayar_sandbox::sim::{Fault, Gateway, Rule};
use bayar_tests::stage::{Ordered, Stage, on_both_stores};
use futures_util::future::join_all;

on_both_stores! {
    fifty_orders_in_two_tabs_at_two_gateways,
}

const ORDERS: usize = 50;
/// How many orders are paid at the same time.
const AT_ONCE: usize = 10;

async fn fifty_orders_in_two_tabs_at_two_gateways(mut stage: Stage) {
    let mut orders = Vec::new();
    for _ in 0..ORDERS {
        orders.push(stage.order().await);
    }
    for gateway in [Gateway::Stripe, Gateway::Midtrans] {
        for fault in [Fault::TimeoutBefore, Fault::TimeoutAfter] {
            let rule = Rule {
                gateway: Some(gateway),
                per_mille: Some(50),
                ..Rule::next(fault)
            };
            stage.gateways.add_fault(rule).unwrap();
        }
    }
    for some in orders.chunks(AT_ONCE) {
        join_all(some.iter().map(|order| both_tabs(&stage, order))).await;
    }
    let struck = stage.book().faults().count();
    assert!(struck > 0, "nothing went wrong");
    stage.calm();
    for some in orders.chunks(AT_ONCE) {
        join_all(
            some.iter()
                .map(|order| stage.must_become(order.payment, "completed")),
        )
        .await;
    }
    for order in &orders {
        stage.must_have_kept(order, 1);
    }
}

/// Each tab presses its button until it can pay or hears that it is paid, and pays wherever it can.
async fn both_tabs(stage: &Stage, order: &Ordered) {
    tokio::join!(tab(stage, order, "stripe"), tab(stage, order, "midtrans"));
}

async fn tab(stage: &Stage, order: &Ordered, gateway: &str) {
    for _ in 0..40 {
        let answer = stage.process(order.payment, gateway).await;
        match answer.status {
            200 => {
                // Wherever the door is, the buyer tries it: it may be shut by now.
                let paid = if gateway == "stripe" {
                    stage.gateways.pay_stripe(&order.number)
                } else {
                    stage.gateways.pay_midtrans(&order.number, "gopay")
                };
                if paid.is_ok() {
                    return;
                }
            }
            409 => return,
            202 | 503 => {}
            other => panic!("{other}: {}", answer.text),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
