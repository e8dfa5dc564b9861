//! One try to settle one order.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::invoice::Takings;
use crate::transition::{Answer, Transition, already, changed, illegal};
use crate::wire::wire_enum;
use crate::{AttemptId, CaptureId, Gateway, Money, OrderId, PaymentId, Status, UserId};

wire_enum! {
    /// Where a payment stands.
    pub enum PaymentStatus: "payment status" {
        /// Nothing is open at a gateway.
        Pending = "pending",
        /// A checkout is open.
        Processing = "processing",
        /// Money came that an operator has to look at.
        UnderReview = "under_review",
        /// Paid.
        Completed = "completed",
        /// Paid, and a part went back.
        PartiallyRefunded = "partially_refunded",
        /// Paid, and all of it went back.
        Refunded = "refunded",
        /// Proved to be no payment.
        Failed = "failed",
        /// Called off.
        Cancelled = "cancelled",
        /// Not paid in time.
        Expired = "expired",
    }
}

impl Status for PaymentStatus {
    const MACHINE: &'static str = "payment";
}

impl PaymentStatus {
    /// Whether the payment takes its order's only place: no other may begin beside it.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Pending
            | Self::Processing
            | Self::UnderReview
            | Self::Completed
            | Self::PartiallyRefunded => true,
            Self::Refunded | Self::Failed | Self::Cancelled | Self::Expired => false,
        }
    }
}

wire_enum! {
    /// Why money that came in has to be looked at.
    pub enum ReviewReason: "review reason" {
        /// The amount or the currency is not the payment's.
        AmountDiffers = "amount_differs",
        /// The gateway suspects fraud.
        Challenged = "challenged",
    }
}

wire_enum! {
    /// What proved that a payment is none.
    pub enum PaymentFailure: "payment failure" {
        /// The gateway took its money back.
        Reversed = "reversed",
        /// An operator did not accept the money.
        Refused = "refused",
        /// The gateway ended its own review against the buyer.
        Denied = "denied",
    }
}

wire_enum! {
    /// Why a payment was called off.
    pub enum Cancellation: "cancellation" {
        /// Somebody asked for it.
        Requested = "requested",
        /// Another payment of the order was paid.
        Superseded = "superseded",
    }
}

/// Where a payment stands, with what belongs to that state only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "status", rename_all = "snake_case"))]
pub enum PaymentState {
    /// Nothing is open at a gateway.
    Pending,
    /// A checkout is open.
    Processing {
        /// The attempt whose checkout is open.
        attempt: AttemptId,
    },
    /// Money came that an operator has to look at.
    UnderReview {
        /// The money.
        capture: CaptureId,
        /// What is wrong with it.
        reason: ReviewReason,
    },
    /// Paid.
    Completed {
        /// The money that is kept.
        capture: CaptureId,
        /// How much of it came in.
        captured: Money,
    },
    /// Paid, and a part went back.
    PartiallyRefunded {
        /// The money that was kept.
        capture: CaptureId,
        /// How much of it came in.
        captured: Money,
        /// How much of it went back.
        refunded: Money,
    },
    /// Paid, and all of it went back.
    Refunded {
        /// The money that was kept.
        capture: CaptureId,
        /// How much of it came in, and went back.
        captured: Money,
    },
    /// Proved to be no payment.
    Failed {
        /// The proof.
        reason: PaymentFailure,
    },
    /// Called off.
    Cancelled {
        /// Why.
        reason: Cancellation,
    },
    /// Not paid in time.
    Expired,
}

impl PaymentState {
    /// The name of the state.
    #[must_use]
    pub const fn status(&self) -> PaymentStatus {
        match self {
            Self::Pending => PaymentStatus::Pending,
            Self::Processing { .. } => PaymentStatus::Processing,
            Self::UnderReview { .. } => PaymentStatus::UnderReview,
            Self::Completed { .. } => PaymentStatus::Completed,
            Self::PartiallyRefunded { .. } => PaymentStatus::PartiallyRefunded,
            Self::Refunded { .. } => PaymentStatus::Refunded,
            Self::Failed { .. } => PaymentStatus::Failed,
            Self::Cancelled { .. } => PaymentStatus::Cancelled,
            Self::Expired => PaymentStatus::Expired,
        }
    }

    /// The state of a payment that keeps `captured` and gave back `refunded` of it.
    pub(crate) fn paid(capture: CaptureId, captured: Money, refunded: Money) -> Self {
        if refunded.is_zero() {
            Self::Completed { capture, captured }
        } else if refunded.minor() < captured.minor() {
            Self::PartiallyRefunded {
                capture,
                captured,
                refunded,
            }
        } else {
            Self::Refunded { capture, captured }
        }
    }
}

/// What never changes about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PaymentTerms {
    /// Its id.
    pub id: PaymentId,
    /// The order it settles.
    pub order: OrderId,
    /// Who pays.
    pub user: UserId,
    /// The order's price that it was opened for.
    pub price: Money,
    /// What the buyer pays: the price, and the taxes where they are added.
    pub amount: Money,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it counts as not paid in time.
    pub deadline: DateTime<Utc>,
}

/// A payment that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPayment {
    /// The amount is zero or negative, or less than the price.
    #[error("a payment has an amount above zero that covers its price")]
    Amount,
    /// The deadline is not after the creation.
    #[error("a payment ends after it began")]
    Deadline,
    /// The money of its state does not fit.
    #[error("the money of a {0} payment does not fit its state")]
    Sums(PaymentStatus),
}

/// A payment: one try to settle one order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored"))]
pub struct Payment {
    #[cfg_attr(feature = "serde", serde(flatten))]
    terms: PaymentTerms,
    payment_method: Gateway,
    #[cfg_attr(feature = "serde", serde(flatten))]
    state: PaymentState,
}

impl Payment {
    /// Opens a payment. It is `pending`.
    ///
    /// # Errors
    /// When the amount is not above zero or the deadline not after the creation.
    pub fn open(terms: PaymentTerms, payment_method: Gateway) -> Result<Self, InvalidPayment> {
        Self::restore(terms, payment_method, PaymentState::Pending)
    }

    /// Loads a payment that was stored.
    ///
    /// # Errors
    /// When terms or state could not have come from this crate.
    pub fn restore(
        terms: PaymentTerms,
        payment_method: Gateway,
        state: PaymentState,
    ) -> Result<Self, InvalidPayment> {
        let covers_price = terms.amount.currency() == terms.price.currency()
            && terms.amount.minor() >= terms.price.minor();
        if !terms.price.is_positive() || !covers_price {
            return Err(InvalidPayment::Amount);
        }
        if terms.deadline <= terms.created_at {
            return Err(InvalidPayment::Deadline);
        }
        let sums_fit = match &state {
            PaymentState::Completed { captured, .. } | PaymentState::Refunded { captured, .. } => {
                captured.is_positive()
            }
            PaymentState::PartiallyRefunded {
                captured, refunded, ..
            } => {
                captured.currency() == refunded.currency()
                    && refunded.is_positive()
                    && refunded.minor() < captured.minor()
            }
            PaymentState::Pending
            | PaymentState::Processing { .. }
            | PaymentState::UnderReview { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => true,
        };
        if sums_fit {
            Ok(Self {
                terms,
                payment_method,
                state,
            })
        } else {
            Err(InvalidPayment::Sums(state.status()))
        }
    }

    /// What never changes about it.
    #[must_use]
    pub const fn terms(&self) -> &PaymentTerms {
        &self.terms
    }

    /// The gateway that was chosen last.
    #[must_use]
    pub const fn payment_method(&self) -> Gateway {
        self.payment_method
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &PaymentState {
        &self.state
    }

    /// The name of where it stands.
    #[must_use]
    pub const fn status(&self) -> PaymentStatus {
        self.state.status()
    }

    /// A checkout is opened at a gateway.
    ///
    /// # Errors
    /// When another checkout is open or the payment waits for no money.
    pub fn start_checkout(
        self,
        attempt: AttemptId,
        payment_method: Gateway,
    ) -> Answer<Self, PaymentStatus> {
        match self.state {
            PaymentState::Pending => changed(Self {
                payment_method,
                state: PaymentState::Processing { attempt },
                ..self
            }),
            PaymentState::Processing { attempt: open } if open == attempt => already(self),
            PaymentState::Processing { .. }
            | PaymentState::UnderReview { .. }
            | PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => self.cannot(PaymentStatus::Processing),
        }
    }

    /// The open checkout ended unpaid: the buyer may try again.
    ///
    /// # Errors
    /// When the payment waits for no money.
    pub fn end_checkout(self) -> Answer<Self, PaymentStatus> {
        match self.state {
            PaymentState::Processing { .. } => self.to(PaymentState::Pending),
            PaymentState::Pending => already(self),
            PaymentState::UnderReview { .. }
            | PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => self.cannot(PaymentStatus::Pending),
        }
    }

    /// Money came that an operator has to look at.
    ///
    /// # Errors
    /// When the payment is paid or at its end: such money goes back without a question.
    pub fn hold(self, capture: CaptureId, reason: ReviewReason) -> Answer<Self, PaymentStatus> {
        match self.state {
            PaymentState::Pending
            | PaymentState::Processing { .. }
            | PaymentState::UnderReview { .. } => {
                self.to(PaymentState::UnderReview { capture, reason })
            }
            PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => self.cannot(PaymentStatus::UnderReview),
        }
    }

    /// Its money is in, and perhaps some of it went back again.
    /// Late money completes a payment that had ended; a refund that failed after all makes it whole again.
    pub fn complete(self, capture: CaptureId, takings: Takings) -> Transition<Self> {
        self.move_to(PaymentState::paid(
            capture,
            takings.captured(),
            takings.refunded(),
        ))
    }

    /// It is proved to be no payment: from every state, for a gateway may take money back at any time.
    pub fn fail(self, reason: PaymentFailure) -> Transition<Self> {
        self.move_to(PaymentState::Failed { reason })
    }

    /// It is called off.
    ///
    /// # Errors
    /// When it is paid, or ended in another way.
    pub fn cancel(self, reason: Cancellation) -> Answer<Self, PaymentStatus> {
        match self.state {
            PaymentState::Pending
            | PaymentState::Processing { .. }
            | PaymentState::UnderReview { .. } => self.to(PaymentState::Cancelled { reason }),
            PaymentState::Cancelled { .. } => already(self),
            PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Expired => self.cannot(PaymentStatus::Cancelled),
        }
    }

    /// It was not paid in time.
    ///
    /// # Errors
    /// When money came, or it ended in another way.
    pub fn expire(self) -> Answer<Self, PaymentStatus> {
        match self.state {
            PaymentState::Pending | PaymentState::Processing { .. } => {
                self.to(PaymentState::Expired)
            }
            PaymentState::Expired => already(self),
            PaymentState::UnderReview { .. }
            | PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. } => self.cannot(PaymentStatus::Expired),
        }
    }

    /// Goes where the facts say, by way of the commands above.
    pub(crate) fn follow(self, target: PaymentState) -> Answer<Self, PaymentStatus> {
        if self.state == target {
            return already(self);
        }
        match target {
            PaymentState::Pending => self.end_checkout(),
            PaymentState::Processing { attempt } => {
                let payment_method = self.payment_method;
                self.start_checkout(attempt, payment_method)
            }
            PaymentState::UnderReview { capture, reason } => self.hold(capture, reason),
            PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. } => Ok(self.move_to(target)),
            PaymentState::Failed { reason } => Ok(self.fail(reason)),
            PaymentState::Cancelled { reason } => self.cancel(reason),
            PaymentState::Expired => self.expire(),
        }
    }

    fn move_to(self, state: PaymentState) -> Transition<Self> {
        if self.state == state {
            Transition::AlreadyApplied(self)
        } else {
            Transition::Changed(Self { state, ..self })
        }
    }

    fn to(self, state: PaymentState) -> Answer<Self, PaymentStatus> {
        Ok(self.move_to(state))
    }

    fn cannot(self, to: PaymentStatus) -> Answer<Self, PaymentStatus> {
        illegal(self.status(), to)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Stored {
    #[serde(flatten)]
    terms: PaymentTerms,
    payment_method: Gateway,
    #[serde(flatten)]
    state: PaymentState,
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for Payment {
    type Error = InvalidPayment;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::restore(stored.terms, stored.payment_method, stored.state)
    }
}

#[cfg(test)]
mod tests;
