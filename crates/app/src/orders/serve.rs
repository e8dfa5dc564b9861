use bayar_domain::settlement::Refused;
use bayar_domain::{OrderNumber, OrderStatus, Settlement, Step};

use super::OrderError;
use crate::port::store::{OrderKey, StoredOrder};
use crate::settle::{Seen, SettleError};
use crate::{App, Caller, PayError, Trouble};

impl App {
    /// Calls an order off. Doing it twice does it once.
    ///
    /// # Errors
    /// When there is none, it is paid, or it has a payment that has to be called off first.
    pub async fn cancel_order(
        &self,
        caller: &Caller,
        number: &OrderNumber,
    ) -> Result<StoredOrder, OrderError> {
        let stored = self.stored(number).await?;
        self.expire_overdue(&stored).await?;
        let command = Settlement::cancel_order;
        self.move_order(caller, &stored, command, OrderError::NotCancellable)
            .await
    }

    /// Says that what was ordered has been served. Doing it twice does it once.
    ///
    /// # Errors
    /// When there is none, or it is not paid.
    pub async fn complete_order(
        &self,
        caller: &Caller,
        number: &OrderNumber,
    ) -> Result<StoredOrder, OrderError> {
        let stored = self.stored(number).await?;
        let command = Settlement::complete_order;
        self.move_order(caller, &stored, command, OrderError::NotCompletable)
            .await
    }

    async fn move_order(
        &self,
        caller: &Caller,
        stored: &StoredOrder,
        command: fn(&Settlement) -> Result<Step, Refused>,
        wrong_state: fn(OrderStatus) -> OrderError,
    ) -> Result<StoredOrder, OrderError> {
        let terms = stored.order.terms();
        let rule = move |seen: &Seen| Ok(command(&seen.settlement)?.into());
        let moved = self.settle(terms.id, caller.actor(), rule).await;
        moved.map_err(|error| match error {
            SettleError::NotFound => OrderError::NotFound,
            SettleError::Refused(Refused::LivePayment(_) | Refused::LiveAttempt(_)) => {
                OrderError::LivePayment
            }
            SettleError::Refused(Refused::Order(illegal)) => wrong_state(illegal.from),
            SettleError::Refused(refused) => Trouble::fault(refused).into(),
            SettleError::Trouble(trouble) => trouble.into(),
            SettleError::Stale => Trouble::InProgress.into(),
            SettleError::NeedsRefundId | SettleError::DailyLimit(_) | SettleError::Outdated => {
                Trouble::fault(error).into()
            }
        })?;
        self.stored(&terms.number).await
    }

    async fn stored(&self, number: &OrderNumber) -> Result<StoredOrder, OrderError> {
        let key = OrderKey::Number(number.clone());
        self.store.order(&key).await?.ok_or(OrderError::NotFound)
    }

    /// Ends the live payment of an order when its time is over, so that it stands in nobody's way.
    pub(super) async fn expire_overdue(&self, stored: &StoredOrder) -> Result<(), OrderError> {
        let Some(live) = stored.live_payment else {
            return Ok(());
        };
        let payment = self.store.payment(live).await?;
        let deadline = payment.map(|stored| stored.payment.terms().deadline);
        if deadline > Some(self.store.now().await?) {
            return Ok(());
        }
        match self.end_overdue(stored.order.terms().id, live).await {
            Ok(_) => Ok(()),
            Err(PayError::NotFound) => Err(OrderError::NotFound),
            Err(PayError::Trouble(trouble)) => Err(trouble.into()),
            Err(error) => Err(Trouble::fault(error).into()),
        }
    }
}
