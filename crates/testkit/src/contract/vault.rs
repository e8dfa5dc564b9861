//! What every [`Vault`] MUST do.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::Vault;
use futures_util::future::join_all;

use super::{Fixture, every_byte};

/// One test for each case of the suite of [`Vault`].
///
/// Takes the name of an `async fn` beside it that answers something that implements
/// [`Fixture<dyn Vault>`](crate::contract::Fixture).
#[macro_export]
macro_rules! vault_contract {
    ($fresh:ident) => {
        mod vault {
            use $crate::contract::vault as cases;
            $crate::contract_tests! { $fresh:
                what_was_never_put_is_not_there,
                what_was_put_comes_back_byte_for_byte,
                what_was_put_last_comes_back,
                an_entry_is_forgotten_when_its_time_is_over,
                putting_again_begins_a_new_time,
                what_was_removed_is_not_there,
                entries_of_different_names_are_different,
                an_entry_comes_back_whole_while_others_are_put,
            }
        }
    };
}

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(150);
const LONGER_THAN_SHORT: Duration = Duration::from_millis(200);

type Case<'a> = &'a dyn Fixture<dyn Vault>;

pub async fn what_was_never_put_is_not_there(fixture: Case<'_>) {
    let vault = fixture.port();
    assert_eq!(vault.get("never").await.unwrap(), None);
    vault.remove("never").await.unwrap();
}

pub async fn what_was_put_comes_back_byte_for_byte(fixture: Case<'_>) {
    let vault = fixture.port();
    let entries = [every_byte(), Vec::new(), every_byte().repeat(1_000)];
    for (number, sealed) in entries.iter().enumerate() {
        let name = format!("entry {number}");
        vault.put(&name, sealed, LONG).await.unwrap();
        for _ in 0..2 {
            assert_eq!(vault.get(&name).await.unwrap().as_ref(), Some(sealed));
        }
    }
}

pub async fn what_was_put_last_comes_back(fixture: Case<'_>) {
    let vault = fixture.port();
    vault
        .put("order", b"first, and longer", LONG)
        .await
        .unwrap();
    vault.put("order", b"second", LONG).await.unwrap();
    let found = vault.get("order").await.unwrap();
    assert_eq!(found.as_deref(), Some(b"second".as_slice()));
}

pub async fn an_entry_is_forgotten_when_its_time_is_over(fixture: Case<'_>) {
    let vault = fixture.port();
    vault.put("short", b"s", SHORT).await.unwrap();
    vault.put("long", b"l", LONG).await.unwrap();
    fixture.pass(LONGER_THAN_SHORT).await;
    assert_eq!(vault.get("short").await.unwrap(), None);
    assert_eq!(vault.get("long").await.unwrap(), Some(b"l".to_vec()));
}

pub async fn putting_again_begins_a_new_time(fixture: Case<'_>) {
    let vault = fixture.port();
    vault.put("longer", b"1", SHORT).await.unwrap();
    vault.put("longer", b"2", LONG).await.unwrap();
    vault.put("shorter", b"1", LONG).await.unwrap();
    vault.put("shorter", b"2", SHORT).await.unwrap();
    fixture.pass(LONGER_THAN_SHORT).await;
    assert_eq!(vault.get("longer").await.unwrap(), Some(b"2".to_vec()));
    assert_eq!(vault.get("shorter").await.unwrap(), None);
}

pub async fn what_was_removed_is_not_there(fixture: Case<'_>) {
    let vault = fixture.port();
    vault.put("gone", b"1", LONG).await.unwrap();
    vault.put("kept", b"2", LONG).await.unwrap();
    vault.remove("gone").await.unwrap();
    assert_eq!(vault.get("gone").await.unwrap(), None);
    assert_eq!(vault.get("kept").await.unwrap(), Some(b"2".to_vec()));
    vault.put("gone", b"3", LONG).await.unwrap();
    assert_eq!(vault.get("gone").await.unwrap(), Some(b"3".to_vec()));
}

pub async fn entries_of_different_names_are_different(fixture: Case<'_>) {
    let vault = fixture.port();
    let long_name = "n".repeat(300);
    let names = [
        "payment_data_7_1",
        "payment_data_7_10",
        "PAYMENT_DATA_7_1",
        "payment_data_7_1 ",
        "payment_data_*",
        "direct_payment_data_7_1",
        &long_name,
    ];
    for name in names {
        vault.put(name, name.as_bytes(), LONG).await.unwrap();
    }
    for name in names {
        let found = vault.get(name).await.unwrap();
        assert_eq!(found.as_deref(), Some(name.as_bytes()), "{name}");
    }
    vault.remove("payment_data_*").await.unwrap();
    assert!(vault.get(names[0]).await.unwrap().is_some());
}

pub async fn an_entry_comes_back_whole_while_others_are_put(fixture: Case<'_>) {
    let vault = fixture.port();
    let busy = (0..50_u8).map(|number| {
        let vault: Arc<dyn Vault> = Arc::clone(&vault);
        tokio::spawn(async move {
            let sealed = vec![number; 4_000 + usize::from(number)];
            vault.put("contended", &sealed, LONG).await.unwrap();
            let found = vault.get("contended").await.unwrap().unwrap();
            let of = found[0];
            assert_eq!(found, vec![of; 4_000 + usize::from(of)]);
        })
    });
    for done in join_all(busy).await {
        done.unwrap();
    }
}
