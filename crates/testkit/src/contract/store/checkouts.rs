//! Steps of the cases in which somebody pays at a gateway.

use bayar_app::port::store::{Actor, Answer, CallOutcome, NewCall, Opening, Store, StoreError};
use bayar_domain::gateway::Reason;
use bayar_domain::settlement::RefundRequest;
use bayar_domain::{
    AttemptId, AttemptTerms, Fact, Money, Order, OrderId, PaymentId, RefundId, Settlement,
};

use super::steps::{begin, payment_of, save, save_with_calls, settle};
use crate::builders::{AnOpening, AnOrder, an_attempt, captured, php};

/// What the orders of these cases cost.
pub(super) const PRICE: Money = php(500_000);

/// An order with a payment and an attempt to settle it.
pub(super) struct Checkout {
    pub(super) order: OrderId,
    pub(super) opening: Opening,
    pub(super) payment: PaymentId,
    pub(super) attempt: AttemptId,
}

impl Checkout {
    /// A new order somebody is paying.
    pub(super) async fn begun(store: &dyn Store) -> Self {
        let order = AnOrder::of_a_cart().add(store).await;
        Self::begun_for(store, &order).await
    }

    /// A payment of `order` somebody is paying.
    pub(super) async fn begun_for(store: &dyn Store, order: &Order) -> Self {
        let opening = AnOpening::of(order).open(store).await;
        let (order, payment) = (order.terms().id, payment_of(&opening));
        let attempt = start(store, order, payment).await;
        Self {
            order,
            opening,
            payment,
            attempt,
        }
    }

    /// A new order that somebody paid.
    pub(super) async fn paid(store: &dyn Store, capture: &str) -> Self {
        Self::paid_with(store, capture, PRICE).await
    }

    /// A new order for which that much came.
    pub(super) async fn paid_with(store: &dyn Store, capture: &str, amount: Money) -> Self {
        let checkout = Self::begun(store).await;
        let fact = captured(checkout.attempt, capture, amount);
        apply(store, checkout.order, [fact]).await;
        checkout
    }
}

/// Begins an attempt.
pub(super) async fn start(store: &dyn Store, order: OrderId, payment: PaymentId) -> AttemptId {
    let attempt = store.reserve_attempt_id().await.unwrap();
    let terms = an_attempt(attempt, payment);
    settle(store, order, Actor::System, |order, _| {
        order.start_attempt(terms)
    })
    .await;
    attempt
}

/// Stores what the gateway proved, and what follows from it.
pub(super) async fn apply(
    store: &dyn Store,
    order: OrderId,
    facts: impl IntoIterator<Item = Fact>,
) -> Settlement {
    try_to_apply(store, order, facts).await.unwrap()
}

/// Tries to.
pub(super) async fn try_to_apply(
    store: &dyn Store,
    order: OrderId,
    facts: impl IntoIterator<Item = Fact>,
) -> Answer<Settlement> {
    let (mut unit, settlement, _) = begin(store, order).await;
    let step = settlement.apply(facts).unwrap();
    save(&mut *unit, &step, Actor::System).await?;
    unit.commit().await?;
    Ok(step.settlement)
}

/// Writes calls down, and what became of others.
pub(super) async fn write_calls(
    store: &dyn Store,
    order: OrderId,
    calls: &[NewCall],
    outcomes: &[CallOutcome],
) -> Answer<()> {
    let (mut unit, settlement, _) = begin(store, order).await;
    let nothing = settlement.apply([]).unwrap();
    save_with_calls(&mut *unit, &nothing, Actor::System, calls, outcomes).await?;
    unit.commit().await
}

/// Asks for money of a payment back.
pub(super) async fn request_refund(
    store: &dyn Store,
    checkout: &Checkout,
    amount: Option<Money>,
) -> RefundId {
    let id = store.reserve_refund_id().await.unwrap();
    let request = RefundRequest {
        id,
        payment: checkout.payment,
        capture: None,
        amount,
        reason: Reason::lossy("it was too much"),
        credit_balance: 0,
    };
    settle(store, checkout.order, Actor::System, |order, _| {
        order.request_refund(request)
    })
    .await;
    id
}

/// The order is stored as it is here.
pub(super) async fn assert_stored(store: &dyn Store, settlement: &Settlement) {
    let id = settlement.order().terms().id;
    let (unit, stored, _) = begin(store, id).await;
    unit.rollback().await;
    assert_eq!(&stored, settlement);
}

/// The store was asked for what must not be, and said so.
#[track_caller]
pub(super) fn assert_refused<T: std::fmt::Debug>(answer: Answer<T>) -> String {
    match answer {
        Err(StoreError::Broken(why)) => why.to_string(),
        other => panic!("it was not refused: {other:?}"),
    }
}

/// Terms of an attempt at the same gateway, in an account where money moves.
pub(super) fn where_money_moves(terms: AttemptTerms) -> AttemptTerms {
    let mut terms = terms;
    terms.source.mode = bayar_domain::Mode::Live;
    terms
}
