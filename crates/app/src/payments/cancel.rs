use bayar_domain::settlement::Refused;
use bayar_domain::{OrderId, PaymentId, PaymentStatus};
use thiserror::Error;

use crate::port::store::{Actor, StoreError, StoredPayment};
use crate::settle::SettleError;
use crate::{App, Caller, Trouble};

/// Why a payment is not called off.
#[derive(Debug, Error)]
pub enum CancelError {
    /// There is no such payment.
    #[error("there is no such payment")]
    NotFound,
    /// It is somebody else's.
    #[error("the payment is somebody else's")]
    Forbidden,
    /// It is paid, or ended in another way.
    #[error("a payment that is {0} cannot be called off")]
    NotCancellable(PaymentStatus),
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for CancelError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl App {
    /// Calls a payment off, and frees its order for another one. Doing it twice does it once.
    ///
    /// # Errors
    /// When there is none, it is somebody else's, or money came for it.
    pub async fn cancel_payment(
        &self,
        caller: &Caller,
        id: PaymentId,
    ) -> Result<StoredPayment, CancelError> {
        let stored = self.store.payment(id).await?.ok_or(CancelError::NotFound)?;
        let terms = stored.payment.terms();
        if !caller.may_see(terms.user) {
            return Err(CancelError::Forbidden);
        }
        let rule = move |settlement: &bayar_domain::Settlement, _| settlement.cancel_payment(id);
        match self.settle(terms.order, caller.actor(), rule).await {
            Ok(_) => {}
            Err(SettleError::Refused(Refused::Payment(illegal))) => {
                return Err(CancelError::NotCancellable(illegal.from));
            }
            Err(SettleError::NotFound) => return Err(CancelError::NotFound),
            Err(SettleError::Refused(refused)) => return Err(Trouble::fault(refused).into()),
            Err(SettleError::Trouble(trouble)) => return Err(trouble.into()),
        }
        tracing::info!(payment_id = %id, by = %caller.actor(), "Payment: Payment cancelled");
        self.store.payment(id).await?.ok_or(CancelError::NotFound)
    }

    /// Ends a payment whose time is over by the clock of the store.
    pub(crate) async fn expire(&self, order: OrderId, id: PaymentId) -> Result<(), SettleError> {
        self.settle(order, Actor::System, move |settlement, now| {
            settlement.expire_payment(id, now)
        })
        .await?;
        tracing::info!(payment_id = %id, "Payment: Payment expired");
        Ok(())
    }
}
