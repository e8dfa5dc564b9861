//! The paper of a payment. It says what the payment says: see [`Papers`].

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::transition::{Answer, Transition, already, illegal};
use crate::wire::wire_enum;
use crate::{InvoiceId, InvoiceNumber, Money, PaymentId, PaymentState, Status};

wire_enum! {
    /// Where an invoice stands.
    pub enum InvoiceStatus: "invoice status" {
        /// To be paid.
        Pending = "pending",
        /// Paid.
        Paid = "paid",
        /// A part of it went back.
        PartiallyRefunded = "partially_refunded",
        /// All of it went back.
        Refunded = "refunded",
        /// Nothing is asked for it any more.
        Void = "void",
    }
}

impl Status for InvoiceStatus {
    const MACHINE: &'static str = "invoice";
}

/// How much came in, and how much of it went back: never less than nothing and never more than all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "StoredTakings"))]
pub struct Takings {
    captured: Money,
    refunded: Money,
}

/// Which part of a sum went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// Nothing.
    Nothing,
    /// A part.
    Part,
    /// All of it.
    All,
}

/// Sums that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("of a sum above zero, a part between nothing and all goes back, in the same currency")]
pub struct InvalidTakings;

impl Takings {
    /// `captured` came in and `refunded` of it went back.
    ///
    /// # Errors
    /// When nothing came in, the currencies differ, or the part is not one.
    pub fn new(captured: Money, refunded: Money) -> Result<Self, InvalidTakings> {
        if captured.is_positive()
            && captured.currency() == refunded.currency()
            && !refunded.is_negative()
            && refunded.minor() <= captured.minor()
        {
            Ok(Self { captured, refunded })
        } else {
            Err(InvalidTakings)
        }
    }

    /// How much came in.
    #[must_use]
    pub const fn captured(self) -> Money {
        self.captured
    }

    /// How much of it went back.
    #[must_use]
    pub const fn refunded(self) -> Money {
        self.refunded
    }

    /// Which part of it went back.
    #[must_use]
    pub fn returned(self) -> Returned {
        if self.refunded.is_zero() {
            Returned::Nothing
        } else if self.refunded == self.captured {
            Returned::All
        } else {
            Returned::Part
        }
    }
}

/// What a payment says to its papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "papers", rename_all = "snake_case"))]
pub enum Papers {
    /// The money has not come yet.
    Due,
    /// The money came in.
    Settled(Takings),
    /// No money is asked for any more.
    Void,
}

impl Papers {
    /// What a payment in `state` says to its papers.
    #[must_use]
    pub fn of(state: &PaymentState) -> Self {
        match state {
            PaymentState::Pending
            | PaymentState::Processing { .. }
            | PaymentState::UnderReview { .. } => Self::Due,
            PaymentState::Completed { captured, .. } => Self::Settled(Takings {
                captured: *captured,
                refunded: Money::zero(captured.currency()),
            }),
            PaymentState::PartiallyRefunded {
                captured, refunded, ..
            } => Self::Settled(Takings {
                captured: *captured,
                refunded: *refunded,
            }),
            PaymentState::Refunded { captured, .. } => Self::Settled(Takings {
                captured: *captured,
                refunded: *captured,
            }),
            PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => Self::Void,
        }
    }
}

/// What never changes about an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InvoiceTerms {
    /// Its id.
    pub id: InvoiceId,
    /// The payment it is the paper of.
    pub payment: PaymentId,
    /// Its number, for people.
    pub number: InvoiceNumber,
    /// What it asks for.
    pub amount: Money,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
}

/// An invoice that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an invoice has an amount above zero")]
pub struct InvalidInvoice;

/// The invoice of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored"))]
pub struct Invoice {
    #[cfg_attr(feature = "serde", serde(flatten))]
    terms: InvoiceTerms,
    status: InvoiceStatus,
}

impl Invoice {
    /// Issues an invoice. It is `pending`.
    ///
    /// # Errors
    /// When the amount is not above zero.
    pub fn issue(terms: InvoiceTerms) -> Result<Self, InvalidInvoice> {
        Self::restore(terms, InvoiceStatus::Pending)
    }

    /// Loads an invoice that was stored.
    ///
    /// # Errors
    /// When the amount is not above zero.
    pub fn restore(terms: InvoiceTerms, status: InvoiceStatus) -> Result<Self, InvalidInvoice> {
        if terms.amount.is_positive() {
            Ok(Self { terms, status })
        } else {
            Err(InvalidInvoice)
        }
    }

    /// What never changes about it.
    #[must_use]
    pub const fn terms(&self) -> &InvoiceTerms {
        &self.terms
    }

    /// Where it stands.
    #[must_use]
    pub const fn status(&self) -> InvoiceStatus {
        self.status
    }

    /// Its money is in. Late money revives a void invoice, a refund that failed after all makes it whole again.
    pub fn pay(self) -> Transition<Self> {
        self.move_to(InvoiceStatus::Paid)
    }

    /// A part of its money went back.
    ///
    /// # Errors
    /// When no money came in.
    pub fn refund_part(self) -> Answer<Self, InvoiceStatus> {
        self.paid_only(InvoiceStatus::PartiallyRefunded)
    }

    /// All of its money went back.
    ///
    /// # Errors
    /// When no money came in.
    pub fn refund(self) -> Answer<Self, InvoiceStatus> {
        self.paid_only(InvoiceStatus::Refunded)
    }

    /// Nothing is asked for it any more, or the gateway took its money back.
    pub fn void(self) -> Transition<Self> {
        self.move_to(InvoiceStatus::Void)
    }

    /// Says what its payment says.
    ///
    /// # Errors
    /// When money is to come that came already: a payment never says that.
    pub fn settle(self, papers: Papers) -> Answer<Self, InvoiceStatus> {
        match papers {
            Papers::Due => match self.status {
                InvoiceStatus::Pending => already(self),
                InvoiceStatus::Paid
                | InvoiceStatus::PartiallyRefunded
                | InvoiceStatus::Refunded
                | InvoiceStatus::Void => illegal(self.status, InvoiceStatus::Pending),
            },
            // A payment may become refunded in one step, when news of the refund came first.
            Papers::Settled(takings) => Ok(self.move_to(match takings.returned() {
                Returned::Nothing => InvoiceStatus::Paid,
                Returned::Part => InvoiceStatus::PartiallyRefunded,
                Returned::All => InvoiceStatus::Refunded,
            })),
            Papers::Void => Ok(self.void()),
        }
    }

    fn paid_only(self, status: InvoiceStatus) -> Answer<Self, InvoiceStatus> {
        match self.status {
            InvoiceStatus::Paid | InvoiceStatus::PartiallyRefunded | InvoiceStatus::Refunded => {
                Ok(self.move_to(status))
            }
            InvoiceStatus::Pending | InvoiceStatus::Void => illegal(self.status, status),
        }
    }

    fn move_to(self, status: InvoiceStatus) -> Transition<Self> {
        if self.status == status {
            Transition::AlreadyApplied(self)
        } else {
            Transition::Changed(Self { status, ..self })
        }
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct StoredTakings {
    captured: Money,
    refunded: Money,
}

#[cfg(feature = "serde")]
impl TryFrom<StoredTakings> for Takings {
    type Error = InvalidTakings;

    fn try_from(stored: StoredTakings) -> Result<Self, Self::Error> {
        Self::new(stored.captured, stored.refunded)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Stored {
    #[serde(flatten)]
    terms: InvoiceTerms,
    status: InvoiceStatus,
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for Invoice {
    type Error = InvalidInvoice;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::restore(stored.terms, stored.status)
    }
}

#[cfg(test)]
mod tests;
