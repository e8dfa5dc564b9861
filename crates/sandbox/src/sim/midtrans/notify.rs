//! Notifications.

use super::model::{Status, Transaction};
use super::render;
use crate::sim::gateway::Gateway;
use crate::sim::webhooks::Message;
use crate::sim::world::World;

/// The code a notification carries: cancel and expire say 202 there.
pub fn code(transaction: &Transaction) -> u16 {
    match transaction.status {
        Status::Cancel | Status::Expire => 202,
        _ => render::code(transaction),
    }
}

/// Where the notifications of a transaction go.
pub fn urls(world: &World, transaction: &Transaction) -> Vec<String> {
    let details = &transaction.details;
    if !details.replace.is_empty() {
        return details.replace.clone();
    }
    let usual = world.urls.midtrans.iter();
    usual.chain(&details.append).cloned().collect()
}

/// Tells the merchant where a transaction stands.
pub fn send(world: &mut World, transaction: &Transaction) {
    let message = "midtrans payment notification";
    let body = render::transaction(world, transaction, code(transaction), message);
    let body = body.to_string();
    for url in urls(world, transaction) {
        world.send(Message {
            gateway: Gateway::Midtrans,
            url,
            subject: transaction.id.clone(),
            event: transaction.status.name().to_owned(),
            order: Some(transaction.details.order.clone()),
            body: body.clone(),
            secrets: Vec::new(),
        });
    }
}
