use bayar_domain::OrderNumber;

use super::OrderError;
use crate::port::store::{OrderKey, StoredOrder};
use crate::{App, Caller};

impl App {
    /// An order.
    ///
    /// # Errors
    /// When there is none or it is somebody else's.
    pub async fn order(
        &self,
        caller: &Caller,
        number: &OrderNumber,
    ) -> Result<StoredOrder, OrderError> {
        let key = OrderKey::Number(number.clone());
        let stored = self.store.order(&key).await?.ok_or(OrderError::NotFound)?;
        if caller.may_see(stored.order.terms().owner) {
            Ok(stored)
        } else {
            Err(OrderError::Forbidden)
        }
    }
}
