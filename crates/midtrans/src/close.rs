//! Closes a Snap page, and the transaction that was begun on it.
//!
//! They are two things at Midtrans. A page that no method was chosen on has no transaction and can be cancelled;
//! one with a transaction says that it is in progress, and then the transaction has to end first.
//! A transaction that ended leaves its name free to be used again from a page that still lives, so only both together
//! are proof. The gateway has no words for a cancelled page when it is read: the proof is in the answer to closing.

use bayar_app::port::gateway::{Call, CallError, Fault, FaultKind, Place, Request, Sent, Unfit};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::fault;
use crate::gateway::{MidtransGateway, not_ours, segment};
use crate::wire::{Body, Word};

/// How long after its deadline closing may still be asked for: it harms nobody, however often.
const STILL: TimeDelta = TimeDelta::days(7);

#[derive(Serialize, Deserialize)]
struct Close {
    order_id: String,
    /// The page, where it was known when this was written down.
    token: Option<String>,
}

/// What became of a page.
enum Page {
    /// Nobody can use it.
    Shut,
    /// A transaction was begun on it.
    Busy,
    /// Nothing is proved.
    Unclear(Fault),
}

pub fn request(place: &Place<'_>) -> Result<Request, Unfit> {
    let order_id = place.opened_by.to_string();
    let body = Close {
        token: page_of(place).map(str::to_owned),
        order_id: order_id.clone(),
    };
    let last = place.dead_at.max(place.now);
    Ok(Request {
        path: format!("/v2/{order_id}/expire"),
        body: serde_json::to_string(&body).map_err(|error| Unfit(error.to_string()))?,
        good_until: last.checked_add_signed(STILL).unwrap_or(last),
    })
}

pub async fn send(gateway: &MidtransGateway, call: &Call<'_>) -> Result<Sent, CallError> {
    let close: Close = serde_json::from_str(&call.request.body).map_err(|_| not_ours())?;
    let order = close.order_id.as_str();
    let page = close.token.as_deref().or_else(|| page_of(call.place));

    let mut found = gateway.transaction(order).await.map_err(nothing_left)?;
    if found.is_none() {
        let Some(page) = page else {
            return Err(cannot_be_closed("404"));
        };
        match shut(gateway, page).await? {
            Page::Shut => return closed_if_dead(gateway, order).await,
            // The buyer chose a method just now.
            Page::Busy => found = gateway.transaction(order).await.map_err(unproved)?,
            Page::Unclear(fault) => return Err(CallError::Unknown(fault)),
        }
    }
    let Some(found) = found else {
        return Err(cannot_be_closed("in_progress"));
    };
    match found.word() {
        Word::Pending => end(gateway, order, "expire").await?,
        Word::Authorize => end(gateway, order, "cancel").await?,
        Word::Deny | Word::Cancel | Word::Expire | Word::Failure => {}
        // Money came in: that is read, and not closed.
        Word::Capture
        | Word::Settlement
        | Word::Refund
        | Word::PartialRefund
        | Word::Chargeback
        | Word::PartialChargeback => return Ok(Sent::Done),
        Word::Other => return Err(cannot_be_closed("unknown_status")),
    }
    let is_denied = found.word() == Word::Deny;
    let page = match page {
        Some(page) => Some(shut(gateway, page).await?),
        None => None,
    };
    match page {
        Some(Page::Shut) => closed_if_dead(gateway, order).await,
        // The page belongs to the transaction, and that has ended.
        Some(Page::Busy) if !is_denied => closed_if_dead(gateway, order).await,
        // The buyer may try again on the page, and the page would not go.
        _ if is_denied => Err(cannot_be_closed("denied")),
        Some(Page::Busy | Page::Unclear(_)) | None => Ok(Sent::Done),
    }
}

/// The page takes nobody in any more. Whoever chose a method in between has a transaction now.
async fn closed_if_dead(gateway: &MidtransGateway, order: &str) -> Result<Sent, CallError> {
    let found = gateway.transaction(order).await.map_err(unproved)?;
    let is_dead = match found.as_ref().map(Body::word) {
        None | Some(Word::Deny | Word::Cancel | Word::Expire | Word::Failure) => true,
        Some(
            Word::Pending
            | Word::Authorize
            | Word::Capture
            | Word::Settlement
            | Word::Refund
            | Word::PartialRefund
            | Word::Chargeback
            | Word::PartialChargeback
            | Word::Other,
        ) => false,
    };
    // Where money was in, what became of it is read: the end of a page says nothing about it.
    Ok(if is_dead { Sent::Closed } else { Sent::Done })
}

/// Ends a transaction. That it has ended, or cannot end any more, are normal answers: reading tells.
async fn end(gateway: &MidtransGateway, order: &str, verb: &str) -> Result<(), CallError> {
    let path = format!("/v2/{}/{verb}", segment(order)?);
    let answer = gateway.post(&path, None, None).await?;
    match answer.code {
        200 | 407 | 412 => Ok(()),
        _ => Err(unproved(fault::by_code(&answer))),
    }
}

async fn shut(gateway: &MidtransGateway, token: &str) -> Result<Page, CallError> {
    let path = format!("/snap/v1/transactions/{}/cancel", segment(token)?);
    let answer = gateway.post(&path, None, None).await?;
    let body = &answer.body;
    let is_shut = body.canceled_at.is_some() && (200..300).contains(&answer.code);
    let is_over =
        body.complains_of(&["already cancel"]) || body.complains_of(&["token", "expired"]);
    Ok(if is_shut || is_over {
        Page::Shut
    } else if body.complains_of(&["progress"]) {
        Page::Busy
    } else {
        Page::Unclear(fault::by_code(&answer).fault().clone())
    })
}

fn page_of<'a>(place: &Place<'a>) -> Option<&'a str> {
    place.session.map(|session| session.reference.as_str())
}

/// Nothing can close it, so it has to be waited for.
fn cannot_be_closed(code: &str) -> CallError {
    CallError::Unknown(Fault::of(FaultKind::WrongState).with_code(code))
}

/// Reading was refused, so nothing was asked to be done.
pub fn nothing_left(error: CallError) -> CallError {
    match error {
        CallError::Refused(fault) => CallError::NotSent(fault),
        other => other,
    }
}

/// Something was done before this, so a refusal now proves nothing.
fn unproved(error: CallError) -> CallError {
    CallError::Unknown(error.fault().clone())
}
