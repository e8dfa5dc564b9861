//! The price of an order: it changes in one guarded step, as long as nobody pays it.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::port::store::{Actor, Added, Repriced, Store};
use bayar_domain::{Currency, Money, Order, OrderStatus};
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::steps::{add, cancel, patiently, settle, stored};
use crate::builders::{AnOpening, AnOrder, an_item, php};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! price_cases {
    ($fresh:ident) => {
        mod prices {
            use $crate::contract::store::prices as cases;
            $crate::contract_tests! { $fresh:
                a_pending_order_gets_another_price,
                an_order_that_costs_something_else_keeps_its_price,
                an_order_keeps_its_currency,
                an_order_with_a_live_payment_keeps_its_price,
                an_order_that_was_called_off_keeps_its_price,
                of_many_new_prices_at_once_one_is_taken,
            }
        }
    };
}

pub async fn a_pending_order_gets_another_price(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let neighbour = AnOrder::of_a_cart().add(&*store).await;
    let sample = AnOrder::of_a_cart().with_items(vec![an_item("Tea", 1, php(500_000))]);
    let new = sample.reserve(&*store).await;
    assert_eq!(add(&*store, &new).await, Added::Yes);
    let before = stored(&*store, &new.order).await;
    fixture.shift_clock(TimeDelta::minutes(1)).await;
    for (from, to) in [(500_000, 1), (1, i64::MAX), (i64::MAX, 2)] {
        let repriced = reprice(&*store, &new.order, php(from), php(to)).await;
        assert_eq!(repriced, Repriced::Yes);
        let after = stored(&*store, &new.order).await;
        assert_eq!(after.order.terms().price, php(to));
        assert!(after.updated_at >= before.updated_at + TimeDelta::minutes(1));
    }
    let after = stored(&*store, &new.order).await;
    let repriced = new.order.reprice(php(2)).unwrap().into_inner();
    assert_eq!(after.order, repriced);
    assert_eq!(after.items, new.items);
    assert_eq!(stored(&*store, &neighbour).await.order, neighbour);
}

pub async fn an_order_that_costs_something_else_keeps_its_price(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let before = stored(&*store, &order).await;
    let rupiah = |minor| Money::new(minor, Currency::Idr);
    for (from, to) in [
        (php(499_999), php(1)),
        (rupiah(500_000), php(1)),
        (rupiah(500_000), rupiah(1)),
    ] {
        let repriced = reprice(&*store, &order, from, to).await;
        assert_eq!(repriced, Repriced::No, "{from:?}");
    }
    let never_added = AnOrder::of_a_cart().reserve(&*store).await.order;
    let repriced = reprice(&*store, &never_added, php(500_000), php(1)).await;
    assert_eq!(repriced, Repriced::No);
    assert_eq!(stored(&*store, &order).await, before);
}

pub async fn an_order_keeps_its_currency(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let before = stored(&*store, &order).await;
    for minor in [1, 500_000] {
        let rupiah = Money::new(minor, Currency::Idr);
        let repriced = reprice(&*store, &order, php(500_000), rupiah).await;
        assert_eq!(repriced, Repriced::No);
        assert_eq!(stored(&*store, &order).await, before);
    }
}

pub async fn an_order_with_a_live_payment_keeps_its_price(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let before = stored(&*store, &order).await;
    let dearer = || reprice(&*store, &order, php(500_000), php(600_000));
    assert_eq!(dearer().await, Repriced::No);
    assert_eq!(stored(&*store, &order).await, before);
    cancel(&*store, &opening).await;
    assert_eq!(dearer().await, Repriced::Yes);
    let after = stored(&*store, &order).await;
    assert_eq!(after.order.terms().price, php(600_000));
    let old = store.payment(opening.bill.payment.terms().id).await;
    assert_eq!(old.unwrap().unwrap().payment.terms().price, php(500_000));
}

pub async fn an_order_that_was_called_off_keeps_its_price(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let id = order.terms().id;
    settle(&*store, id, Actor::System, |order, _| order.cancel_order()).await;
    let repriced = reprice(&*store, &order, php(500_000), php(1)).await;
    assert_eq!(repriced, Repriced::No);
    let after = stored(&*store, &order).await.order;
    assert_eq!(after.terms().price, php(500_000));
    assert_eq!(after.status(), OrderStatus::Cancelled);
}

pub async fn of_many_new_prices_at_once_one_is_taken(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let repricing = (1..=20).map(|minor| {
        let store = Arc::clone(if minor % 2 == 0 { &store } else { &beside });
        let order = order.clone();
        tokio::spawn(async move {
            let repriced = reprice(&*store, &order, php(500_000), php(minor)).await;
            (php(minor), repriced)
        })
    });
    let tried: Vec<_> = join_all(repricing).await;
    let taken: Vec<_> = tried
        .into_iter()
        .map(Result::unwrap)
        .filter(|(_, repriced)| *repriced == Repriced::Yes)
        .collect();
    assert_eq!(taken.len(), 1);
    let price = stored(&*store, &order).await.order.terms().price;
    assert_eq!(price, taken[0].0);
}

async fn reprice(store: &dyn Store, order: &Order, from: Money, to: Money) -> Repriced {
    let id = order.terms().id;
    let repriced = patiently(|| store.reprice(id, from, to));
    repriced.await.unwrap()
}
