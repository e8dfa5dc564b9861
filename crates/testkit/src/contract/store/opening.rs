//! Opening a payment: all of it or nothing, and only when everything is as it was seen.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::store::{Actor, ApiKeyId, BillIds, KeyOwner, Opened, OrderKey, PaymentEvent};
use bayar_domain::tax::TaxMode;
use bayar_domain::{
    Currency, Gateway, Money, Order, OrderStatus, OrderTerms, PaymentStatus, UserId,
};
use chrono::{DateTime, TimeDelta};

use super::steps::{
    assert_all_of, assert_nothing_of, assert_papers_and_key, cancel, ids_of, open, payment_of,
    settle,
};
use crate::builders::{AnOpening, AnOrder, php, survey_of};
use crate::contract::{StoreFixture, every_byte};

#[doc(hidden)]
#[macro_export]
macro_rules! opening_cases {
    ($fresh:ident) => {
        mod opening {
            use $crate::contract::store::opening as cases;
            $crate::contract_tests! { $fresh:
                an_opening_writes_payment_papers_event_and_key,
                the_payment_of_a_cart_has_no_consultation,
                a_second_opening_is_refused_and_leaves_nothing,
                an_order_that_forgot_its_live_payment_opens_no_second_one,
                an_order_whose_place_is_taken_is_not_opened,
                an_opening_that_is_sent_again_is_refused_and_the_first_stays,
                an_opening_for_another_owner_leaves_nothing,
                an_opening_for_another_price_leaves_nothing,
                an_opening_in_another_currency_leaves_nothing,
                an_opening_for_an_order_that_is_not_pending_leaves_nothing,
                an_opening_for_no_order_leaves_nothing,
                an_opening_under_a_bound_key_leaves_nothing,
                an_opening_with_a_taken_id_leaves_nothing,
                an_order_can_be_opened_again_when_its_payment_has_ended,
                amounts_and_taxes_come_back_to_the_last_minor_unit,
                taxes_that_are_added_to_the_price_come_back_with_it,
                times_come_back_to_the_microsecond,
                the_answer_comes_back_byte_for_byte,
                the_gateway_comes_back,
                whoever_opened_a_payment_stands_in_its_history,
            }
        }
    };
}

pub async fn an_opening_writes_payment_papers_event_and_key(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_consultation(1000).add(&*store).await;
    let before = store.now().await.unwrap();
    let opening = AnOpening::of(&order).open(&*store).await;
    let after = store.now().await.unwrap();
    assert_eq!(opening.bill.taxes.len(), 2);
    assert_all_of(&*store, &opening).await;

    let id = payment_of(&opening);
    let payment = store.payment(id).await.unwrap().unwrap();
    assert_eq!(payment.payment, opening.bill.payment);
    assert_eq!(payment.order_number, order.terms().number);
    assert_eq!(payment.consultation, Some(1000.try_into().unwrap()));
    assert_eq!(payment.version, 1);
    assert!((before..=after).contains(&payment.updated_at));

    let events = store.events(id).await.unwrap();
    let at = events[0].at;
    assert!((before..=after).contains(&at));
    let opened = PaymentEvent {
        payment: id,
        version: 1,
        from: None,
        to: PaymentStatus::Pending,
        by: opening.by,
        at,
    };
    assert_eq!(events, [opened]);

    let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
    let answered = (opening.claim.answer.clone(), PaymentStatus::Pending);
    assert_eq!(surveyed.answered, Some(answered));
    let seen = surveyed.order.unwrap();
    assert_eq!(seen.order, order);
    let live = seen.live.unwrap();
    assert_eq!(live.status, PaymentStatus::Pending);
    assert_eq!(live.deadline, opening.bill.payment.terms().deadline);
    assert!(!live.overdue);

    let of_order = store.payments_of(&order.terms().number).await.unwrap();
    assert_eq!(of_order, [payment]);
}

pub async fn the_payment_of_a_cart_has_no_consultation(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let payment = store.payment(payment_of(&opening)).await.unwrap().unwrap();
    assert_eq!(payment.consultation, None);
    assert_eq!(payment.order_number, order.terms().number);
}

pub async fn a_second_opening_is_refused_and_leaves_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let first = AnOpening::of(&order).open(&*store).await;
    let second = AnOpening::of(&order).build(&*store).await;
    assert_eq!(open(&*store, &second).await, Opened::No);
    assert_nothing_of(&*store, &second).await;
    assert_all_of(&*store, &first).await;
}

/// Two things keep an order from a second live payment, and each does so without the other: this is the index.
pub async fn an_order_that_forgot_its_live_payment_opens_no_second_one(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let first = AnOpening::of(&order).open(&*store).await;
    let second = AnOpening::of(&order).build(&*store).await;
    give_place(fixture, &order, "NULL").await;
    assert_eq!(open(&*store, &second).await, Opened::No);
    let payments = store.payments_of(&order.terms().number).await.unwrap();
    let payments: Vec<_> = payments.iter().map(|stored| &stored.payment).collect();
    assert_eq!(payments, [&first.bill.payment]);
}

/// And this is the place that the order has for one.
pub async fn an_order_whose_place_is_taken_is_not_opened(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).build(&*store).await;
    give_place(fixture, &order, "4711").await;
    assert_eq!(open(&*store, &opening).await, Opened::No);
    let payments = store.payments_of(&order.terms().number).await.unwrap();
    assert_eq!(payments, []);
}

/// Writes past the store what an order says of its live payment.
async fn give_place(fixture: &dyn StoreFixture, order: &Order, payment: &str) {
    let id = order.terms().id;
    let change = format!(
        "UPDATE orders SET live_payment_id = {payment} WHERE id = {id} RETURNING order_number"
    );
    assert_eq!(fixture.texts(&change).await.len(), 1);
}

/// Who was not told whether a payment was opened opens it again.
pub async fn an_opening_that_is_sent_again_is_refused_and_the_first_stays(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    for _ in 0..2 {
        assert_eq!(open(&*store, &opening).await, Opened::No);
    }
    assert_all_of(&*store, &opening).await;
    assert_eq!(store.events(payment_of(&opening)).await.unwrap().len(), 1);
}

pub async fn an_opening_for_another_owner_leaves_nothing(fixture: &dyn StoreFixture) {
    refused_when_seen_as(fixture, |terms| OrderTerms {
        owner: UserId::new(8).unwrap(),
        ..terms
    })
    .await;
}

pub async fn an_opening_for_another_price_leaves_nothing(fixture: &dyn StoreFixture) {
    for minor in [499_999, 500_001, 1] {
        refused_when_seen_as(fixture, |terms| OrderTerms {
            price: php(minor),
            ..terms
        })
        .await;
    }
}

pub async fn an_opening_in_another_currency_leaves_nothing(fixture: &dyn StoreFixture) {
    refused_when_seen_as(fixture, |terms| OrderTerms {
        price: Money::new(terms.price.minor(), Currency::Idr),
        ..terms
    })
    .await;
}

pub async fn an_opening_for_an_order_that_is_not_pending_leaves_nothing(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).build(&*store).await;
    let id = order.terms().id;
    settle(&*store, id, Actor::System, |order, _| order.cancel_order()).await;
    assert_eq!(open(&*store, &opening).await, Opened::No);
    assert_nothing_of(&*store, &opening).await;
    let found = store.order(&OrderKey::Id(id)).await.unwrap().unwrap();
    assert_eq!(found.order.status(), OrderStatus::Cancelled);
}

pub async fn an_opening_for_no_order_leaves_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let never_added = AnOrder::of_a_cart().reserve(&*store).await.order;
    let opening = AnOpening::of(&never_added).build(&*store).await;
    assert_eq!(open(&*store, &opening).await, Opened::No);
    assert_nothing_of(&*store, &opening).await;
}

pub async fn an_opening_under_a_bound_key_leaves_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let first = AnOrder::of_a_cart().add(&*store).await;
    let first = AnOpening::of(&first).key("wish").open(&*store).await;
    let second = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&second).key("wish").build(&*store).await;
    assert_eq!(open(&*store, &opening).await, Opened::No);
    assert_nothing_of(&*store, &opening).await;
    assert_all_of(&*store, &first).await;
    // Also when the payment it is bound to has ended.
    cancel(&*store, &first).await;
    assert_eq!(open(&*store, &opening).await, Opened::No);
    assert_nothing_of(&*store, &opening).await;
    AnOpening::of(&second).key("another").open(&*store).await;
}

pub async fn an_opening_with_a_taken_id_leaves_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let first = AnOpening::of(&order).open(&*store).await;
    let taken = ids_of(&first);
    let second = AnOrder::of_a_cart().add(&*store).await;
    let free = || async { store.reserve_bill_ids(2).await.unwrap() };
    let with_taken_payment = BillIds {
        payment: taken.payment,
        ..free().await
    };
    let with_taken_invoice = BillIds {
        invoice: taken.invoice,
        ..free().await
    };
    let with_taken_tax = BillIds {
        taxes: vec![free().await.taxes[0], taken.taxes[1]],
        ..free().await
    };
    for ids in [with_taken_payment, with_taken_invoice, with_taken_tax] {
        let opening = AnOpening::of(&second).with_ids(ids.clone());
        let opening = opening.key("wish").build(&*store).await;
        assert_eq!(open(&*store, &opening).await, Opened::No, "{ids:?}");
        if ids.payment != taken.payment {
            assert_nothing_of(&*store, &opening).await;
        }
        let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
        assert_eq!(surveyed.answered, None);
        assert_eq!(surveyed.order.unwrap().live, None);
        assert_all_of(&*store, &first).await;
    }
    let second = AnOpening::of(&second).key("wish").open(&*store).await;
    assert_all_of(&*store, &second).await;
}

pub async fn an_order_can_be_opened_again_when_its_payment_has_ended(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let mut ended = Vec::new();
    for _ in 0..3 {
        let opening = AnOpening::of(&order).open(&*store).await;
        cancel(&*store, &opening).await;
        ended.push(payment_of(&opening));
    }
    let last = AnOpening::of(&order).open(&*store).await;
    assert_all_of(&*store, &last).await;
    for id in ended {
        let payment = store.payment(id).await.unwrap().unwrap();
        assert_eq!(payment.payment.status(), PaymentStatus::Cancelled);
    }
}

pub async fn amounts_and_taxes_come_back_to_the_last_minor_unit(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let currencies = [Currency::Php, Currency::Idr, Currency::Jpy, Currency::Kwd];
    for currency in currencies {
        for minor in [1, 100_001, 9_007_199_254_740_993, i64::MAX] {
            let order = AnOrder::of_a_cart().for_price(Money::new(minor, currency));
            let order = order.add(&*store).await;
            let opening = AnOpening::of(&order).open(&*store).await;
            assert_all_of(&*store, &opening).await;
        }
    }
}

pub async fn taxes_that_are_added_to_the_price_come_back_with_it(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for &mode in TaxMode::ALL {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).with_taxes(mode).open(&*store).await;
        assert_all_of(&*store, &opening).await;
        let amount = opening.bill.payment.terms().amount;
        let expected = if mode == TaxMode::Added {
            php(560_000)
        } else {
            php(500_000)
        };
        assert_eq!(amount, expected);
    }
}

pub async fn times_come_back_to_the_microsecond(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for micros in [0, 1, 123_456, 900_000, 999_999] {
        let at = DateTime::from_timestamp_micros(1_752_811_620_000_000 + micros).unwrap();
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order)
            .at(at)
            .payable_for(TimeDelta::days(40_000) + TimeDelta::microseconds(1))
            .open(&*store)
            .await;
        assert_all_of(&*store, &opening).await;
        let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
        let live = surveyed.order.unwrap().live.unwrap();
        assert_eq!(live.deadline, opening.bill.payment.terms().deadline);
    }
}

pub async fn the_answer_comes_back_byte_for_byte(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let bodies = [
        every_byte(),
        "{\"message\":\"Pembayaran – 診察 🩺\"}".into(),
        b"\\x00 \\ ' \" %".to_vec(),
        Vec::new(),
        every_byte().repeat(300),
    ];
    for body in bodies {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).body(body).open(&*store).await;
        let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
        let (answer, _) = surveyed.answered.unwrap();
        assert_eq!(answer, opening.claim.answer);
    }
}

pub async fn the_gateway_comes_back(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for &gateway in Gateway::ALL {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).by_way_of(gateway).open(&*store).await;
        let payment = store.payment(payment_of(&opening)).await.unwrap().unwrap();
        assert_eq!(payment.payment.payment_method(), gateway);
    }
}

pub async fn whoever_opened_a_payment_stands_in_its_history(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let user = UserId::new(7).unwrap();
    for (by, owner) in [
        (Actor::User(user), KeyOwner::User(user)),
        (
            Actor::User(UserId::new(i64::MAX).unwrap()),
            KeyOwner::User(user),
        ),
        (
            Actor::Service(ApiKeyId::new(3).unwrap()),
            KeyOwner::ServiceFor(user),
        ),
        (Actor::System, KeyOwner::User(user)),
    ] {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).by(by).key_of(owner);
        let opening = opening.open(&*store).await;
        let events = store.events(payment_of(&opening)).await.unwrap();
        assert_eq!(events[0].by, by);
        assert_papers_and_key(&*store, &opening).await;
    }
}

/// An opening for an order as it never was is refused, and the order can still be opened as it is.
async fn refused_when_seen_as(
    fixture: &dyn StoreFixture,
    otherwise: impl FnOnce(OrderTerms) -> OrderTerms,
) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let seen = Order::register(otherwise(order.terms().clone())).unwrap();
    let opening = AnOpening::of(&seen).build(&*store).await;
    assert_eq!(open(&*store, &opening).await, Opened::No);
    assert_nothing_of(&*store, &opening).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    assert_all_of(&*store, &opening).await;
}
