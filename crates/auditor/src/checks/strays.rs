//! What belongs to no order.

use std::collections::BTreeSet;

use super::Case;
use crate::finding::{Check, Findings};

pub(super) fn check(case: &Case<'_>, found: &mut Findings) {
    for taken in case.money.all.values() {
        if case.file_of(&taken.order).is_none() && case.options.must_know(taken.touched) {
            let what = format!(
                "{} took {} ({}) for an order that is not ours",
                taken.gateway, taken.amount, taken.id
            );
            found.add(Check::NothingLost, Some(&taken.order), what);
        }
    }
    for (order, what) in &case.money.odd {
        found.add(Check::SameMoney, Some(order), what.clone());
    }
    let prefix = format!("by-{}-", case.ledger.word);
    let known: BTreeSet<_> = case
        .ledger
        .calls
        .iter()
        .map(|call| call.key.as_str())
        .collect();
    for (key, order, at) in case.asked.keys() {
        let is_ours = key.starts_with(&prefix) && case.options.must_remember(at);
        if is_ours && !known.contains(key) {
            let what = format!("a gateway was asked under {key}, which is written down nowhere");
            found.add(Check::KeysKnown, order, what);
        }
    }
    rows(case, found);
}

/// Rows that say they are of an order or a payment that is not there.
fn rows(case: &Case<'_>, found: &mut Findings) {
    let ledger = case.ledger;
    let mut strays = |what: &str, check, of: &str, owners: BTreeSet<i64>, there: &BTreeSet<i64>| {
        for owner in owners.difference(there) {
            let what = format!("a {what} is of {of} {owner}, which is not there");
            found.add(check, None, what);
        }
    };
    let orders = ids(&ledger.orders, |row| row.id);
    for (what, check, owners) in [
        (
            "payment",
            Check::LivePointer,
            ids(&ledger.payments, |row| row.order_id),
        ),
        (
            "attempt",
            Check::AttemptState,
            ids(&ledger.attempts, |row| row.order_id),
        ),
        (
            "call",
            Check::GenerationsWhole,
            ids(&ledger.calls, |row| row.order_id),
        ),
        (
            "proof",
            Check::AccountsApart,
            ids(&ledger.facts, |row| row.order_id),
        ),
        (
            "capture",
            Check::SumsTrue,
            ids(&ledger.captures, |row| row.order_id),
        ),
        (
            "refund",
            Check::RefundState,
            ids(&ledger.refunds, |row| row.order_id),
        ),
    ] {
        strays(what, check, "order", owners, &orders);
    }
    let payments = ids(&ledger.payments, |row| row.id);
    for (what, check, owners) in [
        (
            "event",
            Check::HistoryWhole,
            ids(&ledger.events, |row| row.payment_id),
        ),
        (
            "invoice",
            Check::PapersAgree,
            ids(&ledger.invoices, |row| row.payment_id),
        ),
        (
            "tax",
            Check::PapersAgree,
            ids(&ledger.taxes, |row| row.payment_id),
        ),
        (
            "key",
            Check::KeysAnswerTheirs,
            ids(&ledger.keys, |row| row.payment_id),
        ),
    ] {
        strays(what, check, "payment", owners, &payments);
    }
}

fn ids<T>(rows: &[T], owner: impl Fn(&T) -> i64) -> BTreeSet<i64> {
    rows.iter().map(owner).collect()
}
