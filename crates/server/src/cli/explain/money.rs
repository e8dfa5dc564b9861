//! What gateways were asked about an order, and what they proved.
//!
//! Where a buyer pays, and the name of a checkout, lets people pay or look: neither is told.

use bayar_app::Explanation;
use bayar_app::port::store::{CallPurpose, CallStatus, StoredCall};
use bayar_domain::fact::{Fact, Proof};
use bayar_domain::{Attempt, Money};
use serde_json::{Value, json};

use super::output;

pub(super) fn tell(explanation: &Explanation) -> std::io::Result<()> {
    let Explanation {
        attempts,
        calls,
        facts,
        ..
    } = explanation;
    for attempt in attempts {
        let terms = attempt.terms();
        let source = &terms.source;
        output::line(format!(
            "\nAttempt {} of payment {} at {} (account {}, mode {}) is {}.",
            terms.id,
            terms.payment,
            source.gateway,
            source.account,
            source.mode,
            attempt.status()
        ))?;
        if let Some(session) = attempt.state().session() {
            let end = session.expires_at.to_rfc3339();
            output::line(format!("{end}  its checkout ends"))?;
        }
    }
    if !calls.is_empty() {
        output::line("\nGateways were asked:")?;
    }
    for stored in calls {
        let StoredCall {
            call,
            status,
            epoch,
            fault,
            created_at,
            ..
        } = stored;
        let fault = fault.as_ref().map(|fault| format!(", {fault}"));
        output::line(format!(
            "{}  to {} (call {}, taken {epoch} times): {}{}",
            created_at.to_rfc3339(),
            purpose(call.purpose),
            call.key,
            told(*status),
            fault.unwrap_or_default()
        ))?;
    }
    if !facts.is_empty() {
        output::line("\nGateways proved:")?;
    }
    for fact in facts {
        let about = fact.proof().capture();
        let about = about.map(|capture| format!(" {capture}"));
        let amount = amount(fact.proof()).map(|it| format!(" {it} {}", it.currency()));
        output::line(format!(
            "{}  attempt {}: {}{}{}",
            fact.at().to_rfc3339(),
            fact.attempt(),
            fact.kind(),
            about.unwrap_or_default(),
            amount.unwrap_or_default()
        ))?;
    }
    Ok(())
}

fn purpose(purpose: CallPurpose) -> String {
    match purpose {
        CallPurpose::Open(attempt) => format!("open attempt {attempt}"),
        CallPurpose::Close(attempt) => format!("close attempt {attempt}"),
        CallPurpose::Answer(attempt) => format!("answer about attempt {attempt}"),
        CallPurpose::Refund(refund) => format!("make refund {refund}"),
    }
}

const fn told(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Planned => "not asked yet",
        CallStatus::Sent => "asked, and nobody knows what became of it",
        CallStatus::Done => "done",
        CallStatus::Refused => "not done",
    }
}

const fn amount(proof: &Proof) -> Option<Money> {
    match proof {
        Proof::Captured { amount, .. }
        | Proof::Challenged { amount, .. }
        | Proof::Refunded { amount, .. } => Some(*amount),
        Proof::Disputed { held, .. } => Some(*held),
        Proof::Reversed { .. } | Proof::Declined { .. } | Proof::Failed { .. } | Proof::Expired => {
            None
        }
    }
}

pub(super) fn attempt_json(attempt: &Attempt) -> Value {
    let terms = attempt.terms();
    let session = attempt.state().session();
    json!({
        "attempt_id": terms.id.get(),
        "payment_id": terms.payment.get(),
        "gateway": terms.source.gateway.as_str(),
        "account": terms.source.account.as_str(),
        "mode": terms.source.mode.as_str(),
        "status": attempt.status().as_str(),
        "expires_at": session.map(|session| session.expires_at),
    })
}

pub(super) fn call_json(stored: &StoredCall) -> Value {
    let purpose = stored.call.purpose;
    json!({
        "key": stored.call.key.as_str(),
        "operation": purpose.operation().as_str(),
        "subject": purpose.subject(),
        "status": stored.status.as_str(),
        "taken": stored.epoch,
        "fault": stored.fault,
        "created_at": stored.created_at,
    })
}

pub(super) fn fact_json(fact: &Fact) -> Value {
    let amount = amount(fact.proof());
    json!({
        "attempt_id": fact.attempt().get(),
        "kind": fact.kind().as_str(),
        "capture": fact.proof().capture().map(|capture| capture.as_str()),
        "amount": amount.map(|amount| amount.to_string()),
        "currency": amount.map(|amount| amount.currency().code()),
        "at": fact.at(),
    })
}
