//! The control API for a test in the same process.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::action::{Action, ActionError, perform};
use crate::sim::book::Book;
use crate::sim::clock::Millis;
use crate::sim::faults::Rule;
use crate::sim::timeline;
use crate::sim::webhooks::{self, Delivery, WebhookRule, WebhookUrls};
use crate::sim::world::{Broken, Shared};

/// The simulator as a test holds it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl From<Broken> for ActionError {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

impl Handle {
    pub(in crate::sim) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes something happen.
    ///
    /// # Errors
    /// When there is nothing of that name, it cannot happen now, or the buyer is declined.
    pub fn act(&self, action: Action) -> Result<Value, ActionError> {
        self.shared.with(|world| perform(world, action))?
    }

    /// The buyer pays a Stripe session (or the newest of an order) with a card that needs no 3-D Secure.
    ///
    /// # Errors
    /// When there is no such session, it is not open, or the card is declined.
    pub fn pay_stripe(&self, session: &str) -> Result<Value, ActionError> {
        self.act(Action::StripePayCard {
            session: session.to_owned(),
            card: "4242424242424242".to_owned(),
        })
    }

    /// The buyer pays a Snap page (or the newest of an order) with a method such as `gopay` or `bca_va`.
    ///
    /// # Errors
    /// When there is no such page, it is not open, or the method is not offered.
    pub fn pay_midtrans(&self, page: &str, method: &str) -> Result<Value, ActionError> {
        let chosen = self.act(Action::MidtransChoose {
            page: page.to_owned(),
            method: method.to_owned(),
        })?;
        let id = chosen.get("transaction_id").and_then(Value::as_str);
        self.act(Action::MidtransPay {
            transaction: id.unwrap_or_default().to_owned(),
            late: false,
        })
    }

    /// The buyer pays a Snap page with a card, and gives the right password.
    ///
    /// # Errors
    /// When there is no such page, it is not open, or the card is denied.
    pub fn pay_midtrans_card(&self, page: &str, card: &str) -> Result<Value, ActionError> {
        let typed = self.act(Action::MidtransCard {
            page: page.to_owned(),
            card: card.to_owned(),
        })?;
        if typed.get("transaction_status").and_then(Value::as_str) != Some("pending") {
            return Ok(typed);
        }
        let id = typed.get("transaction_id").and_then(Value::as_str);
        self.act(Action::MidtransPassword {
            transaction: id.unwrap_or_default().to_owned(),
            right: true,
        })
    }

    /// Some requests go wrong from now on. The rule's id.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub fn add_fault(&self, rule: Rule) -> Result<String, ActionError> {
        Ok(self.shared.with(|world| world.faults.add(rule))?)
    }

    /// No request goes wrong any more.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub fn clear_faults(&self) -> Result<(), ActionError> {
        Ok(self.shared.with(|world| world.faults.clear())?)
    }

    /// Some webhooks go wrong from now on. The rule's id.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub fn add_webhook_rule(&self, rule: WebhookRule) -> Result<String, ActionError> {
        Ok(self.shared.with(|world| world.rules.add(rule))?)
    }

    /// No webhook goes wrong any more.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub fn clear_webhook_rules(&self) -> Result<(), ActionError> {
        Ok(self.shared.with(|world| world.rules.clear())?)
    }

    /// Webhooks go there from now on: for a service that starts after its gateways.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub fn send_webhooks_to(&self, urls: WebhookUrls) -> Result<(), ActionError> {
        Ok(self.shared.with(|world| world.urls = urls)?)
    }

    /// Moves the simulated clock. Whatever is due on the way happens in its order, and every
    /// webhook is answered before its next attempt is due.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub async fn advance(&self, by: Duration) -> Result<(), ActionError> {
        let shared = Arc::clone(&self.shared);
        let moved = self
            .shared
            .runtime
            .spawn(async move { timeline::advance(&shared, by).await });
        moved
            .await
            .unwrap_or(Err(Broken))
            .map_err(ActionError::from)
    }

    /// Waits until every webhook that is due was answered, or given up.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub async fn settle(&self) -> Result<(), ActionError> {
        let shared = Arc::clone(&self.shared);
        let settled = self
            .shared
            .runtime
            .spawn(async move { webhooks::settle(&shared).await });
        settled
            .await
            .unwrap_or(Err(Broken))
            .map_err(ActionError::from)
    }

    /// The simulated time, in milliseconds since 1970.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub fn now(&self) -> Result<Millis, ActionError> {
        Ok(self.shared.with(|world| world.now())?)
    }

    /// Whether a request with this idempotency key is being served now, at either gateway.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub fn is_in_flight(&self, key: &str) -> Result<bool, ActionError> {
        Ok(self.shared.with(|world| {
            let mut at_stripe = world.state.stripe.in_flight.iter();
            at_stripe.any(|(_, taken)| taken == key) || world.state.midtrans.in_flight.contains(key)
        })?)
    }

    /// Everything that happened so far, also after the simulator was stopped.
    #[must_use]
    pub fn book(&self) -> Book {
        self.shared.book()
    }

    /// Every webhook there is to send, or was.
    ///
    /// # Errors
    /// When the book cannot be written.
    pub fn deliveries(&self) -> Result<Vec<Delivery>, ActionError> {
        Ok(self
            .shared
            .with(|world| world.state.deliveries.iter().cloned().collect())?)
    }
}
