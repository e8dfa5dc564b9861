//! Rows that a restored copy of the tables does not have are written again, and no id is given out twice.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::store::{
    Actor, AttemptPlace, CallOutcome, CallPurpose, CallStatus, EndedAttempt, Opening, SeenIds,
    Store,
};
use bayar_domain::gateway::Source;
use bayar_domain::settlement::Changes;
use bayar_domain::{Bill, Mode, PaymentStatus, Settlement, Step};
use chrono::TimeDelta;

use super::checkouts::Checkout;
use super::steps::{assert_nothing_of, begin, payment_of, save, save_with_calls};
use crate::builders::{AnOpening, AnOrder, a_call, a_source, an_attempt};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! restoring_cases {
    ($fresh:ident) => {
        mod restoring {
            use $crate::contract::store::restoring as cases;
            $crate::contract_tests! { $fresh:
                a_payment_is_written_again_with_all_that_belongs_to_it,
                a_payment_whose_ids_are_taken_is_not_written_again,
                a_second_live_payment_is_not_written_again,
                what_is_not_committed_was_not_written_again,
                ids_that_are_passed_over_are_not_given_out,
                a_payment_that_had_ended_is_written_again_beside_a_live_one,
                the_last_attempt_before_a_time_is_the_highest,
                attempts_are_listed_from_one_on,
                attempts_that_ended_are_told_for_each_account,
            }
        }
    };
}

/// The payment of an opening as a step that has been written.
fn opened(settlement: &Settlement, opening: &Opening) -> Step {
    let payment = &opening.bill.payment;
    let step = settlement.open_payment(payment.terms().clone(), payment.payment_method());
    Step {
        changes: Changes::default(),
        effects: Vec::new(),
        ..step.unwrap()
    }
}

pub async fn a_payment_is_written_again_with_all_that_belongs_to_it(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_consultation(1000).add(&*store).await;
    let opening = AnOpening::of(&order).build(&*store).await;
    let (mut unit, settlement, _) = begin(&*store, order.terms().id).await;
    unit.restore_bill(&opening.bill, Actor::Command)
        .await
        .unwrap();
    let step = opened(&settlement, &opening);
    let id = payment_of(&opening);
    save(&mut *unit, &step, Actor::Command).await.unwrap();
    unit.commit().await.unwrap();
    let payment = store.payment(id).await.unwrap().unwrap();
    assert_eq!(payment.payment, opening.bill.payment);
    assert_eq!(payment.consultation, Some(1000.try_into().unwrap()));
    let invoice = store.invoice(id).await.unwrap();
    assert_eq!(invoice.as_ref(), Some(&opening.bill.invoice));
    assert_eq!(store.taxes(id).await.unwrap(), opening.bill.taxes);
    let events = store.events(id).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.version, event.to, event.by))
        .collect();
    assert_eq!(told, [(1, PaymentStatus::Pending, Actor::Command)]);
    assert_eq!(store.repair_jobs(10).await.unwrap(), []);
    // It is paid as any other.
    let attempt = store.reserve_attempt_id().await.unwrap();
    let (mut unit, settlement, _) = begin(&*store, order.terms().id).await;
    assert_eq!(settlement.live_payment(), Some(&opening.bill.payment));
    let step = settlement.start_attempt(an_attempt(attempt, id)).unwrap();
    let call = a_call(CallPurpose::Open(attempt));
    let calls = std::slice::from_ref(&call);
    save_with_calls(&mut *unit, &step, Actor::Command, calls, &[])
        .await
        .unwrap();
    // What was asked for in another copy is over here, though nobody took it.
    let over = CallOutcome {
        key: call.key.clone(),
        epoch: 0,
        status: CallStatus::Done,
        fault: None,
    };
    let nothing = step.settlement.apply([]).unwrap();
    save_with_calls(&mut *unit, &nothing, Actor::Command, &[], &[over])
        .await
        .unwrap();
    unit.commit().await.unwrap();
    let a_minute = std::time::Duration::from_secs(60);
    let lease = store.lease_call(&call.key, a_minute).await.unwrap();
    assert_eq!(lease, None);
}

pub async fn a_payment_whose_ids_are_taken_is_not_written_again(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let first = AnOrder::of_a_cart().add(&*store).await;
    let taken = AnOpening::of(&first).open(&*store).await;
    let order = AnOrder::of_a_cart().add(&*store).await;
    let ids = super::steps::ids_of(&taken);
    let opening = AnOpening::of(&order).with_ids(ids).build(&*store).await;
    let (mut unit, ..) = begin(&*store, order.terms().id).await;
    let refused = unit.restore_bill(&opening.bill, Actor::Command).await;
    assert!(refused.is_err());
    assert!(unit.commit().await.is_err());
    super::steps::assert_all_of(&*store, &taken).await;
    assert_eq!(
        super::steps::stored(&*store, &order).await.live_payment,
        None
    );
}

pub async fn a_second_live_payment_is_not_written_again(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let live = AnOpening::of(&order).open(&*store).await;
    let opening = AnOpening::of(&order).build(&*store).await;
    let (mut unit, ..) = begin(&*store, order.terms().id).await;
    let refused = unit.restore_bill(&opening.bill, Actor::Command).await;
    assert!(refused.is_err());
    drop(unit);
    assert_nothing_of(&*store, &opening).await;
    super::steps::assert_all_of(&*store, &live).await;
}

pub async fn what_is_not_committed_was_not_written_again(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).build(&*store).await;
    let (mut unit, ..) = begin(&*store, order.terms().id).await;
    unit.restore_bill(&opening.bill, Actor::Command)
        .await
        .unwrap();
    unit.rollback().await;
    assert_nothing_of(&*store, &opening).await;
}

pub async fn ids_that_are_passed_over_are_not_given_out(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let before = ids(&*store).await;
    store.skip_ids(&SeenIds::default(), 1000).await.unwrap();
    let skipped = ids(&*store).await;
    for (before, after) in before.iter().zip(&skipped) {
        assert!(after - before >= 1000, "{before} and {after}");
    }
    let seen = SeenIds {
        orders: 1_000_001,
        payments: 1_000_002,
        invoices: 1_000_003,
        tax_records: 1_000_004,
        attempts: 1_000_005,
        refunds: 1_000_006,
    };
    store.skip_ids(&seen, 10).await.unwrap();
    for (nth, after) in (1..).zip(ids(&*store).await) {
        let seen = 1_000_000 + nth;
        assert!(after > seen + 10, "{after} and {seen}");
    }
}

/// One of each kind.
async fn ids(store: &dyn Store) -> [i64; 6] {
    let bill = store.reserve_bill_ids(1).await.unwrap();
    [
        store.reserve_order_id().await.unwrap().get(),
        bill.payment.get(),
        bill.invoice.get(),
        bill.taxes[0].get(),
        store.reserve_attempt_id().await.unwrap().get(),
        store.reserve_refund_id().await.unwrap().get(),
    ]
}

pub async fn a_payment_that_had_ended_is_written_again_beside_a_live_one(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let order = AnOrder::of_a_consultation(1001).add(&*store).await;
    let live = AnOpening::of(&order).open(&*store).await;
    let opening = AnOpening::of(&order).build(&*store).await;
    let (mut unit, settlement, _) = begin(&*store, order.terms().id).await;
    let payment = &opening.bill.payment;
    let step = settlement.restore_payment(payment.terms().clone(), payment.payment_method());
    let step = step.unwrap();
    let id = payment_of(&opening);
    let bill = Bill {
        payment: step.settlement.payment(id).cloned().unwrap(),
        ..opening.bill.clone()
    };
    unit.restore_bill(&bill, Actor::Command).await.unwrap();
    save(&mut *unit, &step, Actor::Command).await.unwrap();
    unit.commit().await.unwrap();
    let stored = super::steps::stored(&*store, &order).await;
    assert_eq!(stored.live_payment, Some(payment_of(&live)));
    let events = store.events(id).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.version, event.to))
        .collect();
    let expected = [(1, PaymentStatus::Pending), (2, PaymentStatus::Cancelled)];
    assert_eq!(told, expected);
    let (_, loaded, _) = begin(&*store, order.terms().id).await;
    assert_eq!(loaded, step.settlement);
}

pub async fn the_last_attempt_before_a_time_is_the_highest(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let now = store.now().await.unwrap();
    let (long_ago, soon) = (now - TimeDelta::days(2), now + TimeDelta::days(2));
    assert_eq!(store.last_attempt(soon).await.unwrap(), None);
    let first = Checkout::begun(&*store).await.attempt;
    assert_eq!(store.last_attempt(soon).await.unwrap(), Some(first));
    let second = Checkout::begun(&*store).await.attempt;
    let highest = first.max(second);
    assert_eq!(store.last_attempt(soon).await.unwrap(), Some(highest));
    assert_eq!(store.last_attempt(long_ago).await.unwrap(), None);
}

pub async fn attempts_are_listed_from_one_on(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.push(Checkout::begun(&*store).await.attempt);
    }
    begun.sort();
    let listed = async |from, at_most| store.attempt_ids(from, at_most).await.unwrap();
    assert_eq!(listed(1.try_into().unwrap(), 10).await, begun);
    assert_eq!(listed(begun[1], 10).await, begun[1..]);
    assert_eq!(listed(begun[0], 2).await, begun[..2]);
    let after = (begun[2].get() + 1).try_into().unwrap();
    assert_eq!(listed(after, 10).await, []);
}

pub async fn attempts_that_ended_are_told_for_each_account(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let now = store.now().await.unwrap();
    let (long_ago, soon) = (now - TimeDelta::days(2), now + TimeDelta::days(2));
    Checkout::begun(&*store).await;
    let mut ended = Vec::new();
    for capture in ["pi_1", "pi_2", "pi_3"] {
        let Checkout { order, attempt, .. } = Checkout::paid(&*store, capture).await;
        ended.push(AttemptPlace { order, attempt });
    }
    ended.sort_by_key(|place| place.attempt);
    let told = async |source: Source, since, after, at_most| {
        let told = store.ended_attempts(&source, since, after, at_most).await;
        told.unwrap()
    };
    let places = |told: &[EndedAttempt]| Vec::from_iter(told.iter().map(|it| it.place));
    let all = told(a_source(), long_ago, None, 9).await;
    assert_eq!(places(&all), ended);
    assert!(all.is_sorted_by_key(|it| it.moved_at));
    assert_eq!(told(a_source(), long_ago, None, 2).await, all[..2]);
    let EndedAttempt { place, moved_at } = all[1];
    let rest = told(a_source(), moved_at, Some(place.attempt), 9).await;
    assert_eq!(rest, all[2..]);
    assert_eq!(told(a_source(), soon, None, 9).await, []);
    let elsewhere = Source {
        mode: Mode::Live,
        ..a_source()
    };
    assert_eq!(told(elsewhere, long_ago, None, 9).await, []);
}
