//! People with an account: one for each address, and no token outlives a change that takes something away.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::identity::{Email, Role};
use bayar_app::port::store::{Store, User};
use bayar_domain::UserId;
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::steps::patiently;
use crate::builders::{a_user, password_hash};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! user_cases {
    ($fresh:ident) => {
        mod users {
            use $crate::contract::store::users as cases;
            $crate::contract_tests! { $fresh:
                a_person_is_found_by_id_and_address,
                a_person_who_was_never_added_is_not_found,
                a_taken_address_is_not_added_again,
                of_many_with_one_address_exactly_one_is_added,
                everybody_is_listed_in_the_order_of_their_ids,
                shutting_out_and_letting_in_end_every_token,
                shutting_out_twice_changes_nothing,
                another_role_ends_every_token,
                another_password_ends_every_token,
                a_better_form_of_the_password_keeps_the_tokens,
                a_better_form_of_another_password_is_not_stored,
                a_change_is_about_one_person,
            }
        }
    };
}

pub async fn a_person_is_found_by_id_and_address(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for (role, email) in [
        (Role::Customer, "siti@example.com"),
        (Role::Operator, "o'neil%_@example.com"),
    ] {
        let mut new = a_user(email);
        new.role = role;
        let before = store.now().await.unwrap();
        let id = store.add_user(&new).await.unwrap().unwrap();
        let after = store.now().await.unwrap();
        let found = user(&*store, id).await;
        assert!((before..=after).contains(&found.created_at));
        let expected = User {
            id,
            email: new.email.clone(),
            role,
            disabled_at: None,
            epoch: found.epoch,
            created_at: found.created_at,
        };
        assert_eq!(found, expected);
        let by_email = store.user_by_email(&new.email).await.unwrap();
        assert!(by_email == Some((found, new.password)));
    }
}

pub async fn a_person_who_was_never_added_is_not_found(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let id = add(&*store, "siti@example.com").await;
    let nobody = UserId::new(id.get() + 1).unwrap();
    assert_eq!(store.user(nobody).await.unwrap(), None);
    for email in ["iti@example.com", "siti@example.co", "%@example.com"] {
        let email = Email::new(email).unwrap();
        assert!(store.user_by_email(&email).await.unwrap().is_none());
    }
}

pub async fn a_taken_address_is_not_added_again(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let first = a_user("siti@example.com");
    let id = store.add_user(&first).await.unwrap().unwrap();
    let before = user(&*store, id).await;
    let mut second = a_user("Siti@Example.com");
    second.password = password_hash(2);
    second.role = Role::Operator;
    assert_eq!(store.add_user(&second).await.unwrap(), None);
    let found = store.user_by_email(&first.email).await.unwrap();
    assert!(found == Some((before.clone(), first.password)));
    assert_eq!(store.users().await.unwrap(), [before]);
}

pub async fn of_many_with_one_address_exactly_one_is_added(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let adding = (0..20_u64).map(|seed| {
        let store = Arc::clone(if seed % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            let mut new = a_user("siti@example.com");
            new.password = password_hash(seed);
            let id = patiently(|| store.add_user(&new)).await.unwrap();
            id.map(|id| (id, new.password))
        })
    });
    let added = join_all(adding).await;
    let added: Vec<_> = added.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(added.len(), 1);
    let email = Email::new("siti@example.com").unwrap();
    let (found, password) = store.user_by_email(&email).await.unwrap().unwrap();
    assert!((found.id, password) == added[0]);
    assert_eq!(store.users().await.unwrap().len(), 1);
}

pub async fn everybody_is_listed_in_the_order_of_their_ids(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.users().await.unwrap(), []);
    let mut ids = Vec::new();
    for name in ["zara", "adi", "siti", "budi"] {
        ids.push(add(&*store, &format!("{name}@example.com")).await);
    }
    store.set_disabled(ids[1], true).await.unwrap();
    ids.sort_unstable();
    let mut expected = Vec::new();
    for id in ids {
        expected.push(user(&*store, id).await);
    }
    assert_eq!(store.users().await.unwrap(), expected);
}

pub async fn shutting_out_and_letting_in_end_every_token(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let id = add(&*store, "siti@example.com").await;
    let fresh = user(&*store, id).await;

    fixture.shift_clock(TimeDelta::minutes(1)).await;
    let before = store.now().await.unwrap();
    store.set_disabled(id, true).await.unwrap();
    let after = store.now().await.unwrap();
    let out = user(&*store, id).await;
    assert!((before..=after).contains(&out.disabled_at.unwrap()));
    assert_ne!(out.epoch, fresh.epoch);

    store.set_disabled(id, false).await.unwrap();
    let back = user(&*store, id).await;
    assert!(![fresh.epoch, out.epoch].contains(&back.epoch));
    let expected = User {
        epoch: back.epoch,
        ..fresh
    };
    assert_eq!(back, expected);
}

pub async fn shutting_out_twice_changes_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let id = add(&*store, "siti@example.com").await;
    for disabled in [false, true, false] {
        store.set_disabled(id, disabled).await.unwrap();
        let once = user(&*store, id).await;
        assert_eq!(once.disabled_at.is_some(), disabled);
        fixture.shift_clock(TimeDelta::minutes(1)).await;
        store.set_disabled(id, disabled).await.unwrap();
        assert_eq!(user(&*store, id).await, once);
    }
}

pub async fn another_role_ends_every_token(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let id = add(&*store, "siti@example.com").await;
    let mut epochs = vec![user(&*store, id).await.epoch];
    for role in [Role::Operator, Role::Customer] {
        let before = user(&*store, id).await;
        store.set_role(id, role).await.unwrap();
        let found = user(&*store, id).await;
        assert!(!epochs.contains(&found.epoch));
        epochs.push(found.epoch);
        let expected = User {
            role,
            epoch: found.epoch,
            ..before
        };
        assert_eq!(found, expected);
    }
}

pub async fn another_password_ends_every_token(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let id = add(&*store, "siti@example.com").await;
    let mut epochs = vec![user(&*store, id).await.epoch];
    for seed in [2, 3] {
        let before = user(&*store, id).await;
        let password = password_hash(seed);
        store.set_password(id, &password).await.unwrap();
        let found = user(&*store, id).await;
        assert!(!epochs.contains(&found.epoch));
        epochs.push(found.epoch);
        let expected = User {
            epoch: found.epoch,
            ..before
        };
        assert_eq!(found, expected);
        let by_email = store.user_by_email(&found.email).await.unwrap();
        assert!(by_email == Some((found, password)));
    }
}

pub async fn a_better_form_of_the_password_keeps_the_tokens(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let id = add(&*store, "siti@example.com").await;
    let before = user(&*store, id).await;
    let (old, new) = (password_hash(1), password_hash(2));
    store.rehash_password(id, &old, &new).await.unwrap();
    let found = store.user_by_email(&before.email).await.unwrap();
    assert!(found == Some((before, new)));
}

/// The password may have been changed since the old hash was read.
pub async fn a_better_form_of_another_password_is_not_stored(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let id = add(&*store, "siti@example.com").await;
    let changed = password_hash(2);
    store.set_password(id, &changed).await.unwrap();
    let before = user(&*store, id).await;
    let (old, new) = (password_hash(1), password_hash(3));
    store.rehash_password(id, &old, &new).await.unwrap();
    let found = store.user_by_email(&before.email).await.unwrap();
    assert!(found == Some((before, changed)));
}

pub async fn a_change_is_about_one_person(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let id = add(&*store, "siti@example.com").await;
    let other = add(&*store, "budi@example.com").await;
    let before = user(&*store, other).await;
    let (old, new) = (password_hash(1), password_hash(2));
    store.rehash_password(id, &old, &new).await.unwrap();
    store.set_disabled(id, true).await.unwrap();
    store.set_role(id, Role::Operator).await.unwrap();
    store.set_password(id, &new).await.unwrap();
    let found = store.user_by_email(&before.email).await.unwrap();
    assert!(found == Some((before, old)));
}

async fn add(store: &dyn Store, email: &str) -> UserId {
    store.add_user(&a_user(email)).await.unwrap().unwrap()
}

async fn user(store: &dyn Store, id: UserId) -> User {
    store.user(id).await.unwrap().unwrap()
}
