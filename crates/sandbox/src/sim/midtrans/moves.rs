//! What the bank, Midtrans or somebody at the dashboard does to a transaction.

use super::buyer::{Refusal, accept, challenge, refuse, settle};
use super::model::{Fraud, Status, Transaction};
use super::{expiry, manage, notify};
use crate::sim::book::{Closed, DisputeStep, Happening};
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// A move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// capture -> settlement, before its time.
    Settle,
    /// settlement -> deny: the money was not there.
    Reverse,
    Deny,
    Fail,
    Expire,
    Cancel,
    Challenge,
    Approve,
    /// The issuer takes the money back.
    Chargeback(Option<i64>),
    /// From now on the issuer declines refunds.
    RefuseRefunds,
}

/// Moves a transaction on.
pub fn go(world: &mut World, id: &str, to: Move) -> Result<Transaction, Refusal> {
    let transaction = super::find(world, id).cloned();
    let transaction = transaction.ok_or(Refusal::Unknown)?;
    let status = transaction.status;
    let challenged = transaction.fraud == Some(Fraud::Challenge);
    let moved = match (to, status) {
        (Move::Settle, Status::Capture) if !challenged => settle(world, transaction),
        (Move::Reverse, Status::Settlement) => reverse(world, transaction),
        (Move::Deny, Status::Pending) => refuse(world, transaction, Fraud::Accept),
        (Move::Deny, Status::Capture) if challenged => refuse(world, transaction, Fraud::Challenge),
        (Move::Fail, Status::Pending) => {
            let failed = Transaction {
                status: Status::Failure,
                waiting_card: None,
                ..transaction
            };
            world.put(Put::Transaction(Box::new(failed.clone())));
            expiry::close_unless_it_lives(world, &failed, Closed::Cancelled);
            notify::send(world, &failed);
            failed
        }
        (Move::Expire, Status::Pending) => expiry::expire(world, transaction, Closed::Cancelled),
        (Move::Cancel, Status::Pending | Status::Authorize | Status::Capture) => {
            manage::void(world, transaction)
        }
        (Move::Challenge, Status::Pending) => challenge(world, transaction),
        (Move::Approve, Status::Capture) if challenged => accept(world, transaction),
        (Move::Chargeback(amount), paid) if paid.paid() => chargeback(world, transaction, amount),
        (Move::RefuseRefunds, _) => {
            let refusing = Transaction {
                refuses_refunds: true,
                ..transaction
            };
            world.put(Put::Transaction(Box::new(refusing.clone())));
            refusing
        }
        _ => {
            let state = status.name();
            return Err(Refusal::State(format!("the transaction is {state}")));
        }
    };
    Ok(moved)
}

fn reverse(world: &mut World, mut transaction: Transaction) -> Transaction {
    transaction.status = Status::Deny;
    transaction.captured = false;
    transaction.settled = None;
    world.put(Put::Transaction(Box::new(transaction.clone())));
    world.note(Happening::Reversed {
        gateway: Gateway::Midtrans,
        capture: transaction.id.clone(),
        order: transaction.details.order.clone(),
        amount: transaction.gross_amount,
    });
    notify::send(world, &transaction);
    transaction
}

fn chargeback(world: &mut World, mut transaction: Transaction, amount: Option<i64>) -> Transaction {
    let left = transaction.gross_amount - transaction.refunded() - transaction.charged_back;
    let amount = amount.unwrap_or(left).clamp(0, left);
    transaction.charged_back += amount;
    transaction.status = if transaction.charged_back >= transaction.gross_amount {
        Status::Chargeback
    } else {
        Status::PartialChargeback
    };
    world.put(Put::Transaction(Box::new(transaction.clone())));
    world.note(Happening::Dispute {
        gateway: Gateway::Midtrans,
        dispute: format!("chargeback-{}", transaction.id),
        capture: transaction.id.clone(),
        order: transaction.details.order.clone(),
        amount: transaction.charged_back,
        step: DisputeStep::Opened,
    });
    notify::send(world, &transaction);
    transaction
}
