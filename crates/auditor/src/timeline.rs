//! All that happened to one order, ours and the gateways', by time.

use std::collections::{BTreeMap, BTreeSet};

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

/// What happened to each of these orders, oldest first. The book and what clients were told are gone through once.
pub(crate) fn of(case: &Case<'_>, orders: &BTreeSet<&str>) -> BTreeMap<String, Vec<Moment>> {
    let mut all: BTreeMap<&str, Vec<Moment>> = BTreeMap::new();
    for order in orders {
        let moments = all.entry(*order).or_default();
        if let Some(file) = case.file_of(order) {
            ours(file, moments);
            alerts(file, moments);
            refunds(file, moments);
        }
    }
    told(case, &mut all);
    let mut asked: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in &case.book.entries {
        let order = match &entry.what {
            Happened::Answered { request, .. } => asked.get(request.as_str()).copied(),
            what => what.order(),
        };
        let Some(order) = order else { continue };
        let Some(moments) = all.get_mut(order) else {
            continue;
        };
        if let Happened::Asked { request, .. } = &entry.what {
            asked.insert(request, order);
        }
        moments.push(Moment {
            at: entry.at,
            who: GATEWAY,
            what: theirs(&entry.what),
        });
    }
    let sorted = all.into_iter().map(|(order, mut moments)| {
        moments.sort_by_key(|moment| moment.at);
        (order.to_owned(), moments)
    });
    sorted.collect()
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

fn refunds(file: &OrderFile<'_>, moments: &mut Vec<Moment>) {
    for event in file.refund_events.values().flatten() {
        let from = event.from_status.as_deref().unwrap_or("nothing");
        let (id, to, actor) = (event.refund_id, &event.to_status, &event.actor);
        moments.push(Moment {
            at: event.at,
            who: US,
            what: format!("refund {id}: {from} -> {to} by {actor}"),
        });
    }
}

fn alerts(file: &OrderFile<'_>, moments: &mut Vec<Moment>) {
    for alert in &file.alerts {
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

fn told(case: &Case<'_>, all: &mut BTreeMap<&str, Vec<Moment>>) {
    let Some(clients) = case.clients else { return };
    for told in &clients.told {
        let id = told.body.pointer("/data/payment_id");
        let id = id.or_else(|| told.body.pointer("/data/payment/id"));
        let Some(id) = id.and_then(serde_json::Value::as_i64) else {
            continue;
        };
        let file = case.file_of_payment(id);
        if let Some(moments) = file.and_then(|file| all.get_mut(file.number())) {
            let status = told.status;
            let what = format!("was answered {status} about payment {id}");
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
