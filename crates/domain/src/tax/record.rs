//! One tax on a payment, from its assessment to its reversal.

use thiserror::Error;

use crate::invoice::{Papers, Returned, Takings};
use crate::tax::{TaxLine, share};
use crate::transition::{Answer, Transition, already, illegal};
use crate::wire::wire_enum;
use crate::{Money, PaymentId, Status, TaxRecordId};

wire_enum! {
    /// Where a tax stands.
    pub enum TaxStatus: "tax status" {
        /// Its payment is not paid.
        Pending = "pending",
        /// Its payment is paid.
        Collected = "collected",
        /// A part of the payment went back, and the same share of the tax.
        PartiallyReversed = "partially_reversed",
        /// All of the payment went back, and all of the tax.
        Reversed = "reversed",
        /// Its payment is none.
        Void = "void",
    }
}

impl Status for TaxStatus {
    const MACHINE: &'static str = "tax record";
}

/// Where a tax stands, with what belongs to that state only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "status", rename_all = "snake_case"))]
pub enum TaxState {
    /// Its payment is not paid.
    Pending,
    /// Its payment is paid.
    Collected,
    /// A part of the payment went back.
    PartiallyReversed {
        /// The share of the tax that went back with it.
        reversed: Money,
    },
    /// All of the payment went back.
    Reversed,
    /// Its payment is none.
    Void,
}

impl TaxState {
    /// The name of the state.
    #[must_use]
    pub const fn status(self) -> TaxStatus {
        match self {
            Self::Pending => TaxStatus::Pending,
            Self::Collected => TaxStatus::Collected,
            Self::PartiallyReversed { .. } => TaxStatus::PartiallyReversed,
            Self::Reversed => TaxStatus::Reversed,
            Self::Void => TaxStatus::Void,
        }
    }
}

/// What never changes about a tax.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaxTerms {
    /// Its id.
    pub id: TaxRecordId,
    /// The payment it is on.
    pub payment: PaymentId,
    /// How it was computed, and how much it is.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub line: TaxLine,
}

/// A tax that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidTaxRecord {
    /// The tax is negative.
    #[error("a tax is not negative")]
    Amount,
    /// More went back than there was, or in another currency.
    #[error("the reversed part of a tax lies between nothing and all of it")]
    Reversed,
}

/// One tax on a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored"))]
pub struct TaxRecord {
    #[cfg_attr(feature = "serde", serde(flatten))]
    terms: TaxTerms,
    #[cfg_attr(feature = "serde", serde(flatten))]
    state: TaxState,
}

impl TaxRecord {
    /// Records a tax. It is `pending`.
    ///
    /// # Errors
    /// When the amount is negative.
    pub fn record(terms: TaxTerms) -> Result<Self, InvalidTaxRecord> {
        Self::restore(terms, TaxState::Pending)
    }

    /// Loads a tax that was stored.
    ///
    /// # Errors
    /// When terms or state could not have come from this crate.
    pub fn restore(terms: TaxTerms, state: TaxState) -> Result<Self, InvalidTaxRecord> {
        if terms.line.amount.is_negative() {
            return Err(InvalidTaxRecord::Amount);
        }
        if let TaxState::PartiallyReversed { reversed } = state {
            let whole = terms.line.amount;
            if reversed.currency() != whole.currency()
                || reversed.is_negative()
                || reversed.minor() > whole.minor()
            {
                return Err(InvalidTaxRecord::Reversed);
            }
        }
        Ok(Self { terms, state })
    }

    /// What never changes about it.
    #[must_use]
    pub const fn terms(&self) -> &TaxTerms {
        &self.terms
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> TaxState {
        self.state
    }

    /// The name of where it stands.
    #[must_use]
    pub const fn status(&self) -> TaxStatus {
        self.state.status()
    }

    /// How much of it went back so far. What a refund reverses is how far its outcome moves this.
    #[must_use]
    pub fn reversed(&self) -> Money {
        match self.state {
            TaxState::PartiallyReversed { reversed } => reversed,
            TaxState::Reversed => self.terms.line.amount,
            TaxState::Pending | TaxState::Collected | TaxState::Void => {
                Money::zero(self.terms.line.amount.currency())
            }
        }
    }

    /// How much of it has to go back when its payment has these takings.
    #[must_use]
    pub fn reversed_at(&self, takings: Takings) -> Money {
        let line = &self.terms.line;
        let (part, whole) = (takings.refunded(), takings.captured());
        // Takings are a part of a whole, so the share is a part of the tax and fits.
        share(part, whole, line.amount, line.rounding, line.round_to).unwrap_or(line.amount)
    }

    /// Its payment is paid. A refund that failed after all makes it whole again.
    pub fn collect(self) -> Transition<Self> {
        self.move_to(TaxState::Collected)
    }

    /// Money of its payment went back.
    ///
    /// The share is always that of all the money that went back, rounded once:
    /// so the shares of any parts add up, and all of the money takes all of the tax.
    ///
    /// # Errors
    /// When its payment is not paid.
    pub fn reverse(self, takings: Takings) -> Answer<Self, TaxStatus> {
        let target = self.after(takings);
        match self.state {
            TaxState::Collected | TaxState::PartiallyReversed { .. } | TaxState::Reversed => {
                Ok(self.move_to(target))
            }
            TaxState::Pending | TaxState::Void => illegal(self.status(), target.status()),
        }
    }

    /// Its payment is none.
    pub fn void(self) -> Transition<Self> {
        self.move_to(TaxState::Void)
    }

    /// Says what its payment says.
    ///
    /// # Errors
    /// When money is to come that came already: a payment never says that.
    pub fn settle(self, papers: Papers) -> Answer<Self, TaxStatus> {
        match papers {
            Papers::Due => match self.state {
                TaxState::Pending => already(self),
                TaxState::Collected
                | TaxState::PartiallyReversed { .. }
                | TaxState::Reversed
                | TaxState::Void => illegal(self.status(), TaxStatus::Pending),
            },
            // A payment may become refunded in one step, when news of the refund came first.
            Papers::Settled(takings) => {
                let target = self.after(takings);
                Ok(self.move_to(target))
            }
            Papers::Void => Ok(self.void()),
        }
    }

    /// Where it stands when its payment has `takings`.
    fn after(&self, takings: Takings) -> TaxState {
        match takings.returned() {
            Returned::Nothing => TaxState::Collected,
            Returned::Part => {
                let reversed = self.reversed_at(takings);
                TaxState::PartiallyReversed { reversed }
            }
            Returned::All => TaxState::Reversed,
        }
    }

    fn move_to(self, state: TaxState) -> Transition<Self> {
        if self.state == state {
            Transition::AlreadyApplied(self)
        } else {
            Transition::Changed(Self { state, ..self })
        }
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Stored {
    #[serde(flatten)]
    terms: TaxTerms,
    #[serde(flatten)]
    state: TaxState,
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for TaxRecord {
    type Error = InvalidTaxRecord;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::restore(stored.terms, stored.state)
    }
}

#[cfg(test)]
mod tests;
