//! The history of payments.

use super::Desk;
use crate::file::OrderFile;
use crate::finding::{Check, Findings};

/// From where a payment may go where. A state may also be written again with other data where it stands beside itself.
const LEGAL: [(&str, &[&str]); 9] = [
    (
        "pending",
        &[
            "processing",
            "under_review",
            "completed",
            "partially_refunded",
            "refunded",
            "failed",
            "cancelled",
            "expired",
        ],
    ),
    (
        "processing",
        &[
            "pending",
            "processing",
            "under_review",
            "completed",
            "partially_refunded",
            "refunded",
            "failed",
            "cancelled",
            "expired",
        ],
    ),
    (
        "under_review",
        &[
            "under_review",
            "completed",
            "partially_refunded",
            "refunded",
            "failed",
            "cancelled",
        ],
    ),
    ("completed", &["partially_refunded", "refunded", "failed"]),
    (
        "partially_refunded",
        &["partially_refunded", "completed", "refunded", "failed"],
    ),
    ("refunded", &["completed", "partially_refunded", "failed"]),
    (
        "failed",
        &["failed", "completed", "partially_refunded", "refunded"],
    ),
    (
        "cancelled",
        &["completed", "partially_refunded", "refunded", "failed"],
    ),
    (
        "expired",
        &["completed", "partially_refunded", "refunded", "failed"],
    ),
];

pub(super) fn check(file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    for payment in &file.payments {
        let row = payment.row;
        let id = row.id;
        let mut before: Option<&str> = None;
        for (number, event) in (1..).zip(&payment.events) {
            let to = event.to_status.as_str();
            if event.version != number {
                desk.add(
                    Check::HistoryWhole,
                    format!("payment {id} has no event {number}"),
                );
                break;
            }
            if event.from_status.as_deref() != before {
                desk.add(
                    Check::HistoryWhole,
                    format!(
                        "event {number} of payment {id} begins where the one before did not end"
                    ),
                );
            }
            let is_legal = match before {
                None => to == "pending",
                Some(from) => LEGAL
                    .iter()
                    .any(|(state, next)| *state == from && next.contains(&to)),
            };
            if !is_legal {
                let from = before.unwrap_or("nothing");
                desk.add(
                    Check::HistoryWhole,
                    format!("payment {id} moved from {from} to {to}"),
                );
            }
            before = Some(to);
        }
        let last = payment.events.last();
        let ends = last.map(|event| (event.to_status.as_str(), event.version));
        if ends != Some((row.status.as_str(), row.version)) {
            desk.add(
                Check::HistoryWhole,
                format!("the history of payment {id} does not end where it stands"),
            );
        }
    }
}
