//! What gateways are to be asked, put together before it is written down.

use bayar_domain::decision::Verdict;
use bayar_domain::fact::{Fact, Proof};
use bayar_domain::gateway::CaptureId;
use bayar_domain::refund::RefundOrigin;
use bayar_domain::settlement::Refused;
use bayar_domain::{AttemptId, AttemptStatus, Gateway, Refund, RefundId, RefundStatus, Settlement};
use chrono::{DateTime, Utc};

use super::file::{AttemptFile, last_call};
use crate::App;
use crate::gateways::Gate;
use crate::port::gateway::{RefundOrder, Request, Unfit};
use crate::port::store::{CallKey, CallPurpose, CallStatus, NewCall, StoredCall};
use crate::settle::{Move, Seen, SettleError};

impl App {
    pub(crate) fn gate(&self, gateway: Gateway) -> Option<Gate<'_>> {
        self.gateways.get(gateway, &*self.clock)
    }

    /// The call that closes the checkout of an attempt.
    ///
    /// Nothing as long as one is under way, or the checkout's name is not known yet: what opens it is found out first.
    pub(crate) fn close_call(
        &self,
        settlement: &Settlement,
        seen: &Seen,
        attempt: AttemptId,
    ) -> Option<NewCall> {
        let file = AttemptFile::of(settlement, seen, attempt)?;
        if file.attempt.state().session().is_none() && !file.opened_by.status.is_over() {
            return None;
        }
        let gate = self.gate(file.gateway())?;
        let key = self.draw_key();
        let request = gate.adapter.to_close(&file.place());
        self.planned(
            &seen.calls,
            CallPurpose::Close(attempt),
            key,
            request,
            file.opened_by.call.dead_at,
        )
    }

    /// The call that tells a gateway what to do with money that it holds back.
    pub(crate) fn answer_call(
        &self,
        settlement: &Settlement,
        seen: &Seen,
        capture: &CaptureId,
        verdict: Verdict,
    ) -> Option<NewCall> {
        let captures = settlement.captures();
        let held = captures.iter().find(|held| held.id == *capture)?;
        let file = AttemptFile::of(settlement, seen, held.attempt)?;
        let gate = self.gate(file.gateway())?;
        let key = self.draw_key();
        let request = gate.adapter.to_answer(&file.place(), capture, verdict);
        self.planned(
            &seen.calls,
            CallPurpose::Answer(held.attempt),
            key,
            request,
            file.opened_by.call.dead_at,
        )
    }

    /// The call that gives money back. Nothing as long as one is under way, or its gateway is not set up.
    ///
    /// # Errors
    /// When the gateway cannot be asked for it by any request.
    pub(crate) fn refund_request(
        &self,
        settlement: &Settlement,
        seen: &Seen,
        id: RefundId,
    ) -> Result<Option<NewCall>, Unfit> {
        let purpose = CallPurpose::Refund(id);
        let last = last_call(&seen.calls, purpose);
        if last.is_some_and(|last| !last.status.is_over()) {
            return Ok(None);
        }
        let key = self.draw_key();
        let Some(request) = self.refund_body(settlement, seen, id, &key) else {
            return Ok(None);
        };
        Ok(Some(NewCall {
            key,
            purpose,
            generation: next_generation(last),
            request: request?,
            // Nothing is open that could be used.
            dead_at: seen.now,
        }))
    }

    /// Whether a call that gives money back says anything else than what is wanted by now.
    pub(super) fn says_otherwise(&self, seen: &Seen, id: RefundId, call: &NewCall) -> bool {
        match self.refund_body(&seen.settlement, seen, id, &call.key) {
            Some(Ok(now)) => {
                (now.path, now.body) != (call.request.path.clone(), call.request.body.clone())
            }
            Some(Err(_)) => true,
            None => false,
        }
    }

    fn refund_body(
        &self,
        settlement: &Settlement,
        seen: &Seen,
        id: RefundId,
        key: &CallKey,
    ) -> Option<Result<Request, Unfit>> {
        let refund = settlement.refund(id)?;
        let terms = refund.terms();
        let captures = settlement.captures();
        let money = captures.iter().find(|money| money.id == terms.capture)?;
        let file = AttemptFile::of(settlement, seen, money.attempt)?;
        let gate = self.gate(file.gateway())?;
        let order = RefundOrder {
            installation: &self.installation,
            refund: id,
            capture: &terms.capture,
            captured: money.sums?.captured,
            amount: refund.amount(),
            reason: terms.reason.as_ref().map_or(SURPLUS, |it| it.as_str()),
            now: seen.now,
        };
        Some(gate.adapter.to_refund(&order, key))
    }

    /// The calls that have to be made and that nobody has written down: the last one came to nothing, or there was none,
    /// for the gateway was not set up.
    ///
    /// With them the steps of refunds that no call can carry: one whose money is gone is withdrawn,
    /// and one that no gateway can be asked for is an operator's.
    pub(super) fn due(&self, seen: &Seen) -> Result<Move, SettleError> {
        let settlement = &seen.settlement;
        let verdicts = settlement.standing().verdicts;
        let answers = verdicts
            .iter()
            .filter_map(|(capture, verdict)| self.answer_call(settlement, seen, capture, *verdict));
        let mut due = Move {
            calls: self.closings(seen),
            ..Move::default()
        };
        due.calls.extend(answers);
        let mut settlement = settlement.clone();
        for id in waiting(seen) {
            let step = match self.refund_request(&seen.settlement, seen, id) {
                _ if is_without_money(&seen.settlement, id) => settlement.withdraw_refund(id)?,
                Err(unfit) => {
                    tracing::warn!(refund_id = %id, %unfit, "the gateway cannot be asked to give it back");
                    settlement.refund_not_possible(id)?
                }
                Ok(call) => {
                    due.calls.extend(call);
                    continue;
                }
            };
            settlement = step.settlement.clone();
            due.steps.push(step);
        }
        Ok(due)
    }

    /// The calls that close what must be closed and nobody is closing.
    pub(super) fn closings(&self, seen: &Seen) -> Vec<NewCall> {
        let closing = seen
            .settlement
            .attempts()
            .filter(|attempt| attempt.status() == AttemptStatus::Closing);
        closing
            .filter_map(|attempt| self.close_call(&seen.settlement, seen, attempt.terms().id))
            .collect()
    }

    pub(super) fn draw_key(&self) -> CallKey {
        CallKey::draw(&self.installation, &*self.random)
    }

    /// Nothing where one is under way, or the gateway cannot do it: then somebody has to look.
    fn planned(
        &self,
        calls: &[StoredCall],
        purpose: CallPurpose,
        key: CallKey,
        request: Result<Request, Unfit>,
        dead_at: DateTime<Utc>,
    ) -> Option<NewCall> {
        let last = last_call(calls, purpose);
        if last.is_some_and(|last| !last.status.is_over()) {
            return None;
        }
        let request = request
            .inspect_err(|unfit| {
                tracing::error!(%unfit, ?purpose, "a gateway cannot be asked: an operator has to look");
            })
            .ok()?;
        Some(NewCall {
            key,
            purpose,
            generation: next_generation(last),
            request,
            dead_at,
        })
    }
}

fn next_generation(last: Option<&StoredCall>) -> u32 {
    last.map_or(1, |last| last.call.generation.saturating_add(1))
}

/// The refunds that are wanted and that nobody is asking for.
fn waiting(seen: &Seen) -> Vec<RefundId> {
    let open = |id| {
        let last = last_call(&seen.calls, CallPurpose::Refund(id));
        last.is_some_and(|last| !last.status.is_over())
    };
    let refunds = seen.settlement.refunds();
    refunds
        .filter(|refund| !open(refund.terms().id))
        .filter(|refund| {
            is_not_asked_for(seen, refund) || is_without_money(&seen.settlement, refund.terms().id)
        })
        .map(|refund| refund.terms().id)
        .collect()
}

/// Whether somebody asked for a refund whose money a dispute, a reversal or the gateway's dashboard took
/// before it was sent. What we ask for ourselves is made smaller instead.
pub(super) fn is_without_money(settlement: &Settlement, id: RefundId) -> bool {
    let unsent = settlement.refund(id).is_some_and(|refund| {
        refund.status() == RefundStatus::Requested
            && refund.terms().origin == RefundOrigin::Requested
    });
    unsent
        && matches!(
            settlement.refund_sent(id),
            Err(Refused::RefundExceeds { .. })
        )
}

/// Whether a refund is wanted that no gateway has: it was never sent, or its last call never left.
fn is_not_asked_for(seen: &Seen, refund: &Refund) -> bool {
    let id = refund.terms().id;
    let last = last_call(&seen.calls, CallPurpose::Refund(id));
    let never_left = match refund.status() {
        RefundStatus::Requested => true,
        RefundStatus::Sent | RefundStatus::Unknown => {
            last.is_some_and(|last| last.status == CallStatus::Refused)
        }
        RefundStatus::Manual | RefundStatus::Succeeded | RefundStatus::Failed => false,
    };
    never_left && !is_told(seen, id) && seen.settlement.refund_sent(id).is_ok()
}

/// Whether the gateway has told of a refund, whatever became of it.
pub(super) fn is_told(seen: &Seen, id: RefundId) -> bool {
    let tells =
        |fact: &Fact| matches!(fact.proof(), Proof::Refunded { ours, .. } if *ours == Some(id));
    seen.settlement.facts().any(tells)
}

/// Why money goes back that the order cannot keep.
const SURPLUS: &str = "paid twice";
