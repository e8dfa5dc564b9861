//! Looks where an order stands at its gateways, and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use bayar_domain::{OrderNumber, OrderStatus, PaymentId, PaymentStatus};

use super::PayError;
use super::learn::{LearnError, News, steps};
use super::resolve::worth_reading;
use crate::App;
use crate::port::gateway::Fault;
use crate::port::store::OrderKey;

/// Where an order stands, and where it would stand if what its gateways prove were applied.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Where it stands.
    pub before: OrderStatus,
    /// Where it would stand.
    pub after: OrderStatus,
    /// Its payments, oldest first.
    pub payments: Vec<InspectedPayment>,
}

/// Where a payment stands, and where it would stand.
#[derive(Debug, Clone)]
pub struct InspectedPayment {
    /// The payment.
    pub id: PaymentId,
    /// Where it stands.
    pub before: PaymentStatus,
    /// Where it would stand.
    pub after: PaymentStatus,
    /// The gateway's own word for where it stands; nothing when no gateway knows anything of it.
    pub gateway_status: Option<String>,
    /// Whether gateways prove anything that is not written down.
    pub learns: bool,
    /// Why gateways did not say all of it.
    pub faults: Vec<Fault>,
}

impl App {
    /// Asks the gateways about every payment of an order, and changes nothing here nor there.
    /// For operators: nobody is asked who they are.
    ///
    /// # Errors
    /// When there is no such order.
    pub async fn inspect_order(&self, number: &OrderNumber) -> Result<Inspection, PayError> {
        let key = OrderKey::Number(number.clone());
        let stored = self.store.order(&key).await?.ok_or(PayError::NotFound)?;
        let mut seen = self.look(stored.order.terms().id).await?;
        let as_stored = seen.settlement.clone();
        let mut words = BTreeMap::new();
        let mut learning = BTreeSet::new();
        let mut faults: BTreeMap<PaymentId, Vec<Fault>> = BTreeMap::new();
        for attempt in worth_reading(&seen, None) {
            let payment = seen.settlement.attempt(attempt);
            let Some(payment) = payment.map(|attempt| attempt.terms().payment) else {
                continue;
            };
            match self.ask(&seen, attempt).await {
                Ok(News {
                    reading,
                    facts,
                    is_new,
                }) => {
                    if is_new {
                        learning.insert(payment);
                    }
                    let steps = steps(&seen.settlement, attempt, &reading, &facts)?;
                    if let Some(last) = steps.into_iter().next_back() {
                        seen.settlement = last.settlement;
                    }
                    words.insert(payment, reading.status);
                }
                Err(LearnError::Gateway(error)) => {
                    faults
                        .entry(payment)
                        .or_default()
                        .push(error.fault().clone());
                }
                Err(LearnError::Settle(error)) => return Err(error.into()),
            }
        }
        let payments = as_stored.payments().map(|payment| {
            let id = payment.terms().id;
            let after = seen.settlement.payment(id).unwrap_or(payment);
            InspectedPayment {
                id,
                before: payment.status(),
                after: after.status(),
                gateway_status: words.remove(&id),
                learns: learning.contains(&id),
                faults: faults.remove(&id).unwrap_or_default(),
            }
        });
        Ok(Inspection {
            payments: payments.collect(),
            before: as_stored.order().status(),
            after: seen.settlement.order().status(),
        })
    }
}
