//! What is asked of a settlement about money going back.

use super::commands::{Part, Refused};
use super::proofs::ProvedCapture;
use super::standing::was_refused_for_too_much;
use super::{Settlement, Step, Sums};
use crate::decision::Decision;
use crate::gateway::{CaptureId, Reason, TransferReference};
use crate::payment::{PaymentState, PaymentStatus};
use crate::refund::{Refund, RefundFailure, RefundOrigin, RefundStatus, RefundTerms};
use crate::transition::Answer;
use crate::{IllegalTransition, Money, PaymentId, RefundId};

/// A refund that an operator or the application asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// The id it will have.
    pub id: RefundId,
    /// The payment whose money goes back.
    pub payment: PaymentId,
    /// Which money: what pays the order where nothing is said, or surplus that is still with us.
    pub capture: Option<CaptureId>,
    /// How much; all that is left where nothing is said.
    pub amount: Option<Money>,
    /// Why, for people.
    pub reason: Reason,
    /// The balance of the buyer's credits, which matters where credits were bought.
    pub credit_balance: i64,
}

impl Settlement {
    /// Asks for money to go back. It is reserved at once, so that no two refunds give back the same money.
    ///
    /// # Errors
    /// When there is not so much to give back, or the credits it bought were used.
    pub fn request_refund(&self, request: RefundRequest) -> Result<Step, Refused> {
        if self.refunds.contains_key(&request.id) {
            return Err(Refused::Taken(Part::Refund));
        }
        let capture = self.refundable(request.payment, request.capture)?;
        let terms = RefundTerms {
            id: request.id,
            payment: request.payment,
            capture: capture.clone(),
            origin: RefundOrigin::Requested,
            reason: Some(request.reason),
        };
        let available = self.sums_now(&capture)?.available();
        let amount = request.amount.unwrap_or(available);
        if !available.is_positive() {
            return Err(Refused::RefundExceeds { available });
        }
        if amount.currency() != available.currency() {
            return Err(Refused::InvalidAmount);
        }
        let refund = Refund::request(terms, amount).map_err(|_| Refused::InvalidAmount)?;
        if amount.minor() > available.minor() {
            return Err(Refused::RefundExceeds { available });
        }
        self.covered(self.with_refund(refund)?, request.credit_balance)
    }

    /// Gives surplus money back, as [`Effect::RefundSurplus`](super::Effect::RefundSurplus) asks.
    ///
    /// # Errors
    /// When nothing of it has to go back, or a refund of it is under way.
    pub fn refund_surplus(&self, id: RefundId, capture: &CaptureId) -> Result<Step, Refused> {
        if self.refunds.contains_key(&id) {
            return Err(Refused::Taken(Part::Refund));
        }
        let due = self
            .standing()
            .due_back
            .remove(capture)
            .ok_or(Refused::NothingDue)?;
        let terms = RefundTerms {
            id,
            payment: due.payment,
            capture: capture.clone(),
            origin: RefundOrigin::Surplus,
            reason: None,
        };
        let refund = Refund::request(terms, due.amount).map_err(|_| Refused::InvalidAmount)?;
        let mut next = self.clone();
        next.refunds.insert(id, refund);
        // It takes the place of those that asked for more than there is by now: nobody is owed both.
        let outgrown = self
            .refunds_of(capture)
            .filter(|refund| refund.terms().origin == RefundOrigin::Surplus)
            .filter(|refund| was_refused_for_too_much(refund, due.amount))
            .map(|refund| Decision::WithdrawRefund {
                refund: refund.terms().id,
            });
        next.decisions.extend(outgrown);
        Ok(self.step(next)?)
    }

    /// Asks anew for a refund that failed: another one takes its place, and only that one is owed.
    /// It gives back as much as the first one was to; of surplus, all that is left.
    ///
    /// # Errors
    /// When the refund is not one that failed, its money is not there any more or pays the order by now,
    /// or the credits it bought were used.
    pub fn retry_refund(
        &self,
        id: RefundId,
        anew: RefundId,
        credit_balance: i64,
    ) -> Result<Step, Refused> {
        if self.refunds.contains_key(&anew) {
            return Err(Refused::Taken(Part::Refund));
        }
        let failed = self.known_refund(id)?;
        if !failed.failed_in_earnest() {
            let (from, to) = (failed.status(), RefundStatus::Requested);
            return Err(IllegalTransition { from, to }.into());
        }
        if self.pays_after_all(&self.proofs(), failed) {
            return Err(Refused::NothingDue);
        }
        let terms = failed.terms();
        let capture = self.refundable(terms.payment, Some(terms.capture.clone()))?;
        let available = self.sums_now(&capture)?.available();
        let amount = match terms.origin {
            RefundOrigin::Surplus => available,
            RefundOrigin::Requested | RefundOrigin::External => failed.amount(),
        };
        if amount.currency() != available.currency() {
            return Err(Refused::InvalidAmount);
        }
        if !available.is_positive() || amount.minor() > available.minor() {
            return Err(Refused::RefundExceeds { available });
        }
        let terms = RefundTerms {
            id: anew,
            ..terms.clone()
        };
        let refund = Refund::request(terms, amount).map_err(|_| Refused::InvalidAmount)?;
        let mut next = self.clone();
        next.refunds.insert(anew, refund);
        next.decisions
            .push(Decision::RetryRefund { refund: id, anew });
        let step = self.covered(self.step(next)?, credit_balance)?;
        // Surplus that somebody has to look at first does not go back yet.
        let made = step.settlement.refund(anew).map(Refund::status);
        if made == Some(RefundStatus::Requested) {
            Ok(step)
        } else {
            Err(Refused::NothingDue)
        }
    }

    /// The gateway has a refund, or is about to: from here on it is not known to be unsent.
    ///
    /// # Errors
    /// When its money is not there any more, or it is at its end: what failed is asked for anew, and reserved anew.
    pub fn refund_sent(&self, id: RefundId) -> Result<Step, Refused> {
        match self.known_refund(id)?.status() {
            RefundStatus::Requested => self.must_not_lose(id)?,
            from @ (RefundStatus::Failed | RefundStatus::Manual) => {
                let to = RefundStatus::Sent;
                return Err(IllegalTransition { from, to }.into());
            }
            RefundStatus::Sent | RefundStatus::Unknown | RefundStatus::Succeeded => {}
        }
        self.move_refund(id, Refund::send)
    }

    /// It is proved that a refund never left, so that it can still be withdrawn, taken over, or spared.
    ///
    /// # Errors
    /// When a gateway may have it, or it is at its end.
    pub fn refund_not_sent(&self, id: RefundId) -> Result<Step, Refused> {
        self.move_refund(id, Refund::unsend)
    }

    /// An answer of the gateway about a refund was lost.
    ///
    /// # Errors
    /// When it is in an operator's hands.
    pub fn refund_unknown(&self, id: RefundId) -> Result<Step, Refused> {
        self.move_refund(id, Refund::lose_track)
    }

    /// The gateway proved that it refused a refund and has no record of it.
    ///
    /// # Errors
    /// When it is in an operator's hands, or settled by one.
    pub fn refund_refused(&self, id: RefundId) -> Result<Step, Refused> {
        self.move_refund(id, |refund| refund.fail(RefundFailure::Refused))
    }

    /// The gateway proved that it refused a refund because it cannot give this money back by a request.
    /// An operator will: the money stays reserved for that.
    ///
    /// # Errors
    /// When it is in an operator's hands, or settled by one.
    pub fn refund_not_possible(&self, id: RefundId) -> Result<Step, Refused> {
        let refund = self.known_refund(id)?;
        if !refund.status().is_under_way() || self.pays_after_all(&self.proofs(), refund) {
            return self.refund_refused(id);
        }
        let refused = refund.clone().fail(RefundFailure::Refused)?.into_inner();
        let mut next = self.clone();
        next.refunds.insert(id, refused.take_over()?.into_inner());
        next.decisions.push(Decision::TakeOverRefund { refund: id });
        Ok(self.step(next)?)
    }

    /// The gateway cannot give this money back: an operator will.
    ///
    /// # Errors
    /// When the gateway may be giving it back or did, the money is not there any more or pays the order by now,
    /// or the credits it bought were used.
    pub fn take_over_refund(&self, id: RefundId, credit_balance: i64) -> Result<Step, Refused> {
        let refund = self.known_refund(id)?;
        if self.pays_after_all(&self.proofs(), refund) {
            return Err(Refused::NothingDue);
        }
        let moved = refund.clone().take_over()?.has_changed();
        match refund.status() {
            RefundStatus::Requested => self.must_not_lose(id)?,
            from @ RefundStatus::Failed => {
                if self.is_withdrawn(id) {
                    let to = RefundStatus::Manual;
                    return Err(IllegalTransition { from, to }.into());
                }
                let available = self.sums_now(&refund.terms().capture)?.available();
                if refund.amount().minor() > available.minor() {
                    return Err(Refused::RefundExceeds { available });
                }
            }
            RefundStatus::Sent
            | RefundStatus::Unknown
            | RefundStatus::Manual
            | RefundStatus::Succeeded => {}
        }
        let decision = moved.then_some(Decision::TakeOverRefund { refund: id });
        self.covered(self.decide(decision)?, credit_balance)
    }

    /// A refund that no gateway has is not needed any more, or one that failed is not owed any more.
    ///
    /// # Errors
    /// When a gateway may have it, or the money went back. When it failed, and its money would at once go back
    /// by itself: whoever withdraws what failed says that nothing is to be sent.
    pub fn withdraw_refund(&self, id: RefundId) -> Result<Step, Refused> {
        let refund = self.known_refund(id)?;
        let from = refund.status();
        let moved = refund.clone().withdraw()?.has_changed();
        let step = self.decide(moved.then_some(Decision::WithdrawRefund { refund: id }))?;
        let due = step.settlement.standing().due_back;
        if moved && from == RefundStatus::Failed && due.contains_key(&refund.terms().capture) {
            let to = RefundStatus::Failed;
            return Err(IllegalTransition { from, to }.into());
        }
        Ok(step)
    }

    /// An operator transferred the money by hand.
    ///
    /// # Errors
    /// When the refund was not in an operator's hands.
    pub fn settle_refund(
        &self,
        id: RefundId,
        transfer: TransferReference,
    ) -> Result<Step, Refused> {
        self.move_refund(id, |refund| refund.settle(transfer))
    }

    fn known_refund(&self, id: RefundId) -> Result<&Refund, Refused> {
        self.refund(id).ok_or(Refused::Unknown(Part::Refund))
    }

    /// The money that a refund of a payment is taken from.
    fn refundable(
        &self,
        payment: PaymentId,
        capture: Option<CaptureId>,
    ) -> Result<CaptureId, Refused> {
        let payment = self.known_payment(payment)?;
        if let Some(capture) = capture {
            let proofs = self.proofs();
            let id = payment.terms().id;
            let own = proofs
                .captures
                .get(&capture)
                .filter(|own| own.payment == id);
            return match own.and_then(ProvedCapture::kept) {
                None => Err(Refused::Unknown(Part::Capture)),
                // What an operator has to look at is refused, and then goes back.
                Some(_)
                    if payment.status() == PaymentStatus::UnderReview
                        && self.reviews(&proofs, id).any(|(held, _)| *held == capture) =>
                {
                    Err(Refused::NotRefundable(payment.status()))
                }
                Some(_) => Ok(capture),
            };
        }
        match payment.state() {
            PaymentState::Completed { capture, .. }
            | PaymentState::PartiallyRefunded { capture, .. }
            | PaymentState::Refunded { capture, .. } => Ok(capture.clone()),
            PaymentState::Pending
            | PaymentState::Processing { .. }
            | PaymentState::UnderReview { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => Err(Refused::NotRefundable(payment.status())),
        }
    }

    fn sums_now(&self, capture: &CaptureId) -> Result<Sums, Refused> {
        self.sums_of(&self.proofs(), capture)
            .ok_or(Refused::Unknown(Part::Capture))
    }

    /// Money that a dispute, a reversal or the gateway's dashboard took in the meantime is not sent after.
    fn must_not_lose(&self, id: RefundId) -> Result<(), Refused> {
        let sums = self.sums_now(&self.known_refund(id)?.terms().capture)?;
        if sums.loss().is_positive() {
            let available = sums.available();
            return Err(Refused::RefundExceeds { available });
        }
        Ok(())
    }

    /// A step that takes credits is only made when they are there.
    fn covered(&self, step: Step, balance: i64) -> Result<Step, Refused> {
        let (before, after) = (self.standing().credits, step.settlement.standing().credits);
        let needed = i64::from(before.saturating_sub(after));
        if needed > balance {
            return Err(Refused::InsufficientCredits { needed, balance });
        }
        Ok(step)
    }

    fn with_refund(&self, refund: Refund) -> Result<Step, Refused> {
        let mut next = self.clone();
        next.refunds.insert(refund.terms().id, refund);
        Ok(self.step(next)?)
    }

    fn move_refund(
        &self,
        id: RefundId,
        command: impl FnOnce(Refund) -> Answer<Refund, RefundStatus>,
    ) -> Result<Step, Refused> {
        let refund = command(self.known_refund(id)?.clone())?.into_inner();
        self.with_refund(refund)
    }
}
