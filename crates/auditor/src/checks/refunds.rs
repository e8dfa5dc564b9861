//! Money that went back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Case, Desk};
use crate::book::{BookCapture, RefundStep};
use crate::file::{OrderFile, Proved, by_hand};
use crate::finding::{Check, Findings};

pub(super) fn check(case: &Case<'_>, file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    for taken in case.taken_for(file.number()) {
        if let Some(proved) = file.proofs.captures.get(&taken.id) {
            same_on_both_sides(case, file, taken, proved, &mut desk);
        }
        if taken.returned().saturating_add(taken.returning()) > taken.amount.minor {
            let (came, id) = (&taken.amount, &taken.id);
            desk.add(
                Check::RefundsWithinCapture,
                format!("more than {came} of {id} went back at the gateway"),
            );
        }
    }
    within_captures(file, &mut desk);
    once_in_each_chain(file, &mut desk);
    for (name, proved) in &file.proofs.refunds {
        let of = |id| file.refunds.iter().any(|refund| refund.id == id);
        let made = case
            .taken_for(file.number())
            .find_map(|taken| taken.refunds.get(name));
        let is_forgotten = made.is_some_and(|made| case.options.is_forgotten(made.at));
        if let Some(ours) = proved.ours.filter(|ours| !of(*ours) && !is_forgotten) {
            desk.add(
                Check::RefundState,
                format!("the gateway made {name} for refund {ours}, which is not there"),
            );
        }
    }
    for refund in &file.refunds {
        let marked: Vec<_> = file
            .proofs
            .marked(refund.id)
            .filter(|proved| proved.step != 2)
            .collect();
        let others = file.proofs.marked(refund.id).any(|proved| {
            proved.capture != refund.capture || proved.amount.currency != refund.currency
        });
        let sum = marked
            .iter()
            .fold(0_i64, |sum, it| sum.saturating_add(it.amount.minor));
        let is_once =
            marked.len() <= 1 && !others && (marked.is_empty() || sum == refund.amount_minor);
        let is_twice = refund.status == "succeeded" && by_hand(refund) && !marked.is_empty();
        if !is_once || is_twice {
            desk.add(
                Check::RefundedOnce,
                format!(
                    "refund {} was to give {} back once, and the gateway has {} of it, {sum} in all",
                    refund.id,
                    refund.amount_minor,
                    marked.len()
                ),
            );
        }
    }
}

/// A refund that was asked for anew has another one in its place: one of all of them is not failed at most.
fn once_in_each_chain(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let in_place_of: BTreeMap<i64, i64> = file
        .decisions
        .iter()
        .filter_map(|row| serde_json::from_str::<Value>(&row.decision).ok())
        .filter(|it| it.get("decision").is_some_and(|it| it == "retry_refund"))
        .filter_map(|it| Some((it.get("refund")?.as_i64()?, it.get("anew")?.as_i64()?)))
        .collect();
    let goes_back = |id: &i64| {
        let mut refunds = file.refunds.iter();
        refunds.any(|refund| refund.id == *id && refund.status != "failed")
    };
    for first in in_place_of.keys().filter(|first| goes_back(first)) {
        let next = |id: &i64| in_place_of.get(id).copied();
        let chain = std::iter::successors(next(first), next).take(in_place_of.len());
        let others: Vec<_> = chain.filter(goes_back).collect();
        if !others.is_empty() {
            desk.add(
                Check::RefundedOnce,
                format!("refund {first} goes back, and in its place so do {others:?}"),
            );
        }
    }
}

/// In number and in sum. What was taken back and what was given back are told apart by gateways in their own ways,
/// so the sums are of both.
fn same_on_both_sides(
    case: &Case<'_>,
    file: &OrderFile<'_>,
    taken: &BookCapture,
    proved: &Proved,
    desk: &mut Desk<'_>,
) {
    let id = &taken.id;
    let ours: BTreeMap<_, _> = file
        .proofs
        .refunds
        .iter()
        .filter(|(_, refund)| refund.capture == *id && refund.step == 1)
        .filter(|(_, refund)| refund.amount.currency == taken.amount.currency)
        .collect();
    let theirs: Vec<_> = taken
        .refunds
        .values()
        .filter(|refund| refund.step == RefundStep::Done)
        .collect();
    let whole = taken.amount.minor;
    let sum = ours
        .values()
        .fold(0_i64, |sum, it| sum.saturating_add(it.amount.minor));
    let here = if proved.reversed { whole } else { sum };
    let there = match taken.reversed {
        0 => taken.returned(),
        reversed => taken.returned().saturating_add(reversed).min(whole),
    };
    // What a gateway has not told yet is waited for. What it never did is wrong at once.
    let is_late = there < here || case.options.must_know(taken.touched);
    if here != there && is_late {
        desk.add(
            Check::RefundsAgree,
            format!("of {id} {here} went back by our books, and {there} by the gateway's"),
        );
        return;
    }
    let plain = !proved.reversed && taken.reversed == 0;
    let under_way = file
        .proofs
        .refunds
        .values()
        .filter(|refund| refund.capture == *id && refund.step == 0)
        .fold(0_i64, |sum, it| sum.saturating_add(it.amount.minor));
    if plain && under_way > taken.returning() {
        let there = taken.returning();
        desk.add(
            Check::RefundsAgree,
            format!(
                "of {id} {under_way} is on its way back by our books, and {there} by the gateway's"
            ),
        );
    }
    if plain && ours.len() != theirs.len() && case.options.must_know(taken.touched) {
        let (here, there) = (ours.len(), theirs.len());
        desk.add(
            Check::RefundsAgree,
            format!("{id} has {here} refunds by our books, and {there} by the gateway's"),
        );
    }
    // Who asked is told by the mark: what the gateway did by request is ours.
    let asked = theirs.iter().filter(|refund| refund.by_us).count();
    let marked = ours.values().filter(|refund| refund.ours.is_some()).count();
    let newest = theirs.iter().map(|refund| refund.at).max();
    let is_forgotten = theirs
        .iter()
        .any(|refund| case.options.is_forgotten(refund.at));
    if plain
        && marked != asked
        && !is_forgotten
        && newest.is_none_or(|at| case.options.must_know(at))
        && case.book.covers.every_step
    {
        desk.add(
            Check::RefundedOnce,
            format!("{asked} refunds of {id} were made by request, and {marked} are known as ours"),
        );
    }
}

/// What we gave back, or are about to, is within what came in, unless it is written down as a loss.
fn within_captures(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    for capture in &file.captures {
        let own = file.refunds.iter().filter(|refund| {
            refund.capture == capture.capture
                && refund.status != "failed"
                && capture.currency.as_deref() == Some(refund.currency.as_str())
        });
        let own = own.fold(0_i64, |sum, it| sum.saturating_add(it.amount_minor));
        let came = file
            .proofs
            .captures
            .get(&capture.capture)
            .and_then(|proved| proved.amount.as_ref())
            .map_or(0, |amount| amount.minor);
        if own > came {
            desk.add(
                Check::RefundsWithinCapture,
                format!(
                    "refunds of {own} are written down for {} over {came}",
                    capture.capture
                ),
            );
        }
    }
}
