//! What keeps a store in order.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::port::store::SchemaState;
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::steps::{assert_all_of, patiently};
use crate::builders::{AnOpening, AnOrder};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! upkeep_cases {
    ($fresh:ident) => {
        mod upkeep {
            use $crate::contract::store::upkeep as cases;
            $crate::contract_tests! { $fresh:
                the_tables_of_a_migrated_store_are_current,
                migrating_again_takes_no_step_and_keeps_everything,
                several_may_migrate_at_once,
                the_installation_never_changes,
                the_clock_of_the_store_is_one_for_all,
            }
        }
    };
}

pub async fn the_tables_of_a_migrated_store_are_current(fixture: &dyn StoreFixture) {
    for store in [fixture.store(), fixture.beside().await] {
        assert_eq!(store.schema().await.unwrap(), SchemaState::Current);
    }
}

pub async fn migrating_again_takes_no_step_and_keeps_everything(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    for _ in 0..2 {
        assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    }
    assert_eq!(store.schema().await.unwrap(), SchemaState::Current);
    assert_all_of(&*store, &opening).await;
}

pub async fn several_may_migrate_at_once(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let migrating = (0..8).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move { patiently(|| store.migrate()).await.unwrap() })
    });
    for steps in join_all(migrating).await {
        assert_eq!(steps.unwrap(), Vec::<String>::new());
    }
    assert_eq!(beside.schema().await.unwrap(), SchemaState::Current);
    assert_all_of(&*store, &opening).await;
}

pub async fn the_installation_never_changes(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let installation = store.installation().await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.installation().await.unwrap(), installation);
    assert_eq!(beside.installation().await.unwrap(), installation);
}

pub async fn the_clock_of_the_store_is_one_for_all(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let start = store.now().await.unwrap();
    let next = beside.now().await.unwrap();
    assert!((start..start + TimeDelta::minutes(1)).contains(&next));
    for (by, moved) in [(90, 90), (-30, 60)] {
        fixture.shift_clock(TimeDelta::minutes(by)).await;
        for store in [&store, &beside] {
            let now = store.now().await.unwrap();
            let expected = start + TimeDelta::minutes(moved);
            assert!((expected..expected + TimeDelta::minutes(3)).contains(&now));
        }
    }
}
