//! From facts and decisions to states: the heart of the crate.

use std::collections::BTreeMap;

use super::proofs::{Proofs, ProvedCapture};
use super::sums::{Sums, add};
use super::{Broken, Settlement};
use crate::attempt::{Attempt, AttemptStatus};
use crate::decision::{Decision, Verdict};
use crate::fact::RefundStep;
use crate::gateway::CaptureId;
use crate::order::OrderStatus;
use crate::payment::{Cancellation, PaymentFailure, PaymentState, ReviewReason};
use crate::refund::{Refund, RefundFailure, RefundOrigin, RefundState, RefundStatus};
use crate::{Money, PaymentId};

impl Settlement {
    /// Moves every part to where the facts and decisions say, deciding what has to be decided on the way.
    /// Settling what is settled changes nothing.
    pub(super) fn settle(mut self) -> Result<Self, Broken> {
        let proofs = self.proofs();
        self.settle_attempts(&proofs)?;
        self.settle_refunds(&proofs)?;
        self.fill_slot(&proofs);
        self.supersede_siblings(&proofs);
        self.close_idle_attempts(&proofs);
        self.settle_payments(&proofs)?;
        self.size_surplus_refunds(&proofs);
        let order = self.order_target(&proofs);
        self.order = self.order.follow(order)?.into_inner();
        Ok(self)
    }

    /// The money that holds the order's slot: decided first and not taken back by its gateway since.
    pub(super) fn slot(&self, proofs: &Proofs) -> Option<&CaptureId> {
        self.decisions.iter().find_map(|decision| match decision {
            Decision::Primary { capture } => {
                let reversed = proofs
                    .captures
                    .get(capture)
                    .is_some_and(|proved| proved.reversed);
                (!reversed).then_some(capture)
            }
            Decision::CancelPayment { .. }
            | Decision::ExpirePayment { .. }
            | Decision::CloseAttempt { .. }
            | Decision::Review { .. }
            | Decision::CancelOrder
            | Decision::CompleteOrder => None,
        })
    }

    /// The sums of some money, once it is known how much it is.
    pub(super) fn sums_of(&self, proofs: &Proofs, capture: &CaptureId) -> Option<Sums> {
        let proved = proofs.captures.get(capture)?;
        let zero = Money::zero(proved.amount?.currency());
        let mut sums = Sums::of(proved.kept().unwrap_or(zero));
        for (_, refund) in proofs.refunds.values().filter(|(of, _)| of == capture) {
            if refund.amount.currency() != zero.currency() {
                continue;
            }
            match refund.step {
                RefundStep::Pending => sums.reserved = add(sums.reserved, refund.amount),
                RefundStep::Succeeded => sums.refunded = add(sums.refunded, refund.amount),
                RefundStep::Failed => {}
            }
        }
        for refund in self.refunds_of(capture) {
            match refund.state() {
                RefundState::Requested | RefundState::Unknown | RefundState::Manual => {
                    sums.reserved = add(sums.reserved, refund.amount());
                }
                // The gateway's own record of it counts, where there is one.
                RefundState::Sent if proofs.of_refund(refund.terms().id).next().is_none() => {
                    sums.reserved = add(sums.reserved, refund.amount());
                }
                RefundState::Succeeded { transfer: Some(_) } => {
                    sums.refunded = add(sums.refunded, refund.amount());
                }
                RefundState::Sent
                | RefundState::Succeeded { transfer: None }
                | RefundState::Failed { .. } => {}
            }
        }
        for dispute in proofs
            .disputes
            .values()
            .filter(|dispute| dispute.capture == *capture)
        {
            if dispute.held.currency() == zero.currency() {
                sums.disputed = add(sums.disputed, dispute.held);
            }
        }
        Some(sums)
    }

    pub(super) fn refunds_of(&self, capture: &CaptureId) -> impl Iterator<Item = &Refund> {
        self.refunds()
            .filter(move |refund| refund.terms().capture == *capture)
    }

    fn settle_attempts(&mut self, proofs: &Proofs) -> Result<(), Broken> {
        for (&id, attempt) in &mut self.attempts {
            let mut next = attempt.clone();
            if self
                .decisions
                .contains(&Decision::CloseAttempt { attempt: id })
            {
                next = next.close().into_inner();
            }
            let own = || {
                proofs
                    .captures
                    .iter()
                    .filter(|(_, capture)| capture.attempt == id)
            };
            if let Some((capture, _)) = own().find(|(_, capture)| capture.kept().is_some()) {
                next = next.pay(capture.clone()).into_inner();
            } else if own().any(|(_, capture)| capture.reversed) {
                next = next.reverse().into_inner();
            } else if proofs.failed.contains(&id) {
                next = next.fail()?.into_inner();
            } else if proofs.expired.contains(&id) {
                next = next.expire().into_inner();
            }
            *attempt = next;
        }
        Ok(())
    }

    /// Refunds go where the gateway's own records of them say. What an operator took over stays with the operator.
    fn settle_refunds(&mut self, proofs: &Proofs) -> Result<(), Broken> {
        for (&id, refund) in &mut self.refunds {
            match refund.state() {
                RefundState::Manual | RefundState::Succeeded { transfer: Some(_) } => continue,
                RefundState::Requested
                | RefundState::Sent
                | RefundState::Unknown
                | RefundState::Succeeded { transfer: None }
                | RefundState::Failed { .. } => {}
            }
            let steps: Vec<_> = proofs.of_refund(id).map(|proved| proved.step).collect();
            let next = refund.clone();
            let moved = if steps.contains(&RefundStep::Succeeded) {
                next.succeed()?
            } else if steps.contains(&RefundStep::Pending) {
                next.fail_back()?.send()?
            } else if steps.contains(&RefundStep::Failed) {
                next.fail(RefundFailure::Failed)?
            } else {
                continue;
            };
            *refund = moved.into_inner();
        }
        Ok(())
    }

    /// Which money pays the order is decided when it is first seen, and never again while it is with us.
    fn fill_slot(&mut self, proofs: &Proofs) {
        if self.slot(proofs).is_some() {
            return;
        }
        let chosen = proofs
            .captures
            .iter()
            .find(|(id, capture)| self.may_be_primary(id, capture))
            .map(|(id, _)| id.clone());
        if let Some(capture) = chosen {
            self.decisions.push(Decision::Primary { capture });
        }
    }

    fn may_be_primary(&self, id: &CaptureId, capture: &ProvedCapture) -> bool {
        let acceptable = match self.verdict(id) {
            Some(Verdict::Accept) => true,
            Some(Verdict::Refuse) => false,
            None => self.fits(capture),
        };
        capture.kept().is_some()
            && acceptable
            && !self.decisions.contains(&Decision::CancelOrder)
            && !self.is_leaving(id)
    }

    /// Whether it is just the money that its payment asked for.
    fn fits(&self, capture: &ProvedCapture) -> bool {
        let asked = self
            .payments
            .get(&capture.payment)
            .map(|payment| payment.terms().amount);
        asked.is_some() && capture.amount == asked
    }

    /// Whether it is on its way back by our doing, so that it cannot pay the order any more.
    fn is_leaving(&self, id: &CaptureId) -> bool {
        self.refunds_of(id).any(|refund| match refund.status() {
            RefundStatus::Sent
            | RefundStatus::Unknown
            | RefundStatus::Manual
            | RefundStatus::Succeeded => refund.terms().origin == RefundOrigin::Surplus,
            RefundStatus::Requested | RefundStatus::Failed => false,
        })
    }

    pub(super) fn verdict(&self, id: &CaptureId) -> Option<Verdict> {
        self.decisions.iter().find_map(|decision| match decision {
            Decision::Review { capture, verdict } if capture == id => Some(*verdict),
            Decision::Review { .. }
            | Decision::Primary { .. }
            | Decision::CancelPayment { .. }
            | Decision::ExpirePayment { .. }
            | Decision::CloseAttempt { .. }
            | Decision::CancelOrder
            | Decision::CompleteOrder => None,
        })
    }

    /// An order that is paid needs no other payment.
    fn supersede_siblings(&mut self, proofs: &Proofs) {
        let Some(paying) = self.paid_by(proofs).map(|(_, capture)| capture.payment) else {
            return;
        };
        let superseded: Vec<_> = self
            .payments
            .keys()
            .filter(|&&id| id != paying && self.payment_target(proofs, id).status().is_live())
            .map(|&payment| Decision::CancelPayment {
                payment,
                reason: Cancellation::Superseded,
            })
            .collect();
        self.decisions.extend(superseded);
    }

    /// A checkout that nobody waits for must go: its payment ended, or has its money.
    fn close_idle_attempts(&mut self, proofs: &Proofs) {
        let idle: Vec<_> = self
            .attempts()
            .filter(|attempt| attempt.status().is_live())
            .filter(|attempt| attempt.status() != AttemptStatus::Closing)
            .filter(|attempt| !self.is_waited_for(proofs, attempt))
            .map(|attempt| attempt.terms().id)
            .collect();
        for id in idle {
            self.decisions.push(Decision::CloseAttempt { attempt: id });
            if let Some(attempt) = self.attempts.get_mut(&id) {
                *attempt = attempt.clone().close().into_inner();
            }
        }
    }

    fn is_waited_for(&self, proofs: &Proofs, attempt: &Attempt) -> bool {
        let waiting = PaymentState::Processing {
            attempt: attempt.terms().id,
        };
        self.payment_target(proofs, attempt.terms().payment) == waiting
    }

    fn settle_payments(&mut self, proofs: &Proofs) -> Result<(), Broken> {
        let targets: BTreeMap<_, _> = self
            .payments
            .keys()
            .map(|&id| (id, self.payment_target(proofs, id)))
            .collect();
        for (id, target) in targets {
            if let Some(payment) = self.payments.get_mut(&id) {
                *payment = payment.clone().follow(target)?.into_inner();
            }
        }
        Ok(())
    }

    pub(super) fn payment_target(&self, proofs: &Proofs, id: PaymentId) -> PaymentState {
        if let Some((capture, proved)) = self.paid_by(proofs)
            && proved.payment == id
            && let Some(sums) = self.sums_of(proofs, capture)
        {
            return PaymentState::paid(capture.clone(), sums.captured, sums.refunded);
        }
        self.proved_failure(proofs, id)
            .map(|reason| PaymentState::Failed { reason })
            .or_else(|| self.decided_end(id))
            .or_else(|| self.held_for_review(proofs, id))
            .or_else(|| {
                let mut own = self
                    .attempts()
                    .filter(|attempt| attempt.terms().payment == id);
                let live = own.find(|attempt| attempt.status().is_live())?;
                Some(PaymentState::Processing {
                    attempt: live.terms().id,
                })
            })
            .unwrap_or(PaymentState::Pending)
    }

    /// Once proved, a failure is outweighed by nothing but money that pays the order.
    fn proved_failure(&self, proofs: &Proofs, id: PaymentId) -> Option<PaymentFailure> {
        let own = || proofs.of_payment(id);
        if own().any(|(capture, _)| self.verdict(capture) == Some(Verdict::Refuse)) {
            Some(PaymentFailure::Refused)
        } else if own().any(|(_, proved)| proved.reversed) {
            Some(PaymentFailure::Reversed)
        } else if own()
            .any(|(_, proved)| proved.challenged && proofs.failed.contains(&proved.attempt))
        {
            Some(PaymentFailure::Denied)
        } else {
            None
        }
    }

    fn decided_end(&self, id: PaymentId) -> Option<PaymentState> {
        self.decisions.iter().find_map(|decision| match decision {
            Decision::CancelPayment { payment, reason } if *payment == id => {
                Some(PaymentState::Cancelled { reason: *reason })
            }
            Decision::ExpirePayment { payment } if *payment == id => Some(PaymentState::Expired),
            Decision::CancelPayment { .. }
            | Decision::ExpirePayment { .. }
            | Decision::Primary { .. }
            | Decision::CloseAttempt { .. }
            | Decision::Review { .. }
            | Decision::CancelOrder
            | Decision::CompleteOrder => None,
        })
    }

    fn held_for_review(&self, proofs: &Proofs, id: PaymentId) -> Option<PaymentState> {
        let differs = proofs.of_payment(id).find(|(capture, proved)| {
            proved.kept().is_some() && !self.fits(proved) && self.verdict(capture).is_none()
        });
        let held = || {
            proofs
                .of_payment(id)
                .find(|(_, proved)| proved.awaits_verdict())
        };
        differs
            .map(|(capture, _)| (capture, ReviewReason::AmountDiffers))
            .or_else(|| held().map(|(capture, _)| (capture, ReviewReason::Challenged)))
            .map(|(capture, reason)| PaymentState::UnderReview {
                capture: capture.clone(),
                reason,
            })
    }

    /// The money that pays the order, while it is with us.
    pub(super) fn paid_by<'a>(
        &self,
        proofs: &'a Proofs,
    ) -> Option<(&'a CaptureId, &'a ProvedCapture)> {
        let slot = self.slot(proofs)?;
        proofs
            .captures
            .get_key_value(slot)
            .filter(|(_, proved)| proved.kept().is_some())
    }

    /// Money that is with us, does not pay the order, and that nobody has to look at.
    pub(super) fn surplus<'a>(
        &self,
        proofs: &'a Proofs,
    ) -> impl Iterator<Item = (&'a CaptureId, &'a ProvedCapture)> {
        let paying = self.paid_by(proofs).map(|(capture, _)| capture);
        proofs.captures.iter().filter(move |(capture, proved)| {
            proved.kept().is_some()
                && paying != Some(capture)
                && !matches!(
                    self.payment_target(proofs, proved.payment),
                    PaymentState::UnderReview { .. }
                )
        })
    }

    /// An automatic refund that nobody has sent follows the facts: as much as is left to give back, or nothing.
    fn size_surplus_refunds(&mut self, proofs: &Proofs) {
        let left: BTreeMap<_, _> = self
            .surplus(proofs)
            .filter_map(|(capture, _)| {
                Some((capture.clone(), self.left_to_return(proofs, capture)?))
            })
            .collect();
        for refund in self.refunds.values_mut() {
            let nothing = Money::zero(refund.amount().currency());
            let amount = left
                .get(&refund.terms().capture)
                .copied()
                .unwrap_or(nothing);
            *refund = refund.clone().resize(amount);
        }
    }

    /// What is left of surplus money beside the automatic refund that nobody has sent.
    pub(super) fn left_to_return(&self, proofs: &Proofs, capture: &CaptureId) -> Option<Money> {
        let mut sums = self.sums_of(proofs, capture)?;
        for unsent in self
            .refunds_of(capture)
            .filter(|refund| refund.is_unsent_surplus())
        {
            sums.reserved = sums.reserved.checked_sub(unsent.amount()).ok()?;
        }
        Some(sums.available())
    }

    fn order_target(&self, proofs: &Proofs) -> OrderStatus {
        let completed = self.decisions.contains(&Decision::CompleteOrder);
        if self.decisions.contains(&Decision::CancelOrder) {
            return OrderStatus::Cancelled;
        }
        let paying = self.paid_by(proofs).map(|(_, capture)| capture.payment);
        let state = paying.map(|payment| self.payment_target(proofs, payment));
        match state {
            Some(PaymentState::Refunded { .. }) => OrderStatus::Refunded,
            Some(_) | None if completed => OrderStatus::Completed,
            Some(_) => OrderStatus::Processing,
            None => OrderStatus::Pending,
        }
    }
}
