//! What the world is told.

use std::collections::BTreeMap;

use super::{Case, Desk};
use crate::file::OrderFile;
use crate::finding::{Check, Findings};
use crate::ledger::OutboxRow;

pub(super) fn check(case: &Case<'_>, found: &mut Findings) {
    let mut told: BTreeMap<&str, Vec<&OutboxRow>> = BTreeMap::new();
    for row in &case.ledger.outbox {
        told.entry(&row.aggregate).or_default().push(row);
    }
    for rows in told.values_mut() {
        rows.sort_by_key(|row| row.sequence);
    }
    for file in &case.files {
        let mut desk = Desk::of(file, found);
        payments(file, &mut told, &mut desk);
        order(file, &mut told, &mut desk);
        refunds(file, &mut told, &mut desk);
    }
    for (aggregate, _) in told {
        let known = ["order:", "payment:", "refund:"];
        if known.iter().any(|kind| aggregate.starts_with(kind)) {
            let what = format!("the world is told of {aggregate}, and there is none");
            found.add(Check::OutboxWhole, None, what);
        }
    }
}

/// Each change of a payment is told once, under its number in the history.
fn payments<'a>(
    file: &OrderFile<'a>,
    told: &mut BTreeMap<&str, Vec<&'a OutboxRow>>,
    desk: &mut Desk<'_>,
) {
    for payment in &file.payments {
        let id = payment.row.id;
        let rows = told.remove(format!("payment:{id}").as_str());
        let rows = rows.unwrap_or_default();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.sequence, row.kind.clone()))
            .collect();
        let moves = payment.events.iter().filter_map(|event| {
            let kind = match event.from_status.as_deref() {
                None => "payment.created".to_owned(),
                Some(from) if from == event.to_status => return None,
                Some(_) => format!("payment.{}", event.to_status),
            };
            Some((event.version, kind))
        });
        let moves: Vec<_> = moves.collect();
        if told != moves {
            desk.add(
                Check::OutboxWhole,
                format!("the world is told {told:?} of payment {id}, and it went {moves:?}"),
            );
        }
    }
}

fn order<'a>(
    file: &OrderFile<'a>,
    told: &mut BTreeMap<&str, Vec<&'a OutboxRow>>,
    desk: &mut Desk<'_>,
) {
    let rows = told.remove(format!("order:{}", file.order.id).as_str());
    let rows = rows.unwrap_or_default();
    let status = file.order.status.as_str();
    // An order begins unannounced: what it is then is what it is registered as.
    let last = rows.last().map_or("order.pending", |row| row.kind.as_str());
    if last != format!("order.{status}") {
        desk.add(
            Check::OutboxWhole,
            format!("the last the world is told is {last}, and the order is {status}"),
        );
    }
    if rows
        .last()
        .is_some_and(|row| row.sequence > file.order.version)
    {
        desk.add(
            Check::OutboxWhole,
            "the world is told of a version of the order that never was",
        );
    }
    let mut before = "order.pending";
    for row in &rows {
        let legal: &[&str] = match before {
            "order.pending" => &[
                "order.processing",
                "order.completed",
                "order.cancelled",
                "order.refunded",
            ],
            "order.processing" => &["order.completed", "order.pending", "order.refunded"],
            "order.completed" => &["order.refunded"],
            "order.refunded" => &["order.processing", "order.completed", "order.pending"],
            _ => &[],
        };
        if !legal.contains(&row.kind.as_str()) {
            desk.add(
                Check::OutboxWhole,
                format!("the world is told {} after {before}", row.kind),
            );
        }
        before = &row.kind;
    }
}

fn refunds<'a>(
    file: &OrderFile<'a>,
    told: &mut BTreeMap<&str, Vec<&'a OutboxRow>>,
    desk: &mut Desk<'_>,
) {
    for refund in &file.refunds {
        let rows = told.remove(format!("refund:{}", refund.id).as_str());
        let rows = rows.unwrap_or_default();
        let last = rows.last().map(|row| (row.kind.as_str(), row.sequence));
        let status = format!("refund.{}", refund.status);
        if last.is_none_or(|(kind, sequence)| kind != status || sequence > refund.version) {
            desk.add(
                Check::OutboxWhole,
                format!(
                    "the last the world is told of refund {} is not that it is {}",
                    refund.id, refund.status
                ),
            );
        }
    }
}
