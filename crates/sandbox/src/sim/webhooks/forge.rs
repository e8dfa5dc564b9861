//! Webhooks no gateway would send.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::queue::Message;
use super::rules::Tamper;
use crate::sim::gateway::Gateway;
use crate::sim::midtrans::{self, notify};
use crate::sim::stripe::{events, model as stripe, render};
use crate::sim::world::World;

/// A webhook that is made up. It is sent once and never again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forgery {
    /// A session's id at Stripe, a transaction or its `order_id` at Midtrans.
    pub about: String,
    /// The event's type at Stripe, the transaction's status at Midtrans.
    pub event: String,
    /// What is wrong with it.
    pub how: Tamper,
}

/// Sends a made-up webhook. Where it goes to, if there is what it is about.
pub fn forge(world: &mut World, forgery: &Forgery) -> Option<Vec<String>> {
    let session = world.state.stripe.sessions.get(&forgery.about).cloned();
    let messages = match session {
        Some(session) => of_session(world, &session, &forgery.event),
        None => of_transaction(world, forgery)?,
    };
    let send = |message| world.send_as(message, Some(forgery.how.clone()));
    Some(messages.into_iter().map(send).collect())
}

/// The event claims that the session is paid.
fn of_session(world: &mut World, session: &stripe::Session, event: &str) -> Vec<Message> {
    let mut object = render::session(world, session);
    let paid = event.contains("completed") || event.contains("succeeded");
    if let (true, Some(fields)) = (paid, object.as_object_mut()) {
        fields.insert("status".to_owned(), "complete".into());
        fields.insert("payment_status".to_owned(), "paid".into());
    }
    let id = world.ids.object("evt");
    let body = json!({
        "id": id,
        "object": "event",
        "api_version": world.config.stripe.api_version,
        "created": world.seconds(),
        "data": { "object": object },
        "livemode": session.livemode,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": event,
    });
    let targets = events::targets(world, event, session.livemode);
    let message = |(url, secrets)| Message {
        gateway: Gateway::Stripe,
        url,
        subject: id.clone(),
        event: event.to_owned(),
        order: Some(session.order.clone()),
        body: body.to_string(),
        secrets,
    };
    targets.into_iter().map(message).collect()
}

/// The notification claims that the transaction has another status.
fn of_transaction(world: &mut World, forgery: &Forgery) -> Option<Vec<Message>> {
    let transaction = midtrans::find(world, &forgery.about)?.clone();
    let code = notify::code(&transaction);
    let mut body: Value =
        midtrans::render::transaction(world, &transaction, code, "midtrans payment notification");
    // With `edited` the code stays, so that the signature still holds.
    if let Some(fields) = body.as_object_mut() {
        fields.insert(
            "transaction_status".to_owned(),
            forgery.event.clone().into(),
        );
    }
    let message = |url| Message {
        gateway: Gateway::Midtrans,
        url,
        subject: transaction.id.clone(),
        event: forgery.event.clone(),
        order: Some(transaction.details.order.clone()),
        body: body.to_string(),
        secrets: Vec::new(),
    };
    let urls = notify::urls(world, &transaction);
    Some(urls.into_iter().map(message).collect())
}
