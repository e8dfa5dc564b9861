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
use crate::payment::{Cancellation, Payment, PaymentFailure, PaymentState, ReviewReason};
use crate::refund::{Refund, RefundFailure, RefundState, RefundStatus};
use crate::{Money, PaymentId};

impl Settlement {
    /// Moves every part to where the facts and decisions say, deciding what has to be decided on the way.
    /// Settling what is settled changes nothing.
    pub(super) fn settle(mut self) -> Result<Self, Broken> {
        let proofs = self.proofs();
        self.settle_refunds(&proofs);
        self.drop_retries();
        self.fill_slot(&proofs);
        self.settle_attempts(&proofs)?;
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
        self.decided_primaries().find(|capture| {
            let proved = proofs.captures.get(*capture);
            !proved.is_some_and(ProvedCapture::taken_back)
        })
    }

    /// All money that ever paid the order.
    fn decided_primaries(&self) -> impl Iterator<Item = &CaptureId> {
        self.decisions.iter().filter_map(|decision| match decision {
            Decision::Primary { capture } => Some(capture),
            Decision::CancelPayment { .. }
            | Decision::ExpirePayment { .. }
            | Decision::CloseAttempt { .. }
            | Decision::TakeOverRefund { .. }
            | Decision::WithdrawRefund { .. }
            | Decision::RetryRefund { .. }
            | Decision::DropRetry { .. }
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
        for refund in proofs
            .refunds
            .values()
            .filter(|refund| refund.capture == *capture)
        {
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
            if refund.amount().currency() != zero.currency() {
                continue;
            }
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
        let slot = self.slot(proofs).cloned();
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
            let kept = || own().filter(|(_, capture)| capture.kept().is_some());
            // Of several captures the one that pays the order is the attempt's.
            let paying = kept().find(|(capture, _)| Some(*capture) == slot.as_ref());
            if let Some((capture, _)) = paying.or_else(|| kept().next()) {
                next = next.pay(capture.clone()).into_inner();
            } else if own().any(|(_, capture)| capture.came_and_went()) {
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

    /// Refunds go where the gateway's own records of them say, and after those our decisions. Where there is neither,
    /// and the gateway took the money back, there is nothing to give back any more.
    fn settle_refunds(&mut self, proofs: &Proofs) {
        let targets: Vec<_> = self
            .refunds
            .values()
            .filter_map(|refund| Some((refund.terms().id, self.refund_target(proofs, refund)?)))
            .collect();
        for (id, target) in targets {
            if let Some(refund) = self.refunds.get_mut(&id) {
                *refund = refund.clone().follow(target);
            }
        }
    }

    fn refund_target(&self, proofs: &Proofs, refund: &Refund) -> Option<RefundState> {
        let id = refund.terms().id;
        let has = |step| proofs.of_refund(id).any(|proved| proved.step == step);
        let failed = |reason| Some(RefundState::Failed { reason });
        let taken_back = || {
            let proved = proofs.captures.get(&refund.terms().capture);
            proved.is_some_and(ProvedCapture::taken_back)
        };
        if has(RefundStep::Succeeded) {
            Some(RefundState::Succeeded { transfer: None })
        } else if has(RefundStep::Pending) {
            Some(RefundState::Sent)
        } else if self.is_withdrawn(id) {
            failed(RefundFailure::Withdrawn)
        } else if self
            .decisions
            .contains(&Decision::TakeOverRefund { refund: id })
        {
            Some(RefundState::Manual)
        } else if has(RefundStep::Failed) {
            failed(RefundFailure::Failed)
        } else if refund.status().is_under_way() && taken_back() {
            failed(RefundFailure::Withdrawn)
        } else {
            None
        }
    }

    /// Which money pays the order is decided when it is first seen, and never again while it is with us.
    fn fill_slot(&mut self, proofs: &Proofs) {
        if self.slot(proofs).is_some() || self.was_refunded(proofs) {
            return;
        }
        let chosen = proofs
            .captures
            .iter()
            .filter(|(id, capture)| self.may_be_primary(proofs, id, capture))
            // Money that went back already pays the order only where there is no other.
            .min_by_key(|(id, _)| !self.is_there(proofs, id))
            .map(|(id, _)| id.clone());
        if let Some(capture) = chosen {
            self.decisions.push(Decision::Primary { capture });
        }
    }

    fn may_be_primary(&self, proofs: &Proofs, id: &CaptureId, capture: &ProvedCapture) -> bool {
        capture.kept().is_some()
            && self.is_acceptable(id, capture)
            && !self.decisions.contains(&Decision::CancelOrder)
            && !self.is_leaving(id)
            && (self.decided_primaries().next().is_none() || self.is_whole(proofs, id))
    }

    fn is_acceptable(&self, id: &CaptureId, capture: &ProvedCapture) -> bool {
        !self.is_refused(id)
            && (self.fits(capture)
                || self.verdict(id, ReviewReason::AmountDiffers) == Some(Verdict::Accept))
    }

    /// Whether it is just the money that its payment asked for.
    fn fits(&self, capture: &ProvedCapture) -> bool {
        let price = self.order.terms().price;
        let asked = self
            .payments
            .get(&capture.payment)
            .map(Payment::terms)
            // Late money for a price that was replaced pays for something that is not sold any more.
            .filter(|terms| terms.price == price)
            .map(|terms| terms.amount);
        asked.is_some() && capture.amount == asked && !capture.contradicted
    }

    /// Whether it is on its way back by our doing, so that it cannot pay the order any more.
    fn is_leaving(&self, id: &CaptureId) -> bool {
        self.refunds_of(id).any(|refund| match refund.status() {
            RefundStatus::Sent
            | RefundStatus::Unknown
            | RefundStatus::Manual
            | RefundStatus::Succeeded => true,
            // One that we ask for ourselves, and that nobody has sent, is withdrawn when its money is needed.
            RefundStatus::Requested => !refund.is_unsent_surplus(),
            RefundStatus::Failed => false,
        })
    }

    /// Whether nothing of it went back: only whole money can step in for money that was reversed.
    fn is_whole(&self, proofs: &Proofs, id: &CaptureId) -> bool {
        self.sums_of(proofs, id)
            .is_some_and(|sums| add(sums.refunded, sums.disputed).is_zero())
    }

    /// Whether some of it is left.
    pub(super) fn is_there(&self, proofs: &Proofs, id: &CaptureId) -> bool {
        self.sums_of(proofs, id).is_some_and(|sums| {
            let gone = add(sums.refunded, sums.disputed);
            gone.minor() < sums.captured.minor()
        })
    }

    /// Whether all money that once paid the order went back: then the order is over, whatever came of that money.
    fn was_refunded(&self, proofs: &Proofs) -> bool {
        self.decided_primaries().any(|id| {
            let came = proofs.captures.get(id).and_then(|proved| proved.amount);
            let went = self.sums_of(proofs, id).map(|sums| sums.refunded);
            came.zip(went)
                .is_some_and(|(came, went)| went.minor() >= came.minor())
        })
    }

    pub(super) fn verdict(&self, id: &CaptureId, asked: ReviewReason) -> Option<Verdict> {
        self.verdicts_on(id)
            .find(|(reason, _)| *reason == asked)
            .map(|(_, verdict)| verdict)
    }

    fn is_refused(&self, id: &CaptureId) -> bool {
        self.verdicts_on(id)
            .any(|(_, verdict)| verdict == Verdict::Refuse)
    }

    /// What an operator said about some money, and to which question.
    pub(super) fn verdicts_on(
        &self,
        id: &CaptureId,
    ) -> impl Iterator<Item = (ReviewReason, Verdict)> {
        self.decisions
            .iter()
            .filter_map(move |decision| match decision {
                Decision::Review {
                    capture,
                    reason,
                    verdict,
                } => (capture == id).then_some((*reason, *verdict)),
                Decision::Primary { .. }
                | Decision::CancelPayment { .. }
                | Decision::ExpirePayment { .. }
                | Decision::CloseAttempt { .. }
                | Decision::TakeOverRefund { .. }
                | Decision::WithdrawRefund { .. }
                | Decision::RetryRefund { .. }
                | Decision::DropRetry { .. }
                | Decision::CancelOrder
                | Decision::CompleteOrder => None,
            })
    }

    /// An order that is paid, or whose money all went back, needs no other payment.
    fn supersede_siblings(&mut self, proofs: &Proofs) {
        let paying = self.paid_by(proofs).map(|(_, capture)| capture.payment);
        if paying.is_none() && !self.was_refunded(proofs) {
            return;
        }
        let superseded: Vec<_> = self
            .payments
            .keys()
            .filter(|&&id| Some(id) != paying && self.payment_target(proofs, id).status().is_live())
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

    /// A checkout is waited for while the buyer may pay, and while its gateway waits for a word about its money:
    /// closing it then would answer in an operator's place.
    fn is_waited_for(&self, proofs: &Proofs, attempt: &Attempt) -> bool {
        let id = attempt.terms().id;
        match self.payment_target(proofs, attempt.terms().payment) {
            PaymentState::Processing { attempt } => attempt == id,
            PaymentState::UnderReview { .. } => proofs
                .captures
                .values()
                .any(|capture| capture.attempt == id && capture.awaits_verdict()),
            PaymentState::Pending
            | PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => false,
        }
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
            .or_else(|| {
                let (capture, reason) = self.reviews(proofs, id).next()?;
                let capture = capture.clone();
                Some(PaymentState::UnderReview { capture, reason })
            })
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
        if own().any(|(capture, _)| self.is_refused(capture)) {
            Some(PaymentFailure::Refused)
        } else if own().any(|(_, proved)| proved.taken_back()) {
            Some(PaymentFailure::Reversed)
        } else if own().any(|(_, proved)| proved.challenged && proofs.has_ended(proved.attempt)) {
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
            | Decision::TakeOverRefund { .. }
            | Decision::WithdrawRefund { .. }
            | Decision::RetryRefund { .. }
            | Decision::DropRetry { .. }
            | Decision::Review { .. }
            | Decision::CancelOrder
            | Decision::CompleteOrder => None,
        })
    }

    /// The money of a payment that an operator has to look at, and why: first what is in, then what is held back.
    pub(super) fn reviews<'a>(
        &self,
        proofs: &'a Proofs,
        id: PaymentId,
    ) -> impl Iterator<Item = (&'a CaptureId, ReviewReason)> {
        let differs = proofs.of_payment(id).filter(|(capture, proved)| {
            let asked = self.verdict(capture, ReviewReason::AmountDiffers);
            proved.kept().is_some() && !self.fits(proved) && asked.is_none()
        });
        let held = proofs
            .of_payment(id)
            .filter(|(_, proved)| proved.awaits_verdict());
        let differs = differs.map(|(capture, _)| (capture, ReviewReason::AmountDiffers));
        differs.chain(held.map(|(capture, _)| (capture, ReviewReason::Challenged)))
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
        if self.decisions.contains(&Decision::CancelOrder) {
            return OrderStatus::Cancelled;
        }
        let completed = self.decisions.contains(&Decision::CompleteOrder);
        let paying = self.paid_by(proofs).map(|(_, capture)| capture.payment);
        match paying.map(|payment| self.payment_target(proofs, payment)) {
            Some(PaymentState::Refunded { .. }) => OrderStatus::Refunded,
            None if self.was_refunded(proofs) => OrderStatus::Refunded,
            Some(_) | None if completed => OrderStatus::Completed,
            Some(_) => OrderStatus::Processing,
            None => OrderStatus::Pending,
        }
    }
}
