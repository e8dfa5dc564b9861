//! Stripe's lists: payment intents, refunds and disputes, by the time they were made.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::http::{Http, Key};
use super::{LiveError, Read, StripeAccess};
use crate::book::{DisputeStep, Entry, Happened, RefundStep};
use crate::ledger::Ledger;

const STRIPE: &str = "stripe";
const PAGE: &str = "100";

struct Reader<'a> {
    http: &'a Http,
    access: &'a StripeAccess,
    since: Option<DateTime<Utc>>,
}

/// The order and the time of each payment that is ours, and those that are not.
#[derive(Default)]
struct Known {
    orders: BTreeMap<String, String>,
    strangers: BTreeSet<String>,
}

pub(super) async fn read(
    http: &Http,
    access: &StripeAccess,
    since: Option<DateTime<Utc>>,
    ledger: &Ledger,
    read: &mut Read,
    told: &mut (dyn FnMut(&str) + Send),
) -> Result<(), LiveError> {
    let reader = Reader {
        http,
        access,
        since,
    };
    let account = reader.account().await?;
    read.accounts
        .push((STRIPE.to_owned(), account.clone(), access.mode.clone()));
    let mut known = Known::default();
    for intent in reader.all("/v1/payment_intents", told).await? {
        take_intent(&intent, ledger, &mut known, read)?;
    }
    // A payment begun before that time may have been paid after it: what we know of is read by its name.
    let ours = ledger.captures.iter().filter(|row| {
        (row.gateway.as_str(), &row.account, &row.mode) == (STRIPE, &account, &access.mode)
    });
    for row in ours {
        reader.one(&row.capture, ledger, &mut known, read).await?;
    }
    for refund in reader.all("/v1/refunds", told).await? {
        let at = time(&refund, "created")?;
        let step = match text(&refund, "status").as_deref() {
            Some("succeeded") => RefundStep::Done,
            Some("pending" | "requires_action") => RefundStep::Pending,
            _ => RefundStep::Undone,
        };
        let Some(intent) = text(&refund, "payment_intent") else {
            continue;
        };
        let order = reader.order_of(&intent, ledger, &mut known, read).await?;
        let Some(order) = order else { continue };
        read.entries.push(Entry {
            at,
            what: Happened::Refund {
                refund: must(&refund, "id")?,
                capture: intent,
                order,
                units: number(&refund, "amount")?,
                step,
                by_us: refund.pointer("/metadata/bayar_refund").is_some(),
            },
        });
    }
    for dispute in reader.all("/v1/disputes", told).await? {
        let at = time(&dispute, "created")?;
        let step = match text(&dispute, "status").as_deref() {
            Some(
                "needs_response" | "under_review" | "appeal_needs_response" | "appeal_under_review",
            ) => DisputeStep::Open,
            Some("lost") => DisputeStep::Lost,
            Some("won" | "prevented") => DisputeStep::Won,
            _ => DisputeStep::Question,
        };
        let Some(intent) = text(&dispute, "payment_intent") else {
            continue;
        };
        let order = reader.order_of(&intent, ledger, &mut known, read).await?;
        let Some(order) = order else { continue };
        read.entries.push(Entry {
            at,
            what: Happened::Dispute {
                dispute: must(&dispute, "id")?,
                capture: intent,
                order,
                units: number(&dispute, "amount")?,
                step,
            },
        });
    }
    read.strangers += known.strangers.len();
    Ok(())
}

impl Reader<'_> {
    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Option<Value>, LiveError> {
        let key = Key::Bearer(&self.access.key);
        self.http
            .get(STRIPE, &self.access.base, path, query, key)
            .await
    }

    async fn account(&self) -> Result<String, LiveError> {
        if let Some(account) = &self.access.account {
            return Ok(account.clone());
        }
        let account = self.get("/v1/account", &[]).await?;
        must(&account.unwrap_or_default(), "id")
    }

    /// Every entry of a list, page by page.
    async fn all(
        &self,
        path: &str,
        told: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Vec<Value>, LiveError> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let mut query = vec![("limit", PAGE.to_owned())];
            if let Some(since) = self.since {
                query.push(("created[gte]", since.timestamp().to_string()));
            }
            if let Some(last) = all.last() {
                query.push(("starting_after", must(last, "id")?));
            }
            let page = self.get(path, &query).await?.unwrap_or_default();
            let entries = page.get("data").and_then(Value::as_array);
            let entries = entries.ok_or_else(|| odd("a list without entries"))?;
            let is_over =
                entries.is_empty() || page.get("has_more").and_then(Value::as_bool) != Some(true);
            all.extend(entries.iter().cloned());
            told(&format!("stripe: {} of {path}", all.len()));
            if is_over {
                return Ok(all);
            }
        }
    }

    /// Reads one payment by its name, unless it was read.
    async fn one(
        &self,
        intent: &str,
        ledger: &Ledger,
        known: &mut Known,
        read: &mut Read,
    ) -> Result<(), LiveError> {
        if known.orders.contains_key(intent) || known.strangers.contains(intent) {
            return Ok(());
        }
        if let Some(found) = self
            .get(&format!("/v1/payment_intents/{intent}"), &[])
            .await?
        {
            take_intent(&found, ledger, known, read)?;
        }
        Ok(())
    }

    async fn order_of(
        &self,
        intent: &str,
        ledger: &Ledger,
        known: &mut Known,
        read: &mut Read,
    ) -> Result<Option<String>, LiveError> {
        self.one(intent, ledger, known, read).await?;
        Ok(known.orders.get(intent).cloned())
    }
}

fn take_intent(
    intent: &Value,
    ledger: &Ledger,
    known: &mut Known,
    read: &mut Read,
) -> Result<(), LiveError> {
    let id = must(intent, "id")?;
    let mark = |name: &str| {
        let mark = intent.get("metadata").and_then(|of| of.get(name));
        mark.and_then(Value::as_str)
    };
    let is_stored = ledger
        .captures
        .iter()
        .any(|row| row.gateway == STRIPE && row.capture == id);
    let is_ours = mark("bayar_installation") == Some(ledger.word.as_str());
    let (true, Some(order)) = (is_ours || is_stored, mark("bayar_order")) else {
        known.strangers.insert(id);
        return Ok(());
    };
    known.orders.insert(id.clone(), order.to_owned());
    let units = intent.get("amount_received").and_then(Value::as_i64);
    if text(intent, "status").as_deref() != Some("succeeded") || units.unwrap_or(0) == 0 {
        return Ok(());
    }
    read.entries.push(Entry {
        at: time(intent, "created")?,
        what: Happened::Captured {
            gateway: STRIPE.to_owned(),
            capture: id,
            order: order.to_owned(),
            units: units.unwrap_or(0),
            currency: must(intent, "currency")?,
        },
    });
    Ok(())
}

fn odd(what: &str) -> LiveError {
    LiveError::Odd {
        gateway: STRIPE,
        what: what.to_owned(),
    }
}

fn text(value: &Value, field: &str) -> Option<String> {
    Some(value.get(field)?.as_str()?.to_owned())
}

fn must(value: &Value, field: &str) -> Result<String, LiveError> {
    text(value, field).ok_or_else(|| odd(&format!("something without `{field}`")))
}

fn number(value: &Value, field: &str) -> Result<i64, LiveError> {
    let number = value.get(field).and_then(Value::as_i64);
    number.ok_or_else(|| odd(&format!("something without the number `{field}`")))
}

fn time(value: &Value, field: &str) -> Result<DateTime<Utc>, LiveError> {
    let seconds = number(value, field)?;
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| odd("a time that is none"))
}
