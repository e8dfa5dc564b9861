//! All that happened to one order, ours and the gateways', by time.

use std::collections::BTreeSet;

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
        alerts(case, file, &mut moments);
        refunds(case, file, &mut moments);
        told(case, file, &mut moments);
    }
    let mut asked = BTreeSet::new();
    for entry in &case.book.entries {
        let is_about = match &entry.what {
            Happened::Answered { request, .. } => asked.contains(request),
            what => what.order() == Some(order),
        };
        if !is_about {
            continue;
        }
        if let Happened::Asked { request, .. } = &entry.what {
            asked.insert(request);
        }
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
        format!(
            "the order over {} {} was registered",
            order.price_minor, order.currency
        ),
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
            format!(
                "learned from {}: {} {} ({})",
                row.gateway, row.object, row.kind, row.step
            ),
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

fn refunds(case: &Case<'_>, file: &OrderFile<'_>, moments: &mut Vec<Moment>) {
    let events = case.ledger.returns.iter().flat_map(|it| &it.refund_events);
    for event in events {
        if !file
            .refunds
            .iter()
            .any(|refund| refund.id == event.refund_id)
        {
            continue;
        }
        let from = event.from_status.as_deref().unwrap_or("nothing");
        let (id, to, actor) = (event.refund_id, &event.to_status, &event.actor);
        moments.push(Moment {
            at: event.at,
            who: US,
            what: format!("refund {id}: {from} -> {to} by {actor}"),
        });
    }
}

fn alerts(case: &Case<'_>, file: &OrderFile<'_>, moments: &mut Vec<Moment>) {
    let alerts = case.ledger.returns.iter().flat_map(|it| &it.alerts);
    for alert in alerts.filter(|alert| alert.order_id == file.order.id) {
        let mut add = |at, what| moments.push(Moment { at, who: US, what });
        add(
            alert.raised_at,
            format!("somebody was called: {}", alert.alert),
        );
        if let Some(at) = alert.cleared_at {
            add(at, format!("it is over: {}", alert.alert));
        }
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
        Happened::Asked {
            gateway,
            operation,
            key,
            ..
        } => match key {
            Some(key) => format!("{gateway} was asked for {operation} under {key}"),
            None => format!("{gateway} was asked for {operation}"),
        },
        Happened::Answered { status, fault, .. } => {
            let answer = status.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
            match fault {
                Some(fault) => format!("the answer was {answer}, by the fault {fault}"),
                None => format!("the answer was {answer}"),
            }
        }
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
