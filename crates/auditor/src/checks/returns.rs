//! The papers of money that went back, credits, and alerts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Case, Desk};
use crate::Amount;
use crate::file::{OrderFile, PaymentFile};
use crate::finding::{Check, Findings};
use crate::ledger::{CreditEntryRow, RefundRow};

pub(super) fn check(case: &Case<'_>, file: &OrderFile<'_>, found: &mut Findings) {
    if case.ledger.returns.is_none() {
        return;
    }
    let mut desk = Desk::of(file, found);
    for payment in &file.payments {
        notes(file, payment, &mut desk);
    }
    external(file, &mut desk);
    package(file, &mut desk);
    alerts(file, &mut desk);
    for refund in &file.refunds {
        let events = file.refund_events.get(&refund.id);
        let events = events.map_or(&[][..], Vec::as_slice);
        let is_whole = events.windows(2).all(|pair| match pair {
            [before, after] => {
                after.version == before.version.saturating_add(1)
                    && after.from_status.as_deref() == Some(before.to_status.as_str())
            }
            _ => true,
        });
        let ends = events
            .last()
            .map(|event| (event.to_status.as_str(), event.version));
        if !is_whole || ends != Some((refund.status.as_str(), refund.version)) {
            desk.add(
                Check::HistoryWhole,
                format!(
                    "the history of refund {} has a gap or another end",
                    refund.id
                ),
            );
        }
    }
}

#[derive(Deserialize)]
struct Share {
    record: i64,
    amount: Told,
}

#[derive(Deserialize)]
struct Told {
    amount: String,
    currency: String,
}

fn notes(file: &OrderFile<'_>, payment: &PaymentFile<'_>, desk: &mut Desk<'_>) {
    let id = payment.row.id;
    let own = &payment.notes;
    let sum = own
        .iter()
        .fold(0_i64, |sum, note| sum.saturating_add(note.amount_minor));
    let went = file.paying().and_then(|(primary, _)| {
        let capture = file
            .captures
            .iter()
            .find(|it| it.capture == primary.capture && it.payment_id == id)?;
        let (sums, _) = file.sums(&capture.capture)?;
        Some(sums.refunded.min(sums.captured))
    });
    let went = went.unwrap_or(0);
    if sum != went {
        desk.add(
            Check::CreditNotesAgree,
            format!("the credit notes of payment {id} sum to {sum}, and {went} went back"),
        );
    }
    let mut shares: BTreeMap<i64, i64> = BTreeMap::new();
    for note in own {
        let text = Amount::parse(&note.amount, &note.currency);
        if text.map(|it| it.minor) != Some(note.amount_minor) {
            let what = format!(
                "the amount of credit note {} for people is another",
                note.number
            );
            desk.add(Check::AmountsReadable, what);
        }
        let taxes: Option<Vec<Share>> = serde_json::from_str(&note.taxes).ok();
        for share in taxes.into_iter().flatten() {
            let minor = Amount::parse(&share.amount.amount, &share.amount.currency);
            let minor = minor.map_or(0, |it| it.minor);
            let sum = shares.entry(share.record).or_default();
            *sum = sum.saturating_add(minor);
        }
    }
    for tax in &payment.taxes {
        let by_notes = shares.remove(&tax.id).unwrap_or(0);
        if by_notes != tax.reversed_minor {
            desk.add(
                Check::CreditNotesAgree,
                format!(
                    "the credit notes reverse {by_notes} of tax {}, and its record {}",
                    tax.id, tax.reversed_minor
                ),
            );
        }
    }
}

fn external(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let step = |step: u8| match step {
        0 => "pending",
        1 => "succeeded",
        _ => "failed",
    };
    let is_ours = |ours: Option<i64>| {
        ours.is_some_and(|ours| file.refunds.iter().any(|refund| refund.id == ours))
    };
    let proved: BTreeMap<_, _> = file
        .proofs
        .refunds
        .iter()
        .filter(|(_, refund)| !is_ours(refund.ours))
        .map(|(name, refund)| {
            let Amount { minor, currency } = refund.amount.clone();
            let told = (
                refund.capture.clone(),
                minor,
                currency,
                step(refund.step).to_owned(),
            );
            (name.clone(), told)
        })
        .collect();
    let stored: BTreeMap<_, _> = file
        .external
        .iter()
        .map(|row| {
            let told = (
                row.capture.clone(),
                row.amount_minor,
                row.currency.clone(),
                row.step.clone(),
            );
            (row.refund.clone(), told)
        })
        .collect();
    if proved != stored {
        desk.add(
            Check::ExternalRefundsAgree,
            format!("the proofs tell of {proved:?}, and written down is {stored:?}"),
        );
    }
}

/// What a package stands at: its size times the part of its money that stays, rounded down.
fn package(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let size = file.order.credits.unwrap_or(0);
    let paying = file.paying().map(|(row, _)| row);
    let sums = paying.and_then(|row| file.sums(&row.capture));
    let due = sums.map_or(0, |(sums, currency)| {
        let lost = file.proofs.disputes.values();
        let lost = lost.filter(|it| it.lost && it.held.currency == currency);
        let lost =
            lost.filter(|it| Some(it.capture.as_str()) == paying.map(|row| row.capture.as_str()));
        let lost = lost.fold(0_i64, |sum, it| sum.saturating_add(it.held.minor));
        let out = sums.refunded.saturating_add(sums.reserved);
        let out = out.saturating_add(lost);
        let stays = i128::from(sums.captured.saturating_sub(out).max(0));
        let part = i128::from(size)
            .checked_mul(stays)
            .and_then(|part| part.checked_div(sums.captured.into()));
        part.and_then(|part| i64::try_from(part).ok()).unwrap_or(0)
    });
    let stands = file.entries.iter().fold(0_i64, |sum, entry| {
        sum.saturating_add(entry.change)
            .saturating_sub(entry.shortfall)
    });
    if stands != due {
        desk.add(
            Check::CreditsAdd,
            format!("the package stands at {stands} credits, and by its money at {due}"),
        );
    }
}

fn alerts(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let open: Vec<Value> = file
        .alerts
        .iter()
        .filter(|row| row.cleared_at.is_none())
        .filter_map(|row| serde_json::from_str(&row.alert).ok())
        .collect();
    let is = |alert: &Value, kind: &str, field: &str, value: &Value| {
        alert.get("alert").is_some_and(|it| it == kind) && alert.get(field) == Some(value)
    };
    for payment in &file.payments {
        let (id, status) = (payment.row.id, payment.row.status.as_str());
        let called = open
            .iter()
            .any(|alert| is(alert, "review", "payment", &Value::from(id)));
        if called != (status == "under_review") {
            let called = if called { "somebody" } else { "nobody" };
            desk.add(
                Check::AlertsTrue,
                format!("payment {id} is {status}, and {called} is called to look at it"),
            );
        }
    }
    for refund in &file.refunds {
        let id = Value::from(refund.id);
        let called = open
            .iter()
            .any(|alert| is(alert, "refund_failed", "refund", &id));
        if called != is_owed(file, refund) {
            let called = if called { "somebody" } else { "nobody" };
            let (id, status) = (refund.id, &refund.status);
            desk.add(
                Check::AlertsTrue,
                format!(
                    "refund {id} is {status}, and {called} is called to see that the buyer gets it"
                ),
            );
        }
    }
    for capture in &file.captures {
        let id = Value::from(capture.capture.as_str());
        let called = open.iter().any(|alert| is(alert, "loss", "capture", &id));
        let expected = file.sums(&capture.capture);
        if called != expected.is_some_and(|(sums, _)| sums.loss() > 0) {
            desk.add(
                Check::AlertsTrue,
                format!("whether somebody is called about a loss of {id} is not what its sums say"),
            );
        }
    }
}

/// Whether a refund failed that the buyer still has to get: its money is here, and does not pay the order after all.
fn is_owed(file: &OrderFile<'_>, refund: &RefundRow) -> bool {
    let state: Option<Value> = serde_json::from_str(&refund.state).ok();
    let failure = state.as_ref().and_then(|state| state.get("failure"));
    let failed = failure
        .and_then(Value::as_str)
        .is_some_and(|it| matches!(it, "refused" | "failed"));
    let is_there = file.sums(&refund.capture).is_some_and(|(sums, _)| {
        let out = sums.refunded.saturating_add(sums.reserved);
        out.saturating_add(sums.disputed) < sums.captured
    });
    let primary = file.primary().map(|row| row.capture.as_str());
    let pays = refund.origin == "surplus" && primary == Some(refund.capture.as_str());
    refund.status == "failed" && failed && is_there && !pays
}

pub(super) fn check_accounts(case: &Case<'_>, found: &mut Findings) {
    let Some(returns) = &case.ledger.returns else {
        return;
    };
    let mut entries: BTreeMap<i64, Vec<&CreditEntryRow>> = BTreeMap::new();
    for entry in &returns.entries {
        entries.entry(entry.user_id).or_default().push(entry);
    }
    for account in &returns.accounts {
        let mut own = entries.remove(&account.user_id).unwrap_or_default();
        own.sort_by_key(|entry| entry.id);
        let mut balance = 0_i64;
        for entry in own {
            balance = balance.saturating_add(entry.change);
            if entry.balance != balance || balance < 0 {
                let what = format!(
                    "credit entry {} leaves {} credits, and they sum to {balance}",
                    entry.id, entry.balance
                );
                found.add(Check::CreditsAdd, None, what);
                break;
            }
        }
        if account.balance != balance {
            let what = format!(
                "user {} has {} credits, and the entries sum to {balance}",
                account.user_id, account.balance
            );
            found.add(Check::CreditsAdd, None, what);
        }
    }
}
