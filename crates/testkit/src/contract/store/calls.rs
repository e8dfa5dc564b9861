//! Calls to gateways: written down before they are made, word for word, and what became of them.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::time::Duration;

use bayar_app::port::store::{
    Actor, CallKey, CallOutcome, CallPurpose, CallStatus, Lease, NewCall, Save, Store, StoredCall,
};
use bayar_domain::settlement::Changes;
use bayar_domain::{AttemptId, OrderId, RefundId};
use chrono::TimeDelta;

use super::checkouts::{Checkout, assert_refused, request_refund, start, write_calls};
use super::steps::{begin, loaded, save_with_calls};
use crate::builders::{a_call, a_save, expired};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! call_cases {
    ($fresh:ident) => {
        mod calls {
            use $crate::contract::store::calls as cases;
            $crate::contract_tests! { $fresh:
                calls_come_back_as_they_were_written_down_oldest_first,
                a_call_that_is_not_committed_is_not_there,
                a_key_is_used_once,
                a_call_for_nothing_of_the_order_is_refused,
                a_second_call_for_one_purpose_waits_for_the_end_of_the_first,
                a_generation_is_used_once,
                what_became_of_a_call_is_kept,
                what_stays_unclear_is_counted,
                an_outcome_of_an_older_taker_is_refused,
                an_outcome_of_a_call_that_is_over_is_refused,
                a_call_that_is_proved_is_over_whoever_has_it,
                an_outcome_of_a_call_of_another_order_is_refused,
                an_outcome_and_what_follows_from_it_are_one,
            }
        }
    };
}

const LASTING: Duration = Duration::from_secs(60);

pub async fn calls_come_back_as_they_were_written_down_oldest_first(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let refund = request_refund(&*store, &checkout, None).await;
    let order = checkout.order;
    assert_eq!(loaded(&*store, order).await.calls, []);
    let before = store.now().await.unwrap();
    let first = [
        a_call(CallPurpose::Refund(refund)),
        a_call(CallPurpose::Open(checkout.attempt)),
    ];
    write_calls(&*store, order, &first, &[]).await.unwrap();
    let after = store.now().await.unwrap();
    // The clock of the store may be set back. What was first stays first.
    fixture.shift_clock(TimeDelta::minutes(-5)).await;
    let second = [
        a_call(CallPurpose::Answer(checkout.attempt)),
        a_call(CallPurpose::Close(checkout.attempt)),
    ];
    write_calls(&*beside, order, &second, &[]).await.unwrap();
    let stored = loaded(&*beside, order).await.calls;
    let expected: Vec<_> = first.iter().chain(&second).cloned().collect();
    let calls: Vec<_> = stored.iter().map(|stored| stored.call.clone()).collect();
    assert_eq!(calls, expected);
    for (at, stored) in stored.into_iter().enumerate() {
        assert_eq!((before..=after).contains(&stored.created_at), at < 2);
        let new = StoredCall {
            call: stored.call.clone(),
            status: CallStatus::Planned,
            epoch: 0,
            leased_until: None,
            unclear: 0,
            fault: None,
            created_at: stored.created_at,
        };
        assert_eq!(stored, new);
    }
    let other = Checkout::begun(&*store).await;
    assert_eq!(loaded(&*store, other.order).await.calls, []);
}

pub async fn a_call_that_is_not_committed_is_not_there(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let call = a_call(CallPurpose::Open(attempt));
    let (mut unit, settlement, _) = begin(&*store, order).await;
    let nothing = settlement.apply([]).unwrap();
    let calls = std::slice::from_ref(&call);
    save_with_calls(&mut *unit, &nothing, Actor::System, calls, &[])
        .await
        .unwrap();
    unit.rollback().await;
    assert_eq!(store.lease_call(&call.key, LASTING).await.unwrap(), None);
    assert_eq!(loaded(&*store, order).await.calls, []);
    write_calls(&*store, order, &[call], &[]).await.unwrap();
}

pub async fn a_key_is_used_once(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let one = Checkout::begun(&*store).await;
    let other = Checkout::begun(&*store).await;
    let call = a_call(CallPurpose::Open(one.attempt));
    write_one(&*store, one.order, &call).await;
    let same = |purpose| NewCall {
        key: call.key.clone(),
        ..a_call(purpose)
    };
    let again = same(CallPurpose::Close(one.attempt));
    assert_refused(write_calls(&*store, one.order, &[again], &[]).await);
    let elsewhere = same(CallPurpose::Open(other.attempt));
    assert_refused(write_calls(&*store, other.order, &[elsewhere], &[]).await);
    assert_eq!(only_call(&*store, one.order).await.call, call);
    assert_eq!(loaded(&*store, other.order).await.calls, []);
}

pub async fn a_call_for_nothing_of_the_order_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let one = Checkout::paid(&*store, "pi_1").await;
    let refund = request_refund(&*store, &one, None).await;
    let other = Checkout::begun(&*store).await;
    let nobody = store.reserve_attempt_id().await.unwrap();
    let purposes = |attempt: AttemptId, refund: RefundId| {
        [
            CallPurpose::Open(attempt),
            CallPurpose::Close(attempt),
            CallPurpose::Answer(attempt),
            CallPurpose::Refund(refund),
        ]
    };
    let strange = purposes(one.attempt, refund)
        .into_iter()
        .chain([CallPurpose::Open(nobody)]);
    for purpose in strange {
        let call = a_call(purpose);
        assert_refused(write_calls(&*store, other.order, &[call], &[]).await);
    }
    assert_eq!(loaded(&*store, other.order).await.calls, []);
}

pub async fn a_second_call_for_one_purpose_waits_for_the_end_of_the_first(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let first = a_call(CallPurpose::Open(attempt));
    let second = NewCall {
        generation: 2,
        ..a_call(CallPurpose::Open(attempt))
    };
    write_one(&*store, order, &first).await;
    let calls = std::slice::from_ref(&second);
    assert_refused(write_calls(&*store, order, calls, &[]).await);
    let lease = take(&*store, &first).await;
    assert_refused(write_calls(&*store, order, calls, &[]).await);
    // Another purpose waits for nothing.
    write_one(&*store, order, &a_call(CallPurpose::Close(attempt))).await;
    let unclear = outcome(&lease, CallStatus::Sent);
    write_calls(&*store, order, &[], &[unclear]).await.unwrap();
    assert_refused(write_calls(&*store, order, calls, &[]).await);
    // With the proof that it had no effect, in one.
    let lease = take(&*store, &first).await;
    let refused = outcome(&lease, CallStatus::Refused);
    write_calls(&*store, order, calls, &[refused])
        .await
        .unwrap();
    let stored = loaded(&*store, order).await.calls;
    assert_eq!(stored.len(), 3);
    assert_eq!(stored[0].status, CallStatus::Refused);
    assert_eq!(stored[2].call, second);
}

pub async fn a_generation_is_used_once(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let first = a_call(CallPurpose::Open(attempt));
    write_one(&*store, order, &first).await;
    let lease = take(&*store, &first).await;
    let refused = outcome(&lease, CallStatus::Refused);
    write_calls(&*store, order, &[], &[refused]).await.unwrap();
    let again = a_call(CallPurpose::Open(attempt));
    assert_refused(write_calls(&*store, order, &[again], &[]).await);
    // An attempt and a refund of one number are two things, and so are two attempts.
    super::checkouts::apply(&*store, order, [expired(attempt)]).await;
    let (_, settlement, _) = begin(&*store, order).await;
    let payment = settlement.live_payment().unwrap().terms().id;
    let other = start(&*store, order, payment).await;
    write_one(&*store, order, &a_call(CallPurpose::Open(other))).await;
}

pub async fn what_became_of_a_call_is_kept(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for status in CallStatus::ALL {
        let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
        let call = a_call(CallPurpose::Open(attempt));
        write_one(&*store, order, &call).await;
        let lease = take(&*store, &call).await;
        let became = CallOutcome {
            fault: Some("timeout".to_owned()),
            ..outcome(&lease, status)
        };
        write_calls(&*store, order, &[], &[became]).await.unwrap();
        let expected = StoredCall {
            status,
            leased_until: None,
            unclear: u32::from(status == CallStatus::Sent),
            fault: Some("timeout".to_owned()),
            ..lease.call
        };
        assert_eq!(only_call(&*store, order).await, expected);
        // What is not over can be taken at once.
        let again = store.lease_call(&call.key, LASTING).await.unwrap();
        assert_eq!(again.is_some(), !status.is_over());
        if let Some(lease) = again {
            let done = outcome(&lease, CallStatus::Done);
            write_calls(&*store, order, &[], &[done]).await.unwrap();
            let stored = only_call(&*store, order).await;
            assert_eq!((stored.status, stored.fault), (CallStatus::Done, None));
        }
    }
}

pub async fn what_stays_unclear_is_counted(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let call = a_call(CallPurpose::Open(attempt));
    write_one(&*store, order, &call).await;
    for unclear in 1..=3 {
        let lease = take(&*store, &call).await;
        assert_eq!(lease.epoch, i64::from(unclear));
        let sent = outcome(&lease, CallStatus::Sent);
        write_calls(&*store, order, &[], &[sent]).await.unwrap();
        assert_eq!(only_call(&*store, order).await.unclear, unclear);
    }
    let lease = take(&*store, &call).await;
    let done = outcome(&lease, CallStatus::Done);
    write_calls(&*store, order, &[], &[done]).await.unwrap();
    assert_eq!(only_call(&*store, order).await.unclear, 3);
}

pub async fn an_outcome_of_an_older_taker_is_refused(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let call = a_call(CallPurpose::Open(attempt));
    write_one(&*store, order, &call).await;
    let late = take(&*store, &call).await;
    fixture.shift_clock(TimeDelta::minutes(2)).await;
    let last = take(&*beside, &call).await;
    assert!(last.epoch > late.epoch);
    let before = only_call(&*store, order).await;
    for status in CallStatus::ALL {
        let stale = outcome(&late, status);
        assert_refused(write_calls(&*store, order, &[], &[stale]).await);
        let never = CallOutcome {
            epoch: last.epoch + 1,
            ..outcome(&last, status)
        };
        assert_refused(write_calls(&*store, order, &[], &[never]).await);
    }
    assert_eq!(only_call(&*store, order).await, before);
    // Whoever has it last may be slow: nobody else was told anything meanwhile.
    fixture.shift_clock(TimeDelta::minutes(2)).await;
    let done = outcome(&last, CallStatus::Done);
    write_calls(&*store, order, &[], &[done]).await.unwrap();
}

pub async fn an_outcome_of_a_call_that_is_over_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for end in [CallStatus::Done, CallStatus::Refused] {
        let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
        let call = a_call(CallPurpose::Open(attempt));
        write_one(&*store, order, &call).await;
        let lease = take(&*store, &call).await;
        let over = outcome(&lease, end);
        write_calls(&*store, order, &[], &[over]).await.unwrap();
        let before = only_call(&*store, order).await;
        for status in CallStatus::ALL {
            let again = outcome(&lease, status);
            assert_refused(write_calls(&*store, order, &[], &[again]).await);
        }
        assert_eq!(only_call(&*store, order).await, before);
    }
}

pub async fn a_call_that_is_proved_is_over_whoever_has_it(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for (is_taken, status) in [(true, CallStatus::Done), (false, CallStatus::Refused)] {
        let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
        let call = a_call(CallPurpose::Open(attempt));
        write_one(&*store, order, &call).await;
        let lease = match is_taken {
            true => Some(take(&*beside, &call).await),
            false => None,
        };
        let before = only_call(&*store, order).await;
        // That of another order is not touched.
        let other = Checkout::begun(&*store).await;
        prove(&*store, other.order, &call.key).await;
        assert_eq!(only_call(&*store, order).await, before);
        for _ in 0..2 {
            prove(&*store, order, &call.key).await;
            let expected = StoredCall {
                status,
                leased_until: None,
                ..before.clone()
            };
            assert_eq!(only_call(&*store, order).await, expected);
        }
        assert_eq!(beside.lease_call(&call.key, LASTING).await.unwrap(), None);
        if let Some(lease) = lease {
            let late = outcome(&lease, CallStatus::Done);
            assert_refused(write_calls(&*beside, order, &[], &[late]).await);
        }
    }
}

async fn prove(store: &dyn Store, order: OrderId, key: &CallKey) {
    let (mut unit, settlement, _) = begin(store, order).await;
    let nothing = Changes::default();
    let save = Save {
        proved: std::slice::from_ref(key),
        ..a_save(&settlement, &nothing)
    };
    unit.save(&save).await.unwrap();
    unit.commit().await.unwrap();
}

pub async fn an_outcome_of_a_call_of_another_order_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let other = Checkout::begun(&*store).await;
    let call = a_call(CallPurpose::Open(attempt));
    write_one(&*store, order, &call).await;
    let lease = take(&*store, &call).await;
    let done = outcome(&lease, CallStatus::Done);
    let calls = std::slice::from_ref(&done);
    assert_refused(write_calls(&*store, other.order, &[], calls).await);
    assert_eq!(only_call(&*store, order).await, lease.call);
    write_calls(&*store, order, &[], calls).await.unwrap();
}

/// What a refused outcome is stored with is not stored either.
pub async fn an_outcome_and_what_follows_from_it_are_one(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let call = a_call(CallPurpose::Open(attempt));
    write_one(&*store, order, &call).await;
    let lease = take(&*store, &call).await;
    let (mut unit, settlement, _) = begin(&*store, order).await;
    let step = settlement.attempt_unknown(attempt).unwrap();
    let stale = CallOutcome {
        epoch: lease.epoch + 1,
        ..outcome(&lease, CallStatus::Sent)
    };
    let next = a_call(CallPurpose::Close(attempt));
    let saved = save_with_calls(&mut *unit, &step, Actor::System, &[next], &[stale]).await;
    assert_refused(saved);
    assert_refused(unit.commit().await);
    super::checkouts::assert_stored(&*store, &settlement).await;
    assert_eq!(only_call(&*store, order).await, lease.call);
}

async fn write_one(store: &dyn Store, order: OrderId, call: &NewCall) {
    let calls = std::slice::from_ref(call);
    write_calls(store, order, calls, &[]).await.unwrap();
}

async fn take(store: &dyn Store, call: &NewCall) -> Lease {
    let lease = store.lease_call(&call.key, LASTING).await.unwrap();
    lease.expect("somebody else has it")
}

async fn only_call(store: &dyn Store, order: OrderId) -> StoredCall {
    let mut calls = loaded(store, order).await.calls;
    assert_eq!(calls.len(), 1);
    calls.remove(0)
}

fn outcome(lease: &Lease, status: CallStatus) -> CallOutcome {
    CallOutcome {
        key: lease.call.call.key.clone(),
        epoch: lease.epoch,
        status,
        fault: None,
    }
}
