//! Idempotency keys: each is answered with one payment, and kept as long as it was promised and as long as
//! that payment has not ended.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{KeyOwner, KeyScope, Opened, Opening, Store};
use bayar_domain::PaymentStatus;
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::steps::{assert_all_of, cancel, open, patiently, payment_of};
use crate::builders::{AnOpening, AnOrder, survey_of};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! key_cases {
    ($fresh:ident) => {
        mod keys {
            use $crate::contract::store::keys as cases;
            $crate::contract_tests! { $fresh:
                equal_keys_of_different_owners_never_meet,
                keys_that_differ_in_one_letter_are_different,
                a_key_of_an_ended_payment_is_answered_while_its_time_lasts,
                a_key_is_answered_as_long_as_its_payment_lives,
                a_key_whose_time_is_over_and_payment_has_ended_is_not_answered,
                a_living_key_is_not_forgotten,
                a_dead_key_is_forgotten_and_can_be_bound_anew,
                forgetting_a_key_that_was_never_bound_is_harmless,
                forgetting_one_key_leaves_the_others,
                dead_keys_are_forgotten_a_few_at_a_time,
                many_who_forget_dead_keys_count_each_once,
                forgetting_dead_keys_leaves_the_living_ones,
            }
        }
    };
}

const AN_HOUR: Duration = Duration::from_secs(3600);

pub async fn equal_keys_of_different_owners_never_meet(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let user = |id: i64| KeyOwner::User(id.try_into().unwrap());
    let service = |id: i64| KeyOwner::ServiceFor(id.try_into().unwrap());
    let mut openings = Vec::new();
    for owner in [user(7), user(8), user(78), service(7), service(8)] {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).key_of(owner).key("wish");
        openings.push(opening.open(&*store).await);
    }
    for opening in &openings {
        assert_all_of(&*store, opening).await;
    }
}

pub async fn keys_that_differ_in_one_letter_are_different(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let (long, longer) = ("k".repeat(254), "k".repeat(255));
    let every_printable: String = (' '..='~').collect();
    let keys = [
        "wish",
        "Wish",
        "wish ",
        " wish",
        "wish%",
        "_ish",
        "'",
        "\\",
        "0",
        "00",
        &long,
        &longer,
        &every_printable,
    ];
    let mut openings = Vec::new();
    for key in keys {
        let order = AnOrder::of_a_cart().add(&*store).await;
        openings.push(AnOpening::of(&order).key(key).open(&*store).await);
    }
    for opening in &openings {
        assert_all_of(&*store, opening).await;
    }
}

pub async fn a_key_of_an_ended_payment_is_answered_while_its_time_lasts(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let opening = opening(&*store, "wish").await;
    cancel(&*store, &opening).await;
    fixture.shift_clock(TimeDelta::minutes(59)).await;
    let answered = store.survey(&survey_of(&opening)).await.unwrap().answered;
    let expected = (opening.claim.answer.clone(), PaymentStatus::Cancelled);
    assert_eq!(answered, Some(expected));
}

pub async fn a_key_is_answered_as_long_as_its_payment_lives(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let opening = opening(&*store, "wish").await;
    fixture.shift_clock(TimeDelta::days(400)).await;
    let answered = store.survey(&survey_of(&opening)).await.unwrap().answered;
    let expected = (opening.claim.answer.clone(), PaymentStatus::Pending);
    assert_eq!(answered, Some(expected));
}

pub async fn a_key_whose_time_is_over_and_payment_has_ended_is_not_answered(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let opening = opening(&*store, "wish").await;
    cancel(&*store, &opening).await;
    assert!(is_answered(&*store, &opening).await);
    fixture.shift_clock(TimeDelta::minutes(61)).await;
    assert!(!is_answered(&*store, &opening).await);
}

pub async fn a_living_key_is_not_forgotten(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let live = opening(&*store, "live").await;
    let ended = opening(&*store, "ended").await;
    cancel(&*store, &ended).await;
    for opening in [&live, &ended] {
        forget(&*store, opening).await;
        assert!(is_answered(&*store, opening).await);
        assert!(is_kept(&*store, opening).await);
    }
    fixture.shift_clock(TimeDelta::minutes(61)).await;
    forget(&*store, &live).await;
    assert!(is_answered(&*store, &live).await);
    assert_all_of(&*store, &live).await;
}

pub async fn a_dead_key_is_forgotten_and_can_be_bound_anew(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let first = opening(&*store, "wish").await;
    cancel(&*store, &first).await;
    fixture.shift_clock(TimeDelta::minutes(61)).await;
    forget(&*store, &first).await;
    assert!(!is_kept(&*store, &first).await);

    let order = AnOrder::of_a_cart().add(&*store).await;
    let second = AnOpening::of(&order).key("wish").kept_for(AN_HOUR);
    let second = second.build(&*store).await;
    assert_eq!(open(&*store, &second).await, Opened::Yes);
    assert_all_of(&*store, &second).await;
    // Now it lives again.
    forget(&*store, &second).await;
    assert_all_of(&*store, &second).await;
}

pub async fn forgetting_a_key_that_was_never_bound_is_harmless(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let opening = opening(&*store, "wish").await;
    cancel(&*store, &opening).await;
    fixture.shift_clock(TimeDelta::minutes(61)).await;
    let scope = KeyScope {
        owner: KeyOwner::User(8.try_into().unwrap()),
        ..opening.claim.scope.clone()
    };
    store.forget_key(&scope).await.unwrap();
    assert!(is_kept(&*store, &opening).await);
}

pub async fn forgetting_one_key_leaves_the_others(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let (gone, kept) = (
        opening(&*store, "gone").await,
        opening(&*store, "kept").await,
    );
    cancel(&*store, &gone).await;
    cancel(&*store, &kept).await;
    fixture.shift_clock(TimeDelta::minutes(61)).await;
    forget(&*store, &gone).await;
    assert!(!is_kept(&*store, &gone).await);
    assert!(is_kept(&*store, &kept).await);
}

pub async fn dead_keys_are_forgotten_a_few_at_a_time(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for number in 0..5 {
        let opening = opening(&*store, &format!("wish {number}")).await;
        cancel(&*store, &opening).await;
    }
    assert_eq!(store.forget_keys(10).await.unwrap(), 0);
    fixture.shift_clock(TimeDelta::minutes(61)).await;
    for (at_most, forgotten) in [(0, 0), (2, 2), (1, 1), (u32::MAX, 2), (10, 0)] {
        assert_eq!(store.forget_keys(at_most).await.unwrap(), forgotten);
    }
}

pub async fn many_who_forget_dead_keys_count_each_once(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for number in 0..10 {
        let opening = opening(&*store, &format!("wish {number}")).await;
        cancel(&*store, &opening).await;
    }
    fixture.shift_clock(TimeDelta::minutes(61)).await;
    let forgetting = (0..10).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move { patiently(|| store.forget_keys(3)).await.unwrap() })
    });
    let forgotten = join_all(forgetting).await;
    let forgotten: u64 = forgotten.into_iter().map(Result::unwrap).sum();
    assert_eq!(forgotten + store.forget_keys(10).await.unwrap(), 10);
}

pub async fn forgetting_dead_keys_leaves_the_living_ones(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let live = opening(&*store, "live").await;
    let dead = opening(&*store, "dead").await;
    cancel(&*store, &dead).await;
    fixture.shift_clock(TimeDelta::minutes(61)).await;
    let young = opening(&*store, "young").await;
    cancel(&*store, &young).await;
    assert_eq!(store.forget_keys(10).await.unwrap(), 1);
    assert!(!is_kept(&*store, &dead).await);
    assert_all_of(&*store, &live).await;
    assert!(is_answered(&*store, &young).await);
    // The papers of a payment do not go with its key.
    let id = payment_of(&dead);
    assert!(store.invoice(id).await.unwrap().is_some());
    assert_eq!(store.events(id).await.unwrap().len(), 2);
}

/// A payment for an order of its own, whose key is kept for an hour.
async fn opening(store: &dyn Store, key: &str) -> Opening {
    let order = AnOrder::of_a_cart().add(store).await;
    let opening = AnOpening::of(&order).key(key).kept_for(AN_HOUR);
    opening.open(store).await
}

async fn forget(store: &dyn Store, opening: &Opening) {
    store.forget_key(&opening.claim.scope).await.unwrap();
}

async fn is_answered(store: &dyn Store, opening: &Opening) -> bool {
    let survey = survey_of(opening);
    store.survey(&survey).await.unwrap().answered.is_some()
}

async fn is_kept(store: &dyn Store, opening: &Opening) -> bool {
    let keys = store.keys_of(payment_of(opening)).await.unwrap();
    keys.contains(&opening.claim.scope)
}
