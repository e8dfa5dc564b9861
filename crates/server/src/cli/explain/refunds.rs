//! What went back of an order's money, and what operators were called for.

use bayar_app::port::store::{StoredAlert, StoredExternalRefund, StoredRefund};
use bayar_app::{Explanation, ExternalShown, RefundShown};
use bayar_domain::CreditNote;
use bayar_domain::refund::RefundState;
use serde_json::{Value, json};

use super::output;

pub(super) fn tell(explanation: &Explanation) -> std::io::Result<()> {
    for RefundShown {
        stored,
        notes,
        events,
    } in &explanation.refunds
    {
        let StoredRefund { refund, .. } = stored;
        let (terms, amount) = (refund.terms(), refund.amount());
        output::line(format!(
            "\nRefund {} of payment {} over {amount} {} is {}.",
            terms.id,
            terms.payment,
            amount.currency(),
            refund.status()
        ))?;
        for event in events {
            let at = event.at.to_rfc3339();
            match event.from {
                None => output::line(format!("{at}  {} by {}", event.to, event.by))?,
                Some(from) => {
                    output::line(format!("{at}  {from} -> {} by {}", event.to, event.by))?;
                }
            }
        }
        if let Some(reason) = &terms.reason {
            output::line(format!("It was asked for because: {reason}"))?;
        }
        if let RefundState::Succeeded {
            transfer: Some(transfer),
        } = refund.state()
        {
            output::line(format!("It was transferred by hand: {transfer}"))?;
        }
        tell_notes(notes)?;
    }
    for ExternalShown { stored, notes } in &explanation.external {
        let StoredExternalRefund { id, state, .. } = stored;
        output::line(format!(
            "\nRefund {id} over {} {} was made at the gateway, and is {}.",
            state.amount,
            state.amount.currency(),
            state.step
        ))?;
        tell_notes(notes)?;
    }
    if !explanation.alerts.is_empty() {
        output::line("\nOperators were called:")?;
    }
    for alert in &explanation.alerts {
        let what = serde_json::to_string(&alert.alert).map_err(std::io::Error::other)?;
        let end = alert
            .cleared_at
            .map(|at| format!(", until {}", at.to_rfc3339()));
        output::line(format!(
            "{}  {what}{}",
            alert.raised_at.to_rfc3339(),
            end.unwrap_or_default()
        ))?;
    }
    Ok(())
}

fn tell_notes(notes: &[CreditNote]) -> std::io::Result<()> {
    for note in notes {
        let terms = note.terms();
        output::line(format!(
            "Its credit note {} is over {} {}.",
            terms.number,
            terms.amount,
            terms.amount.currency()
        ))?;
    }
    Ok(())
}

pub(super) fn refund_json(shown: &RefundShown) -> Value {
    let refund = &shown.stored.refund;
    let terms = refund.terms();
    let events: Vec<_> = shown
        .events
        .iter()
        .map(|event| {
            json!({
                "version": event.version,
                "from": event.from.map(|status| status.as_str()),
                "to": event.to.as_str(),
                "by": event.by.to_string(),
                "at": event.at,
            })
        })
        .collect();
    json!({
        "refund_id": terms.id.get(),
        "payment_id": terms.payment.get(),
        "amount": refund.amount().to_string(),
        "currency": refund.amount().currency().code(),
        "status": refund.status().as_str(),
        "origin": terms.origin.as_str(),
        "reason": terms.reason.as_ref().map(|reason| reason.as_str()),
        "by": shown.stored.by.map(|by| by.to_string()),
        "created_at": shown.stored.created_at,
        "events": events,
        "credit_notes": notes_json(&shown.notes),
    })
}

pub(super) fn external_json(shown: &ExternalShown) -> Value {
    let StoredExternalRefund { id, state, .. } = &shown.stored;
    json!({
        "refund": id.as_str(),
        "payment_id": state.payment.map(|id| id.get()),
        "amount": state.amount.to_string(),
        "currency": state.amount.currency().code(),
        "status": state.step.as_str(),
        "created_at": shown.stored.created_at,
        "credit_notes": notes_json(&shown.notes),
    })
}

pub(super) fn alert_json(alert: &StoredAlert) -> Value {
    json!({
        "alert": alert.alert,
        "raised_at": alert.raised_at,
        "cleared_at": alert.cleared_at,
    })
}

fn notes_json(notes: &[CreditNote]) -> Vec<Value> {
    let note = |note: &CreditNote| {
        let terms = note.terms();
        json!({
            "number": terms.number.as_str(),
            "amount": terms.amount.to_string(),
            "currency": terms.amount.currency().code(),
            "issued_at": terms.issued_at,
        })
    };
    notes.iter().map(note).collect()
}
