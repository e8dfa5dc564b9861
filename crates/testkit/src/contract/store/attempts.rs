//! Attempts: each is kept as it is, and an order has one at a time that somebody might still pay through.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::port::store::{Actor, OrderKey};
use bayar_domain::settlement::Changes;
use bayar_domain::{Attempt, AttemptStatus, OrderStatus, PaymentStatus, Proof};
use futures_util::future::join_all;

use super::checkouts::{
    Checkout, PRICE, apply, assert_refused, assert_stored, start, try_to_apply,
};
use super::steps::{bare, begin, cancel, patiently, payment_of, save, settle};
use crate::builders::{
    AnOpening, AnOrder, a_capture, a_fact, a_session, an_attempt, captured, expired,
};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! attempt_cases {
    ($fresh:ident) => {
        mod attempts {
            use $crate::contract::store::attempts as cases;
            $crate::contract_tests! { $fresh:
                an_attempt_comes_back_in_each_of_its_states,
                an_attempt_belongs_to_its_order,
                an_attempt_under_an_id_that_is_taken_is_refused,
                an_attempt_for_a_payment_of_another_order_is_refused,
                an_attempt_stays_with_its_payment,
                an_order_has_one_attempt_that_might_still_be_paid,
                of_many_that_begin_an_attempt_at_once_one_does,
                after_an_attempt_that_ended_another_one_begins,
                late_money_takes_back_the_place_of_its_payment,
            }
        }
    };
}

pub async fn an_attempt_comes_back_in_each_of_its_states(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let mut seen = Vec::new();
    for end in ["paid", "failed", "expired", "closed"] {
        let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
        let (_, begun, _) = begin(&*beside, order).await;
        seen.push(begun.attempt(attempt).unwrap().status());
        let lost = settle(&*store, order, Actor::System, |order, _| {
            order.attempt_unknown(attempt)
        });
        assert_stored(&*beside, &lost.await).await;
        let open = settle(&*store, order, Actor::System, |order, _| {
            order.attempt_opened(attempt, a_session(&format!("cs_{end}")))
        });
        assert_stored(&*beside, &open.await).await;
        let lost = settle(&*store, order, Actor::System, |order, _| {
            order.attempt_unknown(attempt)
        });
        let lost = lost.await;
        assert_stored(&*beside, &lost).await;
        seen.push(lost.attempt(attempt).unwrap().status());
        if end == "closed" {
            let closing = settle(&*store, order, Actor::System, |order, _| {
                order.close_attempt(attempt)
            });
            let closing = closing.await;
            assert_stored(&*beside, &closing).await;
            seen.push(closing.attempt(attempt).unwrap().status());
        }
        let fact = match end {
            "paid" => captured(attempt, "pi_1", PRICE),
            "failed" => a_fact(
                attempt,
                Proof::Failed {
                    reason: "declined".parse().unwrap(),
                },
            ),
            _ => expired(attempt),
        };
        let ended = apply(&*store, order, [fact]).await;
        assert_stored(&*beside, &ended).await;
        let status = ended.attempt(attempt).unwrap().status();
        assert_eq!(status.as_str(), end);
    }
    for status in [
        AttemptStatus::Creating,
        AttemptStatus::Unknown,
        AttemptStatus::Closing,
    ] {
        assert!(seen.contains(&status), "{status}");
    }
}

pub async fn an_attempt_belongs_to_its_order(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let one = Checkout::begun(&*store).await;
    let other = Checkout::begun(&*store).await;
    for checkout in [&one, &other] {
        let order = store.order_of_attempt(checkout.attempt).await.unwrap();
        assert_eq!(order, Some(checkout.order));
    }
    let nobody = store.reserve_attempt_id().await.unwrap();
    assert_eq!(store.order_of_attempt(nobody).await.unwrap(), None);
}

pub async fn an_attempt_under_an_id_that_is_taken_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let taken = Checkout::begun(&*store).await;
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let (mut unit, settlement, _) = begin(&*store, order.terms().id).await;
    let terms = an_attempt(taken.attempt, payment_of(&opening));
    let step = settlement.start_attempt(terms).unwrap();
    assert_refused(save(&mut *unit, &step, Actor::System).await);
    unit.rollback().await;
    let order = store.order_of_attempt(taken.attempt).await.unwrap();
    assert_eq!(order, Some(taken.order));
    assert_stored(&*store, &settlement).await;
}

pub async fn an_attempt_for_a_payment_of_another_order_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let strange = AnOrder::of_a_cart().add(&*store).await;
    let strange = AnOpening::of(&strange).open(&*store).await;
    let id = store.reserve_attempt_id().await.unwrap();
    let (mut unit, settlement, _) = begin(&*store, order.terms().id).await;
    let attempt = Attempt::begin(an_attempt(id, payment_of(&strange)));
    let changes = Changes {
        attempts: vec![attempt],
        ..Changes::default()
    };
    assert_refused(unit.save(&bare(&settlement, &changes)).await);
    unit.rollback().await;
    assert_eq!(store.order_of_attempt(id).await.unwrap(), None);
}

pub async fn an_attempt_stays_with_its_payment(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    let (order, attempt) = (checkout.order, checkout.attempt);
    let ended = apply(&*store, order, [expired(attempt)]).await;
    let other = store.reserve_bill_ids(0).await.unwrap().payment;
    let (mut unit, _, _) = begin(&*store, order).await;
    let changes = Changes {
        attempts: vec![Attempt::begin(an_attempt(attempt, other))],
        ..Changes::default()
    };
    assert_refused(unit.save(&bare(&ended, &changes)).await);
    unit.rollback().await;
    assert_stored(&*store, &ended).await;
}

/// Whoever looked before somebody else began one does not begin a second one.
pub async fn an_order_has_one_attempt_that_might_still_be_paid(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let (id, payment) = (order.terms().id, payment_of(&opening));
    let (unit, before, _) = begin(&*store, id).await;
    unit.rollback().await;
    let first = start(&*store, id, payment).await;
    let second = store.reserve_attempt_id().await.unwrap();
    let stale = before.start_attempt(an_attempt(second, payment)).unwrap();
    let (mut unit, settlement, _) = begin(&*store, id).await;
    assert_refused(save(&mut *unit, &stale, Actor::System).await);
    unit.rollback().await;
    assert_eq!(settlement.live_attempt().unwrap().terms().id, first);
    assert_eq!(store.order_of_attempt(second).await.unwrap(), None);
    assert_stored(&*store, &settlement).await;
}

pub async fn of_many_that_begin_an_attempt_at_once_one_does(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for _ in 0..4 {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).open(&*store).await;
        let (id, payment) = (order.terms().id, payment_of(&opening));
        let beginning = (0..16).map(|task| {
            let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
            tokio::spawn(async move {
                let attempt = patiently(|| store.reserve_attempt_id()).await.unwrap();
                let (mut unit, settlement, _) = begin(&*store, id).await;
                if let Some(live) = settlement.live_attempt() {
                    let live = live.terms().id;
                    unit.rollback().await;
                    return (live, false);
                }
                let step = settlement.start_attempt(an_attempt(attempt, payment));
                save(&mut *unit, &step.unwrap(), Actor::System)
                    .await
                    .unwrap();
                unit.commit().await.unwrap();
                (attempt, true)
            })
        });
        let began = join_all(beginning).await;
        let began: Vec<_> = began.into_iter().map(Result::unwrap).collect();
        assert_eq!(began.iter().filter(|(_, first)| *first).count(), 1);
        let (attempt, _) = began[0];
        assert!(began.iter().all(|(seen, _)| *seen == attempt));
        let (_, settlement, _) = begin(&*beside, id).await;
        assert_eq!(settlement.attempts().count(), 1);
        assert_eq!(settlement.live_attempt().unwrap().terms().id, attempt);
    }
}

pub async fn after_an_attempt_that_ended_another_one_begins(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    let (order, first) = (checkout.order, checkout.attempt);
    apply(&*store, order, [expired(first)]).await;
    let second = start(&*store, order, checkout.payment).await;
    let (_, settlement, _) = begin(&*store, order).await;
    assert_eq!(settlement.live_attempt().unwrap().terms().id, second);
    let ended = settlement.attempt(first).unwrap();
    assert_eq!(ended.status(), AttemptStatus::Expired);
    let payment = settlement.payment(checkout.payment).unwrap();
    assert_eq!(payment.status(), PaymentStatus::Processing);
}

/// In one save, one payment takes the place of another, and the checkout of the other one has to go.
pub async fn late_money_takes_back_the_place_of_its_payment(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for round in 0..2 {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let late = Checkout::begun_for(&*store, &order).await;
        apply(&*store, late.order, [expired(late.attempt)]).await;
        cancel(&*store, &late.opening).await;
        let sibling = Checkout::begun_for(&*store, &order).await;
        if round == 0 {
            apply(&*store, late.order, [expired(sibling.attempt)]).await;
        }
        let name = format!("pi_late_{round}");
        let fact = captured(late.attempt, &name, PRICE);
        let settled = try_to_apply(&*store, late.order, [fact]).await.unwrap();
        assert_stored(&*store, &settled).await;
        assert_eq!(settled.primary(), Some(&a_capture(&name)));
        assert_eq!(settled.live_payment().unwrap().terms().id, late.payment);
        let superseded = settled.payment(sibling.payment).unwrap();
        assert_eq!(superseded.status(), PaymentStatus::Cancelled);
        let closing = settled.attempt(sibling.attempt).unwrap();
        assert_eq!(closing.status().is_live(), round == 1);
        let stored = store.order(&OrderKey::Id(late.order)).await.unwrap();
        let stored = stored.unwrap();
        assert_eq!(stored.live_payment, Some(late.payment));
        assert_eq!(stored.order.status(), OrderStatus::Processing);
        let told = fixture
            .texts(&format!(
                "SELECT kind FROM outbox WHERE aggregate = 'order:{}' ORDER BY sequence",
                late.order
            ))
            .await;
        assert_eq!(told, ["order.processing"]);
    }
}
