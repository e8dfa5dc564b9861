//! Says that a payment is paid, when the gateway says so too.

use std::sync::Arc;

use bayar_domain::{PaymentId, PaymentStatus};

use super::PayError;
use super::file::last_call;
use crate::failpoint;
use crate::port::gateway::CallError;
use crate::port::store::{CallPurpose, StoredPayment};
use crate::settle::Seen;
use crate::{App, Caller};

/// A payment whose money is proved to be there.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The payment.
    pub payment: StoredPayment,
    /// The gateway's receipt, where it was just read.
    pub receipt_url: Option<String>,
}

impl App {
    /// Reads our own checkout of a payment at the gateway, and compares it with the transaction that is named.
    ///
    /// What is named proves nothing: it only has to agree.
    ///
    /// # Errors
    /// When the gateway has another transaction for this payment, or says that it is not paid.
    pub async fn confirm_payment(
        self: &Arc<Self>,
        caller: &Caller,
        id: PaymentId,
        transaction: &str,
    ) -> Result<Confirm, PayError> {
        let stored = self.store.payment(id).await?.ok_or(PayError::NotFound)?;
        if !caller.may_see(stored.payment.terms().user) {
            return Err(PayError::Forbidden);
        }
        let (asked, found) = self.ask_in_turn(&stored, caller.actor()).await?;
        let seen = self.look(stored.payment.terms().order).await?;
        let mut names = names(&seen, id);
        for (_, reading) in &found.readings {
            names.extend(reading.names.iter().cloned());
        }
        let transaction = transaction.trim();
        let bare = transaction.strip_prefix("stripe_").unwrap_or(transaction);
        let payment = self.store.payment(id).await?.ok_or(PayError::NotFound)?;
        if !names.iter().any(|name| name == bare || name == transaction) {
            return match found.first_error() {
                // Who could not look cannot say that it is wrong.
                Some(CallError::NotSent(fault) | CallError::Unknown(fault)) => {
                    Err(PayError::Unavailable(fault))
                }
                Some(CallError::Refused(fault)) => Err(PayError::RefusedByGateway(fault)),
                None if !asked => Err(PayError::Unclear),
                None => Err(PayError::Mismatch),
            };
        }
        let mut readings = found.readings.iter();
        let receipt_url = readings.find_map(|(_, reading)| reading.receipt_url.clone());
        failpoint::hit("confirm.before_answer")?;
        match payment.payment.status() {
            PaymentStatus::Completed => Ok(Confirm {
                payment,
                receipt_url,
            }),
            PaymentStatus::Pending | PaymentStatus::Processing => match found.first_error() {
                Some(CallError::NotSent(fault) | CallError::Unknown(fault)) => {
                    Err(PayError::Unavailable(fault))
                }
                Some(CallError::Refused(fault)) => Err(PayError::RefusedByGateway(fault)),
                None if !asked => Err(PayError::Unclear),
                None => Err(PayError::NotPaidYet),
            },
            status @ (PaymentStatus::UnderReview
            | PaymentStatus::PartiallyRefunded
            | PaymentStatus::Refunded
            | PaymentStatus::Failed
            | PaymentStatus::Cancelled
            | PaymentStatus::Expired) => Err(PayError::WrongState(status)),
        }
    }
}

/// Every name we know for what a payment is at its gateways.
fn names(seen: &Seen, payment: PaymentId) -> Vec<String> {
    let mut names = Vec::new();
    let own = |attempt: &&bayar_domain::Attempt| attempt.terms().payment == payment;
    for attempt in seen.settlement.attempts().filter(own) {
        let id = attempt.terms().id;
        let session = attempt.state().session();
        names.extend(session.map(|session| session.reference.to_string()));
        let opened = last_call(&seen.calls, CallPurpose::Open(id));
        names.extend(opened.map(|opened| opened.call.key.to_string()));
    }
    let captures = seen.settlement.captures().into_iter();
    let own = captures.filter(|capture| capture.payment == payment);
    names.extend(own.map(|capture| capture.id.to_string()));
    names
}
