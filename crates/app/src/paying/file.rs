//! What a gateway has to be told to find the money of an attempt.

use bayar_domain::fact::Fact;
use bayar_domain::gateway::Source;
use bayar_domain::{Attempt, AttemptId, Gateway, Money, RefundStatus, Settlement};
use chrono::{DateTime, TimeDelta, Utc};

use crate::port::gateway::{AskedRefund, Place};
use crate::port::store::{CallPurpose, StoredCall};
use crate::settle::Seen;

/// How long after its end a checkout that a gateway knows nothing of is still waited for:
/// longer than any clock is wrong, and than any request is on its way.
const GRACE: TimeDelta = TimeDelta::minutes(15);

/// All that is known of an attempt, put together for its gateway.
#[derive(Debug, Clone)]
pub(crate) struct AttemptFile {
    pub attempt: Attempt,
    pub opened_by: StoredCall,
    pub amount: Money,
    facts: Vec<Fact>,
    refunds: Vec<AskedRefund>,
    now: DateTime<Utc>,
}

impl AttemptFile {
    /// Nothing when there is no such attempt, or nothing was ever written down to open it.
    pub fn of(settlement: &Settlement, seen: &Seen, id: AttemptId) -> Option<Self> {
        let attempt = settlement.attempt(id)?.clone();
        let opened_by = last_call(&seen.calls, CallPurpose::Open(id))?.clone();
        let amount = settlement.payment(attempt.terms().payment)?.terms().amount;
        let facts = settlement.facts().filter(|fact| fact.attempt() == id);
        let facts: Vec<_> = facts.cloned().collect();
        let asked = |stored: &StoredCall| {
            let CallPurpose::Refund(refund) = stored.call.purpose else {
                return None;
            };
            let refund = settlement.refund(refund)?;
            let capture = refund.terms().capture.clone();
            let of_this = |fact: &Fact| fact.proof().capture() == Some(&capture);
            facts.iter().any(of_this).then(|| AskedRefund {
                refund: refund.terms().id,
                key: stored.call.key.clone(),
                capture: capture.clone(),
                amount: refund.amount(),
                has_failed: refund.status() == RefundStatus::Failed,
                may_be_done: stored.may_be_done(),
            })
        };
        let refunds = seen.calls.iter().filter_map(asked).collect();
        Some(Self {
            refunds,
            attempt,
            opened_by,
            amount,
            facts,
            now: seen.now,
        })
    }

    pub fn id(&self) -> AttemptId {
        self.attempt.terms().id
    }

    pub fn source(&self) -> &Source {
        &self.attempt.terms().source
    }

    pub fn gateway(&self) -> Gateway {
        self.source().gateway
    }

    /// Whether a checkout of which the gateway knows nothing can be paid by nobody any more.
    pub fn is_long_dead(&self) -> bool {
        is_long_past(self.opened_by.call.dead_at, self.now)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    pub fn place(&self) -> Place<'_> {
        Place {
            attempt: self.id(),
            source: self.source(),
            opened_by: &self.opened_by.call.key,
            opened_with: &self.opened_by.call.request.body,
            opened_at: self.opened_by.created_at,
            dead_at: self.opened_by.call.dead_at,
            session: self.attempt.state().session(),
            facts: &self.facts,
            refunds: &self.refunds,
            amount: self.amount,
            now: self.now,
        }
    }
}

/// Whether nothing that ended then is on its way any more.
pub(super) fn is_long_past(end: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let end = end.checked_add_signed(GRACE);
    end.is_some_and(|end| end < now)
}

/// The newest call for a purpose.
pub(super) fn last_call(calls: &[StoredCall], purpose: CallPurpose) -> Option<&StoredCall> {
    calls
        .iter()
        .rev()
        .find(|stored| stored.call.purpose == purpose)
}
