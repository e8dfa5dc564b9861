//! What the page shows to which a buyer comes back from a gateway.

use std::sync::Arc;

use bayar_domain::payment::PaymentState;
use bayar_domain::{Gateway, PaymentId, PaymentStatus};

use super::PayError;
use crate::App;
use crate::port::store::Actor;

/// What whoever holds a return ticket may know: whether it is paid, and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusShown {
    /// The money is there.
    Paid,
    /// It was there, and went back.
    Refunded,
    /// The gateway or an operator is still looking at the money.
    BeingChecked,
    /// The buyer has done what they could, and a bank is working on it.
    WithTheBank,
    /// It can still be paid.
    NotYetPaid,
    /// It can be paid no more.
    Over,
}

impl App {
    /// Where a buyer goes after paying, and where one goes who does not.
    pub(super) fn return_urls(&self, gateway: Gateway, payment: PaymentId) -> (String, String) {
        let ticket = self.signers.returns.issue(payment);
        let page = match gateway {
            Gateway::Stripe => "/checkout/stripe/return",
            Gateway::Midtrans => "/checkout/midtrans/finish",
        };
        let url = format!("{}{page}?ticket={ticket}", self.settings.public_url);
        (url.clone(), format!("{url}&back=1"))
    }

    /// Where the payment of a return ticket stands. The gateway is asked first: coming back proves nothing.
    ///
    /// # Errors
    /// When the ticket is not ours.
    pub async fn returned(
        self: &Arc<Self>,
        ticket: &str,
    ) -> Result<(PaymentId, StatusShown), PayError> {
        let id = self.signers.returns.verify(ticket);
        let id = id.ok_or(PayError::NotFound)?;
        let stored = self.store.payment(id).await?.ok_or(PayError::NotFound)?;
        let payment = match self.refresh(stored.clone(), Actor::System).await {
            Ok(refreshed) => refreshed.payment,
            // What is stored is still true, if perhaps old.
            Err(
                PayError::Unavailable(_) | PayError::RefusedByGateway(_) | PayError::Trouble(_),
            ) => stored,
            Err(error) => return Err(error),
        };
        let shown = match payment.payment.status() {
            PaymentStatus::Completed | PaymentStatus::PartiallyRefunded => StatusShown::Paid,
            PaymentStatus::Refunded => StatusShown::Refunded,
            PaymentStatus::UnderReview => StatusShown::BeingChecked,
            PaymentStatus::Pending | PaymentStatus::Processing => {
                self.not_paid_yet(payment.payment.state())
            }
            PaymentStatus::Failed | PaymentStatus::Cancelled | PaymentStatus::Expired => {
                StatusShown::Over
            }
        };
        Ok((id, shown))
    }

    fn not_paid_yet(&self, state: &PaymentState) -> StatusShown {
        let waits = |attempt| self.is_with_the_bank(attempt);
        if matches!(state, PaymentState::Processing { attempt } if waits(*attempt)) {
            StatusShown::WithTheBank
        } else {
            StatusShown::NotYetPaid
        }
    }
}
