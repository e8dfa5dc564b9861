//! Midtrans has no list: each page that was ever asked for is read by its name.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::http::{Http, Key};
use super::{LiveError, MidtransAccess, Read};
use crate::Amount;
use crate::book::{DisputeStep, Entry, Happened, RefundStep};
use crate::ledger::{CallRow, Ledger};

const MIDTRANS: &str = "midtrans";
/// Midtrans tells times as they are in Jakarta.
const JAKARTA: TimeDelta = TimeDelta::hours(7);

pub(super) async fn read(
    http: &Http,
    access: &MidtransAccess,
    since: Option<DateTime<Utc>>,
    ledger: &Ledger,
    read: &mut Read,
    told: &mut (dyn FnMut(&str) + Send),
) -> Result<(), LiveError> {
    let account = access
        .merchant
        .clone()
        .unwrap_or_else(|| drawn(&access.key));
    let opened = ledger.calls.iter();
    let opened = opened.filter(|call| call.operation == "open" && call.epoch > 0);
    let mut calls: BTreeMap<i64, Vec<&CallRow>> = BTreeMap::new();
    for call in opened {
        calls.entry(call.subject_id).or_default().push(call);
    }
    let orders = ledger.orders.iter();
    let numbers: BTreeMap<_, _> = orders.map(|row| (row.id, &row.order_number)).collect();
    let captures = ledger.captures.iter().rev();
    let captures: BTreeMap<_, _> = captures.map(|row| (row.attempt_id, row)).collect();
    let mut pages: Vec<Page> = ledger
        .attempts
        .iter()
        .filter(|it| it.gateway == MIDTRANS && it.account == account && it.mode == access.mode)
        .filter(|it| since.is_none_or(|since| it.updated_at >= since))
        .flat_map(|attempt| {
            let order = numbers.get(&attempt.order_id);
            let opened = calls.remove(&attempt.id).unwrap_or_default();
            opened.into_iter().map(move |call| Page {
                name: call.key.clone(),
                attempt: attempt.id,
                order: order.map(|number| (*number).clone()).unwrap_or_default(),
                at: call.created_at,
            })
        })
        .collect();
    read.accounts
        .push((MIDTRANS.to_owned(), account, access.mode.clone()));
    pages.sort_by(|a, b| a.name.cmp(&b.name));
    let all = pages.len();
    for (done, page) in (1..).zip(pages) {
        let mut found = status(http, access, &page.name).await?;
        if found.is_none() {
            // Some wallets answer to their own name only.
            if let Some(capture) = captures.get(&page.attempt) {
                found = status(http, access, &capture.capture).await?;
            }
        }
        if let Some(found) = found {
            take(&found, &page, ledger, read)?;
        }
        told(&format!("midtrans: {done} of {all} pages"));
    }
    Ok(())
}

/// A page that was asked for.
struct Page {
    name: String,
    attempt: i64,
    order: String,
    at: DateTime<Utc>,
}

/// The name of an account whose merchant is not told.
fn drawn(key: &str) -> String {
    let digest = Sha256::digest(key.trim());
    let letters: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("key-{letters}")
}

async fn status(
    http: &Http,
    access: &MidtransAccess,
    name: &str,
) -> Result<Option<Value>, LiveError> {
    let path = format!("/v2/{name}/status");
    let key = Key::Basic(access.key.trim());
    let found = http.get(MIDTRANS, &access.base, &path, &[], key).await?;
    let Some(found) = found else { return Ok(None) };
    // What went wrong stands in the body.
    match text(&found, "status_code").as_deref() {
        Some("404") => Ok(None),
        Some("200" | "201" | "202" | "407") => Ok(Some(found)),
        code => Err(LiveError::Refused {
            gateway: MIDTRANS,
            status: code.unwrap_or("no code").to_owned(),
            path,
        }),
    }
}

fn take(found: &Value, page: &Page, ledger: &Ledger, read: &mut Read) -> Result<(), LiveError> {
    let capture = must(found, "transaction_id")?;
    let at = time(found, "settlement_time")
        .or_else(|| time(found, "transaction_time"))
        .unwrap_or(page.at);
    // Behind the number of the order stands what it was opened for.
    let field = text(found, "custom_field1");
    let order = field.as_deref().and_then(|field| field.split(' ').next());
    let order = order.map_or_else(|| page.order.clone(), ToOwned::to_owned);
    let status = must(found, "transaction_status")?;
    let is_held = text(found, "fraud_status").as_deref() == Some("challenge");
    // That money was in before it was taken back is not told any more: what was proved then counts.
    let was_in = ledger
        .facts
        .iter()
        .any(|fact| fact.kind == "captured" && fact.object == capture);
    let (came, went) = match status.as_str() {
        "capture" => (!is_held, false),
        "settlement" | "refund" | "partial_refund" | "chargeback" | "partial_chargeback" => {
            (true, false)
        }
        "deny" | "cancel" | "expire" | "failure" => (was_in, was_in),
        _ => (false, false),
    };
    if !came {
        return Ok(());
    }
    let units = rupiah(found, "gross_amount")?;
    let mut add = |at, what| read.entries.push(Entry { at, what });
    add(
        at,
        Happened::Captured {
            gateway: MIDTRANS.to_owned(),
            capture: capture.clone(),
            order: order.clone(),
            units,
            currency: text(found, "currency").unwrap_or_else(|| "IDR".to_owned()),
        },
    );
    if went {
        add(
            at,
            Happened::Reversed {
                capture: capture.clone(),
                order: order.clone(),
                units,
            },
        );
    }
    let refunds = found.get("refunds").and_then(Value::as_array);
    for refund in refunds.into_iter().flatten() {
        let name = text(refund, "refund_key").filter(|name| !name.is_empty());
        let name = name.or_else(|| text(refund, "refund_chargeback_id"));
        let name = name.ok_or_else(|| odd("a refund without a name"))?;
        // What is handed to the bank on paper is never confirmed.
        let is_on_paper = text(refund, "refund_method")
            .is_some_and(|method| method.eq_ignore_ascii_case("offline"));
        add(
            time(refund, "created_at").unwrap_or(at),
            Happened::Refund {
                by_us: name.starts_with(&format!("by-{}-", ledger.word)),
                refund: name,
                capture: capture.clone(),
                order: order.clone(),
                units: rupiah(refund, "refund_amount")?,
                step: if is_on_paper || text(refund, "bank_confirmed_at").is_some() {
                    RefundStep::Done
                } else {
                    RefundStep::Pending
                },
            },
        );
    }
    if status.ends_with("chargeback") {
        add(
            at,
            Happened::Dispute {
                dispute: format!("chargeback of {capture}"),
                capture,
                order,
                units: rupiah(found, "chargeback_amount").unwrap_or(units),
                step: DisputeStep::Open,
            },
        );
    }
    Ok(())
}

fn odd(what: &str) -> LiveError {
    LiveError::Odd {
        gateway: MIDTRANS,
        what: what.to_owned(),
    }
}

/// A field that may be a text or a number.
fn text(value: &Value, field: &str) -> Option<String> {
    match value.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn must(value: &Value, field: &str) -> Result<String, LiveError> {
    text(value, field).ok_or_else(|| odd(&format!("a transaction without `{field}`")))
}

/// Whole rupiah.
fn rupiah(value: &Value, field: &str) -> Result<i64, LiveError> {
    let amount = Amount::parse(&must(value, field)?, "IDR");
    let units = amount
        .filter(|it| it.minor % 100 == 0)
        .map(|it| it.minor / 100);
    units.ok_or_else(|| odd("an amount that is not in whole rupiah"))
}

fn time(value: &Value, field: &str) -> Option<DateTime<Utc>> {
    let text = text(value, field)?;
    let there = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").ok()?;
    there.and_utc().checked_sub_signed(JAKARTA)
}
