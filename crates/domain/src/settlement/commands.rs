//! What people and the application ask of a settlement. Each may be refused, and then nothing has changed.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{Broken, Settlement, Step};
use crate::attempt::{Attempt, AttemptStatus, AttemptTerms, SecondSession};
use crate::decision::{Decision, Verdict};
use crate::gateway::{CaptureId, Gateway, Session};
use crate::order::{InvalidPrice, OrderStatus};
use crate::payment::{Cancellation, InvalidPayment, Payment, PaymentStatus, PaymentTerms};
use crate::refund::RefundStatus;
use crate::wire::wire_enum;
use crate::{AttemptId, IllegalTransition, Money, PaymentId};

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

    pub(super) fn known_payment(&self, id: PaymentId) -> Result<&Payment, Refused> {
        self.payment(id).ok_or(Refused::Unknown(Part::Payment))
    }

    fn known_attempt(&self, id: AttemptId) -> Result<&Attempt, Refused> {
        self.attempt(id).ok_or(Refused::Unknown(Part::Attempt))
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

    pub(super) fn decide(&self, decision: Option<Decision>) -> Result<Step, Refused> {
        let mut next = self.clone();
        next.decisions.extend(decision);
        Ok(self.step(next)?)
    }

    fn with_attempt(&self, attempt: Attempt) -> Result<Step, Refused> {
        let mut next = self.clone();
        next.attempts.insert(attempt.terms().id, attempt);
        Ok(self.step(next)?)
    }
}
