//! How a call ended, and what follows from that for what it was about.

use bayar_domain::fact::{Fact, Proof};
use bayar_domain::gateway::Reason;
use bayar_domain::{RefundStatus, Step};

use super::drive::Driven;
use super::plan::is_without_money;
use crate::port::gateway::{CallError, Fault, FaultKind, Sent};
use crate::port::store::{CallOutcome, CallPurpose, CallStatus, Lease};
use crate::settle::{Move, Seen, SettleError, apply_what_fits};
use crate::trouble::Trouble;

/// A call that is in our hands.
pub(super) struct Taken {
    pub lease: Lease,
    /// Whether no byte of it can have left before.
    pub is_unsent: bool,
    /// Whether whoever had it before is gone without a word.
    pub was_lost: bool,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(super) enum Ended {
    /// The gateway carried it out.
    Done(Sent),
    /// It is known by looking what it did.
    Found,
    /// It was not needed any more, or came too late for its key. It never left, and never had.
    Spared,
    /// It says something else than what is wanted by now. It never left, and another one does.
    Outdated,
    /// It did not leave this time. It is made later.
    Postponed(Fault),
    /// It never left, and never had, and nobody waits for it.
    NotSent(Fault),
    /// It is proved to have had no effect.
    Refused(Fault),
    /// It is proved to have had no effect, and another call for the same may have it.
    Void(Fault),
    /// It was refused this time, and soon it is known whether an earlier time was carried out.
    Doubtful(Fault),
    /// Nobody knows.
    Unclear(Fault),
}

impl Ended {
    /// What an error says about all the times a call was sent: only of the first time it tells everything.
    pub fn of_error(error: &CallError, taken: &Taken) -> Self {
        match error {
            CallError::NotSent(fault) => Self::before_sending(fault.clone(), taken),
            CallError::Refused(fault)
                if taken.is_unsent || fault.kind != FaultKind::Authentication =>
            {
                Self::Refused(fault.clone())
            }
            CallError::Refused(fault) | CallError::Unknown(fault) => Self::Unclear(fault.clone()),
        }
    }

    /// It did not leave. Whoever wants a checkout is told so and may choose another; all else is made later.
    pub fn before_sending(fault: Fault, taken: &Taken) -> Self {
        match taken.lease.call.call.purpose {
            CallPurpose::Open(_) if taken.is_unsent => Self::NotSent(fault),
            CallPurpose::Open(_)
            | CallPurpose::Close(_)
            | CallPurpose::Answer(_)
            | CallPurpose::Refund(_) => Self::Postponed(fault),
        }
    }

    pub fn driven(self) -> Driven {
        match self {
            Self::Done(_) | Self::Found => Driven::Done,
            Self::Spared | Self::Outdated => Driven::Spared,
            Self::NotSent(fault) | Self::Postponed(fault) => Driven::NotSent(fault),
            Self::Refused(fault) | Self::Void(fault) => Driven::Refused(fault),
            Self::Doubtful(fault) | Self::Unclear(fault) => Driven::Unclear(fault),
        }
    }

    pub fn rule(&self, seen: &Seen, taken: &Taken) -> Result<Move, SettleError> {
        let lease = &taken.lease;
        let key = &lease.call.call.key;
        let purpose = lease.call.call.purpose;
        // The commit whose answer was lost, or somebody else's.
        if !is_ours(seen, lease) {
            return Err(SettleError::Stale);
        }
        let outcome = CallOutcome {
            key: key.clone(),
            epoch: lease.epoch,
            status: self.status(taken),
            fault: self.fault().map(ToString::to_string),
        };
        let steps = self.step(seen, purpose, taken)?.into_iter().collect();
        Ok(Move {
            steps,
            outcomes: vec![outcome],
            ..Move::default()
        })
    }

    fn status(&self, taken: &Taken) -> CallStatus {
        match self {
            Self::Done(_) | Self::Found => CallStatus::Done,
            Self::Spared | Self::Outdated | Self::Refused(_) | Self::Void(_) | Self::NotSent(_) => {
                CallStatus::Refused
            }
            Self::Postponed(_) if taken.is_unsent => CallStatus::Planned,
            Self::Postponed(_) | Self::Doubtful(_) | Self::Unclear(_) => CallStatus::Sent,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Postponed(fault)
            | Self::NotSent(fault)
            | Self::Refused(fault)
            | Self::Void(fault)
            | Self::Doubtful(fault)
            | Self::Unclear(fault) => Some(fault),
            Self::Done(_) | Self::Found | Self::Spared | Self::Outdated => None,
        }
    }

    fn step(
        &self,
        seen: &Seen,
        purpose: CallPurpose,
        taken: &Taken,
    ) -> Result<Option<Step>, SettleError> {
        let settlement = &seen.settlement;
        let ended = |attempt, proof| {
            let terms = settlement.attempt(attempt).map(|attempt| attempt.terms());
            let Some(terms) = terms else {
                return Ok(None);
            };
            let fact = Fact::new(attempt, terms.source.clone(), proof, seen.now);
            let fact = fact.map_err(Trouble::fault)?;
            apply_what_fits(settlement, vec![fact]).map(Some)
        };
        match (purpose, self) {
            (CallPurpose::Open(attempt), Self::Done(Sent::Opened(session))) => {
                Ok(Some(settlement.attempt_opened(attempt, session.clone())?))
            }
            (
                CallPurpose::Open(attempt),
                Self::Spared | Self::NotSent(_) | Self::Refused(_) | Self::Void(_),
            ) => {
                let why = self
                    .fault()
                    .map_or_else(|| "never sent".to_owned(), ToString::to_string);
                let reason = Reason::lossy(&why);
                ended(attempt, Proof::Failed { reason })
            }
            (
                CallPurpose::Open(attempt),
                Self::Doubtful(_) | Self::Unclear(_) | Self::Done(_),
            ) => {
                Ok(Some(settlement.attempt_unknown(attempt)?))
            }
            (CallPurpose::Close(attempt), Self::Done(Sent::Closed)) => {
                ended(attempt, Proof::Expired)
            }
            (CallPurpose::Refund(refund), Self::Refused(fault)) => {
                if fault.kind == FaultKind::NotRefundable {
                    tracing::error!(%refund, "the gateway cannot give this money back: an operator has to");
                    return Ok(Some(settlement.refund_not_possible(refund)?));
                }
                Ok(Some(settlement.refund_refused(refund)?))
            }
            // Its money was gone before it left: there is nothing to send any more.
            (CallPurpose::Refund(refund), Self::Spared | Self::Found)
                if is_without_money(settlement, refund) =>
            {
                Ok(Some(settlement.withdraw_refund(refund)?))
            }
            (CallPurpose::Refund(refund), Self::Unclear(_)) => {
                Ok(Some(settlement.refund_unknown(refund)?))
            }
            // It was written down as sent before it was to leave, and it did not.
            (CallPurpose::Refund(refund), Self::Postponed(_)) if taken.is_unsent => {
                let stands = settlement.refund(refund).map(bayar_domain::Refund::status);
                if stands == Some(RefundStatus::Sent) {
                    return Ok(Some(settlement.refund_not_sent(refund)?));
                }
                Ok(None)
            }
            // Whoever is gone may have sent it a moment ago: the time in doubt begins anew.
            (CallPurpose::Refund(refund), Self::Postponed(_)) if taken.was_lost => {
                Ok(Some(settlement.refund_unknown(refund)?))
            }
            (_, Self::Postponed(_))
            | (CallPurpose::Open(_), Self::Found | Self::Outdated)
            | (
                CallPurpose::Close(_) | CallPurpose::Answer(_),
                Self::Done(_)
                | Self::Found
                | Self::Spared
                | Self::Outdated
                | Self::NotSent(_)
                | Self::Refused(_)
                | Self::Void(_)
                | Self::Doubtful(_)
                | Self::Unclear(_),
            )
            | (
                CallPurpose::Refund(_),
                Self::Done(_)
                | Self::Found
                | Self::Spared
                | Self::Outdated
                | Self::NotSent(_)
                | Self::Void(_)
                // As long as the refund does not move, the time since it last did is the time in doubt.
                | Self::Doubtful(_),
            ) => Ok(None),
        }
    }
}

/// Whether nobody took a call since it was leased.
pub(super) fn is_ours(seen: &Seen, lease: &Lease) -> bool {
    let key = &lease.call.call.key;
    let now = seen.calls.iter().find(|stored| stored.call.key == *key);
    now.is_some_and(|now| now.epoch == lease.epoch && !now.status.is_over())
}
