//! Answers money that the gateway holds back because it suspects fraud.

use bayar_app::port::gateway::{Call, CallError, FaultKind, Request, Sent, Unfit};
use bayar_domain::Verdict;
use bayar_domain::gateway::CaptureId;
use chrono::{DateTime, TimeDelta, Utc};

use crate::fault;
use crate::gateway::{MidtransGateway, segment};
use crate::wire::{Fraud, Word};

/// Asking again harms nobody: what was answered once does not change.
const STILL: TimeDelta = TimeDelta::days(7);
const ACCEPT: &str = "/approve";
const REFUSE: &str = "/deny";

pub fn request(
    capture: &CaptureId,
    verdict: Verdict,
    now: DateTime<Utc>,
) -> Result<Request, Unfit> {
    let name = segment(capture.as_str())
        .map_err(|_| Unfit("no transaction at Midtrans has such a name".to_owned()))?;
    let verb = match verdict {
        Verdict::Accept => ACCEPT,
        Verdict::Refuse => REFUSE,
    };
    Ok(Request {
        path: format!("/v2/{name}{verb}"),
        body: "{}".to_owned(),
        good_until: now.checked_add_signed(STILL).unwrap_or(now),
    })
}

pub async fn send(gateway: &MidtransGateway, call: &Call<'_>) -> Result<Sent, CallError> {
    let answer = gateway
        .post(&call.request.path, Some(&call.request.body), None)
        .await?;
    let is_done = match answer.body.word() {
        Word::Deny => call.request.path.ends_with(REFUSE),
        _ => answer.code == 200,
    };
    if is_done {
        return Ok(Sent::Done);
    }
    if answer.code != 412 {
        return Err(fault::by_code(&answer));
    }
    // Somebody answered before, perhaps we ourselves.
    let (name, verb) = parts(&call.request.path).ok_or_else(crate::gateway::not_ours)?;
    let found = gateway
        .transaction(name)
        .await
        .map_err(|error| CallError::Unknown(error.fault().clone()))?;
    let is_so = found.is_some_and(|found| match found.word() {
        Word::Capture | Word::Settlement => verb == ACCEPT && found.fraud() == Fraud::Accept,
        Word::Deny | Word::Cancel => verb == REFUSE,
        Word::Pending
        | Word::Authorize
        | Word::Expire
        | Word::Failure
        | Word::Refund
        | Word::PartialRefund
        | Word::Chargeback
        | Word::PartialChargeback
        | Word::Other => false,
    });
    if is_so {
        Ok(Sent::Done)
    } else {
        Err(fault::refused(&answer, FaultKind::WrongState))
    }
}

fn parts(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix("/v2/")?;
    path.split_at_checked(path.find('/')?)
}
