//! A door for tests that move orders by rules of their own.

use bayar_domain::settlement::Refused;
use bayar_domain::{OrderId, Settlement, Step};
use chrono::{DateTime, Utc};

use super::{Move, Seen, SettleError};
use crate::port::store::Actor;
use crate::{App, Trouble};

impl App {
    /// Moves an order by one step, in the same transaction as every use case: with its papers, its announcements,
    /// its records and its calls, which nobody makes. The rule is told the order, the credits of its buyer,
    /// and the time.
    ///
    /// # Errors
    /// When something else goes wrong than that the rule refuses.
    pub async fn settle_by(
        &self,
        order: OrderId,
        by: Actor,
        rule: impl Fn(&Settlement, i64, DateTime<Utc>) -> Result<Step, Refused> + Send,
    ) -> Result<Result<(), Refused>, Trouble> {
        let rule = move |seen: &Seen| {
            let step = rule(&seen.settlement, seen.credit_balance(), seen.now)?;
            Ok(Move::from(step))
        };
        match self.settle(order, by, rule).await {
            Ok(_) => Ok(Ok(())),
            Err(SettleError::Refused(refused)) => Ok(Err(refused)),
            Err(error) => Err(error.into_trouble()),
        }
    }
}
