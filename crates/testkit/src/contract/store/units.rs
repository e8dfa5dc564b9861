//! Units of work: nobody else moves the order meanwhile, and a unit that is not committed never happened.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::port::store::{Actor, Answer, Opened, PaperSet, Repriced, StoreError};
use bayar_domain::settlement::Parts;
use bayar_domain::{Gateway, InvoiceStatus, OrderStatus, PaymentStatus};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::steps::{
    A_WHILE, SOON, assert_all_of, assert_nothing_of, begin, cancel, loaded, open, payment_of, save,
    settle,
};
use crate::builders::{AnOpening, AnOrder, php};
use crate::contract::{AT_ONCE, StoreFixture};
use crate::random::SeededRandom;

#[doc(hidden)]
#[macro_export]
macro_rules! unit_cases {
    ($fresh:ident) => {
        mod units {
            use $crate::contract::store::units as cases;
            $crate::contract_tests! { $fresh:
                there_is_no_unit_about_no_order,
                a_unit_begins_with_everything_that_settles_the_order,
                a_unit_knows_the_papers_of_its_payments,
                a_second_unit_does_not_begin_before_the_first_has_ended,
                no_payment_is_opened_while_a_unit_is_open,
                no_price_changes_while_a_unit_is_open,
                what_waits_for_a_unit_sees_what_it_committed,
                a_unit_that_is_dropped_never_happened,
                a_unit_that_is_rolled_back_never_happened,
                dropped_units_do_not_use_up_the_store,
                a_unit_that_nobody_waits_for_frees_the_order,
                what_is_saved_is_seen_by_nobody_before_it_is_committed,
            }
        }
    };
}

pub async fn there_is_no_unit_about_no_order(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let nobody = store.reserve_order_id().await.unwrap();
    assert!(store.begin(nobody).await.unwrap().is_none());
}

pub async fn a_unit_begins_with_everything_that_settles_the_order(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    AnOpening::of(&AnOrder::of_a_cart().add(&*store).await)
        .open(&*store)
        .await;
    let order = AnOrder::of_a_consultation(1000).add(&*store).await;
    let id = order.terms().id;
    let before = store.now().await.unwrap();
    let loaded = loaded(&*store, id).await;
    let after = store.now().await.unwrap();
    assert!((before..=after).contains(&loaded.now));
    let parts = Parts {
        order: order.clone(),
        payments: vec![],
        attempts: vec![],
        refunds: vec![],
        facts: vec![],
        decisions: vec![],
    };
    assert_eq!(loaded.parts, parts);

    let first = AnOpening::of(&order).open(&*store).await;
    let settled = cancel(&*store, &first).await;
    let second = AnOpening::of(&order).by_way_of(Gateway::Midtrans);
    let second = second.open(&*store).await;
    let (unit, settlement, _) = begin(&*store, id).await;
    drop(unit);
    let payments: Vec<_> = settlement.payments().collect();
    let called_off = settled.payment(payment_of(&first)).unwrap();
    assert_eq!(payments, [called_off, &second.bill.payment]);
    assert_eq!(settlement.live_payment(), Some(&second.bill.payment));
    assert_eq!(settlement.order(), &order);
    assert_eq!(settlement.decisions(), settled.decisions());
}

pub async fn a_unit_knows_the_papers_of_its_payments(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let first = AnOpening::of(&order).open(&*store).await;
    cancel(&*store, &first).await;
    let second = AnOpening::of(&order).open(&*store).await;
    let (mut unit, _, _) = begin(&*store, order.terms().id).await;
    let papers = unit.papers(payment_of(&second)).await.unwrap();
    let expected = PaperSet {
        invoice: second.bill.invoice,
        taxes: second.bill.taxes,
    };
    assert_eq!(papers, expected);
    let papers = unit.papers(payment_of(&first)).await.unwrap();
    assert_eq!(papers.invoice.status(), InvoiceStatus::Void);
    assert_eq!(papers.invoice.terms(), first.bill.invoice.terms());
}

pub async fn a_second_unit_does_not_begin_before_the_first_has_ended(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let id = order.terms().id;
    for other in [&store, &beside] {
        let (unit, _, _) = begin(&*store, id).await;
        let second = {
            let other = Arc::clone(other);
            tokio::spawn(async move { other.begin(id).await.map(|begun| begun.is_some()) })
        };
        let second = not_while_it_is_open(second).await;
        drop(unit);
        if let Some(second) = second {
            // It was waiting. Now it begins, or its patience was at an end.
            assert!(matches!(
                ended(second).await,
                Ok(true) | Err(StoreError::Busy(_) | StoreError::Unavailable(_))
            ));
        }
        drop(begin(&**other, id).await);
    }
}

pub async fn no_payment_is_opened_while_a_unit_is_open(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for other in [&store, &beside] {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).build(&*store).await;
        let (unit, _, _) = begin(&*store, order.terms().id).await;
        let task = {
            let (other, opening) = (Arc::clone(other), opening.clone());
            tokio::spawn(async move { other.open_payment(&opening).await })
        };
        let waiting = not_while_it_is_open(task).await;
        drop(unit);
        let opened = match waiting {
            Some(waiting) => ended(waiting).await,
            None => Err(busy()),
        };
        match opened {
            Err(StoreError::Busy(_) | StoreError::Unavailable(_)) => {
                assert_eq!(open(&**other, &opening).await, Opened::Yes)
            }
            opened => assert_eq!(opened.unwrap(), Opened::Yes),
        }
        assert_all_of(&*store, &opening).await;
    }
}

pub async fn no_price_changes_while_a_unit_is_open(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for other in [&store, &beside] {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let id = order.terms().id;
        let (unit, _, _) = begin(&*store, id).await;
        let task = {
            let other = Arc::clone(other);
            let (from, to) = (php(500_000), php(600_000));
            tokio::spawn(async move { other.reprice(id, from, to).await })
        };
        let waiting = not_while_it_is_open(task).await;
        drop(unit);
        if let Some(waiting) = waiting {
            match ended(waiting).await {
                Err(StoreError::Busy(_) | StoreError::Unavailable(_)) => {}
                repriced => assert_eq!(repriced.unwrap(), Repriced::Yes),
            }
        }
    }
}

pub async fn what_waits_for_a_unit_sees_what_it_committed(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let id = order.terms().id;
    let opening = AnOpening::of(&order).build(&*store).await;
    let (mut unit, settlement, _) = begin(&*store, id).await;
    let waiting = {
        let (beside, opening) = (Arc::clone(&beside), opening.clone());
        tokio::spawn(async move { open(&*beside, &opening).await })
    };
    let step = settlement.cancel_order().unwrap();
    save(&mut *unit, &step, Actor::System).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(ended(waiting).await, Opened::No);
    assert_nothing_of(&*store, &opening).await;
    let (_, settlement, _) = begin(&*beside, id).await;
    assert_eq!(settlement.order().status(), OrderStatus::Cancelled);
}

pub async fn a_unit_that_is_dropped_never_happened(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let id = order.terms().id;
    let before = loaded(&*store, id).await.parts;
    for _ in 0..3 {
        let (mut unit, settlement, _) = begin(&*store, id).await;
        let step = settlement.cancel_payment(payment_of(&opening)).unwrap();
        save(&mut *unit, &step, Actor::System).await.unwrap();
        drop(unit);
        let loaded = timeout(AT_ONCE, loaded(&*beside, id)).await;
        let loaded = loaded.expect("the order is still locked");
        assert_eq!(loaded.parts, before);
        assert_all_of(&*store, &opening).await;
        let events = store.events(payment_of(&opening)).await.unwrap();
        assert_eq!(events.len(), 1);
    }
    cancel(&*store, &opening).await;
}

pub async fn a_unit_that_is_rolled_back_never_happened(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let id = order.terms().id;
    let before = loaded(&*store, id).await.parts;
    for round in 0..20 {
        let (mut unit, settlement, _) = begin(&*store, id).await;
        if round % 2 == 0 {
            let step = settlement.cancel_payment(payment_of(&opening)).unwrap();
            save(&mut *unit, &step, Actor::System).await.unwrap();
        }
        unit.rollback().await;
        // At once, and not when somebody notices.
        let begun = beside.begin(id).await.unwrap();
        let (unit, loaded) = begun.expect("the order is there");
        unit.rollback().await;
        assert_eq!(loaded.parts, before);
    }
    assert_all_of(&*store, &opening).await;
    cancel(&*store, &opening).await;
}

pub async fn dropped_units_do_not_use_up_the_store(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    for _ in 0..60 {
        let (mut unit, settlement, _) = begin(&*store, order.terms().id).await;
        let step = settlement.cancel_payment(payment_of(&opening)).unwrap();
        save(&mut *unit, &step, Actor::System).await.unwrap();
        drop(unit);
    }
    cancel(&*store, &opening).await;
}

/// The client may go away at any moment, and its request with it.
pub async fn a_unit_that_nobody_waits_for_frees_the_order(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let random = SeededRandom::new(43);
    for _ in 0..30 {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).open(&*store).await;
        let id = order.terms().id;
        let task = {
            let (store, opening) = (Arc::clone(&store), opening.clone());
            tokio::spawn(async move { cancel(&*store, &opening).await })
        };
        for _ in 0..random.next() % 64 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
        let settled = settle(&*beside, id, Actor::System, |order, _| {
            order.cancel_payment(payment_of(&opening))
        });
        let settled = timeout(SOON, settled).await;
        let settled = settled.expect("the order is locked for good");
        assert_eq!(settled.live_payment(), None);
        let events = store.events(payment_of(&opening)).await.unwrap();
        assert_eq!(events.len(), 2);
    }
}

pub async fn what_is_saved_is_seen_by_nobody_before_it_is_committed(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let id = payment_of(&opening);
    let (mut unit, settlement, _) = begin(&*store, order.terms().id).await;
    let step = settlement.cancel_payment(id).unwrap();
    save(&mut *unit, &step, Actor::System).await.unwrap();
    for other in [&store, &beside] {
        let looked = timeout(SOON, assert_all_of(&**other, &opening)).await;
        looked.expect("reading waits for a writer");
        assert_eq!(other.events(id).await.unwrap().len(), 1);
    }
    unit.commit().await.unwrap();
    for other in [&store, &beside] {
        let payment = other.payment(id).await.unwrap().unwrap();
        assert_eq!(payment.payment.status(), PaymentStatus::Cancelled);
    }
}

/// What was begun during an open unit does not come to its end in it, unless it is told that the store is busy.
/// Answers what still waits.
async fn not_while_it_is_open<T: std::fmt::Debug>(
    mut task: JoinHandle<Answer<T>>,
) -> Option<JoinHandle<Answer<T>>> {
    match timeout(A_WHILE, &mut task).await {
        Err(_) => Some(task),
        Ok(answer) => match answer.unwrap() {
            Err(StoreError::Busy(_) | StoreError::Unavailable(_)) => None,
            other => panic!("it slipped through: {other:?}"),
        },
    }
}

async fn ended<T>(task: JoinHandle<T>) -> T {
    let ended = timeout(SOON, task).await;
    ended.expect("it waits for good").unwrap()
}

fn busy() -> StoreError {
    StoreError::Busy("it was".into())
}
