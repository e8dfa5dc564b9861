//! Makes calls that are written down: take, look once more, send, write what became of it.

use std::collections::VecDeque;
use std::time::Duration;

use bayar_domain::fact::{Fact, Proof};
use bayar_domain::gateway::Reason;
use bayar_domain::{AttemptId, AttemptStatus, OrderId, OrderStatus, RefundId, RefundStatus};

use super::file::AttemptFile;
use super::learn::LearnError;
use crate::App;
use crate::failpoint;
use crate::port::gateway::{Call, CallError, Fault, FaultKind, Sent};
use crate::port::store::{
    Actor, CallKey, CallOutcome, CallPurpose, CallStatus, Lease, NewCall, StoreError,
};
use crate::settle::{Move, Seen, SettleError, apply_what_fits};
use crate::trouble::Trouble;

/// How long a call is in one pair of hands: longer than any adapter tries.
const LEASE: Duration = Duration::from_secs(30);

/// How many calls one caller makes in a row. What is left is somebody else's turn.
const AT_ONCE: usize = 16;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Driven {
    /// The gateway carried it out.
    Done,
    /// Somebody else is at it, or it is over.
    Elsewhere,
    /// It was not needed any more, and was never sent.
    Spared,
    /// It never left: nothing has changed.
    NotSent(Fault),
    /// The gateway refused, and nothing has changed.
    Refused(Fault),
    /// Nobody knows yet.
    Unclear(Fault),
}

impl App {
    /// Makes calls, and the calls that follow from them.
    pub(super) async fn work_off(
        &self,
        order: OrderId,
        due: Vec<CallKey>,
    ) -> Result<Vec<(CallKey, Driven)>, Trouble> {
        let mut due = VecDeque::from(due);
        let mut done: Vec<(CallKey, Driven)> = Vec::new();
        while let Some(key) = due.pop_front() {
            if done.len() == AT_ONCE {
                tracing::warn!(%order, left = due.len(), "more calls are due than are made at once");
                break;
            }
            let (driven, planned) = self.drive(order, &key).await?;
            done.push((key, driven));
            due.extend(planned);
        }
        Ok(done)
    }

    /// The calls that close what must be closed and nobody is closing.
    pub(super) fn closings(&self, seen: &Seen, wanted: impl Fn(u32) -> bool) -> Vec<NewCall> {
        let closing = seen
            .settlement
            .attempts()
            .filter(|attempt| attempt.status() == AttemptStatus::Closing);
        closing
            .filter_map(|attempt| self.close_call(&seen.settlement, seen, attempt.terms().id))
            .filter(|call| wanted(call.generation))
            .collect()
    }

    /// Makes one call. Answers what became of it, and the calls that follow from it.
    async fn drive(
        &self,
        order: OrderId,
        key: &CallKey,
    ) -> Result<(Driven, Vec<CallKey>), Trouble> {
        let Some(lease) = self.store.lease_call(key, LEASE).await? else {
            return Ok((Driven::Elsewhere, Vec::new()));
        };
        failpoint::hit("call.taken");
        match self.drive_leased(order, &lease).await {
            Ok(driven) => Ok(driven),
            // Whoever took it over writes what became of it.
            Err(SettleError::Stale) => Ok((Driven::Elsewhere, Vec::new())),
            Err(error) => Err(error.into_trouble()),
        }
    }

    async fn drive_leased(
        &self,
        order: OrderId,
        lease: &Lease,
    ) -> Result<(Driven, Vec<CallKey>), SettleError> {
        let purpose = lease.call.call.purpose;
        let mut seen = self.look(order).await?;
        if let CallPurpose::Refund(refund) = purpose {
            if let Some(fault) = self.read_before_refund(order, &seen, refund).await? {
                let planned = self
                    .finish(order, lease, Ended::Unclear(fault.clone()))
                    .await?;
                return Ok((Driven::Unclear(fault), planned));
            }
            seen = self.look(order).await?;
        }
        if !is_wanted(&seen, purpose) && lease.epoch == 1 {
            let planned = self.finish(order, lease, Ended::Spared).await?;
            return Ok((Driven::Spared, planned));
        }
        let Some(file) = attempt_of(&seen, purpose)
            .and_then(|attempt| AttemptFile::of(&seen.settlement, &seen, attempt))
        else {
            let message = format!(
                "nothing is known of what call {} is about",
                lease.call.call.key
            );
            return Err(Trouble::fault(message).into());
        };
        if lease.call.call.request.good_until <= lease.now {
            // The gateway has forgotten the key: only looking is left.
            return self.look_it_up(order, lease, &file, forgotten()).await;
        }
        let gate = match self.own_gate(&file).await {
            Ok(gate) => gate,
            Err(error) => {
                let ended = Ended::of_error(&error, lease);
                let planned = self.finish(order, lease, ended.clone()).await?;
                return Ok((ended.driven(), planned));
            }
        };
        if let CallPurpose::Refund(refund) = purpose {
            let sent = move |seen: &Seen| Ok(seen.settlement.refund_sent(refund)?.into());
            self.settle(order, Actor::System, sent).await?;
        }
        let place = file.place();
        let call = Call {
            key: &lease.call.call.key,
            operation: purpose.operation(),
            request: &lease.call.call.request,
            place: &place,
        };
        failpoint::hit("call.before_send");
        let sent = gate.send(&call).await;
        failpoint::hit("call.after_send");
        match sent {
            Ok(sent) => {
                let planned = self.finish(order, lease, Ended::Done(sent)).await?;
                failpoint::hit("call.recorded");
                let planned = self.learn_after(order, &file, purpose, planned).await?;
                Ok((Driven::Done, planned))
            }
            Err(error) => {
                let stuck = error.fault().code.as_deref() == Some(Fault::STORED_FAILURE);
                let ended = Ended::of_error(&error, lease);
                if stuck && matches!(ended, Ended::Unclear(_)) {
                    return self
                        .look_it_up(order, lease, &file, error.fault().clone())
                        .await;
                }
                let planned = self.finish(order, lease, ended.clone()).await?;
                let planned = match purpose {
                    // It may be closed all the same, and a checkout that cannot be closed may be paid.
                    CallPurpose::Close(_) | CallPurpose::Answer(_) => {
                        self.learn_after(order, &file, purpose, planned).await?
                    }
                    CallPurpose::Open(_) | CallPurpose::Refund(_) => planned,
                };
                Ok((ended.driven(), planned))
            }
        }
    }

    /// Reads what a call did, where its answer does not tell.
    async fn learn_after(
        &self,
        order: OrderId,
        file: &AttemptFile,
        purpose: CallPurpose,
        mut planned: Vec<CallKey>,
    ) -> Result<Vec<CallKey>, SettleError> {
        if matches!(purpose, CallPurpose::Open(_)) {
            return Ok(planned);
        }
        match self.learn(order, file.id(), Actor::System).await {
            Ok(learned) => planned.extend(learned.planned),
            // It is known to be done; what it did is read the next time.
            Err(LearnError::Gateway(_)) => {}
            Err(LearnError::Settle(error)) => return Err(error),
        }
        Ok(planned)
    }

    /// Looks what a call did that cannot be sent any more: the gateway would count it anew, or never carry it out.
    async fn look_it_up(
        &self,
        order: OrderId,
        lease: &Lease,
        file: &AttemptFile,
        fault: Fault,
    ) -> Result<(Driven, Vec<CallKey>), SettleError> {
        let learned = match self.learn(order, file.id(), Actor::System).await {
            Ok(learned) => learned,
            Err(LearnError::Gateway(error)) => {
                let ended = Ended::Unclear(error.fault().clone());
                let planned = self.finish(order, lease, ended.clone()).await?;
                return Ok((ended.driven(), planned));
            }
            Err(LearnError::Settle(error)) => return Err(error),
        };
        let seen = self.look(order).await?;
        let ended = match lease.call.call.purpose {
            CallPurpose::Open(attempt) => match seen.settlement.attempt(attempt) {
                // Nothing was found. Where the gateway keeps its failure for the key, nothing ever will be.
                Some(attempt)
                    if attempt.state().session().is_none() && attempt.status().is_live() =>
                {
                    if fault.code.as_deref() == Some(Fault::STORED_FAILURE) {
                        Ended::Refused(fault)
                    } else {
                        Ended::Unclear(fault)
                    }
                }
                Some(_) | None => Ended::Found,
            },
            CallPurpose::Close(attempt) => match seen.settlement.attempt(attempt) {
                Some(attempt) if attempt.status() == AttemptStatus::Closing => {
                    Ended::Refused(fault)
                }
                Some(_) | None => Ended::Found,
            },
            CallPurpose::Answer(_) => Ended::Found,
            CallPurpose::Refund(refund) => match seen.settlement.refund(refund) {
                Some(refund) if refund.status().is_under_way() => {
                    if fault.code.as_deref() == Some(Fault::STORED_FAILURE) {
                        Ended::Refused(fault)
                    } else {
                        Ended::Unclear(fault)
                    }
                }
                Some(_) | None => Ended::Found,
            },
        };
        let mut planned = learned.planned;
        planned.extend(self.finish(order, lease, ended.clone()).await?);
        Ok((ended.driven(), planned))
    }

    /// Before surplus goes back, all money of the order is read again: which of it is really there decides.
    async fn read_before_refund(
        &self,
        order: OrderId,
        seen: &Seen,
        refund: RefundId,
    ) -> Result<Option<Fault>, SettleError> {
        let known = seen.settlement.refund(refund);
        if known.is_none_or(|refund| refund.status() != RefundStatus::Requested) {
            return Ok(None);
        }
        let mut attempts: Vec<AttemptId> = seen
            .settlement
            .captures()
            .iter()
            .map(|capture| capture.attempt)
            .collect();
        attempts.dedup();
        for attempt in attempts {
            match self.learn(order, attempt, Actor::System).await {
                Ok(_) => {}
                Err(LearnError::Gateway(error)) => return Ok(Some(error.fault().clone())),
                Err(LearnError::Settle(error)) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Writes what became of a call, and what follows from it.
    async fn finish(
        &self,
        order: OrderId,
        lease: &Lease,
        ended: Ended,
    ) -> Result<Vec<CallKey>, SettleError> {
        let rule = |seen: &Seen| {
            let mut wanted = ended.rule(seen, lease)?;
            // A checkout that had to go before its name was known is closed now that it is.
            if let (CallPurpose::Open(_), Some(step)) =
                (lease.call.call.purpose, wanted.steps.last())
            {
                let settlement = step.settlement.clone();
                let after = Seen {
                    settlement,
                    ..seen.clone()
                };
                let closings = self.closings(&after, |generation| generation == 1);
                wanted.calls.extend(closings);
            }
            Ok(wanted)
        };
        self.settle(order, Actor::System, rule).await
    }
}

/// How a call ended.
#[derive(Debug, Clone)]
enum Ended {
    /// The gateway carried it out.
    Done(Sent),
    /// It is known by looking what it did.
    Found,
    /// It was not needed any more.
    Spared,
    /// It never left, and never had.
    NotSent(Fault),
    /// It is proved to have had no effect.
    Refused(Fault),
    /// Nobody knows.
    Unclear(Fault),
}

impl Ended {
    /// What an error says about all the times a call was sent: only the first of them tells about itself alone.
    fn of_error(error: &CallError, lease: &Lease) -> Self {
        let first = lease.epoch == 1;
        match error {
            CallError::NotSent(fault) if first => Self::NotSent(fault.clone()),
            CallError::Refused(fault) if first || fault.kind != FaultKind::Authentication => {
                Self::Refused(fault.clone())
            }
            CallError::NotSent(fault) | CallError::Refused(fault) | CallError::Unknown(fault) => {
                Self::Unclear(fault.clone())
            }
        }
    }

    fn driven(self) -> Driven {
        match self {
            Self::Done(_) | Self::Found => Driven::Done,
            Self::Spared => Driven::Spared,
            Self::NotSent(fault) => Driven::NotSent(fault),
            Self::Refused(fault) => Driven::Refused(fault),
            Self::Unclear(fault) => Driven::Unclear(fault),
        }
    }

    fn rule(&self, seen: &Seen, lease: &Lease) -> Result<Move, SettleError> {
        let key = &lease.call.call.key;
        let purpose = lease.call.call.purpose;
        let now = seen.calls.iter().find(|stored| stored.call.key == *key);
        match now {
            Some(now) if now.epoch == lease.epoch && !now.status.is_over() => {}
            // The commit whose answer was lost, or somebody else's.
            Some(_) | None => return Err(SettleError::Stale),
        }
        let outcome = CallOutcome {
            key: key.clone(),
            epoch: lease.epoch,
            status: self.status(purpose),
            fault: self.fault().map(ToString::to_string),
        };
        let steps = self.step(seen, purpose)?.into_iter().collect();
        Ok(Move {
            steps,
            calls: Vec::new(),
            outcomes: vec![outcome],
        })
    }

    fn status(&self, purpose: CallPurpose) -> CallStatus {
        match (self, purpose) {
            (Self::Done(_) | Self::Found, _) => CallStatus::Done,
            (Self::Spared | Self::Refused(_), _) => CallStatus::Refused,
            // Nobody waits for these: the same call is simply made later.
            (
                Self::NotSent(_),
                CallPurpose::Refund(_) | CallPurpose::Close(_) | CallPurpose::Answer(_),
            )
            | (Self::Unclear(_), _) => CallStatus::Sent,
            (Self::NotSent(_), CallPurpose::Open(_)) => CallStatus::Refused,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::NotSent(fault) | Self::Refused(fault) | Self::Unclear(fault) => Some(fault),
            Self::Done(_) | Self::Found | Self::Spared => None,
        }
    }

    fn step(
        &self,
        seen: &Seen,
        purpose: CallPurpose,
    ) -> Result<Option<bayar_domain::Step>, SettleError> {
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
            (CallPurpose::Open(attempt), Self::Spared | Self::NotSent(_) | Self::Refused(_)) => {
                let why = self
                    .fault()
                    .map_or_else(|| "not needed".to_owned(), ToString::to_string);
                let reason = Reason::lossy(&why);
                ended(attempt, Proof::Failed { reason })
            }
            (CallPurpose::Open(attempt), Self::Unclear(_) | Self::Done(_)) => {
                Ok(Some(settlement.attempt_unknown(attempt)?))
            }
            (CallPurpose::Close(attempt), Self::Done(Sent::Closed)) => {
                ended(attempt, Proof::Expired)
            }
            (CallPurpose::Refund(refund), Self::Refused(fault)) => {
                let refused = settlement.refund_refused(refund)?;
                if fault.kind == FaultKind::NotRefundable {
                    tracing::error!(%refund, "the gateway cannot give this money back: an operator has to");
                }
                Ok(Some(refused))
            }
            (CallPurpose::Refund(refund), Self::Unclear(_)) => {
                Ok(Some(settlement.refund_unknown(refund)?))
            }
            (CallPurpose::Open(_), Self::Found)
            | (
                CallPurpose::Close(_) | CallPurpose::Answer(_),
                Self::Done(_)
                | Self::Found
                | Self::Spared
                | Self::NotSent(_)
                | Self::Refused(_)
                | Self::Unclear(_),
            )
            | (
                CallPurpose::Refund(_),
                Self::Done(_) | Self::Found | Self::Spared | Self::NotSent(_),
            ) => Ok(None),
        }
    }
}

/// Whether a call that was never sent still has to be: one last look before it leaves.
fn is_wanted(seen: &Seen, purpose: CallPurpose) -> bool {
    let settlement = &seen.settlement;
    let status_of = |attempt| {
        settlement
            .attempt(attempt)
            .map(bayar_domain::Attempt::status)
    };
    match purpose {
        CallPurpose::Open(attempt) => {
            let pending = settlement.order().status() == OrderStatus::Pending;
            let waits = matches!(
                status_of(attempt),
                Some(AttemptStatus::Creating | AttemptStatus::Unknown)
            );
            pending && waits && settlement.primary().is_none()
        }
        CallPurpose::Close(attempt) => status_of(attempt) == Some(AttemptStatus::Closing),
        CallPurpose::Answer(attempt) => {
            let verdicts = settlement.standing().verdicts;
            let captures = settlement.captures();
            captures
                .iter()
                .any(|held| held.attempt == attempt && verdicts.contains_key(&held.id))
        }
        CallPurpose::Refund(refund) => settlement
            .refund(refund)
            .is_some_and(|refund| refund.status().is_under_way()),
    }
}

/// The attempt whose money a call is about.
fn attempt_of(seen: &Seen, purpose: CallPurpose) -> Option<AttemptId> {
    match purpose {
        CallPurpose::Open(attempt) | CallPurpose::Close(attempt) | CallPurpose::Answer(attempt) => {
            Some(attempt)
        }
        CallPurpose::Refund(refund) => {
            let refund = seen.settlement.refund(refund)?;
            let captures = seen.settlement.captures();
            let money = captures
                .iter()
                .find(|money| money.id == refund.terms().capture)?;
            Some(money.attempt)
        }
    }
}

fn forgotten() -> Fault {
    Fault::of(FaultKind::Idempotency).with_code("key_forgotten")
}

impl From<StoreError> for LearnError {
    fn from(error: StoreError) -> Self {
        Self::Settle(error.into())
    }
}
