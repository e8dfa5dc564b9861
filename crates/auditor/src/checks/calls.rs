//! What gateways were asked, and what was written down about it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Case, Desk};
use crate::book::{Happened, RefundStep};
use crate::file::OrderFile;
use crate::finding::{Check, Findings};
use crate::ledger::CallRow;

/// Requests that make something, and the operation that they serve.
const SERVES: [(&str, &str); 5] = [
    ("checkout_session.create", "open"),
    ("snap.create", "open"),
    ("refund.create", "refund"),
    ("core.refund", "refund"),
    ("core.refund_direct", "refund"),
];

/// A request that came with a key.
struct Request<'a> {
    operation: &'a str,
    order: Option<&'a str>,
    at: DateTime<Utc>,
}

/// What the gateways say was asked under each key.
pub(super) struct Asked<'a> {
    requests: BTreeMap<&'a str, Vec<Request<'a>>>,
    /// By key: the type and the name of what was made.
    made: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl<'a> Asked<'a> {
    pub fn of(book: &'a crate::Book) -> Self {
        let mut asked = Self {
            requests: BTreeMap::new(),
            made: BTreeMap::new(),
        };
        for entry in &book.entries {
            match &entry.what {
                Happened::Asked {
                    operation,
                    order,
                    key: Some(key),
                    ..
                } => {
                    let requests = asked.requests.entry(key).or_default();
                    requests.push(Request {
                        operation,
                        order: order.as_deref(),
                        at: entry.at,
                    });
                }
                Happened::Made {
                    object,
                    id,
                    key: Some(key),
                    ..
                } => asked.made.entry(key).or_default().push((object, id)),
                _ => {}
            }
        }
        asked
    }

    /// Every key, the order it was used for, and when it first was.
    pub fn keys(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>, DateTime<Utc>)> {
        self.requests.iter().filter_map(|(key, requests)| {
            let order = requests.iter().find_map(|request| request.order);
            Some((*key, order, requests.first()?.at))
        })
    }
}

pub(super) fn check(case: &Case<'_>, file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    generations(case, file, &mut desk);
    if !case.book.covers.every_step {
        return;
    }
    for call in &file.calls {
        agrees(case, file, call, &mut desk);
    }
}

fn agrees(case: &Case<'_>, file: &OrderFile<'_>, call: &CallRow, desk: &mut Desk<'_>) {
    let key = call.key.as_str();
    let what = format!(
        "call {key} to {} {} ({})",
        call.operation, call.subject_id, call.status
    );
    let requests = case.asked.requests.get(key);
    let requests = requests.map_or(&[][..], Vec::as_slice);
    for Request {
        operation, order, ..
    } in requests
    {
        let serves = SERVES.iter().find(|(request, _)| request == operation);
        if serves.is_some_and(|(_, serves)| *serves != call.operation) {
            desk.add(Check::CallsTrue, format!("{what} was made as {operation}"));
        }
        if order.is_some_and(|order| order != file.number()) {
            let order = order.unwrap_or_default();
            desk.add(
                Check::CallsTrue,
                format!("{what} was made for order {order}"),
            );
        }
    }
    let never_left = call.status == "planned" && call.epoch == 0;
    // It may have left since the tables were read.
    let came = requests
        .iter()
        .any(|request| case.options.must_know(request.at));
    if never_left && came {
        let times = requests.len();
        desk.add(
            Check::CallsTrue,
            format!("{what} never left, and came {times} times"),
        );
    }
    let had_effect = match call.operation.as_str() {
        "open" => has_session(file, call.subject_id),
        // At Midtrans a refund may be carried out as a cancellation, which has no key.
        "refund" => call.path.contains("refund") && is_at_stripe_and_marked(file, call.subject_id),
        _ => false,
    };
    let is_last = !file.calls.iter().any(|other| {
        (other.operation.as_str(), other.subject_id) == (call.operation.as_str(), call.subject_id)
            && other.generation > call.generation
    });
    if call.status == "done" && had_effect && is_last && requests.is_empty() {
        desk.add(Check::CallsTrue, format!("{what} never came"));
    }
    if call.status == "refused" {
        let made = case.asked.made.get(key);
        for (object, id) in made.map_or(&[][..], Vec::as_slice) {
            let counts = match *object {
                "checkout.session" | "snap" => true,
                "refund" => moves_money(case, id),
                _ => false,
            };
            if counts {
                desk.add(
                    Check::CallsTrue,
                    format!("{what} is said to have had no effect, and made a {object}"),
                );
            }
        }
    }
}

fn has_session(file: &OrderFile<'_>, attempt: i64) -> bool {
    let attempt = file.attempts.iter().find(|it| it.id == attempt);
    let state: Option<Value> = attempt.and_then(|it| serde_json::from_str(&it.state).ok());
    state.is_some_and(|state| state.get("session").is_some_and(|it| !it.is_null()))
}

fn is_at_stripe_and_marked(file: &OrderFile<'_>, refund: i64) -> bool {
    let mut marked = file.proofs.marked(refund);
    marked.any(|it| {
        let proved = file.proofs.captures.get(&it.capture);
        proved.is_some_and(|proved| proved.gateway == "stripe")
    })
}

fn moves_money(case: &Case<'_>, refund: &str) -> bool {
    case.money.of_refund(refund).any(|taken| {
        let refund = taken.refunds.get(refund);
        refund.is_some_and(|refund| refund.step != RefundStep::Undone)
    })
}

fn generations(case: &Case<'_>, file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let mut purposes: BTreeMap<(&str, i64), Vec<&CallRow>> = BTreeMap::new();
    let prefix = format!("by-{}-", case.ledger.word);
    for (position, call) in (1..).zip(&file.calls) {
        let purpose = (call.operation.as_str(), call.subject_id);
        purposes.entry(purpose).or_default().push(call);
        if !call.key.starts_with(&prefix) {
            let what = format!("call {} has a key of another installation", call.key);
            desk.add(Check::KeysKnown, what);
        }
        if call.position != position {
            let what = format!("call number {position} is missing before {}", call.key);
            desk.add(Check::GenerationsWhole, what);
            break;
        }
    }
    for ((operation, subject), mut calls) in purposes {
        calls.sort_by_key(|call| call.generation);
        let what = format!("{operation} {subject}");
        let numbers: Vec<_> = calls.iter().map(|call| call.generation).collect();
        let whole: Vec<_> = (1..).take(numbers.len()).collect();
        if numbers != whole {
            desk.add(
                Check::GenerationsWhole,
                format!("the calls to {what} are numbered {numbers:?}"),
            );
        }
        let open = calls
            .iter()
            .filter(|call| matches!(call.status.as_str(), "planned" | "sent"));
        if open.count() > 1 {
            desk.add(
                Check::GenerationsWhole,
                format!("two calls to {what} are under way"),
            );
        }
        let is_known = match operation {
            "refund" => file.refunds.iter().any(|refund| refund.id == subject),
            _ => file.attempts.iter().any(|attempt| attempt.id == subject),
        };
        if !is_known {
            desk.add(
                Check::GenerationsWhole,
                format!("a call to {what} is about nothing of this order"),
            );
        }
    }
    // Whatever was opened was asked for in writing.
    for attempt in &file.attempts {
        let asked = file
            .calls
            .iter()
            .any(|call| call.operation == "open" && call.subject_id == attempt.id);
        if !asked {
            desk.add(
                Check::GenerationsWhole,
                format!("no call to open attempt {} is written down", attempt.id),
            );
        }
    }
}
