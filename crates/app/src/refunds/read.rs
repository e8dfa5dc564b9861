//! What went back of a payment, and what is still on its way.

use bayar_domain::settlement::RefundRef;
use bayar_domain::{CreditNote, PaymentId, RefundId};

use super::RefundError;
use crate::port::store::{
    RefundEvent, StoredExternalRefund, StoredPayment, StoredRefund, WhichRefunds,
};
use crate::{App, Caller, ReadError};

/// All refunds of a payment.
#[derive(Debug, Clone)]
pub struct RefundsOfPayment {
    /// The payment.
    pub payment: StoredPayment,
    /// Those that are our doing, oldest first.
    pub refunds: Vec<RefundShown>,
    /// Those that somebody made at the gateway, oldest first.
    pub external: Vec<ExternalShown>,
}

/// A refund with its papers and its history.
#[derive(Debug, Clone)]
pub struct RefundShown {
    /// The refund.
    pub stored: StoredRefund,
    /// Its credit notes, in the order they were issued.
    pub notes: Vec<CreditNote>,
    /// What happened to it, oldest first.
    pub events: Vec<RefundEvent>,
}

/// A refund that somebody made at the gateway, with its papers.
#[derive(Debug, Clone)]
pub struct ExternalShown {
    /// The refund.
    pub stored: StoredExternalRefund,
    /// Its credit notes, in the order they were issued.
    pub notes: Vec<CreditNote>,
}

impl App {
    /// What went back of a payment.
    ///
    /// # Errors
    /// When there is no such payment or it is somebody else's.
    pub async fn refunds_of(
        &self,
        caller: &Caller,
        payment: PaymentId,
    ) -> Result<RefundsOfPayment, ReadError> {
        let payment = self.payment(caller, payment).await?;
        self.refunds_of_stored(payment).await
    }

    /// A refund. For operators: nobody is asked who they are.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find_refund(&self, id: RefundId) -> Result<RefundShown, RefundError> {
        let stored = self.store.refund(id).await?.ok_or(RefundError::NotFound)?;
        let payment = stored.refund.terms().payment;
        let notes = self.store.credit_notes_of(payment).await?;
        let events = self.store.refund_events(id).await?;
        Ok(RefundShown {
            notes: of(&notes, &RefundRef::Ours(id)),
            events,
            stored,
        })
    }

    /// The refunds that are not at their end or are owed, oldest first, and none up to `after`.
    /// For operators: nobody is asked who they are.
    ///
    /// # Errors
    /// When something went wrong.
    pub async fn open_refunds(
        &self,
        after: Option<RefundId>,
        at_most: u32,
    ) -> Result<Vec<StoredRefund>, RefundError> {
        self.list_refunds(WhichRefunds::Open, after, at_most).await
    }

    /// Refunds by their ids, and none up to `after`. For operators: nobody is asked who they are.
    ///
    /// # Errors
    /// When something went wrong.
    pub async fn list_refunds(
        &self,
        which: WhichRefunds,
        after: Option<RefundId>,
        at_most: u32,
    ) -> Result<Vec<StoredRefund>, RefundError> {
        Ok(self.store.refunds(which, after, at_most).await?)
    }

    pub(crate) async fn refunds_of_stored(
        &self,
        payment: StoredPayment,
    ) -> Result<RefundsOfPayment, ReadError> {
        let id = payment.payment.terms().id;
        let notes = self.store.credit_notes_of(id).await?;
        let mut refunds = Vec::new();
        for stored in self.store.refunds_of(id).await? {
            let refund = stored.refund.terms().id;
            refunds.push(RefundShown {
                notes: of(&notes, &RefundRef::Ours(refund)),
                events: self.store.refund_events(refund).await?,
                stored,
            });
        }
        let external = self.store.external_refunds_of(id).await?;
        let shown = |stored: StoredExternalRefund| ExternalShown {
            notes: of(&notes, &RefundRef::External(stored.id.clone())),
            stored,
        };
        Ok(RefundsOfPayment {
            payment,
            refunds,
            external: external.into_iter().map(shown).collect(),
        })
    }
}

fn of(notes: &[CreditNote], refund: &RefundRef) -> Vec<CreditNote> {
    let own = notes.iter().filter(|note| note.terms().refund == *refund);
    own.cloned().collect()
}
