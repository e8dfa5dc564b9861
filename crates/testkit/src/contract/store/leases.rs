//! Whoever asks a gateway asks it alone.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{CallKey, CallOutcome, CallPurpose, CallStatus, StoredCall};
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::checkouts::{Checkout, write_calls};
use super::steps::{loaded, patiently};
use crate::builders::a_call;
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! lease_cases {
    ($fresh:ident) => {
        mod leases {
            use $crate::contract::store::leases as cases;
            $crate::contract_tests! { $fresh:
                a_call_is_taken_by_one_at_a_time,
                of_many_that_take_a_call_at_once_one_has_it,
                each_taker_of_a_call_has_another_epoch,
                a_call_that_nobody_wrote_down_is_taken_by_nobody,
                a_call_that_is_over_is_taken_by_nobody,
                a_payment_is_read_once_in_a_while,
                of_many_that_read_a_payment_at_once_one_may,
                a_payment_that_is_not_there_is_not_read,
                no_id_of_an_attempt_or_a_refund_is_given_out_twice,
            }
        }
    };
}

const LASTING: Duration = Duration::from_secs(60);

pub async fn a_call_is_taken_by_one_at_a_time(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let (order, key) = a_planned_call(fixture).await;
    let before = store.now().await.unwrap();
    let lease = store.lease_call(&key, LASTING).await.unwrap().unwrap();
    let after = store.now().await.unwrap();
    assert!((before..=after).contains(&lease.now));
    assert_eq!(lease.epoch, 1);
    let calls = loaded(&*store, order).await.calls;
    assert_eq!(calls, std::slice::from_ref(&lease.call));
    let expected = StoredCall {
        status: CallStatus::Sent,
        epoch: 1,
        leased_until: Some(lease.now + TimeDelta::seconds(60)),
        ..lease.call.clone()
    };
    assert_eq!(lease.call, expected);
    for store in [&store, &beside] {
        assert_eq!(store.lease_call(&key, LASTING).await.unwrap(), None);
    }
    fixture.shift_clock(TimeDelta::seconds(30)).await;
    assert_eq!(beside.lease_call(&key, LASTING).await.unwrap(), None);
    fixture.shift_clock(TimeDelta::seconds(31)).await;
    let next = beside.lease_call(&key, LASTING).await.unwrap().unwrap();
    assert_eq!(next.epoch, 2);
    assert_eq!(next.call.call, lease.call.call);
    assert_eq!(store.lease_call(&key, LASTING).await.unwrap(), None);
}

pub async fn of_many_that_take_a_call_at_once_one_has_it(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for round in 1..=4 {
        let (_, key) = a_planned_call(fixture).await;
        for epoch in 1..=2 {
            let taking = (0..24).map(|task| {
                let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
                let key = key.clone();
                tokio::spawn(
                    async move { patiently(|| store.lease_call(&key, LASTING)).await.unwrap() },
                )
            });
            let taken = join_all(taking).await;
            let taken: Vec<_> = taken
                .into_iter()
                .filter_map(|task| task.unwrap())
                .map(|lease| lease.epoch)
                .collect();
            assert_eq!(taken, [epoch], "round {round}");
            fixture.shift_clock(TimeDelta::minutes(2)).await;
        }
    }
}

pub async fn each_taker_of_a_call_has_another_epoch(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let (order, key) = a_planned_call(fixture).await;
    let mut epochs = Vec::new();
    for round in 0..6 {
        let store = if round % 2 == 0 { &store } else { &beside };
        let lease = store.lease_call(&key, LASTING).await.unwrap().unwrap();
        assert_eq!(lease.call.epoch, lease.epoch);
        epochs.push(lease.epoch);
        if round % 3 == 0 {
            fixture.shift_clock(TimeDelta::minutes(2)).await;
        } else {
            let planned = CallOutcome {
                key: key.clone(),
                epoch: lease.epoch,
                status: CallStatus::Planned,
                fault: None,
            };
            write_calls(&**store, order, &[], &[planned]).await.unwrap();
        }
    }
    assert_eq!(epochs, [1, 2, 3, 4, 5, 6]);
}

pub async fn a_call_that_nobody_wrote_down_is_taken_by_nobody(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let nobody = CallKey::new("by-nobody").unwrap();
    assert_eq!(store.lease_call(&nobody, LASTING).await.unwrap(), None);
}

pub async fn a_call_that_is_over_is_taken_by_nobody(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for status in [CallStatus::Done, CallStatus::Refused] {
        let (order, key) = a_planned_call(fixture).await;
        let lease = store.lease_call(&key, LASTING).await.unwrap().unwrap();
        let over = CallOutcome {
            key: key.clone(),
            epoch: lease.epoch,
            status,
            fault: None,
        };
        write_calls(&*store, order, &[], &[over]).await.unwrap();
        for _ in 0..2 {
            assert_eq!(store.lease_call(&key, LASTING).await.unwrap(), None);
            fixture.shift_clock(TimeDelta::days(2)).await;
        }
        let calls = loaded(&*store, order).await.calls;
        assert_eq!((calls[0].status, calls[0].epoch), (status, 1));
    }
}

pub async fn a_payment_is_read_once_in_a_while(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let one = Checkout::begun(&*store).await.payment;
    let other = Checkout::begun(&*store).await.payment;
    assert!(store.may_read(one, LASTING).await.unwrap());
    assert!(!store.may_read(one, LASTING).await.unwrap());
    assert!(!beside.may_read(one, LASTING).await.unwrap());
    assert!(beside.may_read(other, LASTING).await.unwrap());
    fixture.shift_clock(TimeDelta::seconds(31)).await;
    assert!(!beside.may_read(one, LASTING).await.unwrap());
    // Who may wait for less, waits for less.
    assert!(beside.may_read(one, LASTING / 2).await.unwrap());
    // And then it is counted from there.
    fixture.shift_clock(TimeDelta::seconds(31)).await;
    assert!(!store.may_read(one, LASTING).await.unwrap());
    fixture.shift_clock(TimeDelta::seconds(31)).await;
    assert!(store.may_read(one, LASTING).await.unwrap());
}

pub async fn of_many_that_read_a_payment_at_once_one_may(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let payment = Checkout::begun(&*store).await.payment;
    for round in 0..4 {
        let reading = (0..24).map(|task| {
            let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
            tokio::spawn(async move {
                patiently(|| store.may_read(payment, LASTING))
                    .await
                    .unwrap()
            })
        });
        let may = join_all(reading).await;
        let may = may.into_iter().filter(|may| *may.as_ref().unwrap());
        assert_eq!(may.count(), 1, "round {round}");
        fixture.shift_clock(TimeDelta::minutes(2)).await;
    }
}

pub async fn a_payment_that_is_not_there_is_not_read(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let nobody = store.reserve_bill_ids(0).await.unwrap().payment;
    assert!(!store.may_read(nobody, LASTING).await.unwrap());
}

pub async fn no_id_of_an_attempt_or_a_refund_is_given_out_twice(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let reserving = (0..20).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..20 {
                let attempt = patiently(|| store.reserve_attempt_id()).await.unwrap();
                let refund = patiently(|| store.reserve_refund_id()).await.unwrap();
                ids.push((attempt, refund));
            }
            ids
        })
    });
    let (mut attempts, mut refunds) = (BTreeSet::new(), BTreeSet::new());
    for ids in join_all(reserving).await {
        for (attempt, refund) in ids.unwrap() {
            assert!(attempts.insert(attempt), "{attempt} was given out twice");
            assert!(refunds.insert(refund), "{refund} was given out twice");
        }
    }
}

async fn a_planned_call(fixture: &dyn StoreFixture) -> (bayar_domain::OrderId, CallKey) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let call = a_call(CallPurpose::Open(attempt));
    let key = call.key.clone();
    write_calls(&*store, order, &[call], &[]).await.unwrap();
    (order, key)
}
