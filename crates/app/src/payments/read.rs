use bayar_domain::{Invoice, PaymentId, TaxRecord};
use thiserror::Error;

use crate::port::store::{Page, PageOf, PaymentEvent, PaymentFilter, StoreError, StoredPayment};
use crate::{App, Caller, Trouble};

/// Why something is not shown.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no such thing.
    #[error("there is no such thing")]
    NotFound,
    /// It is somebody else's.
    #[error("it is somebody else's")]
    Forbidden,
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl App {
    /// The payments the caller may see, newest first. A customer sees their own.
    ///
    /// # Errors
    /// When a customer asks for somebody else's, or something went wrong.
    pub async fn list_payments(
        &self,
        caller: &Caller,
        filter: PaymentFilter,
        page: Page,
    ) -> Result<PageOf<StoredPayment>, ReadError> {
        let user = match (caller.person(), filter.user) {
            (Some(id), None) if !caller.may_see_all() => Some(id),
            (_, Some(user)) if !caller.may_see(user) => return Err(ReadError::Forbidden),
            (_, user) => user,
        };
        let filter = PaymentFilter { user, ..filter };
        Ok(self.store.payments(&filter, page).await?)
    }

    /// A payment.
    ///
    /// # Errors
    /// When there is none or it is somebody else's.
    pub async fn payment(
        &self,
        caller: &Caller,
        id: PaymentId,
    ) -> Result<StoredPayment, ReadError> {
        let stored = self.store.payment(id).await?.ok_or(ReadError::NotFound)?;
        if caller.may_see(stored.payment.terms().user) {
            Ok(stored)
        } else {
            Err(ReadError::Forbidden)
        }
    }

    /// What happened to a payment, oldest first.
    ///
    /// # Errors
    /// When there is none or it is somebody else's.
    pub async fn payment_events(
        &self,
        caller: &Caller,
        id: PaymentId,
    ) -> Result<Vec<PaymentEvent>, ReadError> {
        self.payment(caller, id).await?;
        Ok(self.store.events(id).await?)
    }

    /// The invoice of a payment.
    ///
    /// # Errors
    /// When there is no such payment or it is somebody else's.
    pub async fn payment_invoice(
        &self,
        caller: &Caller,
        id: PaymentId,
    ) -> Result<Invoice, ReadError> {
        self.payment(caller, id).await?;
        self.store.invoice(id).await?.ok_or(ReadError::NotFound)
    }

    /// The taxes on a payment.
    ///
    /// # Errors
    /// When there is no such payment or it is somebody else's.
    pub async fn payment_taxes(
        &self,
        caller: &Caller,
        id: PaymentId,
    ) -> Result<Vec<TaxRecord>, ReadError> {
        self.payment(caller, id).await?;
        Ok(self.store.taxes(id).await?)
    }
}
