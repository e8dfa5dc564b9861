//! Work that is due: each job in one pair of hands at a time, and none missing.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{
    Actor, CallOutcome, CallPurpose, CallStatus, Job, JobKey, JobKind, PutOff, Store, Which,
};
use bayar_domain::fact::RefundStep;
use bayar_domain::{Gateway, PaymentId, PaymentStatus, Proof, Settlement};
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::checkouts::{Checkout, PRICE, apply, request_refund, write_calls};
use super::steps::{patiently, settle};
use crate::builders::{a_call, a_capture, a_fact, a_session, captured, expired, php};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! work_cases {
    ($fresh:ident) => {
        mod work {
            use $crate::contract::store::work as cases;
            $crate::contract_tests! { $fresh:
                a_job_is_taken_by_one_at_a_time,
                of_many_that_take_jobs_at_once_each_gets_others,
                what_is_due_first_comes_first,
                jobs_that_cannot_be_read_hold_up_no_other_one,
                a_job_that_is_put_off_comes_back_when_it_is_due,
                whoever_lost_a_job_changes_nothing,
                a_job_that_is_kept_stays_with_its_taker,
                a_job_that_is_done_is_in_nobodys_hands,
                a_job_that_is_done_anew_is_another_takers,
                what_waits_for_a_gateway_is_woken_when_it_answers,
                every_kind_of_job_names_its_order_and_its_payment,
                an_answer_that_a_gateway_waits_for_owns_a_job_until_it_has_it,
                what_has_no_job_gets_one_and_nothing_else_does,
                what_is_not_at_its_end_is_listed_page_by_page,
                what_is_overdue_is_judged_by_the_clock_of_the_store,
            }
        }
    };
}

const LASTING: Duration = Duration::from_secs(60);

pub async fn a_job_is_taken_by_one_at_a_time(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let checkout = Checkout::begun(&*store).await;
    assert_eq!(take(&*store, 10).await, []);
    fixture.shift_clock(TimeDelta::seconds(11)).await;
    let before = store.now().await.unwrap();
    let taken = take(&*store, 10).await;
    let after = store.now().await.unwrap();
    let [job] = taken.as_slice() else {
        panic!("{taken:?}");
    };
    assert!((before..=after).contains(&job.now));
    assert!(job.due_at <= job.now);
    let expected = Job {
        key: watch(&checkout),
        order: checkout.order,
        payment: checkout.payment,
        due_at: job.due_at,
        tries: 0,
        faults: 0,
        epoch: 1,
        waits_for: None,
        now: job.now,
    };
    assert_eq!(*job, expected);
    for store in [&store, &beside] {
        assert_eq!(take(&**store, 10).await, []);
    }
    // Whoever dies with it has it no longer than for its time.
    fixture.shift_clock(TimeDelta::seconds(61)).await;
    let next = take(&*beside, 10).await;
    assert_eq!(next.len(), 1);
    assert_eq!((next[0].key, next[0].epoch), (job.key, 2));
    assert_eq!(take(&*store, 10).await, []);
}

pub async fn of_many_that_take_jobs_at_once_each_gets_others(fixture: &dyn StoreFixture) {
    const JOBS: usize = 24;
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for _ in 0..JOBS {
        Checkout::begun(&*store).await;
    }
    for round in 1..=3 {
        fixture.shift_clock(TimeDelta::minutes(2)).await;
        let taking = (0..12).map(|task| {
            let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
            tokio::spawn(async move {
                let mut all = Vec::new();
                loop {
                    let taken = patiently(|| store.take_jobs(2, LASTING)).await.unwrap();
                    if taken.is_empty() {
                        return all;
                    }
                    all.extend(taken);
                }
            })
        });
        let taken = join_all(taking).await;
        let taken: Vec<_> = taken.into_iter().flat_map(|task| task.unwrap()).collect();
        let distinct: BTreeSet<_> = taken.iter().map(|job| job.key).collect();
        // What somebody else is taking at that moment is left out: a second look finds it.
        let left = take(&*store, 100).await;
        assert_eq!(taken.len() + left.len(), JOBS, "round {round}");
        assert_eq!(distinct.len(), taken.len(), "round {round}");
        assert!(taken.iter().all(|job| job.epoch == round));
    }
}

pub async fn what_is_due_first_comes_first(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let mut begun = Vec::new();
    for _ in 0..4 {
        begun.push(watch(&Checkout::begun(&*store).await));
        fixture.shift_clock(TimeDelta::seconds(1)).await;
    }
    fixture.shift_clock(TimeDelta::seconds(30)).await;
    let first = take(&*store, 3).await;
    assert_eq!(keys(&first), begun[..3]);
    let put_off = PutOff {
        delay: Duration::from_secs(5),
        ..quiet()
    };
    assert!(give_back(&*store, &first[0], put_off).await);
    assert_eq!(keys(&take(&*store, 3).await), begun[3..]);
    fixture.shift_clock(TimeDelta::seconds(6)).await;
    assert_eq!(keys(&take(&*store, 3).await), begun[..1]);
}

/// As many as are taken at once, and due before it.
pub async fn jobs_that_cannot_be_read_hold_up_no_other_one(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    for subject in 1_000_000..1_000_004 {
        let about_nothing = format!(
            "INSERT INTO jobs (kind, subject_id, due_at) \
             VALUES ('watch_attempt', {subject}, '2000-01-01T00:00:00.000000Z') RETURNING kind"
        );
        fixture.texts(&about_nothing).await;
    }
    fixture.shift_clock(TimeDelta::seconds(11)).await;
    let taken = take(&*store, 2).await;
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!(taken[0].key.subject, checkout.attempt.get());
    assert_eq!(take(&*store, 2).await, []);
    // They come again, to be told of.
    let waiting = "SELECT CAST(count(*) AS text) FROM jobs WHERE subject_id >= 1000000 \
        AND done_at IS NULL AND leased_until IS NULL";
    assert_eq!(fixture.texts(waiting).await, ["4"]);
}

pub async fn a_job_that_is_put_off_comes_back_when_it_is_due(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let job = a_taken_job(fixture).await;
    let put_off = PutOff {
        delay: Duration::from_secs(300),
        tries: 3,
        faults: 2,
        waits_for: Some(Gateway::Midtrans),
    };
    assert!(give_back(&*store, &job, put_off).await);
    fixture.shift_clock(TimeDelta::seconds(299)).await;
    assert_eq!(take(&*store, 10).await, []);
    fixture.shift_clock(TimeDelta::seconds(2)).await;
    let again = take(&*store, 10).await;
    assert_eq!(again.len(), 1);
    let Job {
        tries,
        faults,
        epoch,
        waits_for,
        ..
    } = again[0];
    assert_eq!((tries, faults, epoch), (3, 2, 2));
    assert_eq!(waits_for, Some(Gateway::Midtrans));
    assert!(give_back(&*store, &again[0], quiet()).await);
    fixture.shift_clock(TimeDelta::seconds(61)).await;
    let again = take(&*store, 10).await;
    let Job {
        tries,
        faults,
        waits_for,
        ..
    } = again[0];
    assert_eq!((tries, faults, waits_for), (1, 0, None));
}

pub async fn whoever_lost_a_job_changes_nothing(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let old = a_taken_job(fixture).await;
    fixture.shift_clock(TimeDelta::seconds(61)).await;
    let new = take(&*beside, 10).await.remove(0);
    let rows = "SELECT kind || ' ' || subject_id || ' ' || due_at || ' ' || tries || ' ' || faults || ' ' \
        || epoch || ' ' || leased_until FROM jobs WHERE leased_until IS NOT NULL";
    let before = fixture.texts(rows).await;
    assert_eq!(before.len(), 1);
    assert!(
        !store
            .keep_job(old.key, old.epoch, LASTING * 9)
            .await
            .unwrap()
    );
    assert!(!give_back(&*store, &old, quiet()).await);
    assert_eq!(fixture.texts(rows).await, before);
    assert!(give_back(&*beside, &new, quiet()).await);
}

pub async fn a_job_that_is_kept_stays_with_its_taker(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let job = a_taken_job(fixture).await;
    for _ in 0..3 {
        fixture.shift_clock(TimeDelta::seconds(45)).await;
        assert!(store.keep_job(job.key, job.epoch, LASTING).await.unwrap());
        assert_eq!(take(&*store, 10).await, []);
    }
    fixture.shift_clock(TimeDelta::seconds(61)).await;
    assert_eq!(take(&*store, 10).await.len(), 1);
}

pub async fn a_job_that_is_done_is_in_nobodys_hands(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    fixture.shift_clock(TimeDelta::seconds(11)).await;
    let job = take(&*store, 10).await.remove(0);
    apply(
        &*store,
        checkout.order,
        [captured(checkout.attempt, "pi_1", PRICE)],
    )
    .await;
    // Whoever has it may go on: nobody else does.
    assert!(store.keep_job(job.key, job.epoch, LASTING).await.unwrap());
    assert!(!give_back(&*store, &job, quiet()).await);
    fixture.shift_clock(TimeDelta::days(400)).await;
    assert_eq!(take(&*store, 10).await, []);
}

/// A refund that was refused turns out to be on its way while somebody still has its old job.
pub async fn a_job_that_is_done_anew_is_another_takers(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let order = checkout.order;
    let refund = request_refund(&*store, &checkout, None).await;
    fixture.shift_clock(TimeDelta::seconds(11)).await;
    let old = take(&*store, 10).await.remove(0);
    for rule in [Settlement::refund_sent, Settlement::refund_refused] {
        settle(&*store, order, Actor::System, |order, _| {
            rule(order, refund)
        })
        .await;
    }
    let proof = Proof::Refunded {
        capture: a_capture("pi_1"),
        refund: "re_1".parse().unwrap(),
        amount: PRICE,
        step: RefundStep::Pending,
        ours: Some(refund),
    };
    apply(&*store, order, [a_fact(checkout.attempt, proof)]).await;
    assert!(!store.keep_job(old.key, old.epoch, LASTING).await.unwrap());
    assert!(!give_back(&*store, &old, quiet()).await);
    fixture.shift_clock(TimeDelta::seconds(11)).await;
    let anew = take(&*store, 10).await;
    assert_eq!(keys(&anew), [old.key]);
    assert_eq!(anew[0].tries, 0);
    assert!(anew[0].epoch > old.epoch);
}

pub async fn what_waits_for_a_gateway_is_woken_when_it_answers(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for _ in 0..4 {
        Checkout::begun(&*store).await;
    }
    fixture.shift_clock(TimeDelta::seconds(11)).await;
    let jobs = take(&*store, 10).await;
    let gateways = [Gateway::Stripe, Gateway::Stripe, Gateway::Midtrans];
    for (job, (gateway, hours)) in jobs.iter().zip(gateways.into_iter().zip(1..)) {
        let put_off = PutOff {
            delay: Duration::from_secs(hours * 3600),
            tries: 1,
            faults: 4,
            waits_for: Some(gateway),
        };
        assert!(give_back(&*store, job, put_off).await);
    }
    let hour = PutOff {
        delay: Duration::from_secs(3600),
        ..quiet()
    };
    assert!(give_back(&*store, &jobs[3], hour).await);
    assert_eq!(take(&*store, 10).await, []);
    // The first that is due finds out; then all.
    assert_eq!(store.wake_jobs(Gateway::Stripe, 1).await.unwrap(), 1);
    assert_eq!(keys(&take(&*store, 10).await), [jobs[0].key]);
    assert_eq!(store.wake_jobs(Gateway::Stripe, u32::MAX).await.unwrap(), 1);
    assert_eq!(keys(&take(&*store, 10).await), [jobs[1].key]);
    assert_eq!(store.wake_jobs(Gateway::Stripe, u32::MAX).await.unwrap(), 0);
    assert_eq!(
        store.wake_jobs(Gateway::Midtrans, u32::MAX).await.unwrap(),
        1
    );
    let woken = take(&*store, 10).await;
    assert_eq!(keys(&woken), [jobs[2].key]);
    assert_eq!(
        (woken[0].faults, woken[0].waits_for),
        (4, Some(Gateway::Midtrans))
    );
}

pub async fn every_kind_of_job_names_its_order_and_its_payment(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    // An order of its own first, so that no two ids are the same by chance.
    Checkout::paid(&*store, "pi_0").await;
    let begun = Checkout::begun(&*store).await;
    let paid = Checkout::paid(&*store, "pi_1").await;
    let refund = request_refund(&*store, &paid, None).await;
    let odd = Checkout::paid_with(&*store, "pi_2", php(499_999)).await;
    let answer = a_call(CallPurpose::Answer(odd.attempt));
    write_calls(&*store, odd.order, &[answer], &[])
        .await
        .unwrap();
    fixture.shift_clock(TimeDelta::days(400)).await;
    let mut taken = take(&*store, 10).await;
    taken.sort_by_key(|job| job.key);
    let key = |kind, subject| JobKey { kind, subject };
    let expected = [
        (key(JobKind::ExpirePayment, begun.payment.get()), &begun),
        (watch(&begun), &begun),
        (key(JobKind::CarryRefund, refund.get()), &paid),
        (key(JobKind::WatchReview, odd.payment.get()), &odd),
        (key(JobKind::CarryAnswer, odd.attempt.get()), &odd),
    ];
    let about: Vec<_> = taken
        .iter()
        .map(|job| (job.key, job.order, job.payment))
        .collect();
    let expected = expected.map(|(key, checkout)| (key, checkout.order, checkout.payment));
    assert_eq!(about, expected);
}

pub async fn an_answer_that_a_gateway_waits_for_owns_a_job_until_it_has_it(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let odd = Checkout::paid_with(&*store, "pi_1", php(499_999)).await;
    let answer = a_call(CallPurpose::Answer(odd.attempt));
    let key = answer.key.clone();
    write_calls(&*store, odd.order, &[answer], &[])
        .await
        .unwrap();
    for (status, is_open) in [
        (CallStatus::Sent, true),
        (CallStatus::Planned, true),
        (CallStatus::Done, false),
    ] {
        let lease = store.lease_call(&key, LASTING).await.unwrap().unwrap();
        let outcome = CallOutcome {
            key: key.clone(),
            epoch: lease.epoch,
            status,
            fault: None,
        };
        write_calls(&*store, odd.order, &[], &[outcome])
            .await
            .unwrap();
        let open = open(fixture).await.contains(&"carry_answer".to_owned());
        assert_eq!(open, is_open, "{status:?}");
    }
    apply(&*store, odd.order, [captured(odd.attempt, "pi_1", PRICE)]).await;
    let reviewed = open(fixture).await;
    assert!(
        !reviewed.contains(&"carry_answer".to_owned()),
        "{reviewed:?}"
    );
}

pub async fn what_has_no_job_gets_one_and_nothing_else_does(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let begun = Checkout::begun(&*store).await;
    let paid = Checkout::paid(&*store, "pi_1").await;
    request_refund(&*store, &paid, None).await;
    let odd = Checkout::paid_with(&*store, "pi_2", php(499_999)).await;
    let answer = a_call(CallPurpose::Answer(odd.attempt));
    write_calls(&*store, odd.order, &[answer], &[])
        .await
        .unwrap();
    let ended = Checkout::begun(&*store).await;
    apply(&*store, ended.order, [expired(ended.attempt)]).await;
    Checkout::paid(&*store, "pi_3").await;
    let all = open(fixture).await;
    assert_eq!(all.len(), 6, "{all:?}");
    assert_eq!(store.repair_jobs(100).await.unwrap(), []);
    // Some are lost, and some are done that should not be.
    fixture
        .texts("DELETE FROM jobs WHERE kind IN ('watch_attempt', 'carry_answer') AND done_at IS NULL RETURNING kind")
        .await;
    fixture
        .texts("UPDATE jobs SET done_at = due_at, tries = 7 WHERE done_at IS NULL RETURNING kind")
        .await;
    assert_eq!(open(fixture).await, [""; 0]);
    let first = store.repair_jobs(2).await.unwrap();
    assert_eq!(first.len(), 2);
    let mut repaired = store.repair_jobs(100).await.unwrap();
    assert_eq!(repaired.len(), 4);
    repaired.extend(first);
    let distinct: BTreeSet<_> = repaired.iter().copied().collect();
    assert_eq!(distinct.len(), 6);
    assert!(distinct.contains(&watch(&begun)));
    assert_eq!(open(fixture).await, all);
    assert_eq!(store.repair_jobs(100).await.unwrap(), []);
    let due = take(&*store, 10).await;
    assert_eq!(due.len(), 6);
    assert!(due.iter().all(|job| job.tries == 0));
}

pub async fn what_is_not_at_its_end_is_listed_page_by_page(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.unresolved(Which::All, None, 5).await.unwrap(), []);
    let mut expected = Vec::new();
    for number in 0..4 {
        Checkout::paid(&*store, &format!("pi_{number}")).await;
        let begun = Checkout::begun(&*store).await;
        expected.push((begun.payment, PaymentStatus::Processing));
        let refunded = Checkout::paid(&*store, &format!("pi_r{number}")).await;
        for _ in 0..2 {
            request_refund(&*store, &refunded, Some(php(100))).await;
        }
        expected.push((refunded.payment, PaymentStatus::Completed));
        let odd = Checkout::paid_with(&*store, &format!("pi_o{number}"), php(499_999)).await;
        expected.push((odd.payment, PaymentStatus::UnderReview));
    }
    // It is open no more, and its checkout still is.
    let closing = Checkout::begun(&*store).await;
    settle(&*store, closing.order, Actor::System, |order, _| {
        order.attempt_opened(closing.attempt, a_session("cs_1"))
    })
    .await;
    expected.push((closing.payment, PaymentStatus::Processing));
    for size in [1, 5, 100] {
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let page = store.unresolved(Which::All, after, size).await.unwrap();
            assert!(page.len() <= usize::try_from(size).unwrap());
            let Some(last) = page.last() else { break };
            after = Some(last.payment.payment.terms().id);
            listed.extend(page);
        }
        let seen: Vec<(PaymentId, PaymentStatus)> = listed
            .iter()
            .map(|one| (one.payment.payment.terms().id, one.payment.payment.status()))
            .collect();
        assert_eq!(seen, expected, "pages of {size}");
        for one in listed {
            let id = one.payment.payment.terms().id;
            assert_eq!(store.payment(id).await.unwrap().unwrap(), one.payment);
        }
    }
}

pub async fn what_is_overdue_is_judged_by_the_clock_of_the_store(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let begun = Checkout::begun(&*store).await;
    Checkout::paid(&*store, "pi_1").await;
    Checkout::paid_with(&*store, "pi_2", php(499_999)).await;
    let overdue = async || {
        let found = store.unresolved(Which::Overdue, None, 10).await.unwrap();
        let ids = found.iter().map(|one| one.payment.payment.terms().id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(overdue().await, []);
    fixture.shift_clock(TimeDelta::days(400)).await;
    assert_eq!(overdue().await, [begun.payment]);
    let after = store.unresolved(Which::Overdue, Some(begun.payment), 10);
    assert_eq!(after.await.unwrap(), []);
}

fn watch(checkout: &Checkout) -> JobKey {
    JobKey {
        kind: JobKind::WatchAttempt,
        subject: checkout.attempt.get(),
    }
}

fn quiet() -> PutOff {
    PutOff {
        delay: LASTING,
        tries: 1,
        faults: 0,
        waits_for: None,
    }
}

fn keys(jobs: &[Job]) -> Vec<JobKey> {
    jobs.iter().map(|job| job.key).collect()
}

async fn take(store: &dyn Store, at_most: u32) -> Vec<Job> {
    store.take_jobs(at_most, LASTING).await.unwrap()
}

async fn give_back(store: &dyn Store, job: &Job, until: PutOff) -> bool {
    store.put_job_off(job.key, job.epoch, &until).await.unwrap()
}

/// A job in the hands of its first taker.
async fn a_taken_job(fixture: &dyn StoreFixture) -> Job {
    let store = fixture.store();
    Checkout::begun(&*store).await;
    fixture.shift_clock(TimeDelta::seconds(11)).await;
    take(&*store, 10).await.remove(0)
}

/// The kinds of the jobs that are open.
async fn open(fixture: &dyn StoreFixture) -> Vec<String> {
    let open = "SELECT kind FROM jobs WHERE done_at IS NULL ORDER BY kind, subject_id";
    fixture.texts(open).await
}
