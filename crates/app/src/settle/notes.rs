//! The papers of money that went back: credit notes, each from where the last one ended.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bayar_domain::credit_note::tax_shares;
use bayar_domain::gateway::CaptureId;
use bayar_domain::invoice::Takings;
use bayar_domain::settlement::{Effect, RefundRef};
use bayar_domain::{
    CreditNote, CreditNoteNumber, CreditNoteTerms, Money, MoneyError, PaymentId, Proof, Settlement,
    Step,
};
use chrono::{DateTime, Utc};

use super::SettleError;
use crate::port::store::OrderUnit;
use crate::trouble::Trouble;

/// The credit notes that bring those of each refund to the sum that a step wants.
pub(super) async fn notes(
    unit: &mut dyn OrderUnit,
    step: &Step,
    now: DateTime<Utc>,
) -> Result<Vec<CreditNote>, SettleError> {
    let mut books: BTreeMap<PaymentId, Book> = BTreeMap::new();
    let mut wanted = Vec::new();
    for (refund, total) in &totals(step) {
        let (payment, capture) = money_of(&step.settlement, refund)?;
        let book = match books.entry(payment) {
            Entry::Occupied(book) => book.into_mut(),
            Entry::Vacant(place) => {
                let known = unit.credit_notes(payment).await?;
                let captured = captured(&step.settlement, &capture)?;
                place.insert(Book { known, captured })
            }
        };
        let change = total
            .checked_sub(book.sum_of(|note| note.terms().refund == *refund)?)
            .map_err(Trouble::fault)?;
        if !change.is_zero() {
            wanted.push((change, payment, refund.clone()));
        }
    }
    // What is taken back goes first: never do the notes of a payment say more than came in.
    wanted.sort_by_key(|(change, ..)| change.minor());
    let mut issued = Vec::new();
    for (change, payment, refund) in wanted {
        let book = books
            .get_mut(&payment)
            .ok_or_else(|| odd("lost its notes"))?;
        let before = book.sum_of(|_| true)?;
        let after = before.checked_add(change).map_err(Trouble::fault)?;
        let takings = |sum| Takings::new(book.captured, sum).map_err(Trouble::fault);
        let taxes = unit.papers(payment).await?.taxes;
        let id = unit.credit_note_id().await?;
        let note = CreditNote::issue(CreditNoteTerms {
            id,
            payment,
            refund,
            number: CreditNoteNumber::new(now, id).map_err(Trouble::fault)?,
            amount: change,
            taxes: tax_shares(&taxes, takings(before)?, takings(after)?),
            issued_at: now,
        });
        let note = note.map_err(Trouble::fault)?;
        book.known.push(note.clone());
        issued.push(note);
    }
    Ok(issued)
}

/// What the notes of each refund are to sum to. With those that changed all others are looked at,
/// for a refund may be older than its papers.
fn totals(step: &Step) -> BTreeMap<RefundRef, Money> {
    let mut totals = BTreeMap::new();
    for effect in &step.effects {
        if let Effect::SetCreditNotes { refund, total } = effect {
            totals.insert(refund.clone(), *total);
        }
    }
    if !totals.is_empty() {
        for (refund, total) in step.settlement.standing().credited {
            totals.entry(refund).or_insert(total);
        }
    }
    totals
}

/// The notes of one payment, and the money they are about.
struct Book {
    known: Vec<CreditNote>,
    captured: Money,
}

impl Book {
    fn sum_of(&self, which: impl Fn(&CreditNote) -> bool) -> Result<Money, Trouble> {
        let amounts = self.known.iter().filter(|note| which(note));
        let amounts = amounts.map(|note| note.terms().amount);
        Money::sum(self.captured.currency(), amounts)
            .map_err(|error: MoneyError| Trouble::fault(error))
    }
}

/// The payment whose money a refund took, and that money. Facts tell it of refunds that are not ours,
/// also of those that turned out to be.
fn money_of(
    settlement: &Settlement,
    refund: &RefundRef,
) -> Result<(PaymentId, CaptureId), Trouble> {
    match refund {
        RefundRef::Ours(id) => {
            let refund = settlement.refund(*id);
            let terms = refund.map(|refund| refund.terms());
            let terms = terms.ok_or_else(|| odd("is not of the order"))?;
            Ok((terms.payment, terms.capture.clone()))
        }
        RefundRef::External(id) => {
            let capture = settlement.facts().find_map(|fact| match fact.proof() {
                Proof::Refunded {
                    refund, capture, ..
                } if refund == id => Some(capture.clone()),
                _ => None,
            });
            let capture = capture.ok_or_else(|| odd("is told of by no fact"))?;
            let captures = settlement.captures();
            let money = captures.iter().find(|money| money.id == capture);
            let money = money.ok_or_else(|| odd("is of no money of the order"))?;
            Ok((money.payment, capture))
        }
    }
}

/// What came in, whatever became of it since.
fn captured(settlement: &Settlement, capture: &CaptureId) -> Result<Money, Trouble> {
    let amounts = settlement.facts().filter_map(|fact| match fact.proof() {
        Proof::Captured {
            capture: of,
            amount,
        } if of == capture => Some(*amount),
        _ => None,
    });
    let most = amounts.max_by_key(|amount| amount.minor());
    most.ok_or_else(|| odd("is of money that never came in"))
}

fn odd(what: &str) -> Trouble {
    Trouble::fault(format!("a refund {what}"))
}
