//! The keys of applications.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::identity::{Role, Scopes};
use bayar_app::port::store::{NewApiKey, Store, StoredApiKey};
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::steps::patiently;
use crate::builders::an_api_key;
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! api_key_cases {
    ($fresh:ident) => {
        mod api_keys {
            use $crate::contract::store::api_keys as cases;
            $crate::contract_tests! { $fresh:
                a_key_is_found_by_its_hash_and_comes_back_as_it_was_added,
                a_key_that_was_never_added_is_not_found,
                a_taken_name_is_not_added_again,
                the_name_of_a_revoked_key_stays_taken,
                of_many_keys_with_one_name_exactly_one_is_added,
                a_revoked_key_says_since_when,
                revoking_is_about_one_key,
                every_key_is_listed_in_the_order_of_their_ids,
            }
        }
    };
}

pub async fn a_key_is_found_by_its_hash_and_comes_back_as_it_was_added(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for (byte, name, role, scopes) in [
        (0, "shop", Role::Service, "all"),
        (1, "SHOP", Role::Service, "orders payments read refunds"),
        (0xff, "kantor – 店 🏬 'x'", Role::Operator, "read"),
        (0x80, " ", Role::Operator, "all"),
    ] {
        let new = NewApiKey {
            role,
            scopes: scopes.parse().unwrap(),
            prefix: format!("bk_{byte:02x}"),
            ..an_api_key(name, [byte; 32])
        };
        let before = store.now().await.unwrap();
        let id = store.add_api_key(&new).await.unwrap().unwrap();
        let after = store.now().await.unwrap();
        let found = stored(&*store, &new).await;
        assert!((before..=after).contains(&found.created_at));
        let expected = StoredApiKey {
            id,
            name: new.name,
            role,
            scopes: new.scopes,
            prefix: new.prefix,
            created_at: found.created_at,
            revoked_at: None,
        };
        assert_eq!(found, expected);
    }
}

pub async fn a_key_that_was_never_added_is_not_found(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let new = an_api_key("shop", [7; 32]);
    store.add_api_key(&new).await.unwrap().unwrap();
    let mut almost = new.hash;
    almost[31] ^= 1;
    assert_eq!(store.api_key(&almost).await.unwrap(), None);
    assert!(!store.revoke_api_key("Shop").await.unwrap());
    assert!(!store.revoke_api_key("").await.unwrap());
    assert_eq!(stored(&*store, &new).await.revoked_at, None);
}

pub async fn a_taken_name_is_not_added_again(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let first = an_api_key("shop", [1; 32]);
    store.add_api_key(&first).await.unwrap().unwrap();
    let before = store.api_keys().await.unwrap();
    let second = NewApiKey {
        scopes: "read".parse().unwrap(),
        ..an_api_key("shop", [2; 32])
    };
    assert_eq!(store.add_api_key(&second).await.unwrap(), None);
    assert_eq!(store.api_key(&second.hash).await.unwrap(), None);
    assert_eq!(store.api_keys().await.unwrap(), before);
}

pub async fn the_name_of_a_revoked_key_stays_taken(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let first = an_api_key("shop", [1; 32]);
    store.add_api_key(&first).await.unwrap().unwrap();
    assert!(store.revoke_api_key("shop").await.unwrap());
    let before = store.api_keys().await.unwrap();
    let second = an_api_key("shop", [2; 32]);
    assert_eq!(store.add_api_key(&second).await.unwrap(), None);
    assert_eq!(store.api_key(&second.hash).await.unwrap(), None);
    assert_eq!(store.api_keys().await.unwrap(), before);
}

pub async fn of_many_keys_with_one_name_exactly_one_is_added(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let adding = (0..20_u8).map(|byte| {
        let store = Arc::clone(if byte % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            let new = an_api_key("shop", [byte; 32]);
            let id = patiently(|| store.add_api_key(&new)).await.unwrap();
            id.map(|_| new.hash)
        })
    });
    let added = join_all(adding).await;
    let added: Vec<_> = added.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(added.len(), 1);
    assert!(store.api_key(&added[0]).await.unwrap().is_some());
    assert_eq!(store.api_keys().await.unwrap().len(), 1);
}

pub async fn a_revoked_key_says_since_when(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let new = NewApiKey {
        scopes: Scopes::all(),
        ..an_api_key("shop", [1; 32])
    };
    store.add_api_key(&new).await.unwrap().unwrap();
    let fresh = stored(&*store, &new).await;
    fixture.shift_clock(TimeDelta::minutes(1)).await;
    let before = store.now().await.unwrap();
    assert!(store.revoke_api_key("shop").await.unwrap());
    let after = store.now().await.unwrap();
    let revoked = stored(&*store, &new).await;
    assert!((before..=after).contains(&revoked.revoked_at.unwrap()));
    let expected = StoredApiKey {
        revoked_at: revoked.revoked_at,
        ..fresh
    };
    assert_eq!(revoked, expected);
    // Once more, later: it is there, and was void before.
    fixture.shift_clock(TimeDelta::minutes(1)).await;
    assert!(store.revoke_api_key("shop").await.unwrap());
    assert_eq!(stored(&*store, &new).await, revoked);
}

pub async fn revoking_is_about_one_key(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let (gone, kept) = (an_api_key("shop", [1; 32]), an_api_key("shop%", [2; 32]));
    store.add_api_key(&gone).await.unwrap().unwrap();
    store.add_api_key(&kept).await.unwrap().unwrap();
    assert!(store.revoke_api_key("shop").await.unwrap());
    assert!(stored(&*store, &gone).await.revoked_at.is_some());
    assert!(stored(&*store, &kept).await.revoked_at.is_none());
}

pub async fn every_key_is_listed_in_the_order_of_their_ids(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.api_keys().await.unwrap(), []);
    let mut expected = Vec::new();
    for (byte, name) in (1..).zip(["zeta", "alpha", "shop", "beta"]) {
        let new = an_api_key(name, [byte; 32]);
        store.add_api_key(&new).await.unwrap().unwrap();
        expected.push(new);
    }
    store.revoke_api_key("alpha").await.unwrap();
    let listed = store.api_keys().await.unwrap();
    assert!(listed.is_sorted_by_key(|key| key.id));
    assert_eq!(listed.len(), 4);
    for new in &expected {
        assert!(listed.contains(&stored(&*store, new).await));
    }
}

async fn stored(store: &dyn Store, new: &NewApiKey) -> StoredApiKey {
    store.api_key(&new.hash).await.unwrap().unwrap()
}
