//! Refunds of packages of credits.

use bayar_app::RefundError;
use bayar_domain::settlement::Alert;
use bayar_domain::{Gateway, OrderKind, PaymentStatus};
use bayar_sandbox::sim::{Action, Fault};

use crate::stage::{Paid, Stage, on_both_stores, operator, php};

on_both_stores! {
    credits_go_when_a_refund_is_asked_for_and_come_back_when_it_fails,
    credits_that_were_used_are_not_given_back,
    credits_that_are_missing_after_a_refund_at_the_dashboard_are_told,
    credits_go_when_a_dispute_is_lost_and_not_while_it_is_open,
}

/// Ten credits for 1000 pesos.
async fn a_package(stage: &Stage) -> Paid {
    let package = OrderKind::Credits { quantity: 10 };
    let paid = stage.opened(package, php(1000_00), Gateway::Stripe).await;
    stage
        .gateways
        .pay_stripe(paid.order.terms().number.as_str())
        .unwrap();
    stage.must_become(&paid, PaymentStatus::Completed).await;
    assert_eq!(balance(stage, &paid).await, 10);
    paid
}

async fn balance(stage: &Stage, paid: &Paid) -> i64 {
    let owner = paid.order.terms().owner;
    stage.store.credit_balance(owner).await.unwrap()
}

/// Somebody uses credits. No use case does that yet, so it is written as one would write it.
async fn use_credits(stage: &Stage, paid: &Paid, left: i64) {
    let owner = paid.order.terms().owner;
    let used = balance(stage, paid).await - left;
    let statements = format!(
        "INSERT INTO credit_entries (user_id, order_id, change, shortfall, balance, actor, at) \
         VALUES ({owner}, NULL, -{used}, 0, {left}, 'user:{owner}', '2026-01-01T00:00:00.000000Z'); \
         UPDATE credit_accounts SET balance = {left} WHERE user_id = {owner}"
    );
    stage.run(&statements).await;
}

async fn credits_go_when_a_refund_is_asked_for_and_come_back_when_it_fails(stage: Stage) {
    let paid = a_package(&stage).await;
    stage.next("refund.create", Fault::RefundPends);
    // A part of a credit that is not paid any more goes whole.
    stage
        .refund(operator(5), &paid, Some("250"), "press")
        .await
        .unwrap();
    assert_eq!(balance(&stage, &paid).await, 7);
    stage.next("refund.create", Fault::RefundFails);
    let failed = stage
        .refund(operator(5), &paid, Some("500"), "failing")
        .await;
    assert!(
        matches!(failed, Err(RefundError::Failed { .. })),
        "{failed:?}"
    );
    assert_eq!(balance(&stage, &paid).await, 7);
    let owner = paid.order.terms().owner;
    let entries = stage.store.credit_entries_of(owner).await.unwrap();
    let changes: Vec<_> = entries.iter().map(|stored| stored.entry.change).collect();
    assert_eq!(changes, [10, -3, -5, 5]);
}

async fn credits_that_were_used_are_not_given_back(stage: Stage) {
    let paid = a_package(&stage).await;
    use_credits(&stage, &paid, 4).await;
    let refused = stage.refund(operator(5), &paid, Some("500"), "press").await;
    let Err(RefundError::InsufficientCredits { needed, balance }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((needed, balance), (5, 4));
    assert!(stage.shown(&paid).await.refunds.is_empty());
    stage
        .refund(operator(5), &paid, Some("400"), "press")
        .await
        .unwrap();
    assert_eq!(self::balance(&stage, &paid).await, 0);
}

async fn credits_that_are_missing_after_a_refund_at_the_dashboard_are_told(stage: Stage) {
    let paid = a_package(&stage).await;
    use_credits(&stage, &paid, 4).await;
    stage.act(Action::StripeRefund {
        payment_intent: paid.order.terms().number.to_string(),
        amount: None,
    });
    stage.must_become(&paid, PaymentStatus::Refunded).await;
    assert_eq!(balance(&stage, &paid).await, 0);
    let owner = paid.order.terms().owner;
    let entries = stage.store.credit_entries_of(owner).await.unwrap();
    let last = entries.last().unwrap().entry;
    assert_eq!((last.change, last.shortfall), (-4, 6));
    assert_eq!(
        stage.alerts(&paid).await,
        [Alert::CreditsMissing { missing: 6 }]
    );
}

async fn credits_go_when_a_dispute_is_lost_and_not_while_it_is_open(stage: Stage) {
    let paid = a_package(&stage).await;
    use_credits(&stage, &paid, 4).await;
    let dispute = stage.act(Action::StripeDispute {
        payment_intent: paid.order.terms().number.to_string(),
        reason: "fraudulent".to_owned(),
        amount: None,
    });
    stage.refresh(&paid).await;
    assert_eq!(balance(&stage, &paid).await, 4);
    stage.act(Action::StripeDisputeEnds {
        dispute: dispute["dispute"].as_str().unwrap().to_owned(),
        won: false,
    });
    stage.refresh(&paid).await;
    assert_eq!(balance(&stage, &paid).await, 0);
    let alerts = stage.alerts(&paid).await;
    assert!(
        alerts.contains(&Alert::CreditsMissing { missing: 6 }),
        "{alerts:?}"
    );
}
