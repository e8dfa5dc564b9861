//! Makes calls that are written down: take, look once more, send, write what became of it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use bayar_domain::{
    AttemptId, AttemptStatus, OrderId, OrderStatus, Refund, RefundId, RefundStatus,
};

use super::ended::{Ended, Taken, is_ours};
use super::file::{AttemptFile, is_long_past};
use super::learn::LearnError;
use super::plan::is_told;
use crate::App;
use crate::failpoint;
use crate::port::gateway::{Call, Door, Fault, FaultKind};
use crate::port::store::{Actor, CallKey, CallPurpose, CallStatus, StoreError};
use crate::settle::{Move, Seen, SettleError};
use crate::trouble::Trouble;

/// How long a call is in one pair of hands: longer than any adapter tries, all its steps together.
const LEASE: Duration = Duration::from_secs(60);

/// How many calls one caller makes in a row. What is left is somebody else's turn.
const AT_ONCE: usize = 16;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Driven {
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
    pub(crate) async fn work_off(
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

    /// Makes one call. Answers what became of it, and the calls that follow from it.
    async fn drive(
        &self,
        order: OrderId,
        key: &CallKey,
    ) -> Result<(Driven, Vec<CallKey>), Trouble> {
        let seen = self.look(order).await.map_err(SettleError::into_trouble)?;
        let before = seen.calls.iter().find(|stored| stored.call.key == *key);
        let Some(before) = before.filter(|before| before.is_free(seen.now)).cloned() else {
            return Ok((Driven::Elsewhere, Vec::new()));
        };
        let mut planned = Vec::new();
        if let CallPurpose::Refund(refund) = before.call.purpose {
            let read = self.read_before_refund(order, &seen, refund).await;
            let (fault, news) = read.map_err(SettleError::into_trouble)?;
            planned = news;
            if let Some(fault) = fault {
                return Ok((Driven::NotSent(fault), planned));
            }
        }
        let Some(lease) = self.store.lease_call(key, LEASE).await? else {
            return Ok((Driven::Elsewhere, planned));
        };
        failpoint::hit("call.taken")?;
        let first =
            before.status == CallStatus::Planned && before.epoch.saturating_add(1) == lease.epoch;
        let taken = Taken {
            is_unsent: first,
            was_lost: before.leased_until.is_some()
                || before.epoch.saturating_add(1) != lease.epoch,
            lease,
        };
        match self.drive_taken(order, taken).await {
            Ok((driven, more)) => {
                planned.extend(more);
                Ok((driven, planned))
            }
            // Whoever took it over writes what became of it.
            Err(SettleError::Stale) => Ok((Driven::Elsewhere, planned)),
            Err(error) => Err(error.into_trouble()),
        }
    }

    async fn drive_taken(
        &self,
        order: OrderId,
        taken: Taken,
    ) -> Result<(Driven, Vec<CallKey>), SettleError> {
        let seen = self.look(order).await?;
        let purpose = taken.lease.call.call.purpose;
        let taken = &Taken {
            is_unsent: taken.is_unsent || is_proved_unsent(&seen, purpose),
            ..taken
        };
        let lease = &taken.lease;
        if !is_wanted(&seen, purpose) && taken.is_unsent {
            return self.end(order, taken, Ended::Spared).await;
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
            if taken.is_unsent {
                // Under another key it can still be asked for.
                return self.end(order, taken, Ended::Spared).await;
            }
            // The gateway has forgotten the key: only looking is left.
            let why = Missed::Forgotten(forgotten());
            return self.look_it_up(order, taken, &file, why).await;
        }
        let gate = match self.own_gate(&file).await {
            Ok(gate) => gate,
            Err(error) => {
                let ended = Ended::before_sending(error.fault().clone(), taken);
                return self.end(order, taken, ended).await;
            }
        };
        if let CallPurpose::Refund(refund) = purpose {
            let sent = |seen: &Seen| {
                // Whoever took it since then goes by where the refund stands: nobody else writes that it is sent.
                if !is_ours(seen, lease) {
                    return Err(SettleError::Stale);
                }
                let stands = seen.settlement.refund(refund).map(Refund::status);
                // As long as this is not written down, no byte of it has left.
                if stands == Some(RefundStatus::Requested)
                    && self.says_otherwise(seen, refund, &lease.call.call)
                {
                    return Err(SettleError::Outdated);
                }
                Ok(seen.settlement.refund_sent(refund)?.into())
            };
            match self.settle(order, Actor::System, sent).await {
                Ok(_) => {}
                Err(SettleError::Outdated) => return self.end(order, taken, Ended::Outdated).await,
                // It is known what became of it: it was seen before its answer, or its money is gone.
                Err(SettleError::Refused(_)) => return self.end(order, taken, Ended::Found).await,
                Err(error) => return Err(error),
            }
        }
        let place = file.place();
        let call = Call {
            key: &lease.call.call.key,
            operation: purpose.operation(),
            request: &lease.call.call.request,
            place: &place,
        };
        failpoint::hit("call.before_send")?;
        let sent = gate.send(&call).await;
        failpoint::hit("call.after_send")?;
        match sent {
            Ok(sent) => {
                let planned = self.finish(order, taken, &Ended::Done(sent)).await?;
                failpoint::hit("call.recorded")?;
                let planned = self.learn_after(order, &file, purpose, planned).await?;
                Ok((Driven::Done, planned))
            }
            Err(error) => {
                let ended = Ended::of_error(&error, taken);
                if let Some(why) = Missed::of(&ended, taken) {
                    return self.look_it_up(order, taken, &file, why).await;
                }
                let planned = self.finish(order, taken, &ended).await?;
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
        taken: &Taken,
        file: &AttemptFile,
        why: Missed,
    ) -> Result<(Driven, Vec<CallKey>), SettleError> {
        let learned = match self.learn(order, file.id(), Actor::System).await {
            Ok(learned) => learned,
            Err(LearnError::Gateway(error)) => {
                let ended = Ended::Unclear(error.fault().clone());
                return self.end(order, taken, ended).await;
            }
            Err(LearnError::Settle(error)) => return Err(error),
        };
        let seen = self.look(order).await?;
        let ended = match taken.lease.call.call.purpose {
            CallPurpose::Open(attempt) => match seen.settlement.attempt(attempt) {
                // Nothing was found. Where the gateway keeps its failure for the key, nothing ever will be.
                Some(attempt)
                    if attempt.state().session().is_none() && attempt.status().is_live() =>
                {
                    match why {
                        Missed::Stored(fault) | Missed::RefusedAgain(fault) => {
                            Ended::Refused(fault)
                        }
                        Missed::Forgotten(fault) => Ended::Unclear(fault),
                    }
                }
                Some(_) | None => Ended::Found,
            },
            CallPurpose::Close(attempt) => match seen.settlement.attempt(attempt) {
                Some(attempt) if attempt.status() == AttemptStatus::Closing => {
                    Ended::Refused(why.fault())
                }
                Some(_) | None => Ended::Found,
            },
            CallPurpose::Answer(_) => Ended::Found,
            CallPurpose::Refund(id) => match seen.settlement.refund(id) {
                Some(refund) if refund.status().is_under_way() && !is_told(&seen, id) => {
                    let forgotten = taken.lease.call.call.request.good_until;
                    let is_known = learned.reading.door != Door::Absent;
                    // A list may be behind: what was carried out a moment ago need not be on it yet.
                    let stored = self.store.refund(id).await?;
                    let since = stored.map(|stored| stored.updated_at);
                    let is_old = since.is_some_and(|since| is_long_past(since, seen.now));
                    match why {
                        Missed::Stored(fault) if is_known && is_old => Ended::Void(fault),
                        Missed::Stored(fault) if is_known => Ended::Doubtful(fault),
                        Missed::RefusedAgain(fault) if is_known && !taken.was_lost && is_old => {
                            Ended::Refused(fault)
                        }
                        Missed::RefusedAgain(fault) if is_known && !taken.was_lost => {
                            Ended::Doubtful(fault)
                        }
                        // Its money is there and no refund of it, and nobody sends it any more.
                        Missed::Forgotten(fault)
                            if is_known && is_long_past(forgotten, seen.now) =>
                        {
                            Ended::Refused(fault)
                        }
                        Missed::Stored(fault)
                        | Missed::RefusedAgain(fault)
                        | Missed::Forgotten(fault) => Ended::Unclear(fault),
                    }
                }
                Some(_) | None => Ended::Found,
            },
        };
        let mut planned = learned.planned;
        planned.extend(self.finish(order, taken, &ended).await?);
        Ok((ended.driven(), planned))
    }

    /// Before surplus goes back, all money of the order is read again: which of it is really there decides.
    /// Answers what could not be read, and the calls that follow from what could.
    async fn read_before_refund(
        &self,
        order: OrderId,
        seen: &Seen,
        refund: RefundId,
    ) -> Result<(Option<Fault>, Vec<CallKey>), SettleError> {
        let mut planned = Vec::new();
        let known = seen.settlement.refund(refund);
        if known.is_none_or(|refund| refund.status() != RefundStatus::Requested) {
            return Ok((None, planned));
        }
        let captures = seen.settlement.captures();
        let attempts: BTreeSet<AttemptId> =
            captures.iter().map(|capture| capture.attempt).collect();
        for attempt in attempts {
            match self.learn(order, attempt, Actor::System).await {
                Ok(learned) => {
                    planned.extend(learned.planned);
                    // What cannot leave yet is not told as sent.
                    if learned.reading.only_whole && is_part_of(seen, refund, attempt) {
                        return Ok((Some(Fault::of(FaultKind::WrongState)), planned));
                    }
                }
                Err(LearnError::Gateway(error)) => {
                    return Ok((Some(error.fault().clone()), planned));
                }
                Err(LearnError::Settle(error)) => return Err(error),
            }
        }
        Ok((None, planned))
    }

    async fn end(
        &self,
        order: OrderId,
        taken: &Taken,
        ended: Ended,
    ) -> Result<(Driven, Vec<CallKey>), SettleError> {
        let planned = self.finish(order, taken, &ended).await?;
        Ok((ended.driven(), planned))
    }

    /// Writes what became of a call, and what follows from it.
    async fn finish(
        &self,
        order: OrderId,
        taken: &Taken,
        ended: &Ended,
    ) -> Result<Vec<CallKey>, SettleError> {
        let rule = |seen: &Seen| {
            let mut wanted = ended.rule(seen, taken)?;
            if let (CallPurpose::Refund(refund), Ended::Outdated) =
                (taken.lease.call.call.purpose, ended)
            {
                self.ask_anew(&mut wanted, seen, taken, refund)?;
            }
            // A checkout that had to go before its name was known is closed now that it is.
            if let (CallPurpose::Open(_), Some(step)) =
                (taken.lease.call.call.purpose, wanted.steps.last())
            {
                let settlement = step.settlement.clone();
                let after = Seen {
                    settlement,
                    ..seen.clone()
                };
                let closings = self.closings(&after).into_iter();
                wanted
                    .calls
                    .extend(closings.filter(|call| call.generation == 1));
            }
            Ok(wanted)
        };
        self.settle(order, Actor::System, rule).await
    }

    /// Writes another call for a refund whose last one was given up, with what is wanted now.
    fn ask_anew(
        &self,
        wanted: &mut Move,
        seen: &Seen,
        taken: &Taken,
        refund: RefundId,
    ) -> Result<(), SettleError> {
        let mut after = seen.clone();
        let given_up = &taken.lease.call.call.key;
        for stored in &mut after.calls {
            if stored.call.key == *given_up {
                stored.status = CallStatus::Refused;
            }
        }
        match self.refund_request(&after.settlement, &after, refund) {
            Ok(call) => wanted.calls.extend(call),
            Err(unfit) => {
                tracing::warn!(refund_id = %refund, %unfit, "the gateway cannot be asked to give it back");
                wanted
                    .steps
                    .push(after.settlement.refund_not_possible(refund)?);
            }
        }
        Ok(())
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
        CallPurpose::Refund(refund) => settlement.refund_sent(refund).is_ok(),
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

/// Whether a refund gives back less than all of what came through an attempt.
fn is_part_of(seen: &Seen, refund: RefundId, attempt: AttemptId) -> bool {
    let Some(refund) = seen.settlement.refund(refund) else {
        return false;
    };
    let captures = seen.settlement.captures();
    let money = captures
        .iter()
        .find(|money| money.attempt == attempt && money.id == refund.terms().capture);
    let captured = money.and_then(|money| money.sums).map(|sums| sums.captured);
    captured.is_some_and(|captured| captured != refund.amount())
}

/// Whether it is written down that no byte of what a call asks for has left: that is written before any does.
fn is_proved_unsent(seen: &Seen, purpose: CallPurpose) -> bool {
    match purpose {
        CallPurpose::Open(_) | CallPurpose::Close(_) | CallPurpose::Answer(_) => false,
        CallPurpose::Refund(refund) => {
            let stands = seen.settlement.refund(refund).map(Refund::status);
            stands == Some(RefundStatus::Requested)
        }
    }
}

/// Why a call is not sent any more, though nobody knows what it did.
#[derive(Debug)]
enum Missed {
    /// The gateway keeps a failure for its key.
    Stored(Fault),
    /// The gateway forgot its key.
    Forgotten(Fault),
    /// It was refused this time. An earlier time may have been carried out: what is refused may depend on the hour.
    RefusedAgain(Fault),
}

impl Missed {
    fn of(ended: &Ended, taken: &Taken) -> Option<Self> {
        let purpose = taken.lease.call.call.purpose;
        let moves_money = matches!(purpose, CallPurpose::Open(_) | CallPurpose::Refund(_));
        match ended {
            Ended::Unclear(fault) if fault.code.as_deref() == Some(Fault::STORED_FAILURE) => {
                Some(Self::Stored(fault.clone()))
            }
            Ended::Refused(fault) if !taken.is_unsent && moves_money => {
                Some(Self::RefusedAgain(fault.clone()))
            }
            _ => None,
        }
    }

    fn fault(self) -> Fault {
        match self {
            Self::Stored(fault) | Self::Forgotten(fault) | Self::RefusedAgain(fault) => fault,
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
