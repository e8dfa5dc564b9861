//! Finding what somebody means: by its id, or by the order it is for.

use super::action::ActionError;
use crate::sim::world::World;

/// A session by its id, or the newest of an order.
pub fn session(world: &World, name: &str) -> Result<String, ActionError> {
    let sessions = &world.state.stripe.sessions;
    if sessions.get(name).is_some() {
        return Ok(name.to_owned());
    }
    let newest = sessions.newest().find(|session| session.order == name);
    let newest = newest.map(|session| session.id.clone());
    newest.ok_or_else(|| ActionError::Unknown(format!("session {name}")))
}

/// A PaymentIntent by its id, by its session, or the newest of an order.
pub fn intent(world: &World, name: &str) -> Result<String, ActionError> {
    let intents = &world.state.stripe.intents;
    if intents.get(name).is_some() {
        return Ok(name.to_owned());
    }
    let of_session = world.state.stripe.sessions.get(name);
    if let Some(intent) = of_session.and_then(|session| session.payment_intent.clone()) {
        return Ok(intent);
    }
    let newest = intents.newest().find(|intent| intent.order == name);
    let newest = newest.map(|intent| intent.id.clone());
    newest.ok_or_else(|| ActionError::Unknown(format!("PaymentIntent {name}")))
}

/// A page by its token, by the order id it holds, or the newest of an order.
pub fn page(world: &World, name: &str) -> Result<String, ActionError> {
    let merchant = &world.state.midtrans;
    if merchant.pages.contains_key(name) {
        return Ok(name.to_owned());
    }
    if let Some(token) = merchant.tokens.get(name) {
        return Ok(token.clone());
    }
    let of_order = merchant
        .pages
        .values()
        .filter(|page| page.details.order == name);
    let newest = of_order.max_by_key(|page| page.created);
    let newest = newest.map(|page| page.token.clone());
    newest.ok_or_else(|| ActionError::Unknown(format!("page {name}")))
}

/// A transaction by its id, or the newest of a Midtrans order id, a page or an order.
pub fn transaction(world: &World, name: &str) -> Result<String, ActionError> {
    let merchant = &world.state.midtrans;
    if merchant.transactions.contains_key(name) {
        return Ok(name.to_owned());
    }
    if let Some(newest) = merchant.by_order.get(name).and_then(|all| all.last()) {
        return Ok(newest.clone());
    }
    let of_order = merchant.transactions.values().filter(|transaction| {
        transaction.details.order == name || transaction.token.as_deref() == Some(name)
    });
    let newest = of_order.max_by_key(|transaction| transaction.created);
    let newest = newest.map(|transaction| transaction.id.clone());
    newest.ok_or_else(|| ActionError::Unknown(format!("transaction {name}")))
}
