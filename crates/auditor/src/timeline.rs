//! All that happened to one order, ours and the gateways', by time.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::book::{DisputeStep, Happened, RefundStep};
use crate::checks::Case;
use crate::file::OrderFile;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Moment {
    pub at: DateTime<Utc>,
    /// Who says so: we, a gateway, or a client.
    pub who: &'static str,
    pub what: String,
}

const US: &str = "bayar";
const GATEWAY: &str = "gateway";
const CLIENT: &str = "client";

/// What happened to an order, oldest first.
pub(crate) fn of(case: &Case<'_>, order: &str) -> Vec<Moment> {
    let mut moments = Vec::new();
    if let Some(file) = case.file_of(order) {
        ours(file, &mut moments);
        told(case, file, &mut moments);
    }
    let about = case
        .book
        .entries
        .iter()
        .filter(|entry| entry.what.order() == Some(order));
    for entry in about {
        moments.push(Moment {
            at: entry.at,
            who: GATEWAY,
            what: theirs(&entry.what),
        });
    }
    moments.sort_by_key(|moment| moment.at);
    moments
}

fn ours(file: &OrderFile<'_>, moments: &mut Vec<Moment>) {
    let mut add = |at, what| moments.push(Moment { at, who: US, what });
    let order = file.order;
    add(
        order.created_at,
        format!("the order over {} {} was registered", order.price_minor, order.currency),
    );
    for payment in &file.payments {
        for event in &payment.events {
            let from = event.from_status.as_deref().unwrap_or("nothing");
            let (id, to, actor) = (payment.row.id, &event.to_status, &event.actor);
            add(event.at, format!("payment {id}: {from} -> {to} by {actor}"));
        }
    }
    for decision in &file.decisions {
        let (what, actor) = (&decision.decision, &decision.actor);
        add(decision.at, format!("decided by {actor}: {what}"));
    }
    for call in &file.calls {
        let what = format!(
            "call {} (to {} {}, number {})",
            call.key, call.operation, call.subject_id, call.generation
        );
        add(call.created_at, format!("{what} was written down"));
        if let Some(at) = call.finished_at {
            let fault = call.fault.as_deref().unwrap_or("no fault");
            add(at, format!("{what} is {}: {fault}", call.status));
        }
    }
    for fact in &file.facts {
        let row = fact.row;
        add(
            row.recorded_at,
            format!("learned from {}: {} {} ({})", row.gateway, row.object, row.kind, row.step),
        );
    }
    for refund in &file.refunds {
        add(
            refund.created_at,
            format!(
                "refund {} over {} of {} was written down; it is {} now",
                refund.id, refund.amount_minor, refund.capture, refund.status
            ),
        );
    }
}

fn told(case: &Case<'_>, file: &OrderFile<'_>, moments: &mut Vec<Moment>) {
    let Some(clients) = case.clients else { return };
    for told in &clients.told {
        let id = told.body.pointer("/data/payment_id");
        let id = id.or_else(|| told.body.pointer("/data/payment/id"));
        let id = id.and_then(serde_json::Value::as_i64);
        if id.is_some_and(|id| file.payment(id).is_some()) {
            let status = told.status;
            let what = format!("was answered {status} about payment {}", id.unwrap_or(0));
            moments.push(Moment {
                at: told.at,
                who: CLIENT,
                what,
            });
        }
    }
}

/// The name of a checkout lets people pay or look: it is not told.
fn theirs(what: &Happened) -> String {
    match what {
        Happened::Asked { operation, key, .. } => match key {
            Some(key) => format!("was asked for {operation} under {key}"),
            None => format!("was asked for {operation}"),
        },
        Happened::Answered { status, fault, .. } => format!("answered {status:?} ({fault:?})"),
        Happened::Made { object, .. } => format!("made a {object}"),
        Happened::Opened {
            gateway,
            units,
            currency,
            ..
        } => format!("a checkout over {units} {currency} can be paid at {gateway}"),
        Happened::Closed { why, .. } => format!("a checkout cannot be paid any more: {why}"),
        Happened::Captured {
            gateway,
            capture,
            units,
            currency,
            ..
        } => format!("{gateway} took {units} {currency} ({capture})"),
        Happened::Reversed { capture, units, .. } => format!("{units} of {capture} were reversed"),
        Happened::Refund {
            capture,
            units,
            step,
            by_us,
            ..
        } => {
            let step = match step {
                RefundStep::Pending => "on its way",
                RefundStep::Done => "done",
                RefundStep::Undone => "not done",
            };
            let by = if *by_us { "a request" } else { "the dashboard" };
            format!("a refund of {units} of {capture} by {by} is {step}")
        }
        Happened::Dispute {
            capture,
            units,
            step,
            ..
        } => {
            let step = match step {
                DisputeStep::Question => "a question",
                DisputeStep::Open => "open",
                DisputeStep::Won => "won",
                DisputeStep::Lost => "lost",
            };
            format!("a dispute over {units} of {capture} is {step}")
        }
        Happened::Told { what, .. } => what.clone(),
    }
}
