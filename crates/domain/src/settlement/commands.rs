//! What people and the application ask of a settlement. Each may be refused, and then nothing has changed.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::proofs::ProvedCapture;
use super::{Broken, Settlement, Step, Sums};
use crate::attempt::{Attempt, AttemptStatus, AttemptTerms, SecondSession};
use crate::decision::{Decision, Verdict};
use crate::gateway::{CaptureId, Gateway, Reason, Session, TransferReference};
use crate::order::{InvalidPrice, OrderStatus};
use crate::payment::{
    Cancellation, InvalidPayment, Payment, PaymentState, PaymentStatus, PaymentTerms,
};
use crate::refund::{Refund, RefundFailure, RefundOrigin, RefundStatus, RefundTerms};
use crate::transition::Answer;
use crate::wire::wire_enum;
use crate::{AttemptId, IllegalTransition, Money, PaymentId, RefundId};

wire_enum! {
    /// What an order has of its own.
    pub enum Part: "part of an order" {
        /// A payment.
        Payment = "payment",
        /// An attempt.
        Attempt = "attempt",
        /// A refund.
        Refund = "refund",
        /// Money that came in.
        Capture = "capture",
    }
}

/// Why a command is refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// The order has no such part.
    #[error("the order has no such {0}")]
    Unknown(Part),
    /// An id is taken by something else.
    #[error("the id of the {0} is taken")]
    Taken(Part),
    /// The money does not have to go back, or a refund of it is under way.
    #[error("the money does not have to go back")]
    NothingDue,
    /// The order takes no payment.
    #[error("an order that is {0} takes no payment")]
    NotPayable(OrderStatus),
    /// The order has a payment.
    #[error("the order has payment {0}")]
    LivePayment(PaymentId),
    /// Somebody might still pay through a checkout: it has to be proved closed first.
    #[error("attempt {0} might still be paid")]
    LiveAttempt(AttemptId),
    /// The payment belongs to another order.
    #[error("the payment is for another order")]
    OtherOrder,
    /// The payment is somebody else's than its order.
    #[error("the payment is for another buyer")]
    OtherOwner,
    /// The payment was made for another price than the order's.
    #[error("the order costs {} {}", .0, .0.currency())]
    OtherPrice(Money),
    /// The order cannot get that price.
    #[error(transparent)]
    InvalidPrice(#[from] InvalidPrice),
    /// The payment cannot be.
    #[error(transparent)]
    InvalidPayment(#[from] InvalidPayment),
    /// The order does not allow it.
    #[error(transparent)]
    Order(#[from] IllegalTransition<OrderStatus>),
    /// The payment does not allow it.
    #[error(transparent)]
    Payment(#[from] IllegalTransition<PaymentStatus>),
    /// The refund does not allow it.
    #[error(transparent)]
    Refund(#[from] IllegalTransition<RefundStatus>),
    /// The gateway gave a second session.
    #[error(transparent)]
    SecondSession(#[from] SecondSession),
    /// The payment's time is not up.
    #[error("the payment may be paid until {0}")]
    NotDue(DateTime<Utc>),
    /// The money is not under review, or the review is over.
    #[error("there is nothing to review about this money")]
    NotUnderReview,
    /// The payment has no money that could go back.
    #[error("a payment that is {0} has no money to give back")]
    NotRefundable(PaymentStatus),
    /// More should go back than there is.
    #[error("at most {} {} can be given back", .available, .available.currency())]
    RefundExceeds {
        /// What can be given back.
        available: Money,
    },
    /// Nothing, less than nothing, or another currency should go back.
    #[error("a refund is an amount above zero in the currency of the payment")]
    InvalidAmount,
    /// The credits that the money bought were used.
    #[error("{needed} credits would go and {balance} are there")]
    InsufficientCredits {
        /// How many would go.
        needed: i64,
        /// How many are there.
        balance: i64,
    },
    /// The settlement contradicts itself.
    #[error(transparent)]
    Broken(#[from] Broken),
}

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
    /// Opens a payment.
    ///
    /// # Errors
    /// When the order takes no payment or has one, or the terms do not fit.
    pub fn open_payment(&self, terms: PaymentTerms, method: Gateway) -> Result<Step, Refused> {
        if terms.order != self.order.terms().id {
            return Err(Refused::OtherOrder);
        }
        if terms.user != self.order.terms().owner {
            return Err(Refused::OtherOwner);
        }
        let price = self.order.terms().price;
        if terms.price != price {
            return Err(Refused::OtherPrice(price));
        }
        if self.payments.contains_key(&terms.id) {
            return Err(Refused::Taken(Part::Payment));
        }
        self.must_be_payable()?;
        if let Some(live) = self.live_payment() {
            return Err(Refused::LivePayment(live.terms().id));
        }
        let mut next = self.clone();
        next.payments
            .insert(terms.id, Payment::open(terms, method)?);
        Ok(self.step(next)?)
    }

    /// Writes down that a gateway will be asked for a checkout session.
    ///
    /// # Errors
    /// When the payment waits for no money, or somebody might still pay through another attempt of the order.
    pub fn start_attempt(&self, terms: AttemptTerms) -> Result<Step, Refused> {
        let payment = self.known_payment(terms.payment)?;
        if self.attempts.contains_key(&terms.id) {
            return Err(Refused::Taken(Part::Attempt));
        }
        self.must_be_payable()?;
        if let Some(live) = self.live_attempt() {
            return Err(Refused::LiveAttempt(live.terms().id));
        }
        let started = payment
            .clone()
            .start_checkout(terms.id, terms.source.gateway)?
            .into_inner();
        let mut next = self.clone();
        next.payments.insert(terms.payment, started);
        next.attempts.insert(terms.id, Attempt::begin(terms));
        Ok(self.step(next)?)
    }

    /// The gateway told us about the session of an attempt.
    ///
    /// # Errors
    /// When the attempt has another session.
    pub fn attempt_opened(&self, id: AttemptId, session: Session) -> Result<Step, Refused> {
        let attempt = self
            .known_attempt(id)?
            .clone()
            .opened(session)?
            .into_inner();
        self.with_attempt(attempt)
    }

    /// An answer of the gateway about an attempt was lost.
    ///
    /// # Errors
    /// When there is no such attempt.
    pub fn attempt_unknown(&self, id: AttemptId) -> Result<Step, Refused> {
        let attempt = self.known_attempt(id)?.clone().lose_track().into_inner();
        self.with_attempt(attempt)
    }

    /// The checkout of an attempt must go.
    ///
    /// # Errors
    /// When there is no such attempt.
    pub fn close_attempt(&self, id: AttemptId) -> Result<Step, Refused> {
        let status = self.known_attempt(id)?.status();
        let is_open = status.is_live() && status != AttemptStatus::Closing;
        self.decide(is_open.then_some(Decision::CloseAttempt { attempt: id }))
    }

    /// Calls a payment off.
    ///
    /// # Errors
    /// When it is paid or ended in another way, or somebody might still pay through it.
    pub fn cancel_payment(&self, id: PaymentId) -> Result<Step, Refused> {
        let reason = Cancellation::Requested;
        let moved = self
            .known_payment(id)?
            .clone()
            .cancel(reason)?
            .has_changed();
        self.must_not_be_reviewed(id, PaymentStatus::Cancelled)?;
        self.must_have_no_checkout(id)?;
        self.decide(moved.then_some(Decision::CancelPayment {
            payment: id,
            reason,
        }))
    }

    /// Ends a payment that was not paid in time.
    ///
    /// # Errors
    /// When it is not yet time, money came, or somebody might still pay through it.
    pub fn expire_payment(&self, id: PaymentId, now: DateTime<Utc>) -> Result<Step, Refused> {
        let payment = self.known_payment(id)?;
        let deadline = payment.terms().deadline;
        let moved = payment.clone().expire()?.has_changed();
        if now < deadline {
            return Err(Refused::NotDue(deadline));
        }
        self.must_have_no_checkout(id)?;
        self.decide(moved.then_some(Decision::ExpirePayment { payment: id }))
    }

    /// Gives the order another price. Late money for the old price goes back.
    ///
    /// # Errors
    /// When the order is not waiting for its money, has a payment, or somebody might still pay the old price.
    pub fn reprice(&self, price: Money) -> Result<Step, Refused> {
        let order = self.order.clone().reprice(price)?.into_inner();
        self.must_have_nothing_live()?;
        let next = Self {
            order,
            ..self.clone()
        };
        Ok(self.step(next)?)
    }

    /// Calls the order off.
    ///
    /// # Errors
    /// When it is paid, or has a payment that has to be called off first.
    pub fn cancel_order(&self) -> Result<Step, Refused> {
        let moved = self.order.clone().cancel()?.has_changed();
        self.must_have_nothing_live()?;
        self.decide(moved.then_some(Decision::CancelOrder))
    }

    /// What was ordered has been served.
    ///
    /// # Errors
    /// When the order is not paid.
    pub fn complete_order(&self) -> Result<Step, Refused> {
        let moved = self.order.clone().complete()?.has_changed();
        self.decide(moved.then_some(Decision::CompleteOrder))
    }

    /// An operator looked at money that is under review. As long as it is, no may follow yes.
    ///
    /// # Errors
    /// When it is not under review.
    pub fn review(&self, capture: CaptureId, verdict: Verdict) -> Result<Step, Refused> {
        let proofs = self.proofs();
        let asked = self
            .payments()
            .filter(|payment| payment.status() == PaymentStatus::UnderReview)
            .flat_map(|payment| self.reviews(&proofs, payment.terms().id))
            .find(|(id, _)| **id == capture)
            .map(|(_, reason)| reason);
        let given: Vec<_> = self.verdicts_on(&capture).collect();
        match asked {
            Some(reason) if given.contains(&(reason, verdict)) => self.decide(None),
            Some(reason) => self.decide(Some(Decision::Review {
                capture,
                reason,
                verdict,
            })),
            None if given.last().is_some_and(|(_, last)| *last == verdict) => self.decide(None),
            None => Err(Refused::NotUnderReview),
        }
    }

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
        self.with_refund(refund)
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
                let withdrawn = Decision::WithdrawRefund { refund: id };
                if self.decisions.contains(&withdrawn) {
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

    /// A refund that no gateway has is not needed any more.
    ///
    /// # Errors
    /// When a gateway may have it, or the money went back.
    pub fn withdraw_refund(&self, id: RefundId) -> Result<Step, Refused> {
        let moved = self.known_refund(id)?.clone().withdraw()?.has_changed();
        self.decide(moved.then_some(Decision::WithdrawRefund { refund: id }))
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

    fn known_payment(&self, id: PaymentId) -> Result<&Payment, Refused> {
        self.payment(id).ok_or(Refused::Unknown(Part::Payment))
    }

    fn known_attempt(&self, id: AttemptId) -> Result<&Attempt, Refused> {
        self.attempt(id).ok_or(Refused::Unknown(Part::Attempt))
    }

    fn known_refund(&self, id: RefundId) -> Result<&Refund, Refused> {
        self.refund(id).ok_or(Refused::Unknown(Part::Refund))
    }

    fn must_be_payable(&self) -> Result<(), Refused> {
        match self.order.status() {
            OrderStatus::Pending => Ok(()),
            status @ (OrderStatus::Processing
            | OrderStatus::Completed
            | OrderStatus::Cancelled
            | OrderStatus::Refunded) => Err(Refused::NotPayable(status)),
        }
    }

    fn must_have_nothing_live(&self) -> Result<(), Refused> {
        if let Some(live) = self.live_payment() {
            return Err(Refused::LivePayment(live.terms().id));
        }
        match self.live_attempt() {
            Some(live) => Err(Refused::LiveAttempt(live.terms().id)),
            None => Ok(()),
        }
    }

    /// Money under review is accepted or refused, but its payment is not called off over its head.
    fn must_not_be_reviewed(&self, id: PaymentId, to: PaymentStatus) -> Result<(), Refused> {
        match self.known_payment(id)?.status() {
            from @ PaymentStatus::UnderReview => Err(IllegalTransition { from, to }.into()),
            PaymentStatus::Pending
            | PaymentStatus::Processing
            | PaymentStatus::Completed
            | PaymentStatus::PartiallyRefunded
            | PaymentStatus::Refunded
            | PaymentStatus::Failed
            | PaymentStatus::Cancelled
            | PaymentStatus::Expired => Ok(()),
        }
    }

    fn must_have_no_checkout(&self, id: PaymentId) -> Result<(), Refused> {
        let mut own = self
            .attempts()
            .filter(|attempt| attempt.terms().payment == id);
        match own.find(|attempt| attempt.status().is_live()) {
            Some(live) => Err(Refused::LiveAttempt(live.terms().id)),
            None => Ok(()),
        }
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

    fn decide(&self, decision: Option<Decision>) -> Result<Step, Refused> {
        let mut next = self.clone();
        next.decisions.extend(decision);
        Ok(self.step(next)?)
    }

    fn with_attempt(&self, attempt: Attempt) -> Result<Step, Refused> {
        let mut next = self.clone();
        next.attempts.insert(attempt.terms().id, attempt);
        Ok(self.step(next)?)
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
