use bayar_domain::fact::Fact;
use bayar_domain::{Attempt, Invoice, OrderNumber, Refund, TaxRecord};

use super::ReadError;
use crate::App;
use crate::port::store::{
    OrderKey, PaymentEvent, StoredCall, StoredDecision, StoredOrder, StoredPayment,
};
use crate::settle::{Seen, SettleError};

/// All that is known about an order.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The order.
    pub order: StoredOrder,
    /// Its payments, oldest first.
    pub payments: Vec<ExplainedPayment>,
    /// Every checkout of its payments, oldest first.
    pub attempts: Vec<Attempt>,
    /// What gateways were asked about it, oldest first.
    pub calls: Vec<StoredCall>,
    /// What gateways proved about it.
    pub facts: Vec<Fact>,
    /// What was decided about it, oldest first.
    pub decisions: Vec<StoredDecision>,
    /// What goes back of its money.
    pub refunds: Vec<Refund>,
}

/// All that is known about a payment.
#[derive(Debug, Clone)]
pub struct ExplainedPayment {
    /// The payment.
    pub stored: StoredPayment,
    /// Its invoice.
    pub invoice: Option<Invoice>,
    /// Its taxes.
    pub taxes: Vec<TaxRecord>,
    /// What happened to it, oldest first.
    pub events: Vec<PaymentEvent>,
    /// The keys that are answered with it.
    pub keys: Vec<String>,
}

impl App {
    /// All that is known about an order.
    ///
    /// # Errors
    /// When there is none, or something went wrong.
    pub async fn explain(&self, number: &OrderNumber) -> Result<Explanation, ReadError> {
        let key = OrderKey::Number(number.clone());
        let order = self.store.order(&key).await?.ok_or(ReadError::NotFound)?;
        let mut payments = Vec::new();
        for stored in self.store.payments_of(number).await? {
            let id = stored.payment.terms().id;
            let keys = self.store.keys_of(id).await?;
            payments.push(ExplainedPayment {
                invoice: self.store.invoice(id).await?,
                taxes: self.store.taxes(id).await?,
                events: self.store.events(id).await?,
                keys: keys.iter().map(|scope| scope.key.to_string()).collect(),
                stored,
            });
        }
        let id = order.order.terms().id;
        let decisions = self.store.decisions(id).await?;
        let seen = self.look(id).await;
        let Seen {
            settlement, calls, ..
        } = seen.map_err(SettleError::into_trouble)?;
        Ok(Explanation {
            order,
            payments,
            attempts: settlement.attempts().cloned().collect(),
            calls,
            facts: oldest_first(settlement.facts()),
            decisions,
            refunds: settlement.refunds().cloned().collect(),
        })
    }
}

fn oldest_first<'a>(facts: impl Iterator<Item = &'a Fact>) -> Vec<Fact> {
    let mut facts: Vec<_> = facts.cloned().collect();
    facts.sort_by_key(Fact::at);
    facts
}
