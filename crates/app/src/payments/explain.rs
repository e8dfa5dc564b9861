use bayar_domain::fact::Fact;
use bayar_domain::{Attempt, Invoice, OrderNumber, TaxRecord};

use super::ReadError;
use crate::App;
use crate::port::store::{
    OrderKey, PaymentEvent, StoredAlert, StoredCall, StoredOrder, StoredPayment,
};
use crate::refunds::{ExternalShown, RefundShown};
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
    /// What goes back of its money.
    pub refunds: Vec<RefundShown>,
    /// What went back of it without us.
    pub external: Vec<ExternalShown>,
    /// What operators were called for, oldest first.
    pub alerts: Vec<StoredAlert>,
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
        let (mut refunds, mut external) = (Vec::new(), Vec::new());
        for stored in self.store.payments_of(number).await? {
            let id = stored.payment.terms().id;
            let keys = self.store.keys_of(id).await?;
            let went_back = self.refunds_of_stored(stored.clone()).await?;
            refunds.extend(went_back.refunds);
            external.extend(went_back.external);
            payments.push(ExplainedPayment {
                invoice: self.store.invoice(id).await?,
                taxes: self.store.taxes(id).await?,
                events: self.store.events(id).await?,
                keys: keys.iter().map(|scope| scope.key.to_string()).collect(),
                stored,
            });
        }
        let alerts = self.store.alerts_of(order.order.terms().id).await?;
        let seen = self.look(order.order.terms().id).await;
        let Seen {
            settlement, calls, ..
        } = seen.map_err(SettleError::into_trouble)?;
        Ok(Explanation {
            order,
            payments,
            attempts: settlement.attempts().cloned().collect(),
            calls,
            facts: oldest_first(settlement.facts()),
            refunds,
            external,
            alerts,
        })
    }
}

fn oldest_first<'a>(facts: impl Iterator<Item = &'a Fact>) -> Vec<Fact> {
    let mut facts: Vec<_> = facts.cloned().collect();
    facts.sort_by_key(Fact::at);
    facts
}
