//! Money that an order cannot keep goes back by itself, once.

use bayar_domain::{Gateway, OrderKind, PaymentStatus, RefundStatus};
use bayar_sandbox::sim::{Action, Fault};

use crate::stage::{PRICE, Paid, Stage, idr, on_both_stores};

on_both_stores! {
    a_refund_that_became_smaller_before_it_left_asks_for_no_more,
    surplus_that_no_gateway_can_give_back_is_an_operators,
}

/// Paid at Stripe, with an account at Midtrans that can still be paid.
pub async fn with_another_door(stage: &Stage, method: &str) -> (Paid, String) {
    let paid = stage
        .opened(OrderKind::Checkout, idr(PRICE), Gateway::Midtrans)
        .await;
    let number = paid.order.terms().number.to_string();
    let chosen = stage.act(Action::MidtransChoose {
        page: number.clone(),
        method: method.to_owned(),
    });
    stage.open(&paid, Gateway::Stripe).await;
    stage.gateways.pay_stripe(&number).unwrap();
    stage.must_become(&paid, PaymentStatus::Completed).await;
    let transaction = chosen["transaction_id"].as_str().unwrap().to_owned();
    (paid, transaction)
}

/// The refund is written down while the other gateway is silent, so that it waits. Meanwhile somebody gives back a part.
async fn a_refund_that_became_smaller_before_it_left_asks_for_no_more(stage: Stage) {
    let (paid, transaction) = with_another_door(&stage, "gopay").await;
    stage.act(Action::MidtransPay {
        transaction: transaction.clone(),
        late: true,
    });
    stage.all("checkout_session.*", Fault::TimeoutBefore);
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Requested);
    assert_eq!(stage.keys(&paid, "core.refund"), 0);
    stage.act(Action::MidtransRefund {
        transaction,
        amount: Some(50_000),
    });
    stage.calm();
    stage.refresh(&paid).await;
    stage.refresh(&paid).await;
    let shown = stage.shown(&paid).await;
    let amount = shown.refunds[0].stored.refund.amount();
    assert_eq!(amount, idr(100_000_00), "{:?}", shown.refunds);
    let late = stage
        .captures(&paid)
        .into_iter()
        .find(|money| money.amount == 150_000)
        .unwrap();
    assert_eq!(late.refunded, 150_000, "{late:?}");
    assert_eq!(stage.keys(&paid, "core.refund"), 1);
    let explained = stage.app.explain(&paid.order.terms().number).await.unwrap();
    let generations: Vec<_> = explained
        .calls
        .iter()
        .filter(|stored| stored.call.purpose.operation().as_str() == "refund")
        .map(|stored| (stored.call.generation, stored.status.as_str()))
        .collect();
    assert_eq!(generations, [(1, "refused"), (2, "done")]);
    assert_eq!(stage.status(&paid).await, PaymentStatus::Completed);
}

async fn surplus_that_no_gateway_can_give_back_is_an_operators(stage: Stage) {
    let (paid, transaction) = with_another_door(&stage, "bca_va").await;
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
    stage.refresh(&paid).await;
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Manual);
    let open = stage.app.open_refunds(None, 10).await.unwrap();
    assert_eq!(open.len(), 1);
    let id = open[0].refund.terms().id;
    let settled = stage
        .app
        .settle_refund(crate::stage::actor(9), id, "BCA 0815".parse().unwrap())
        .await;
    assert_eq!(settled.unwrap().refund.status(), RefundStatus::Succeeded);
    assert_eq!(stage.alerts(&paid).await, []);
    // The money that pays the order stays, and so do its papers.
    assert_eq!(stage.status(&paid).await, PaymentStatus::Completed);
    assert!(
        stage
            .store
            .credit_notes_of(paid.payment)
            .await
            .unwrap()
            .is_empty()
    );
}
