//! What a job is about, and where that stands.

use bayar_domain::{AttemptId, Gateway, PaymentId, PaymentStatus, RefundId};

use super::rhythm::Found;
use crate::paying::{AttemptFile, worth_reading};
use crate::port::store::{CallPurpose, Job, JobKind};
use crate::settle::Seen;

/// The attempt that a job is about.
fn attempt_of(seen: &Seen, job: &Job) -> Option<AttemptId> {
    match job.key.kind {
        JobKind::WatchAttempt | JobKind::CarryAnswer => AttemptId::new(job.key.subject).ok(),
        JobKind::CarryRefund => refunded_attempt(seen, job),
        JobKind::ExpirePayment => {
            let live = seen.settlement.live_attempt();
            let own = live.filter(|attempt| attempt.terms().payment == job.payment);
            own.map(|attempt| attempt.terms().id)
        }
        JobKind::WatchReview => worth_reading(seen, Some(job.payment)).pop(),
    }
}

/// The attempt whose money a refund gives back.
pub(super) fn refunded_attempt(seen: &Seen, job: &Job) -> Option<AttemptId> {
    let refund = RefundId::new(job.key.subject).ok()?;
    let refund = seen.settlement.refund(refund)?;
    let captures = seen.settlement.captures();
    let mut captures = captures.iter();
    let money = captures.find(|money| money.id == refund.terms().capture)?;
    Some(money.attempt)
}

/// The gateway that a job asks, if it asks any.
pub(super) fn gateway_of(seen: &Seen, job: &Job) -> Option<Gateway> {
    let attempt = seen.settlement.attempt(attempt_of(seen, job)?)?;
    Some(attempt.terms().source.gateway)
}

/// Whether what a job is there for is at its end.
pub(super) fn is_over(seen: &Seen, job: &Job) -> bool {
    let settlement = &seen.settlement;
    let status = |payment: PaymentId| {
        settlement
            .payment(payment)
            .map(bayar_domain::Payment::status)
    };
    match job.key.kind {
        JobKind::ExpirePayment => !matches!(
            status(job.payment),
            Some(PaymentStatus::Pending | PaymentStatus::Processing)
        ),
        JobKind::WatchReview => status(job.payment) != Some(PaymentStatus::UnderReview),
        JobKind::WatchAttempt => {
            let attempt = attempt_of(seen, job).and_then(|id| settlement.attempt(id));
            !attempt.is_some_and(|attempt| attempt.status().is_live())
        }
        JobKind::CarryRefund => {
            let refund = RefundId::new(job.key.subject).ok();
            let refund = refund.and_then(|id| settlement.refund(id));
            !refund.is_some_and(|refund| refund.status().is_under_way())
        }
        JobKind::CarryAnswer => {
            let purpose = attempt_of(seen, job).map(CallPurpose::Answer);
            let mut calls = seen.calls.iter();
            !calls.any(|stored| Some(stored.call.purpose) == purpose && !stored.status.is_over())
        }
    }
}

/// Where what a job is there for stands.
pub(super) fn found(seen: &Seen, job: &Job) -> Found {
    match job.key.kind {
        JobKind::WatchAttempt => {
            let file = attempt_of(seen, job)
                .and_then(|attempt| AttemptFile::of(&seen.settlement, seen, attempt));
            match file {
                Some(file) if file.is_long_dead() => Found::PastItsEnd(file.opened_by.call.dead_at),
                Some(_) | None => Found::Payable,
            }
        }
        JobKind::ExpirePayment => {
            let payment = seen.settlement.payment(job.payment);
            match payment.map(|payment| payment.terms().deadline) {
                Some(deadline) => Found::PastItsEnd(deadline),
                None => Found::Waiting,
            }
        }
        JobKind::CarryRefund | JobKind::CarryAnswer | JobKind::WatchReview => Found::Waiting,
    }
}
