//! A quick look at an open checkout before a buyer is sent there again.

use std::time::Duration;

use bayar_domain::Attempt;

use super::PayError;
use super::learn::{LearnError, News};
use super::refresh::SPACING;
use crate::App;
use crate::port::store::Actor;
use crate::settle::Seen;

/// How long a gateway may take. A buyer waits.
const PATIENCE: Duration = Duration::from_secs(2);

impl App {
    /// Looks whether an open checkout can still be paid: the buyer may have done so, and a bank be working on it.
    /// Where the gateway does not say so at once, what is stored is taken to be true.
    /// Answers whether the order has moved.
    pub(super) async fn glance(
        &self,
        seen: &Seen,
        attempt: &Attempt,
        by: Actor,
    ) -> Result<bool, PayError> {
        let terms = attempt.terms();
        if self.store.may_read(terms.payment, SPACING).await? {
            // Nothing but an answer is given up here: no transaction is open while the gateway is asked.
            let asked = tokio::time::timeout(PATIENCE, self.ask(seen, terms.id)).await;
            match asked {
                Ok(Ok(news @ News { is_new: true, .. })) => {
                    let order = seen.settlement.order().terms().id;
                    let learned = self.apply(order, terms.id, news, by).await?;
                    self.work_off(order, learned.planned).await?;
                    return Ok(true);
                }
                Ok(Err(LearnError::Settle(error))) => return Err(error.into()),
                Ok(Ok(_) | Err(LearnError::Gateway(_))) | Err(_) => {}
            }
        }
        Ok(false)
    }
}
