//! What runs at its hour: one process at a time.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{RunEnd, Store, StoredRun, TakeWhen};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::steps::patiently;
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! schedule_cases {
    ($fresh:ident) => {
        mod schedule {
            use $crate::contract::store::schedule as cases;
            $crate::contract_tests! { $fresh:
                a_run_is_planned_once,
                a_run_is_taken_when_it_is_due_or_on_demand,
                a_run_that_nobody_planned_is_taken_by_nobody,
                of_many_that_take_a_run_at_once_one_has_it,
                a_run_whose_taker_died_is_taken_over,
                a_run_that_is_kept_stays_with_its_taker,
                whoever_lost_a_run_changes_nothing,
                a_run_that_ends_says_what_it_came_to_and_when_it_comes_again,
                a_cursor_is_there_for_the_next_run,
            }
        }
    };
}

const LASTING: Duration = Duration::from_secs(60);
const NAME: &str = "sweep";

pub async fn a_run_is_planned_once(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.runs().await.unwrap(), []);
    let due_at = a_planned_run(fixture).await;
    store
        .plan_run(NAME, due_at + TimeDelta::days(1))
        .await
        .unwrap();
    store.plan_run("another", due_at).await.unwrap();
    let runs = fixture.beside().await.runs().await.unwrap();
    let planned = |name: &str| StoredRun {
        name: name.to_owned(),
        due_at,
        began_at: None,
        ended_at: None,
        result: None,
        has_failed: false,
        cursor: None,
        is_running: false,
    };
    assert_eq!(runs, [planned("another"), planned(NAME)]);
}

pub async fn a_run_is_taken_when_it_is_due_or_on_demand(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let due_at = a_planned_run(fixture).await;
    let due = TakeWhen::Due;
    assert_eq!(store.take_run(NAME, due, LASTING).await.unwrap(), None);
    fixture.shift_clock(TimeDelta::minutes(6)).await;
    let lease = store.take_run(NAME, due, LASTING).await.unwrap().unwrap();
    assert_eq!((lease.epoch, lease.cursor), (1, None));
    assert!(lease.now >= due_at);
    let run = only_run(&*store).await;
    assert!(run.is_running);
    assert_eq!(run.began_at, Some(lease.now));
    // Whoever wants it now waits, too, until it is over.
    for when in [TakeWhen::Due, TakeWhen::Now] {
        assert_eq!(store.take_run(NAME, when, LASTING).await.unwrap(), None);
    }
    assert!(end(&*store, 1, due_at + TimeDelta::days(1)).await);
    assert_eq!(store.take_run(NAME, due, LASTING).await.unwrap(), None);
    let demanded = store.take_run(NAME, TakeWhen::Now, LASTING).await.unwrap();
    assert_eq!(demanded.unwrap().epoch, 2);
}

pub async fn a_run_that_nobody_planned_is_taken_by_nobody(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    a_planned_run(fixture).await;
    let taken = store.take_run("another", TakeWhen::Now, LASTING).await;
    assert_eq!(taken.unwrap(), None);
}

pub async fn of_many_that_take_a_run_at_once_one_has_it(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    a_planned_run(fixture).await;
    for epoch in 1..=4 {
        fixture.shift_clock(TimeDelta::minutes(6)).await;
        let taking = (0..24).map(|task| {
            let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
            tokio::spawn(async move {
                let take = || store.take_run(NAME, TakeWhen::Due, LASTING);
                patiently(take).await.unwrap()
            })
        });
        let taken = join_all(taking).await;
        let taken: Vec<_> = taken.into_iter().filter_map(|task| task.unwrap()).collect();
        let epochs: Vec<_> = taken.iter().map(|lease| lease.epoch).collect();
        assert_eq!(epochs, [epoch]);
    }
}

pub async fn a_run_whose_taker_died_is_taken_over(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    a_taken_run(fixture).await;
    fixture.shift_clock(TimeDelta::seconds(59)).await;
    let due = TakeWhen::Due;
    assert_eq!(beside.take_run(NAME, due, LASTING).await.unwrap(), None);
    fixture.shift_clock(TimeDelta::seconds(2)).await;
    assert!(!only_run(&*store).await.is_running);
    let next = beside.take_run(NAME, due, LASTING).await.unwrap();
    assert_eq!(next.unwrap().epoch, 2);
}

pub async fn a_run_that_is_kept_stays_with_its_taker(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    a_taken_run(fixture).await;
    for _ in 0..3 {
        fixture.shift_clock(TimeDelta::seconds(45)).await;
        assert!(store.keep_run(NAME, 1, LASTING).await.unwrap());
        let taken = store.take_run(NAME, TakeWhen::Now, LASTING).await;
        assert_eq!(taken.unwrap(), None);
    }
}

pub async fn whoever_lost_a_run_changes_nothing(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    a_taken_run(fixture).await;
    fixture.shift_clock(TimeDelta::seconds(61)).await;
    let next = beside.take_run(NAME, TakeWhen::Due, LASTING).await.unwrap();
    assert_eq!(next.unwrap().epoch, 2);
    let before = only_run(&*store).await;
    assert!(!store.keep_run(NAME, 1, LASTING * 9).await.unwrap());
    assert!(!store.keep_cursor(NAME, 1, "of the dead").await.unwrap());
    assert!(!end(&*store, 1, before.due_at + TimeDelta::days(1)).await);
    assert_eq!(only_run(&*store).await, before);
    assert!(end(&*store, 2, before.due_at + TimeDelta::days(1)).await);
    // What is over is over for its last taker, too.
    assert!(!store.keep_run(NAME, 2, LASTING).await.unwrap());
    assert!(!end(&*store, 2, before.due_at).await);
}

pub async fn a_run_that_ends_says_what_it_came_to_and_when_it_comes_again(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    a_taken_run(fixture).await;
    let next = only_run(&*store).await.due_at + TimeDelta::days(1);
    for has_failed in [true, false] {
        let ended = RunEnd {
            result: format!("failed: {has_failed}"),
            has_failed,
            next,
        };
        let epoch = if has_failed { 1 } else { 2 };
        assert!(store.end_run(NAME, epoch, &ended).await.unwrap());
        let run = only_run(&*store).await;
        assert_eq!(run.result, Some(ended.result));
        assert_eq!((run.has_failed, run.due_at), (has_failed, next));
        assert!(run.ended_at >= run.began_at);
        assert!(!run.is_running);
        store.take_run(NAME, TakeWhen::Now, LASTING).await.unwrap();
    }
}

pub async fn a_cursor_is_there_for_the_next_run(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    a_taken_run(fixture).await;
    assert!(store.keep_cursor(NAME, 1, "evt_7").await.unwrap());
    // It stays when the run dies, and when one ends.
    fixture.shift_clock(TimeDelta::seconds(61)).await;
    let next = store.take_run(NAME, TakeWhen::Due, LASTING).await.unwrap();
    assert_eq!(next.unwrap().cursor.as_deref(), Some("evt_7"));
    assert!(end(&*store, 2, only_run(&*store).await.due_at).await);
    let next = store.take_run(NAME, TakeWhen::Now, LASTING).await.unwrap();
    assert_eq!(next.unwrap().cursor.as_deref(), Some("evt_7"));
    assert_eq!(only_run(&*store).await.cursor.as_deref(), Some("evt_7"));
}

/// A run that is due in five minutes.
async fn a_planned_run(fixture: &dyn StoreFixture) -> DateTime<Utc> {
    let store = fixture.store();
    let due_at = store.now().await.unwrap() + TimeDelta::minutes(5);
    store.plan_run(NAME, due_at).await.unwrap();
    due_at
}

/// A run in the hands of its first taker.
async fn a_taken_run(fixture: &dyn StoreFixture) {
    a_planned_run(fixture).await;
    fixture.shift_clock(TimeDelta::minutes(6)).await;
    let store = fixture.store();
    let taken = store.take_run(NAME, TakeWhen::Due, LASTING).await.unwrap();
    assert_eq!(taken.unwrap().epoch, 1);
}

async fn only_run(store: &dyn Store) -> StoredRun {
    let mut runs = store.runs().await.unwrap();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

async fn end(store: &dyn Store, epoch: i64, next: DateTime<Utc>) -> bool {
    let end = RunEnd {
        result: "done".to_owned(),
        has_failed: false,
        next,
    };
    store.end_run(NAME, epoch, &end).await.unwrap()
}
