//! An operator looks at money that cannot be kept without a word.

use std::sync::Arc;

use bayar_domain::decision::Verdict;
use bayar_domain::payment::PaymentState;
use bayar_domain::settlement::Refused;
use bayar_domain::{OrderId, PaymentId};
use tracing::Instrument;

use super::PayError;
use crate::port::store::{Actor, StoredPayment};
use crate::settle::{Move, Seen, SettleError};
use crate::{App, Caller, Trouble};

/// What an operator says about a payment under review.
#[derive(Debug, Clone)]
pub struct ReviewPayment {
    /// The payment.
    pub payment: PaymentId,
    /// Whether its money pays the order.
    pub verdict: Verdict,
    /// Why, for whoever asks later.
    pub reason: String,
}

impl App {
    /// Ends a review. The gateway is told where it waits for a word, and money that is refused goes back.
    ///
    /// # Errors
    /// When there is nothing to review, or the caller is no operator.
    pub async fn review_payment(
        self: &Arc<Self>,
        caller: &Caller,
        wish: ReviewPayment,
    ) -> Result<StoredPayment, PayError> {
        let stored = self.store.payment(wish.payment).await?;
        let stored = stored.ok_or(PayError::NotFound)?;
        let PaymentState::UnderReview { .. } = stored.payment.state() else {
            return Err(PayError::NothingToReview);
        };
        let (order, by) = (stored.payment.terms().order, caller.actor());
        let app = Arc::clone(self);
        let id = wish.payment;
        let deciding = async move { app.review(order, &wish, by).await };
        let decided = tokio::spawn(deciding.in_current_span()).await;
        decided.map_err(Trouble::fault)??;
        self.store.payment(id).await?.ok_or(PayError::NotFound)
    }

    async fn review(
        &self,
        order: OrderId,
        wish: &ReviewPayment,
        by: Actor,
    ) -> Result<(), PayError> {
        let rule = |seen: &Seen| {
            let payment = seen.settlement.payment(wish.payment);
            match payment.map(bayar_domain::Payment::state) {
                Some(PaymentState::UnderReview { capture, .. }) => {
                    let step = seen.settlement.review(capture.clone(), wish.verdict)?;
                    Ok(Move {
                        note: Some(wish.reason.clone()),
                        ..Move::from(step)
                    })
                }
                Some(_) | None => Err(Refused::NotUnderReview.into()),
            }
        };
        let planned = match self.settle(order, by, rule).await {
            Ok(planned) => planned,
            Err(SettleError::Refused(Refused::NotUnderReview)) => {
                return Err(PayError::NothingToReview);
            }
            Err(error) => return Err(error.into()),
        };
        tracing::info!(
            payment_id = %wish.payment, verdict = %wish.verdict, reason = wish.reason, %by,
            "Payment: Payment reviewed"
        );
        self.work_off(order, planned).await?;
        Ok(())
    }
}
