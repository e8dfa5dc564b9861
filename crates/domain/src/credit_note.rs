//! The paper of a refund.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::invoice::Takings;
use crate::settlement::RefundRef;
use crate::{CreditNoteId, CreditNoteNumber, Money, PaymentId, TaxRecord, TaxRecordId};

/// What a refund reverses of one tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaxShare {
    /// The tax.
    pub record: TaxRecordId,
    /// How much of it.
    pub amount: Money,
}

/// What a note reverses of each tax when it takes what went back of the money from `before` to `after`.
///
/// The notes of one payment are written one after the other, each from where the last one ended:
/// so their shares sum to what the tax records say, in however many notes.
#[must_use]
pub fn tax_shares(taxes: &[TaxRecord], before: Takings, after: Takings) -> Vec<TaxShare> {
    let share = |tax: &TaxRecord| {
        let (from, to) = (tax.reversed_at(before), tax.reversed_at(after));
        // Both lie between nothing and the tax, so their difference is an amount.
        let amount = to.checked_sub(from).unwrap_or(to);
        TaxShare {
            record: tax.terms().id,
            amount,
        }
    };
    taxes.iter().map(share).collect()
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
    pub refund: RefundRef,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, php};
    use crate::{RefundId, TaxPolicy, TaxTerms};

    fn terms(amount: i64, taxes: &[i64]) -> CreditNoteTerms {
        let id = CreditNoteId::new(2).unwrap();
        CreditNoteTerms {
            id,
            payment: PaymentId::new(100).unwrap(),
            refund: RefundRef::Ours(RefundId::new(7).unwrap()),
            number: CreditNoteNumber::new(at(0), id).unwrap(),
            amount: php(amount),
            taxes: taxes
                .iter()
                .map(|&minor| TaxShare {
                    record: TaxRecordId::new(4).unwrap(),
                    amount: php(minor),
                })
                .collect(),
            issued_at: at(0),
        }
    }

    #[test]
    fn a_note_keeps_its_terms() {
        let terms = terms(200_000, &[24_000, 30_000]);
        let note = CreditNote::issue(terms.clone()).unwrap();
        assert_eq!(*note.terms(), terms);
        assert_eq!(CreditNoteTerms::from(note), terms);
    }

    #[test]
    fn the_shares_of_any_notes_sum_to_what_the_taxes_say() {
        let price = php(500_000);
        let lines = TaxPolicy::standard()
            .assess(price, at(0).date_naive())
            .unwrap();
        let record = |(id, line)| {
            let id = TaxRecordId::new(id).unwrap();
            let payment = PaymentId::new(100).unwrap();
            TaxRecord::record(TaxTerms { id, payment, line }).unwrap()
        };
        let taxes: Vec<_> = (1..).zip(lines.into_lines()).map(record).collect();
        let takings = |minor| Takings::new(price, php(minor)).unwrap();
        let shares = |from, to| -> Vec<_> {
            let shares = tax_shares(&taxes, takings(from), takings(to));
            let ids: Vec<_> = shares.iter().map(|share| share.record.get()).collect();
            assert_eq!(ids, [1, 2]);
            shares.iter().map(|share| share.amount.minor()).collect()
        };
        assert_eq!(shares(0, 333), [40, 50]);
        assert_eq!(shares(333, 500_000), [59_960, 74_950]);
        assert_eq!(shares(333, 0), [-40, -50]);
        assert_eq!(shares(0, 0), [0, 0]);
    }

    #[test]
    fn a_note_is_about_money() {
        let empty = terms(0, &[]);
        assert_eq!(
            CreditNote::issue(empty.clone()),
            Err(InvalidCreditNote::Amount)
        );
        assert_eq!(CreditNote::try_from(empty), Err(InvalidCreditNote::Amount));
        assert_eq!(
            InvalidCreditNote::Amount.to_string(),
            "a credit note is about an amount other than zero"
        );
    }

    #[test]
    fn taxes_go_the_way_of_the_money() {
        for taxes in [&[1, 1], &[0, 1], &[0, 0]] {
            assert!(CreditNote::issue(terms(1, taxes)).is_ok());
            let back = taxes.map(|minor: i64| -minor);
            assert!(CreditNote::issue(terms(-1, &back)).is_ok());
        }
        for (amount, taxes) in [(1, [1, -1]), (1, [-1, -1]), (-1, [-1, 1]), (-1, [1, 1])] {
            assert_eq!(
                CreditNote::issue(terms(amount, &taxes)),
                Err(InvalidCreditNote::Signs)
            );
        }
        assert_eq!(
            InvalidCreditNote::Signs.to_string(),
            "the taxes of a credit note have the sign of its amount"
        );
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_note_is_one_object_and_checked_when_it_is_read() {
        use crate::testing::{assert_json, refusal};

        let json = r#"{"id":2,"payment":100,"refund":{"ours":7},"number":"CN-20250718040700-000002","amount":{"amount":"2000.00","currency":"PHP"},"taxes":[{"record":4,"amount":{"amount":"240.00","currency":"PHP"}}],"issued_at":"2025-07-18T04:07:00Z"}"#;
        let note = CreditNote::issue(terms(200_000, &[24_000])).unwrap();
        assert_json(&note, json);
        assert_eq!(
            refusal::<CreditNote>(&json.replace("2000.00", "0.00")),
            InvalidCreditNote::Amount.to_string()
        );
        assert_eq!(
            refusal::<CreditNote>(&json.replace("240.00", "-240.00")),
            InvalidCreditNote::Signs.to_string()
        );
    }
}
