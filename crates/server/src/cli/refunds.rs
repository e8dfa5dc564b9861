//! `bayar refunds`: money going back, and what an operator does about it by hand.

use std::sync::Arc;

use bayar_app::identity::{Email, Role};
use bayar_app::port::store::{Actor, StoredRefund, WhichRefunds};
use bayar_app::{App, RefundError, RefundShown};
use bayar_domain::gateway::TransferReference;
use bayar_domain::refund::{RefundFailure, RefundState};
use bayar_domain::{RefundId, RefundStatus};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use thiserror::Error;

use super::output::{self, Failure, note};

#[derive(Debug, Subcommand)]
pub enum RefundsCommand {
    /// Refunds, oldest first
    List {
        /// Only those that are not at their end, or failed and are still owed
        #[arg(long)]
        open: bool,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell everything that is known about a refund
    Show {
        /// Its id, as `bayar refunds list` shows it
        id: RefundId,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Say that the money of a refund was transferred by hand
    ///
    /// The refund must be `manual`. It is `succeeded` then, and its credit note is issued.
    /// The same reference again changes nothing.
    Settle {
        /// Its id
        id: RefundId,
        /// Where the proof of the transfer can be found, such as the bank's number of it
        #[arg(long)]
        reference: TransferReference,
        #[command(flatten)]
        who: Who,
    },
    /// Put a refund into an operator's hands: no gateway is asked for it any more
    ///
    /// It must be `requested` or `failed`. It is `manual` then, and its money is kept for it
    /// until `bayar refunds settle` or `bayar refunds withdraw`.
    TakeOver {
        /// Its id
        id: RefundId,
        #[command(flatten)]
        who: Who,
    },
    /// Ask anew for a refund that failed and is owed
    ///
    /// Another refund of the same money is made and sent, for the same amount, or for all that is left of surplus.
    /// The one that failed is not owed any more, so that doing it twice makes one. The answer tells of the new one.
    Retry {
        /// The id of the refund that failed
        id: RefundId,
        #[command(flatten)]
        who: Who,
    },
    /// Give a refund up that its gateway took on and knows nothing of
    ///
    /// It must be `sent` or `unknown` and not have moved for 14 days, and the gateway is asked once more.
    /// It is `failed` then, and owed: `bayar refunds retry` or `bayar refunds take-over` gives the money back.
    GiveUp {
        /// Its id
        id: RefundId,
        #[command(flatten)]
        who: Who,
    },
    /// Call a refund off that no gateway has, or say that one that failed is not owed any more
    ///
    /// It must be `requested`, `manual` or `failed`. Withdraw what failed when the buyer has got the money
    /// by another refund, or is to get none. Surplus that nobody gives back is sent by Bayar itself:
    /// a failed refund of it is taken over or asked for anew.
    Withdraw {
        /// Its id
        id: RefundId,
        #[command(flatten)]
        who: Who,
    },
}

/// Who does it, and how it is told.
#[derive(Debug, Args)]
pub struct Who {
    /// The operator who does it, by their address: the history names them. Without it, it says `command`
    #[arg(long, value_name = "EMAIL")]
    by: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Why a command about a refund does nothing.
#[derive(Debug, Error)]
enum Refusal {
    /// It is not there.
    #[error("there is no refund {0}")]
    NoSuchRefund(RefundId),
    /// It is in another state than it must be.
    #[error("refund {id} is {status}: {rule}")]
    WrongState {
        id: RefundId,
        status: RefundStatus,
        rule: &'static str,
    },
    /// Nobody has that address.
    #[error("nobody with an account here has the address {0}")]
    Nobody(String),
    /// Somebody else than an operator.
    #[error("{0} is no operator, or is shut out")]
    NoOperator(String),
}

/// How many refunds are read at once.
const PART: u32 = 200;

pub async fn run(app: &Arc<App>, command: RefundsCommand) -> Result<(), Failure> {
    match command {
        RefundsCommand::List { open, json } => list(app, open, json).await,
        RefundsCommand::Show { id, json } => {
            let shown = app.find_refund(id).await;
            let shown = shown.map_err(|error| refused(id, error, "-"))?;
            tell(app, &shown, json).await
        }
        RefundsCommand::Settle { id, reference, who } => {
            let by = who.actor(app).await?;
            let settled = app.settle_refund(by, id, reference).await;
            let rule = "only one that is manual is settled; see `bayar refunds take-over`";
            told(id, settled, rule, who.json)
        }
        RefundsCommand::TakeOver { id, who } => {
            let by = who.actor(app).await?;
            let taken = app.take_over_refund(by, id).await;
            let rule = "the gateway may be giving the money back, or did";
            told(id, taken, rule, who.json)
        }
        RefundsCommand::Retry { id, who } => {
            let by = who.actor(app).await?;
            let anew = app.retry_refund(by, id).await;
            let rule = "only one that failed and is still owed is asked for anew";
            told(id, anew, rule, who.json)
        }
        RefundsCommand::GiveUp { id, who } => {
            let by = who.actor(app).await?;
            let given_up = app.give_up_refund(by, id).await;
            let rule = "only one that a gateway took on and does not tell of is given up";
            told(id, given_up, rule, who.json)
        }
        RefundsCommand::Withdraw { id, who } => {
            let by = who.actor(app).await?;
            let withdrawn = app.withdraw_refund(by, id).await;
            let rule = "the gateway may be giving the money back, or it went back, or it is surplus that has to go back";
            told(id, withdrawn, rule, who.json)
        }
    }
}

impl Who {
    async fn actor(&self, app: &App) -> Result<Actor, Failure> {
        let Some(address) = &self.by else {
            return Ok(Actor::Command);
        };
        let email = Email::new(address)?;
        let user = app.store().user_by_email(&email).await?;
        let (user, _) = user.ok_or_else(|| Refusal::Nobody(address.clone()))?;
        if user.role == Role::Operator && user.disabled_at.is_none() {
            Ok(Actor::User(user.id))
        } else {
            Err(Refusal::NoOperator(address.clone()).into())
        }
    }
}

fn refused(id: RefundId, error: RefundError, rule: &'static str) -> Failure {
    match error {
        RefundError::NotFound => Refusal::NoSuchRefund(id).into(),
        RefundError::WrongState(status) => Refusal::WrongState { id, status, rule }.into(),
        error => error.into(),
    }
}

/// Says where a refund stands after a command.
fn told(
    id: RefundId,
    moved: Result<StoredRefund, RefundError>,
    rule: &'static str,
    json: bool,
) -> Result<(), Failure> {
    let stored = moved.map_err(|error| refused(id, error, rule))?;
    if json {
        Ok(output::json(&as_json(&stored))?)
    } else {
        Ok(output::line(sentence(&stored))?)
    }
}

async fn list(app: &App, open: bool, json: bool) -> Result<(), Failure> {
    let which = if open {
        WhichRefunds::Open
    } else {
        WhichRefunds::All
    };
    let mut found: Vec<StoredRefund> = Vec::new();
    loop {
        let after = found.last().map(|stored| stored.refund.terms().id);
        let part = app.list_refunds(which, after, PART).await?;
        if part.is_empty() {
            break;
        }
        found.extend(part);
    }
    if json {
        let found: Vec<_> = found.iter().map(as_json).collect();
        return Ok(output::json(&found)?);
    }
    let rows = found.iter().map(|stored| {
        let refund = &stored.refund;
        let terms = refund.terms();
        [
            terms.id.to_string(),
            terms.payment.to_string(),
            format!("{} {}", refund.amount(), refund.amount().currency()),
            refund.status().to_string(),
            terms.origin.to_string(),
            stored.created_at.to_rfc3339(),
            terms
                .reason
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        ]
    });
    let headings = [
        "id",
        "payment",
        "amount",
        "status",
        "origin",
        "asked for",
        "reason",
    ];
    Ok(output::table(headings, rows.collect())?)
}

async fn tell(app: &App, shown: &RefundShown, json: bool) -> Result<(), Failure> {
    let stored = &shown.stored;
    let terms = stored.refund.terms();
    let payment = app.store().payment(terms.payment).await?;
    let order = payment.map(|payment| payment.order_number.to_string());
    if json {
        let mut told = as_json(stored);
        if let Some(told) = told.as_object_mut() {
            let notes = shown.notes.iter().map(note_json).collect();
            let events = shown.events.iter().map(event_json).collect();
            told.insert("order_number".to_owned(), json!(order));
            told.insert("credit_notes".to_owned(), notes);
            told.insert("events".to_owned(), events);
        }
        return Ok(output::json(&told)?);
    }
    output::line(sentence(stored))?;
    if let Some(order) = order {
        output::line(format!(
            "It gives money of order {order} back; `bayar payments explain {order}` tells the rest."
        ))?;
    }
    if let Some(reason) = &terms.reason {
        output::line(format!("Why: {reason}"))?;
    }
    for event in &shown.events {
        let at = event.at.to_rfc3339();
        let by = event.by;
        match event.from {
            None => output::line(format!("{at}  {} by {by}", event.to))?,
            Some(from) => output::line(format!("{at}  {from} -> {} by {by}", event.to))?,
        }
    }
    for issued in &shown.notes {
        let terms = issued.terms();
        output::line(format!(
            "{}  credit note {} over {} {}",
            terms.issued_at.to_rfc3339(),
            terms.number,
            terms.amount,
            terms.amount.currency()
        ))?;
    }
    let id = terms.id;
    match stored.refund.status() {
        RefundStatus::Manual => note(&format!(
            "transfer the money by hand, then: bayar refunds settle {id} --reference REFERENCE"
        )),
        RefundStatus::Failed if is_owed(stored) => note(&format!(
            "the money is still here: bayar refunds retry {id}, or by hand: bayar refunds take-over {id}, \
             or if it is not owed any more: bayar refunds withdraw {id}"
        )),
        RefundStatus::Failed
        | RefundStatus::Requested
        | RefundStatus::Sent
        | RefundStatus::Unknown
        | RefundStatus::Succeeded => {}
    }
    Ok(())
}

/// Whether it failed and nobody has withdrawn it.
fn is_owed(stored: &StoredRefund) -> bool {
    match stored.refund.state() {
        RefundState::Failed { reason } => *reason != RefundFailure::Withdrawn,
        RefundState::Requested
        | RefundState::Sent
        | RefundState::Unknown
        | RefundState::Manual
        | RefundState::Succeeded { .. } => false,
    }
}

fn sentence(stored: &StoredRefund) -> String {
    let refund = &stored.refund;
    let terms = refund.terms();
    let more = match refund.state() {
        RefundState::Failed { reason } => format!(" ({reason})"),
        RefundState::Succeeded {
            transfer: Some(reference),
        } => format!(" (transferred by hand: {reference})"),
        RefundState::Succeeded { transfer: None }
        | RefundState::Requested
        | RefundState::Sent
        | RefundState::Unknown
        | RefundState::Manual => String::new(),
    };
    format!(
        "Refund {} of payment {} over {} {} is {}{more}.",
        terms.id,
        terms.payment,
        refund.amount(),
        refund.amount().currency(),
        refund.status(),
    )
}

fn as_json(stored: &StoredRefund) -> Value {
    let refund = &stored.refund;
    let terms = refund.terms();
    let (failure, transfer) = match refund.state() {
        RefundState::Failed { reason } => (Some(reason.as_str()), None),
        RefundState::Succeeded { transfer } => (None, transfer.as_ref()),
        RefundState::Requested | RefundState::Sent | RefundState::Unknown | RefundState::Manual => {
            (None, None)
        }
    };
    json!({
        "refund_id": terms.id.get(),
        "payment_id": terms.payment.get(),
        "amount": refund.amount().to_string(),
        "currency": refund.amount().currency().code(),
        "status": refund.status().as_str(),
        "failure": failure,
        "transfer_reference": transfer.map(|reference| reference.as_str()),
        "reason": terms.reason.as_ref().map(|reason| reason.as_str()),
        "origin": terms.origin.as_str(),
        "by": stored.by.map(|by| by.to_string()),
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    })
}

fn note_json(note: &bayar_domain::CreditNote) -> Value {
    let terms = note.terms();
    json!({
        "credit_note_number": terms.number.as_str(),
        "amount": terms.amount.to_string(),
        "currency": terms.amount.currency().code(),
        "issued_at": terms.issued_at,
    })
}

fn event_json(event: &bayar_app::port::store::RefundEvent) -> Value {
    json!({
        "version": event.version,
        "from": event.from.map(|status| status.as_str()),
        "to": event.to.as_str(),
        "by": event.by.to_string(),
        "at": event.at,
    })
}
