//! Orders: they come back as they were added, and once for each consultation and reference.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::port::store::{Added, ExternalRef, NewOrder, OrderKey, Store, StoredOrder};
use bayar_domain::{ConsultationId, Currency, Money, OrderId, OrderKind, OrderNumber};
use chrono::DateTime;
use futures_util::future::join_all;

use super::steps::{add, stored};
use crate::builders::{AnOrder, an_item, php};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! order_cases {
    ($fresh:ident) => {
        mod orders {
            use $crate::contract::store::orders as cases;
            $crate::contract_tests! { $fresh:
                an_order_is_found_by_each_of_its_names,
                an_order_that_was_never_added_is_not_found,
                an_order_of_each_kind_comes_back,
                words_and_items_come_back_in_every_script,
                prices_come_back_to_the_last_minor_unit,
                times_come_back_to_the_microsecond,
                a_consultation_has_one_order_however_many_add_it,
                a_reference_has_one_order_however_many_add_it,
                an_order_that_is_added_again_stays_as_it_was,
                an_order_whose_number_is_taken_is_not_added,
            }
        }
    };
}

pub async fn an_order_is_found_by_each_of_its_names(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let new = AnOrder::of_a_consultation(1000)
        .known_as("booking-1")
        .described("A talk")
        .with_items(vec![an_item("Talk", 1, php(500_000))])
        .reserve(&*store)
        .await;
    assert_eq!(add(&*store, &new).await, Added::Yes);
    // A neighbour, so that finding any order is not enough.
    AnOrder::of_a_consultation(1001)
        .known_as("booking-2")
        .add(&*store)
        .await;
    let terms = new.order.terms();
    let names = [
        OrderKey::Id(terms.id),
        OrderKey::Number(terms.number.clone()),
        consultation(1000),
        reference("booking-1"),
    ];
    for name in names {
        let found = store.order(&name).await.unwrap();
        assert_as_added(&new, &found.unwrap());
    }
}

pub async fn an_order_that_was_never_added_is_not_found(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_consultation(1000).known_as("booking");
    let order = order.add(&*store).await;
    let number = OrderNumber::new(order.terms().created_at, u32::MAX).unwrap();
    let names = [
        OrderKey::Id(OrderId::new(i64::MAX).unwrap()),
        OrderKey::Id(store.reserve_order_id().await.unwrap()),
        OrderKey::Number(number),
        consultation(1001),
        reference("Booking"),
        reference("booking "),
        reference("book%"),
    ];
    for name in names {
        assert_eq!(store.order(&name).await.unwrap(), None, "{name:?}");
    }
}

pub async fn an_order_of_each_kind_comes_back(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let consultation_id = ConsultationId::new(i64::MAX).unwrap();
    for kind in [
        OrderKind::Consultation { consultation_id },
        OrderKind::Checkout,
        OrderKind::Direct,
        OrderKind::Credits { quantity: 1 },
        OrderKind::Credits { quantity: u32::MAX },
    ] {
        let order = AnOrder::of_a_cart().of_kind(kind).owned_by(i64::MAX);
        let new = order.reserve(&*store).await;
        assert_eq!(add(&*store, &new).await, Added::Yes);
        assert_as_added(&new, &stored(&*store, &new.order).await);
    }
}

pub async fn words_and_items_come_back_in_every_script(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let words = [
        "Konsultasi – 診察 – عيادة – 🩺👩🏽‍⚕️",
        "'; DROP TABLE orders; -- \\ \" % _ $1 ? :a",
        "two\nlines\tand a tab \u{1} \u{7f}",
        "e\u{301} is not \u{e9}",
        " spaces at both ends ",
        "",
    ];
    let mut items: Vec<_> = (1..)
        .zip(words)
        .map(|(n, words)| an_item(words, n, php(i64::from(n))))
        .collect();
    // The same once more, and the ends of what fits.
    items.push(items[0].clone());
    items.push(an_item("free", u32::MAX, php(0)));
    items.push(an_item("dear", 1, php(i64::MAX)));
    for words in words {
        let order = AnOrder::of_a_cart().described(words);
        let new = order.with_items(items.clone()).reserve(&*store).await;
        assert_eq!(add(&*store, &new).await, Added::Yes);
        assert_as_added(&new, &stored(&*store, &new.order).await);
    }
    let longest = "診".repeat(255);
    let new = AnOrder::of_a_cart().known_as(&longest);
    let new = new.reserve(&*store).await;
    assert_eq!(add(&*store, &new).await, Added::Yes);
    let found = store.order(&reference(&longest)).await.unwrap();
    assert_as_added(&new, &found.unwrap());
}

pub async fn prices_come_back_to_the_last_minor_unit(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    // Without decimals, with two and with three.
    for currency in [Currency::Jpy, Currency::Idr, Currency::Kwd] {
        for minor in [1, 1_001, 9_007_199_254_740_993, i64::MAX] {
            let price = Money::new(minor, currency);
            let item = an_item("one", 1, price);
            let order = AnOrder::of_a_cart().for_price(price);
            let new = order.with_items(vec![item]).reserve(&*store).await;
            assert_eq!(add(&*store, &new).await, Added::Yes);
            assert_as_added(&new, &stored(&*store, &new.order).await);
        }
    }
}

pub async fn times_come_back_to_the_microsecond(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for micros in [
        0,
        1_752_811_620_000_001,
        1_752_811_620_123_456,
        1_752_811_620_900_000,
        1_752_811_620_999_999,
    ] {
        let at = DateTime::from_timestamp_micros(micros).unwrap();
        let order = AnOrder::of_a_cart().made_at(at).add(&*store).await;
        let found = stored(&*store, &order).await.order;
        assert_eq!(found.terms().created_at, at);
        assert_eq!(found, order);
    }
}

pub async fn a_consultation_has_one_order_however_many_add_it(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let sample = AnOrder::of_a_consultation(1000);
    let sample = sample.with_items(vec![an_item("Talk", 1, php(500_000))]);
    one_of_many_is_added([&store, &beside], sample, consultation(1000)).await;
}

pub async fn a_reference_has_one_order_however_many_add_it(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let sample = AnOrder::of_a_cart().known_as("booking");
    let sample = sample.with_items(vec![an_item("Tea", 2, php(250_000))]);
    one_of_many_is_added([&store, &beside], sample, reference("booking")).await;
}

/// Who was not told whether an order was added adds it again.
pub async fn an_order_that_is_added_again_stays_as_it_was(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let item = an_item("Talk", 1, php(500_000));
    for sample in [
        AnOrder::of_a_consultation(1000),
        AnOrder::of_a_cart().known_as("booking"),
    ] {
        let new = sample.with_items(vec![item.clone()]).reserve(&*store).await;
        assert_eq!(add(&*store, &new).await, Added::Yes);
        for _ in 0..2 {
            assert_eq!(add(&*store, &new).await, Added::Known);
        }
        assert_as_added(&new, &stored(&*store, &new.order).await);
    }
    let nameless = AnOrder::of_a_cart().with_items(vec![item]);
    let nameless = nameless.reserve(&*store).await;
    assert_eq!(add(&*store, &nameless).await, Added::Yes);
    assert_ne!(add(&*store, &nameless).await, Added::Yes);
    assert_as_added(&nameless, &stored(&*store, &nameless.order).await);
}

pub async fn an_order_whose_number_is_taken_is_not_added(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let first = AnOrder::of_a_cart().add(&*store).await;
    let number = &first.terms().number;
    let second = AnOrder::of_a_consultation(1000).numbered(number.clone());
    let second = second.known_as("booking");
    let new = second.clone().reserve(&*store).await;
    assert_eq!(add(&*store, &new).await, Added::NumberTaken);
    let id = new.order.terms().id;
    for name in [OrderKey::Id(id), consultation(1000), reference("booking")] {
        assert_eq!(store.order(&name).await.unwrap(), None, "{name:?}");
    }
    assert_eq!(stored(&*store, &first).await.order, first);
    let another = OrderNumber::new(number.made_at(), number.suffix() + 1).unwrap();
    let new = second.numbered(another).build(id);
    assert_eq!(add(&*store, &new).await, Added::Yes);
    assert_as_added(&new, &stored(&*store, &new.order).await);
}

/// Adds many orders that share a name, with ids and numbers of their own. One is there in the end, all of it,
/// and nothing of the others.
async fn one_of_many_is_added(stores: [&Arc<dyn Store>; 2], sample: AnOrder, name: OrderKey) {
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(sample.clone().reserve(&**stores[0]).await);
    }
    let adding = orders.into_iter().zip(stores.into_iter().cycle());
    let adding = adding.map(|(new, store)| {
        let store = Arc::clone(store);
        tokio::spawn(async move { (add(&*store, &new).await, new) })
    });
    let added: Vec<_> = join_all(adding).await;
    let added: Vec<_> = added.into_iter().map(Result::unwrap).collect();
    let store = &**stores[0];
    let found = store.order(&name).await.unwrap().unwrap();
    for (added, new) in &added {
        let terms = new.order.terms();
        if *added == Added::Yes {
            assert_as_added(new, &found);
        } else {
            assert_eq!(*added, Added::Known);
            for name in [
                OrderKey::Id(terms.id),
                OrderKey::Number(terms.number.clone()),
            ] {
                assert_eq!(store.order(&name).await.unwrap(), None);
            }
        }
    }
    let winners = added.iter().filter(|(added, _)| *added == Added::Yes);
    assert_eq!(winners.count(), 1);
}

fn assert_as_added(new: &NewOrder, found: &StoredOrder) {
    let expected = StoredOrder {
        order: new.order.clone(),
        external_ref: new.external_ref.clone(),
        description: new.description.clone(),
        items: new.items.clone(),
        live_payment: None,
        updated_at: found.updated_at,
    };
    assert_eq!(*found, expected);
}

fn consultation(id: i64) -> OrderKey {
    OrderKey::Consultation(id.try_into().unwrap())
}

fn reference(text: &str) -> OrderKey {
    OrderKey::Reference(ExternalRef::new(text).unwrap())
}
