//! Lists of payments, page by page.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::store::{Page, PaymentFilter, Store, StoredPayment};
use bayar_domain::{PaymentId, PaymentStatus, UserId};
use chrono::{DateTime, TimeDelta, Utc};

use super::steps::{cancel, payment_of};
use crate::builders::{AnOpening, AnOrder};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! list_cases {
    ($fresh:ident) => {
        mod lists {
            use $crate::contract::store::lists as cases;
            $crate::contract_tests! { $fresh:
                an_empty_store_has_no_payments,
                payments_are_listed_newest_first,
                an_entry_of_a_list_is_the_payment_itself,
                pages_cut_the_list_without_loss_or_repetition,
                payments_of_one_moment_keep_their_order_over_the_pages,
                a_page_beyond_the_end_is_empty,
                a_list_shows_what_passes_its_filter,
                the_payments_of_an_order_are_listed_oldest_first,
                what_is_not_there_has_no_papers_and_no_history,
            }
        }
    };
}

const ALL: PaymentFilter = PaymentFilter {
    user: None,
    status: None,
    from: None,
    to: None,
};

pub async fn an_empty_store_has_no_payments(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    AnOrder::of_a_cart().add(&*store).await;
    assert_eq!(list(&*store, ALL, 1, 15).await, (vec![], 0));
}

pub async fn payments_are_listed_newest_first(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let start = store.now().await.unwrap();
    let mut by_age = Vec::new();
    // Not in the order of their ids, and the last two one microsecond apart.
    for micros in [
        5_000_000,
        -7_000_000,
        0,
        1_000_000_000,
        6_000_000,
        6_000_001,
    ] {
        let at = start + TimeDelta::microseconds(micros);
        by_age.push((micros, pay(&*store, 7, at).await));
    }
    by_age.sort_by_key(|(micros, _)| -micros);
    let newest_first: Vec<_> = by_age.into_iter().map(|(_, id)| id).collect();
    assert_eq!(list(&*store, ALL, 1, 15).await, (newest_first, 6));
}

pub async fn an_entry_of_a_list_is_the_payment_itself(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_consultation(1000).add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let page = Page { number: 1, size: 1 };
    let listed = store.payments(&ALL, page).await.unwrap().entries;
    let payment = store.payment(payment_of(&opening)).await.unwrap().unwrap();
    assert_eq!(payment.consultation, Some(1000.try_into().unwrap()));
    assert_eq!(listed, [payment]);
}

pub async fn pages_cut_the_list_without_loss_or_repetition(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let start = store.now().await.unwrap();
    let mut oldest_first = Vec::new();
    for second in 0..7 {
        oldest_first.push(pay(&*store, 7, start + TimeDelta::seconds(second)).await);
    }
    let newest_first: Vec<_> = oldest_first.into_iter().rev().collect();
    assert_pages(&*store, ALL, &newest_first).await;
}

pub async fn payments_of_one_moment_keep_their_order_over_the_pages(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let start = store.now().await.unwrap();
    for _ in 0..7 {
        pay(&*store, 7, start).await;
    }
    let (whole, total) = list(&*store, ALL, 1, 100).await;
    assert_eq!((whole.len(), total), (7, 7));
    assert_pages(&*store, ALL, &whole).await;
}

pub async fn a_page_beyond_the_end_is_empty(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let start = store.now().await.unwrap();
    for _ in 0..3 {
        pay(&*store, 7, start).await;
    }
    for (number, size) in [(2, 3), (4, 1), (u32::MAX, 100), (u32::MAX, u32::MAX)] {
        assert_eq!(list(&*store, ALL, number, size).await, (vec![], 3));
    }
    assert_eq!(list(&*store, ALL, 1, u32::MAX).await.0.len(), 3);
}

pub async fn a_list_shows_what_passes_its_filter(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let start = store.now().await.unwrap();
    let at = |second: i64| start + TimeDelta::seconds(second);
    let mut ids = Vec::new();
    for (user, second) in [(7, 0), (8, 1), (7, 2), (8, 3), (7, 4)] {
        ids.push(pay(&*store, user, at(second)).await);
    }
    let order = AnOrder::of_a_cart().owned_by(7).add(&*store).await;
    let called_off = AnOpening::of(&order).at(at(5)).open(&*store).await;
    cancel(&*store, &called_off).await;
    ids.push(payment_of(&called_off));

    let user = |id: i64| Some(UserId::new(id).unwrap());
    let of = |status| Some(status);
    let filter = |user, status, from: Option<i64>, to: Option<i64>| PaymentFilter {
        user,
        status,
        from: from.map(at),
        to: to.map(at),
    };
    let pending = of(PaymentStatus::Pending);
    let cancelled = of(PaymentStatus::Cancelled);
    for (filter, expected) in [
        (ALL, vec![5, 4, 3, 2, 1, 0]),
        (filter(user(7), None, None, None), vec![5, 4, 2, 0]),
        (filter(user(8), None, None, None), vec![3, 1]),
        (filter(user(78), None, None, None), vec![]),
        (filter(None, pending, None, None), vec![4, 3, 2, 1, 0]),
        (filter(None, cancelled, None, None), vec![5]),
        (
            filter(None, of(PaymentStatus::Completed), None, None),
            vec![],
        ),
        // From is part of it, to is not.
        (filter(None, None, Some(2), None), vec![5, 4, 3, 2]),
        (filter(None, None, None, Some(2)), vec![1, 0]),
        (filter(None, None, Some(1), Some(4)), vec![3, 2, 1]),
        (filter(None, None, Some(4), Some(4)), vec![]),
        (filter(None, None, Some(4), Some(1)), vec![]),
        (filter(user(7), pending, Some(1), Some(9)), vec![4, 2]),
        (filter(user(8), cancelled, Some(0), Some(9)), vec![]),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|index: usize| ids[index])
            .collect();
        assert_pages(&*store, filter, &expected).await;
    }
}

pub async fn the_payments_of_an_order_are_listed_oldest_first(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let start = store.now().await.unwrap();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let other = AnOrder::of_a_cart().add(&*store).await;
    let mut oldest_first = Vec::new();
    for second in 0..4 {
        let at = start + TimeDelta::seconds(second);
        let opening = AnOpening::of(&order).at(at).open(&*store).await;
        cancel(&*store, &opening).await;
        oldest_first.push(payment_of(&opening));
    }
    AnOpening::of(&other).open(&*store).await;
    let of_order = store.payments_of(&order.terms().number).await.unwrap();
    assert_eq!(ids(&of_order), oldest_first);
    for payment in of_order {
        let id = payment.payment.terms().id;
        assert_eq!(store.payment(id).await.unwrap(), Some(payment));
    }
}

pub async fn what_is_not_there_has_no_papers_and_no_history(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    // A neighbour, so that nothing is not all there is.
    pay(&*store, 7, store.now().await.unwrap()).await;
    let order = AnOrder::of_a_cart().reserve(&*store).await.order;
    let nobody = store.reserve_bill_ids(0).await.unwrap().payment;
    let of_order = store.payments_of(&order.terms().number).await.unwrap();
    assert_eq!(of_order, []);
    assert_eq!(store.payment(nobody).await.unwrap(), None);
    assert_eq!(store.invoice(nobody).await.unwrap(), None);
    assert_eq!(store.taxes(nobody).await.unwrap(), []);
    assert_eq!(store.events(nobody).await.unwrap(), []);
    assert_eq!(store.keys_of(nobody).await.unwrap(), []);
}

/// A payment of a person, for an order of its own, opened `at` a time.
async fn pay(store: &dyn Store, user: i64, at: DateTime<Utc>) -> PaymentId {
    let order = AnOrder::of_a_cart().owned_by(user).add(store).await;
    payment_of(&AnOpening::of(&order).at(at).open(store).await)
}

/// A page, and how long the whole list is.
async fn list(
    store: &dyn Store,
    filter: PaymentFilter,
    number: u32,
    size: u32,
) -> (Vec<PaymentId>, u64) {
    let page = store.payments(&filter, Page { number, size }).await;
    let page = page.unwrap();
    (ids(&page.entries), page.total)
}

/// Pages of any size make up the list, and each says how long it is.
async fn assert_pages(store: &dyn Store, filter: PaymentFilter, whole: &[PaymentId]) {
    for size in [1, 2, 3, 100] {
        let total = u64::try_from(whole.len()).unwrap();
        let mut seen = Vec::new();
        for number in 1..=u32::try_from(whole.len()).unwrap() {
            let (entries, of) = list(store, filter, number, size).await;
            assert_eq!(of, total);
            seen.extend(entries);
        }
        assert_eq!(seen, whole, "{filter:?} in pages of {size}");
    }
    let (_, total) = list(store, filter, 1, 15).await;
    assert_eq!(total, u64::try_from(whole.len()).unwrap());
}

fn ids(payments: &[StoredPayment]) -> Vec<PaymentId> {
    payments.iter().map(|p| p.payment.terms().id).collect()
}
