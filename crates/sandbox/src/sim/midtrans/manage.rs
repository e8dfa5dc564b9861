//! Core: reading a transaction, and moving it on.

use serde_json::Value;

use super::errors::Trouble;
use super::model::{Fraud, Status, Transaction};
use super::{Answer, Job, buyer, expiry, find, notify, render};
use crate::sim::book::{Closed, Happening};
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

fn known(world: &World, job: &Job) -> Result<Transaction, Trouble> {
    find(world, &job.subject)
        .cloned()
        .ok_or_else(Trouble::unknown)
}

fn shown(world: &World, transaction: &Transaction, code: u16, message: &str) -> (u16, Value) {
    let body = render::transaction(world, transaction, code, message);
    let loud = world.config.midtrans.http_errors && code >= 400;
    (if loud { code } else { 200 }, body)
}

/// `GET /v2/{id}/status`
pub fn status(world: &World, job: &Job) -> Answer {
    let transaction = known(world, job)?;
    let code = render::code(&transaction);
    let message = "Success, transaction is found";
    Ok(shown(world, &transaction, code, message))
}

/// `POST /v2/{id}/cancel`
pub fn cancel(world: &mut World, job: &Job) -> Answer {
    let transaction = known(world, job)?;
    let can = matches!(
        transaction.status,
        Status::Pending | Status::Authorize | Status::Capture
    );
    if !can {
        return Err(Trouble::unchangeable());
    }
    let transaction = void(world, transaction);
    Ok(shown(
        world,
        &transaction,
        200,
        "Success, transaction is canceled",
    ))
}

/// Cancels a transaction, and lets go of what was captured.
pub fn void(world: &mut World, mut transaction: Transaction) -> Transaction {
    transaction.status = Status::Cancel;
    transaction.waiting_card = None;
    if transaction.captured {
        transaction.captured = false;
        world.note(Happening::Reversed {
            gateway: Gateway::Midtrans,
            capture: transaction.id.clone(),
            order: transaction.details.order.clone(),
            amount: transaction.gross_amount,
        });
    }
    world.put(Put::Transaction(Box::new(transaction.clone())));
    expiry::close_unless_it_lives(world, &transaction, Closed::Cancelled);
    notify::send(world, &transaction);
    transaction
}

/// `POST /v2/{id}/expire`
pub fn expire(world: &mut World, job: &Job) -> Answer {
    let transaction = known(world, job)?;
    if transaction.status != Status::Pending {
        return Err(Trouble::unchangeable());
    }
    let transaction = expiry::expire(world, transaction, Closed::Cancelled);
    Ok(shown(
        world,
        &transaction,
        407,
        "Success, transaction has expired",
    ))
}

fn challenged(world: &World, job: &Job) -> Result<Transaction, Trouble> {
    let transaction = known(world, job)?;
    if transaction.fraud == Some(Fraud::Challenge) && transaction.status == Status::Capture {
        Ok(transaction)
    } else {
        Err(Trouble::unchangeable())
    }
}

/// `POST /v2/{id}/approve`
pub fn approve(world: &mut World, job: &Job) -> Answer {
    let transaction = challenged(world, job)?;
    let transaction = buyer::accept(world, transaction);
    Ok(shown(
        world,
        &transaction,
        200,
        "Success, transaction is approved",
    ))
}

/// `POST /v2/{id}/deny`
pub fn deny(world: &mut World, job: &Job) -> Answer {
    let transaction = challenged(world, job)?;
    let transaction = buyer::refuse(world, transaction, Fraud::Challenge);
    Ok(shown(
        world,
        &transaction,
        200,
        "Success, transaction is denied",
    ))
}

/// `POST /v2/capture`
pub fn capture(world: &mut World, job: &Job) -> Answer {
    let id = job.body.get("transaction_id").and_then(Value::as_str);
    let id = id.unwrap_or_default();
    let transaction = find(world, id).cloned().ok_or_else(Trouble::unknown)?;
    if transaction.status != Status::Authorize {
        return Err(Trouble::unchangeable());
    }
    let amount = job.body.get("gross_amount").and_then(Value::as_i64);
    let amount = amount.unwrap_or(transaction.gross_amount);
    if amount < 1 || amount > transaction.gross_amount {
        let message = "gross_amount is greater than the authorized amount";
        return Err(Trouble::new(400, message));
    }
    let transaction = Transaction {
        gross_amount: amount,
        ..transaction
    };
    let transaction = buyer::accept(world, transaction);
    Ok(shown(
        world,
        &transaction,
        200,
        "Success, Credit Card capture transaction is successful",
    ))
}
