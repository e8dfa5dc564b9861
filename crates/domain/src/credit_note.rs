//! The paper of a refund.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::{CreditNoteId, CreditNoteNumber, Money, PaymentId, RefundId, TaxRecordId};

/// What a refund reverses of one tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaxShare {
    /// The tax.
    pub record: TaxRecordId,
    /// How much of it.
    pub amount: Money,
}

/// What a credit note says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CreditNoteTerms {
    /// Its id.
    pub id: CreditNoteId,
    /// The payment whose invoice it corrects.
    pub payment: PaymentId,
    /// The refund it is the paper of.
    pub refund: RefundId,
    /// Its number, for people.
    pub number: CreditNoteNumber,
    /// How much went back: negative on the note that takes back the note of a refund that failed after all.
    pub amount: Money,
    /// What it reverses of each tax, with the sign of the amount.
    pub taxes: Vec<TaxShare>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
}

/// A credit note that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidCreditNote {
    /// It is about no money.
    #[error("a credit note is about an amount other than zero")]
    Amount,
    /// It gives money back and takes tax back, or the other way about.
    #[error("the taxes of a credit note have the sign of its amount")]
    Signs,
}

/// The paper of a refund. It never changes: what was wrong is taken back by another note.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "CreditNoteTerms", into = "CreditNoteTerms")
)]
pub struct CreditNote(CreditNoteTerms);

impl CreditNote {
    /// Issues a credit note.
    ///
    /// # Errors
    /// When the amount is zero, or a tax has the other sign.
    pub fn issue(terms: CreditNoteTerms) -> Result<Self, InvalidCreditNote> {
        let gives = terms.amount.is_positive();
        if terms.amount.is_zero() {
            return Err(InvalidCreditNote::Amount);
        }
        let signs_fit = terms.taxes.iter().all(|share| {
            if gives {
                !share.amount.is_negative()
            } else {
                !share.amount.is_positive()
            }
        });
        if signs_fit {
            Ok(Self(terms))
        } else {
            Err(InvalidCreditNote::Signs)
        }
    }

    /// What it says.
    #[must_use]
    pub const fn terms(&self) -> &CreditNoteTerms {
        &self.0
    }
}

impl From<CreditNote> for CreditNoteTerms {
    fn from(note: CreditNote) -> Self {
        note.0
    }
}

impl TryFrom<CreditNoteTerms> for CreditNote {
    type Error = InvalidCreditNote;

    fn try_from(terms: CreditNoteTerms) -> Result<Self, Self::Error> {
        Self::issue(terms)
    }
}
