//! Many at once: however many open payments, change prices and call off, no order has two payments,
//! and none is for another price than its order's.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::port::store::{Actor, Opened, Opening, OrderKey, Repriced, Store};
use bayar_domain::Order;
use futures_util::future::join_all;

use super::steps::{
    SOON, assert_all_of, assert_nothing_of, begin, open, open_at_once, patiently, payment_of, save,
    stored,
};
use crate::builders::{AnOpening, AnOrder, php};
use crate::contract::StoreFixture;
use crate::random::SeededRandom;

#[doc(hidden)]
#[macro_export]
macro_rules! racing_cases {
    ($fresh:ident) => {
        mod racing {
            use $crate::contract::store::racing as cases;
            $crate::contract_tests! { $fresh:
                of_fifty_openings_of_an_order_exactly_one_is_there,
                an_opening_that_is_sent_twice_at_once_is_there_once,
                of_many_orders_under_one_key_exactly_one_is_opened,
                many_orders_are_opened_at_once,
                a_payment_is_opened_or_the_price_is_changed_but_never_both,
                every_payment_is_for_the_price_of_its_order,
                openings_and_ends_at_once_leave_every_history_whole,
                an_opening_that_nobody_waits_for_is_whole_or_not_there,
            }
        }
    };
}

pub async fn of_fifty_openings_of_an_order_exactly_one_is_there(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    // In the first round, connections are made. In the others, all are there at once.
    for round in 0..4 {
        let order = AnOrder::of_a_consultation(1000 + round).add(&*store).await;
        let openings = openings(&*store, &order, 50).await;
        let tried = open_at_once([&store, &beside], openings).await;
        one_is_there(&*store, &tried).await;
        let payments = store.payments_of(&order.terms().number).await.unwrap();
        assert_eq!(payments.len(), 1);
    }
}

pub async fn an_opening_that_is_sent_twice_at_once_is_there_once(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for _ in 0..10 {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).build(&*store).await;
        let twice = vec![opening.clone(), opening.clone()];
        let tried = open_at_once([&store, &beside], twice).await;
        assert_eq!(tried.iter().filter(|(_, opened)| *opened).count(), 1);
        assert_all_of(&*store, &opening).await;
        let events = store.events(payment_of(&opening)).await.unwrap();
        assert_eq!(events.len(), 1);
    }
}

pub async fn of_many_orders_under_one_key_exactly_one_is_opened(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for round in 0..3 {
        let mut openings = Vec::new();
        for _ in 0..20 {
            let order = AnOrder::of_a_cart().add(&*store).await;
            let opening = AnOpening::of(&order).key(&format!("wish {round}"));
            openings.push(opening.build(&*store).await);
        }
        let tried = open_at_once([&store, &beside], openings).await;
        one_is_there(&*store, &tried).await;
        for (opening, opened) in tried {
            if !opened {
                let order = stored(&*store, &opening.order).await;
                assert_eq!(order.live_payment, None);
                let another = AnOpening::of(&order.order).open(&*store).await;
                assert_all_of(&*store, &another).await;
            }
        }
    }
}

pub async fn many_orders_are_opened_at_once(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let opening = (0..40).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            let new = patiently(|| store.reserve_order_id()).await.unwrap();
            let new = AnOrder::of_a_consultation(1000 + task).build(new);
            patiently(|| store.add_order(&new)).await.unwrap();
            let opening = AnOpening::of(&new.order).build(&*store).await;
            assert_eq!(open(&*store, &opening).await, Opened::Yes);
            opening
        })
    });
    for opening in join_all(opening).await {
        assert_all_of(&*store, &opening.unwrap()).await;
    }
}

pub async fn a_payment_is_opened_or_the_price_is_changed_but_never_both(
    fixture: &dyn StoreFixture,
) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for round in 0..30 {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).build(&*store).await;
        let repricing = async {
            let (id, from, to) = (order.terms().id, php(500_000), php(600_000));
            patiently(|| beside.reprice(id, from, to)).await.unwrap()
        };
        // Each of them is a little ahead in half of the rounds.
        let (opened, repriced) = if round % 2 == 0 {
            tokio::join!(open(&*store, &opening), repricing)
        } else {
            let (repriced, opened) = tokio::join!(repricing, open(&*store, &opening));
            (opened, repriced)
        };
        let order = OrderKey::Id(order.terms().id);
        let price = store.order(&order).await.unwrap().unwrap();
        let price = price.order.terms().price;
        match (opened, repriced) {
            (Opened::Yes, Repriced::No) => {
                assert_eq!(price, php(500_000));
                assert_all_of(&*store, &opening).await;
            }
            (Opened::No, Repriced::Yes) => {
                assert_eq!(price, php(600_000));
                assert_nothing_of(&*store, &opening).await;
            }
            both_or_neither => panic!("{both_or_neither:?}"),
        }
    }
}

pub async fn every_payment_is_for_the_price_of_its_order(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for _ in 0..5 {
        let order = AnOrder::of_a_cart().for_price(php(1_000));
        let order = order.add(&*store).await;
        let mut openings = Vec::new();
        for minor in 1_000..1_020 {
            let seen = order.clone().reprice(php(minor)).unwrap().into_inner();
            openings.push(AnOpening::of(&seen).build(&*store).await);
        }
        let id = order.terms().id;
        let repricing = {
            let beside = Arc::clone(&beside);
            tokio::spawn(async move {
                for minor in 1_000..1_019 {
                    let (from, to) = (php(minor), php(minor + 1));
                    let repriced = patiently(|| beside.reprice(id, from, to));
                    if repriced.await.unwrap() == Repriced::No {
                        break;
                    }
                }
            })
        };
        let tried = open_at_once([&store, &beside], openings).await;
        repricing.await.unwrap();
        let found = store.order(&OrderKey::Id(id)).await.unwrap().unwrap();
        let opened: Vec<_> = tried.iter().filter(|(_, opened)| *opened).collect();
        assert!(opened.len() <= 1);
        for (opening, opened) in &tried {
            if *opened {
                let (price, paid) = (found.order.terms().price, &opening.bill.payment);
                assert_eq!(paid.terms().price, price);
                assert_all_of(&*store, opening).await;
                let (from, to) = (price, php(9_999));
                let repriced = store.reprice(id, from, to).await;
                assert_eq!(repriced.unwrap(), Repriced::No);
            } else {
                assert_nothing_of(&*store, opening).await;
            }
        }
    }
}

pub async fn openings_and_ends_at_once_leave_every_history_whole(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let id = order.terms().id;
    let opening = (0..6).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        let order = order.clone();
        tokio::spawn(async move {
            let mut opened = 0_usize;
            for _ in 0..10 {
                let opening = AnOpening::of(&order).build(&*store).await;
                opened += usize::from(open(&*store, &opening).await == Opened::Yes);
            }
            opened
        })
    });
    let ending = (0..4).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            let mut ended = 0_usize;
            for _ in 0..10 {
                let (mut unit, settlement, _) = begin(&*store, id).await;
                let live = settlement.live_payment();
                if let Some(live) = live.map(|payment| payment.terms().id) {
                    let step = settlement.cancel_payment(live).unwrap();
                    save(&mut *unit, &step, Actor::System).await.unwrap();
                    unit.commit().await.unwrap();
                    ended += 1;
                }
            }
            ended
        })
    });
    let (opened, ended) = (join_all(opening).await, join_all(ending).await);
    let opened: usize = opened.into_iter().map(Result::unwrap).sum();
    let ended: usize = ended.into_iter().map(Result::unwrap).sum();

    let payments = store.payments_of(&order.terms().number).await.unwrap();
    assert_eq!(payments.len(), opened);
    let live = payments
        .iter()
        .filter(|payment| payment.payment.status().is_live())
        .map(|payment| payment.payment.terms().id);
    let live: Vec<_> = live.collect();
    assert_eq!(live.len(), opened - ended);
    assert!(live.len() <= 1);
    let found = store.order(&OrderKey::Id(id)).await.unwrap().unwrap();
    assert_eq!(found.live_payment, live.first().copied());
    for payment in payments {
        let events = store.events(payment.payment.terms().id).await.unwrap();
        assert!((1..).zip(&events).all(|(at, event)| event.version == at));
        let last = events.last().unwrap();
        assert_eq!(last.to, payment.payment.status());
        assert_eq!(last.version, payment.version);
        let invoice = store.invoice(last.payment).await.unwrap().unwrap();
        let is_live = payment.payment.status().is_live();
        let expected = if is_live { "pending" } else { "void" };
        assert_eq!(invoice.status().as_str(), expected);
    }
    let (_, settlement, _) = begin(&*store, id).await;
    assert_eq!(settlement.decisions().len(), ended);
}

/// The client may go away at any moment, and its request with it.
pub async fn an_opening_that_nobody_waits_for_is_whole_or_not_there(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let random = SeededRandom::new(42);
    for _ in 0..40 {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let left = AnOpening::of(&order).build(&*store).await;
        let task = {
            let (store, opening) = (Arc::clone(&store), left.clone());
            tokio::spawn(async move { store.open_payment(&opening).await })
        };
        for _ in 0..random.next() % 64 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
        // It may still be on its way. Whoever comes next finds it, or takes its place.
        let next = AnOpening::of(&order).build(&*store).await;
        let opened = tokio::time::timeout(SOON, open(&*store, &next)).await;
        let opened = opened.expect("the order is locked for good");
        let (there, not_there) = match opened {
            Opened::Yes => (&next, &left),
            Opened::No => (&left, &next),
        };
        assert_all_of(&*store, there).await;
        assert_nothing_of(&*store, not_there).await;
    }
}

async fn openings(store: &dyn Store, order: &Order, many: usize) -> Vec<Opening> {
    let now = store.now().await.unwrap();
    let mut openings = Vec::new();
    for _ in 0..many {
        openings.push(AnOpening::of(order).at(now).build(store).await);
    }
    openings
}

/// Exactly one was opened, and all of it is there. Of the others there is nothing.
async fn one_is_there(store: &dyn Store, tried: &[(Opening, bool)]) {
    assert_eq!(tried.iter().filter(|(_, opened)| *opened).count(), 1);
    for (opening, opened) in tried {
        if *opened {
            assert_all_of(store, opening).await;
        } else {
            assert_nothing_of(store, opening).await;
        }
    }
}
