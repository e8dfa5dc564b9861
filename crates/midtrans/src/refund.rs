//! Gives money back.
//!
//! A card payment that has not settled yet cannot be refunded, but all of it can be cancelled.
//! Whichever it takes is found out when the request is sent: a transaction that has settled never goes back
//! to not having settled, so never are both done.

use std::cmp::Ordering;

use bayar_app::port::gateway::{
    Call, CallError, Fault, FaultKind, RefundOrder, Request, Sent, Unfit,
};
use bayar_app::port::store::CallKey;
use bayar_domain::{Currency, Money};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::close::nothing_left;
use crate::gateway::{MidtransGateway, not_ours, segment};
use crate::http::Answer;
use crate::wire::{Body, Word};
use crate::{fault, rupiah, time};

/// Midtrans knows a refund key again for seven days. One is left for clocks and queues.
const KNOWN: TimeDelta = TimeDelta::days(6);
const LONGEST_REASON: usize = 255;

#[derive(Serialize, Deserialize)]
struct Refund {
    refund_key: String,
    /// Whole rupiah.
    amount: i64,
    reason: String,
}

pub fn request(order: &RefundOrder<'_>, key: &CallKey) -> Result<Request, Unfit> {
    let name = segment(order.capture.as_str())
        .map_err(|_| Unfit("no transaction at Midtrans has such a name".to_owned()))?;
    let amount = rupiah::asked(order.amount)?;
    let within = order.amount.compare(order.captured);
    if !within.is_ok_and(Ordering::is_le) {
        return Err(Unfit("it is more than came in".to_owned()));
    }
    // The mark is for people and for building rows again; reading knows its own by the key.
    let reason = format!("refund:{} {}", order.refund, order.reason);
    let printable = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
    let body = Refund {
        refund_key: key.to_string(),
        amount,
        reason: printable.take(LONGEST_REASON).collect(),
    };
    Ok(Request {
        path: format!("/v2/{name}/refund"),
        body: serde_json::to_string(&body).map_err(|error| Unfit(error.to_string()))?,
        good_until: order.now.checked_add_signed(KNOWN).unwrap_or(order.now),
    })
}

pub async fn send(gateway: &MidtransGateway, call: &Call<'_>) -> Result<Sent, CallError> {
    let refund: Refund = serde_json::from_str(&call.request.body).map_err(|_| not_ours())?;
    let name = call
        .request
        .path
        .strip_prefix("/v2/")
        .and_then(|path| path.strip_suffix("/refund"))
        .ok_or_else(not_ours)?;
    let Some(found) = gateway.transaction(name).await.map_err(nothing_left)? else {
        return Err(CallError::Refused(
            Fault::of(FaultKind::NotFound).with_code("404"),
        ));
    };
    if has(&found, &refund.refund_key) {
        return Ok(Sent::Done);
    }
    let is_all = is_all(&found, &refund)?;
    match found.word() {
        Word::Authorize | Word::Capture if is_all => cancel(gateway, name).await,
        // It has to settle first, which takes a day. Nothing was sent, so it can be sent then.
        Word::Authorize | Word::Capture => Err(CallError::NotSent(Fault {
            retry_after: Some(std::time::Duration::from_secs(3600)),
            ..Fault::of(FaultKind::WrongState).with_code("412")
        })),
        // We cancelled it before, or somebody else did: there is nothing left to give back. Reading tells.
        Word::Cancel if is_all => Ok(Sent::Done),
        Word::Pending | Word::Deny | Word::Cancel | Word::Expire | Word::Failure => Err(
            CallError::Refused(Fault::of(FaultKind::WrongState).with_code("412")),
        ),
        Word::Settlement
        | Word::PartialRefund
        | Word::Refund
        | Word::PartialChargeback
        | Word::Chargeback => {
            can_go_back(&found, is_all, call.place.now)?;
            give(gateway, call, &refund).await
        }
        Word::Other => Err(CallError::Unknown(
            Fault::of(FaultKind::WrongState).with_code("unknown_status"),
        )),
    }
}

async fn cancel(gateway: &MidtransGateway, name: &str) -> Result<Sent, CallError> {
    let answer = gateway
        .post(&format!("/v2/{name}/cancel"), None, None)
        .await?;
    match answer.code {
        200 if answer.says_code() && answer.body.word() == Word::Cancel => Ok(Sent::Done),
        // It settled just now, and the next time it is refunded.
        412 => Err(fault::unknown(&answer, FaultKind::WrongState)),
        _ => Err(fault::by_code(&answer)),
    }
}

async fn give(
    gateway: &MidtransGateway,
    call: &Call<'_>,
    refund: &Refund,
) -> Result<Sent, CallError> {
    let request = call.request;
    let answer = gateway
        .post(&request.path, Some(&request.body), Some(call.key))
        .await?;
    match answer.code {
        200 | 201 if is_done(&answer, &refund.refund_key) => Ok(Sent::Done),
        // With a status it is a refusal by the issuer; without one, a request that is still at work.
        202 if answer.body.transaction_status.is_some() => {
            Err(fault::refused(&answer, FaultKind::Card))
        }
        202 => Err(fault::unknown(&answer, FaultKind::Idempotency)),
        _ => Err(fault::by_code(&answer)),
    }
}

/// Whether an answer tells of our refund: that it is no trouble is not enough.
fn is_done(answer: &Answer, key: &str) -> bool {
    let body = &answer.body;
    let is_of_a_refund = match body.refund_key.as_deref() {
        Some(told) => told == key,
        None => matches!(body.word(), Word::Refund | Word::PartialRefund),
    };
    answer.says_code() && is_of_a_refund
}

fn has(found: &Body, key: &str) -> bool {
    let mut listed = found.refunds.iter();
    listed.any(|entry| entry.refund_key.as_deref() == Some(key))
}

fn is_all(found: &Body, refund: &Refund) -> Result<bool, CallError> {
    let garbage = || CallError::Unknown(Fault::of(FaultKind::Garbage).with_code("gross_amount"));
    let gross = found.gross_amount.as_deref().ok_or_else(garbage)?;
    let gross = rupiah::read(gross, Currency::Idr).map_err(|_| garbage())?;
    let asked = refund
        .amount
        .checked_mul(Currency::Idr.minor_per_unit())
        .map(|minor| Money::new(minor, Currency::Idr));
    Ok(asked == Some(gross))
}

/// Some methods have no way back, some only for all of it, and some only for a time.
fn can_go_back(found: &Body, is_all: bool, now: DateTime<Utc>) -> Result<(), CallError> {
    let method = found.payment_type.as_deref().unwrap_or_default();
    let method = method.to_ascii_lowercase();
    let code = match method.as_str() {
        "bank_transfer" | "echannel" | "cstore" => "method",
        "shopeepay" | "ovo" if !is_all => "partial",
        _ if is_too_late(found, &method, now) => "window",
        _ => return Ok(()),
    };
    Err(CallError::Refused(
        Fault::of(FaultKind::NotRefundable).with_code(code),
    ))
}

/// Whether the longest time is over in which a method gives anything back, and a day more for clocks.
/// Where a method has several times, the gateway knows which one it is.
fn is_too_late(found: &Body, method: &str, now: DateTime<Utc>) -> bool {
    let longest = match method {
        "kredivo" => 14,
        "dana" => 45,
        "gopay" | "ovo" => 180,
        "shopeepay" => 365,
        _ => return false,
    };
    let told = [&found.settlement_time, &found.transaction_time];
    let since = told
        .into_iter()
        .find_map(|text| time::read(text.as_deref()?));
    let end = since.and_then(|since| since.checked_add_signed(TimeDelta::days(longest + 1)));
    end.is_some_and(|end| end < now)
}
