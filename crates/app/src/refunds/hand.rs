//! What people do about a refund that exists: transfer its money by hand, ask for it anew, or call it off.

use bayar_domain::gateway::TransferReference;
use bayar_domain::settlement::Refused;
use bayar_domain::{RefundId, RefundStatus, Step};

use super::RefundError;
use crate::App;
use crate::port::store::{Actor, StoredRefund};
use crate::settle::{Move, Seen};

impl App {
    /// An operator transferred the money of a refund by hand, and says where the proof is.
    /// Doing it twice with the same reference does it once.
    ///
    /// # Errors
    /// When there is no such refund, it is in no operator's hands, or another transfer settled it.
    pub async fn settle_refund(
        &self,
        by: Actor,
        id: RefundId,
        transfer: TransferReference,
    ) -> Result<StoredRefund, RefundError> {
        let moved = self
            .move_refund(by, id, |seen| {
                seen.settlement.settle_refund(id, transfer.clone())
            })
            .await?;
        tracing::info!(refund_id = %id, reference = %transfer, %by, "Payment: Refund settled by hand");
        Ok(moved)
    }

    /// Puts a refund into an operator's hands: no gateway is asked for it any more.
    /// Nothing changes about one that is there already.
    ///
    /// # Errors
    /// When there is no such refund, a gateway may have it, or its money is not there any more.
    pub async fn take_over_refund(
        &self,
        by: Actor,
        id: RefundId,
    ) -> Result<StoredRefund, RefundError> {
        let moved = self
            .move_refund(by, id, |seen| {
                let balance = seen.credit_balance();
                seen.settlement.take_over_refund(id, balance)
            })
            .await?;
        tracing::info!(refund_id = %id, %by, "Payment: Refund taken over");
        Ok(moved)
    }

    /// Asks anew for a refund that failed: another one takes its place, and only that one is owed from then on.
    /// Answers that one, which goes on by itself where the gateway does not answer at once.
    ///
    /// However often and by however many it is done, there is one: the first refund is not owed any more.
    ///
    /// # Errors
    /// When there is no such refund, it is none that failed and is owed, its money is not there any more,
    /// or the gateway does not answer whether it went back after all.
    pub async fn retry_refund(&self, by: Actor, id: RefundId) -> Result<StoredRefund, RefundError> {
        let failed = self.store.refund(id).await?.ok_or(RefundError::NotFound)?;
        // It may have gone back after all: then nothing is to be sent.
        if failed.refund.status() == RefundStatus::Failed {
            self.read_money_of(&failed, by).await?;
        }
        let anew = self.store.reserve_refund_id().await?;
        let rule = |seen: &Seen| {
            // The commit whose answer was lost: whoever resolves the order makes its call.
            if seen.settlement.refund(anew).is_some() {
                return Ok(Move::default());
            }
            let balance = seen.credit_balance();
            let step = seen.settlement.retry_refund(id, anew, balance)?;
            self.with_refund_call(Move::from(step), seen, anew)
        };
        let planned = self.settle(failed.order, by, rule).await?;
        tracing::info!(refund_id = %id, %anew, %by, "Payment: Refund asked for anew");
        // It is written down: what goes wrong from here on is mended by whoever resolves the order.
        if let Err(error) = self.work_off(failed.order, planned).await {
            tracing::warn!(refund_id = %anew, %error, "a refund is carried out later");
        }
        self.store.refund(anew).await?.ok_or(RefundError::NotFound)
    }

    /// Calls a refund off that no gateway has: its money may go back otherwise, or stay.
    /// One that failed is not owed any more.
    ///
    /// # Errors
    /// When there is no such refund, a gateway may have it, the money went back,
    /// or it is surplus that would at once go back by itself.
    pub async fn withdraw_refund(
        &self,
        by: Actor,
        id: RefundId,
    ) -> Result<StoredRefund, RefundError> {
        let moved = self
            .move_refund(by, id, |seen| seen.settlement.withdraw_refund(id))
            .await?;
        tracing::info!(refund_id = %id, %by, "Payment: Refund withdrawn");
        Ok(moved)
    }

    async fn move_refund(
        &self,
        by: Actor,
        id: RefundId,
        command: impl Fn(&Seen) -> Result<Step, Refused> + Send + Sync,
    ) -> Result<StoredRefund, RefundError> {
        let stored = self.store.refund(id).await?.ok_or(RefundError::NotFound)?;
        let rule = |seen: &Seen| {
            let step = command(seen)?;
            Ok(Move::from(step))
        };
        self.settle(stored.order, by, rule).await?;
        self.store.refund(id).await?.ok_or(RefundError::NotFound)
    }
}
