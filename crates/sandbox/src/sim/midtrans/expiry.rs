//! Pages and transactions whose time is up, and when a page counts as closed.

use super::model::{PageStatus, Status, Transaction};
use super::notify;
use crate::sim::book::{Closed, Happening};
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// From now on nobody can pay with this page.
pub fn close(world: &mut World, token: &str, why: Closed) {
    let Some(mut page) = world.state.midtrans.pages.get(token).cloned() else {
        return;
    };
    if page.status == PageStatus::Open {
        page.status = PageStatus::Finished;
    }
    let was_open = std::mem::replace(&mut page.open, false);
    let order = page.details.order.clone();
    world.put(Put::Page(Box::new(page)));
    if was_open {
        world.note(Happening::SessionClosed {
            gateway: Gateway::Midtrans,
            session: token.to_owned(),
            order,
            why,
        });
    }
}

/// The same for a transaction: its page, or the transaction itself when it has none.
pub fn close_of(world: &mut World, transaction: &Transaction, why: Closed) {
    match &transaction.token {
        Some(token) => close(world, token, why),
        None => world.note(Happening::SessionClosed {
            gateway: Gateway::Midtrans,
            session: transaction.id.clone(),
            order: transaction.details.order.clone(),
            why,
        }),
    }
}

fn page_is_on(world: &World, transaction: &Transaction) -> bool {
    let page = transaction.token.as_deref();
    let page = page.and_then(|token| world.state.midtrans.pages.get(token));
    page.is_some_and(|page| page.status == PageStatus::Open)
}

/// The same for a transaction that came to nothing, whose page may outlive it.
pub fn close_unless_it_lives(world: &mut World, transaction: &Transaction, why: Closed) {
    let outlives = world.config.midtrans.pages_outlive_transactions;
    if !(outlives && page_is_on(world, transaction)) {
        close_of(world, transaction, why);
    }
}

/// The time of a page is up. Nobody is told, and a number that was issued can still be paid.
pub fn page_is_up(world: &mut World, token: &str) {
    let Some(mut page) = world.state.midtrans.pages.get(token).cloned() else {
        return;
    };
    if page.status != PageStatus::Open || page.page_expires > world.now() {
        return;
    }
    page.status = PageStatus::Expired;
    let order_id = page.order_id.clone();
    world.put(Put::Page(Box::new(page)));
    let transactions = world.state.midtrans.by_order.get(&order_id);
    let newest = transactions.and_then(|all| all.last());
    let newest = newest.and_then(|id| world.state.midtrans.transactions.get(id));
    let payable = newest.is_some_and(|newest| {
        newest.token.as_deref() == Some(token) && newest.status == Status::Pending
    });
    if !payable {
        close(world, token, Closed::Expired);
    }
}

/// The time of a transaction is up.
pub fn transaction_is_up(world: &mut World, id: &str) {
    let Some(transaction) = world.state.midtrans.transactions.get(id).cloned() else {
        return;
    };
    let waits = matches!(transaction.status, Status::Pending | Status::Authorize);
    let up = transaction
        .expires
        .is_some_and(|expires| expires <= world.now());
    if waits && up {
        expire(world, transaction, Closed::Expired);
    }
}

/// Expires a transaction.
pub fn expire(world: &mut World, mut transaction: Transaction, why: Closed) -> Transaction {
    transaction.status = Status::Expire;
    transaction.waiting_card = None;
    world.put(Put::Transaction(Box::new(transaction.clone())));
    // After an unfinished card the buyer can still choose something else.
    let by_itself = transaction.method == "credit_card" && why == Closed::Expired;
    if !(page_is_on(world, &transaction) && by_itself) {
        close_unless_it_lives(world, &transaction, why);
    }
    notify::send(world, &transaction);
    transaction
}
