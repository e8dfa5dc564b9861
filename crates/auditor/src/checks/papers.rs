//! Invoices and taxes.

use serde::Deserialize;

use super::Desk;
use crate::Amount;
use crate::file::{OrderFile, PaymentFile};
use crate::finding::{Check, Findings};
use crate::ledger::TaxRow;

pub(super) fn check(file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    for payment in &file.payments {
        invoice(payment, &mut desk);
        for tax in &payment.taxes {
            tax_record(file, payment, tax, &mut desk);
        }
        let row = payment.row;
        let text = Amount::parse(&row.amount, &row.currency);
        readable("payment", row.id, text, row.amount_minor, &mut desk);
    }
    for refund in &file.refunds {
        let text = Amount::parse(&refund.amount, &refund.currency);
        readable("refund", refund.id, text, refund.amount_minor, &mut desk);
    }
}

fn readable(what: &str, id: i64, text: Option<Amount>, minor: i64, desk: &mut Desk<'_>) {
    if text.map(|amount| amount.minor) != Some(minor) {
        desk.add(
            Check::AmountsReadable,
            format!("the amount of {what} {id} for people is not {minor} of the smallest unit"),
        );
    }
}

fn invoice(payment: &PaymentFile<'_>, desk: &mut Desk<'_>) {
    let row = payment.row;
    let [invoice] = payment.invoices.as_slice() else {
        let count = payment.invoices.len();
        desk.add(
            Check::PapersAgree,
            format!("payment {} has {count} invoices", row.id),
        );
        return;
    };
    let asked = (row.amount_minor, row.currency.as_str());
    if (invoice.amount_minor, invoice.currency.as_str()) != asked {
        desk.add(
            Check::PapersAgree,
            format!("invoice {} is over another amount", invoice.invoice_number),
        );
    }
    let expected = match row.status.as_str() {
        "pending" | "processing" | "under_review" => "pending",
        "completed" => "paid",
        "partially_refunded" => "partially_refunded",
        "refunded" => "refunded",
        _ => "void",
    };
    if invoice.status != expected {
        desk.add(
            Check::PapersAgree,
            format!(
                "payment {} is {}, and its invoice {}",
                row.id, row.status, invoice.status
            ),
        );
    }
    let text = Amount::parse(&invoice.amount, &invoice.currency);
    readable("invoice", invoice.id, text, invoice.amount_minor, desk);
}

fn tax_record(file: &OrderFile<'_>, payment: &PaymentFile<'_>, tax: &TaxRow, desk: &mut Desk<'_>) {
    let row = payment.row;
    let (expected, reversed) = match row.status.as_str() {
        "pending" | "processing" | "under_review" => ("pending", Some(0)),
        "completed" => ("collected", Some(0)),
        "partially_refunded" => ("partially_reversed", share(file, payment, tax)),
        "refunded" => ("reversed", Some(tax.tax_amount_minor)),
        _ => ("void", Some(0)),
    };
    let what = format!("{} of payment {}", tax.tax_type, row.id);
    if tax.status != expected || tax.currency != row.currency {
        let status = &tax.status;
        desk.add(
            Check::PapersAgree,
            format!("{what} is {status}, and the payment is {}", row.status),
        );
    } else if Some(tax.reversed_minor) != reversed {
        let due = reversed.map_or_else(|| "another part".to_owned(), |part| part.to_string());
        desk.add(
            Check::PapersAgree,
            format!(
                "{} of {what} is reversed, and {due} should be",
                tax.reversed_minor
            ),
        );
    }
    let text = Amount::parse(&tax.tax_amount, &tax.currency);
    readable("tax", tax.id, text, tax.tax_amount_minor, desk);
}

#[derive(Deserialize)]
struct Line {
    rounding: String,
    round_to: String,
}

/// The part of a tax that belongs to all that went back so far, rounded once.
fn share(file: &OrderFile<'_>, payment: &PaymentFile<'_>, tax: &TaxRow) -> Option<i64> {
    let paying = file.paying()?.0;
    let captured = file
        .captures
        .iter()
        .find(|it| it.capture == paying.capture && it.payment_id == payment.row.id)?;
    let line: Line = serde_json::from_str(&tax.line).ok()?;
    let step: i128 = match line.round_to.as_str() {
        "whole_unit" => Amount::parse("1", &tax.currency)?.minor.into(),
        _ => 1,
    };
    let whole = i128::from(captured.captured_minor).checked_mul(step)?;
    let part = i128::from(captured.refunded_minor).checked_mul(tax.tax_amount_minor.into())?;
    let (down, rest) = (part.checked_div(whole)?, part.checked_rem(whole)?);
    let twice = rest.checked_mul(2)?;
    let up = match line.rounding.as_str() {
        "half_up" => twice >= whole,
        "half_even" => twice > whole || (twice == whole && down % 2 == 1),
        "up" => rest > 0,
        _ => false,
    };
    let steps = if up { down.checked_add(1)? } else { down };
    let share = i64::try_from(steps.checked_mul(step)?).ok()?;
    Some(share.min(tax.tax_amount_minor))
}
