//! Work that is due: whatever is not at its end owns one open job, and nothing else does.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::store::Actor;
use bayar_domain::fact::RefundStep;
use bayar_domain::payment::Cancellation;
use bayar_domain::settlement::{Changes, Restored};
use bayar_domain::{Payment, PaymentState, Proof, Settlement};
use chrono::TimeDelta;

use super::checkouts::{Checkout, PRICE, apply, request_refund, start};
use super::steps::{bare, begin, cancel, loaded, save, settle};
use crate::builders::{a_capture, a_fact, a_session, captured, expired};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! job_cases {
    ($fresh:ident) => {
        mod jobs {
            use $crate::contract::store::jobs as cases;
            $crate::contract_tests! { $fresh:
                a_live_attempt_owns_an_open_job_until_it_ends,
                a_refund_under_way_owns_an_open_job_until_it_ends,
                a_payment_owns_an_open_job_as_long_as_it_waits_for_money,
                a_job_is_open_again_when_its_refund_is_under_way_again,
                a_job_is_open_again_when_its_payment_waits_again,
                a_unit_that_is_rolled_back_ends_no_job,
            }
        }
    };
}

pub async fn a_live_attempt_owns_an_open_job_until_it_ends(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    let (order, first) = (checkout.order, checkout.attempt);
    let watched = |attempt| format!("watch_attempt {attempt}");
    assert_eq!(open(fixture).await, jobs_of(&checkout, &[watched(first)]));
    settle(&*store, order, Actor::System, |order, _| {
        order.attempt_opened(first, a_session("cs_1"))
    })
    .await;
    settle(&*store, order, Actor::System, |order, _| {
        order.close_attempt(first)
    })
    .await;
    assert_eq!(open(fixture).await, jobs_of(&checkout, &[watched(first)]));
    apply(&*store, order, [expired(first)]).await;
    assert_eq!(open(fixture).await, jobs_of(&checkout, &[]));
    let second = start(&*store, order, checkout.payment).await;
    assert_eq!(open(fixture).await, jobs_of(&checkout, &[watched(second)]));
    apply(&*store, order, [captured(second, "pi_1", PRICE)]).await;
    assert_eq!(open(fixture).await, [""; 0]);
}

pub async fn a_refund_under_way_owns_an_open_job_until_it_ends(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let order = checkout.order;
    let refund = request_refund(&*store, &checkout, None).await;
    let carried = [format!("carry_refund {refund}")];
    assert_eq!(open(fixture).await, carried);
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_sent(refund)
    })
    .await;
    assert_eq!(open(fixture).await, carried);
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_unknown(refund)
    })
    .await;
    assert_eq!(open(fixture).await, carried);
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_refused(refund)
    })
    .await;
    assert_eq!(open(fixture).await, [""; 0]);
    let by_hand = request_refund(&*store, &checkout, None).await;
    assert_eq!(open(fixture).await, [format!("carry_refund {by_hand}")]);
    settle(&*store, order, Actor::System, |order, _| {
        order.take_over_refund(by_hand, 0)
    })
    .await;
    assert_eq!(open(fixture).await, [""; 0]);
}

pub async fn a_payment_owns_an_open_job_as_long_as_it_waits_for_money(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    let (order, attempt) = (checkout.order, checkout.attempt);
    apply(&*store, order, [expired(attempt)]).await;
    assert_eq!(open(fixture).await, jobs_of(&checkout, &[]));
    cancel(&*store, &checkout.opening).await;
    assert_eq!(open(fixture).await, [""; 0]);
    apply(&*store, order, [captured(attempt, "pi_1", PRICE)]).await;
    assert_eq!(open(fixture).await, [""; 0]);
}

/// A refund that the gateway had refused may turn out to be on its way after all.
pub async fn a_job_is_open_again_when_its_refund_is_under_way_again(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let order = checkout.order;
    let refund = request_refund(&*store, &checkout, None).await;
    for rule in [Settlement::refund_sent, Settlement::refund_refused] {
        settle(&*store, order, Actor::System, |order, _| {
            rule(order, refund)
        })
        .await;
    }
    assert_eq!(open(fixture).await, [""; 0]);
    fixture.shift_clock(TimeDelta::days(2)).await;
    let proof = Proof::Refunded {
        capture: a_capture("pi_1"),
        refund: "re_1".parse().unwrap(),
        amount: PRICE,
        step: RefundStep::Pending,
        ours: Some(refund),
    };
    apply(&*store, order, [a_fact(checkout.attempt, proof)]).await;
    assert_eq!(open(fixture).await, [format!("carry_refund {refund}")]);
    let kinds = fixture.texts("SELECT kind FROM jobs ORDER BY kind").await;
    let expected = ["carry_refund", "expire_payment", "watch_attempt"];
    assert_eq!(kinds, expected);
}

/// As a change of the rules might want it: no rule of today does.
pub async fn a_job_is_open_again_when_its_payment_waits_again(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    apply(&*store, checkout.order, [expired(checkout.attempt)]).await;
    cancel(&*store, &checkout.opening).await;
    assert_eq!(open(fixture).await, [""; 0]);
    let mut parts = loaded(&*store, checkout.order).await.parts;
    let before = parts.payments.remove(0);
    let called_off = PaymentState::Cancelled {
        reason: Cancellation::Requested,
    };
    assert_eq!(before.state(), &called_off);
    let terms = before.terms().clone();
    let payment = Payment::restore(terms, before.payment_method(), PaymentState::Pending).unwrap();
    parts.payments.push(payment.clone());
    parts.decisions.clear();
    let Restored::Sound(settlement) = Settlement::restore(parts).unwrap() else {
        panic!("it drifted");
    };
    let changes = Changes {
        payments: vec![payment],
        ..Changes::default()
    };
    let (mut unit, _, _) = begin(&*store, checkout.order).await;
    unit.save(&bare(&settlement, &changes)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(open(fixture).await, jobs_of(&checkout, &[]));
}

pub async fn a_unit_that_is_rolled_back_ends_no_job(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    let fact = captured(checkout.attempt, "pi_1", PRICE);
    let before = open(fixture).await;
    let (mut unit, settlement, _) = begin(&*store, checkout.order).await;
    let step = settlement.apply([fact]).unwrap();
    save(&mut *unit, &step, Actor::System).await.unwrap();
    unit.rollback().await;
    assert_eq!(open(fixture).await, before);
    assert_eq!(before.len(), 2);
}

fn jobs_of(checkout: &Checkout, others: &[String]) -> Vec<String> {
    let mut jobs = vec![format!("expire_payment {}", checkout.payment)];
    jobs.extend_from_slice(others);
    jobs
}

async fn open(fixture: &dyn StoreFixture) -> Vec<String> {
    let open = "SELECT kind || ' ' || subject_id FROM jobs WHERE done_at IS NULL ORDER BY 1";
    fixture.texts(open).await
}
