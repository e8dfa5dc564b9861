//! Ends payments: at the gateway first, and here after.

use std::sync::Arc;

use bayar_domain::settlement::Refused;
use bayar_domain::{AttemptStatus, OrderId, PaymentId};
use tracing::Instrument;

use super::{PayError, Resolved};
use crate::failpoint;
use crate::port::store::{Actor, StoredPayment};
use crate::settle::{Move, Seen, SettleError};
use crate::{App, Caller, Trouble};

impl App {
    /// Calls a payment off, and frees its order for another one. Doing it twice does it once.
    ///
    /// # Errors
    /// When there is none, it is somebody else's, or money came for it.
    pub async fn cancel_payment(
        self: &Arc<Self>,
        caller: &Caller,
        id: PaymentId,
    ) -> Result<StoredPayment, PayError> {
        let stored = self.store.payment(id).await?.ok_or(PayError::NotFound)?;
        let terms = stored.payment.terms();
        if !caller.may_see(terms.user) {
            return Err(PayError::Forbidden);
        }
        let (order, by) = (terms.order, caller.actor());
        let app = Arc::clone(self);
        let ending = async move { app.call_off(order, id, by).await };
        let ended = tokio::spawn(ending.in_current_span()).await;
        ended.map_err(Trouble::fault)??;
        tracing::info!(payment_id = %id, %by, "Payment: Payment cancelled");
        failpoint::hit("cancel.before_answer")?;
        self.store.payment(id).await?.ok_or(PayError::NotFound)
    }

    async fn call_off(&self, order: OrderId, id: PaymentId, by: Actor) -> Result<(), PayError> {
        self.close_checkouts(order, id, by).await?;
        let rule = |seen: &Seen| Ok(seen.settlement.cancel_payment(id)?.into());
        match self.settle(order, by, rule).await {
            Ok(_) => Ok(()),
            Err(SettleError::Refused(Refused::Payment(illegal))) => {
                Err(PayError::WrongState(illegal.from))
            }
            // The gateway has not said that nobody can pay any more.
            Err(SettleError::Refused(Refused::LiveAttempt(_))) => Err(PayError::Unclear),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a payment whose time is over by the clock of the store, when nobody can pay it any more.
    /// Answers what was found out at its gateway.
    pub(crate) async fn end_overdue(
        &self,
        order: OrderId,
        id: PaymentId,
    ) -> Result<Resolved, PayError> {
        let mut found = Resolved::default();
        let rule = |seen: &Seen| Ok(seen.settlement.expire_payment(id, seen.now)?.into());
        let mut ended = self.settle(order, Actor::System, rule).await;
        if let Err(SettleError::Refused(Refused::LiveAttempt(_))) = ended {
            found = self.close_checkouts(order, id, Actor::System).await?;
            ended = self.settle(order, Actor::System, rule).await;
        }
        match ended {
            Ok(_) => {
                tracing::info!(payment_id = %id, "Payment: Payment expired");
                Ok(found)
            }
            // Not overdue, or it moved, or the gateway has not given a clear answer: whoever goes on will see.
            Err(SettleError::Refused(_)) => Ok(found),
            Err(error) => Err(error.into()),
        }
    }

    /// Has the live checkout of a payment closed, and finds out what became of it.
    async fn close_checkouts(
        &self,
        order: OrderId,
        id: PaymentId,
        by: Actor,
    ) -> Result<Resolved, PayError> {
        let seen = self.look(order).await?;
        let is_live = |seen: &Seen| {
            let live = seen.settlement.live_attempt();
            live.filter(|attempt| attempt.terms().payment == id)
                .map(|attempt| (attempt.terms().id, attempt.status()))
        };
        let Some((attempt, status)) = is_live(&seen) else {
            return Ok(Resolved::default());
        };
        if status != AttemptStatus::Closing {
            let rule = |seen: &Seen| Ok(Move::from(seen.settlement.close_attempt(attempt)?));
            let planned = self.settle(order, by, rule).await?;
            self.work_off(order, planned).await?;
        }
        let seen = self.look(order).await?;
        match is_live(&seen) {
            Some(_) => Ok(self.resolve(order, Some(id), by).await?),
            None => Ok(Resolved::default()),
        }
    }
}
