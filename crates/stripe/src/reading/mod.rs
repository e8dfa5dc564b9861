//! What Stripe's book says about the money of an attempt.

mod disputes;

use std::collections::HashMap;

use bayar_app::port::gateway::{CallError, Door, Place, Reading};
use bayar_domain::fact::{Proof, RefundStep};
use bayar_domain::gateway::{
    self as domain, CaptureId, GatewayRefundId, Reason, SessionRef, TryId,
};
use bayar_domain::{InvalidText, Money, RefundId};
use chrono::{DateTime, Utc};

use crate::amount::from_stripe;
use crate::client::garbage;
use crate::names;
use crate::objects::{Charge, Dispute, Intent, PaymentError, Refund, Session};

/// All that was read about one session.
#[derive(Debug)]
pub struct Book {
    pub session: Session,
    pub intent: Option<Intent>,
    pub charge: Option<Charge>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
}

/// Whether the money of a payment intent is in.
pub fn is_paid(intent: &Intent) -> bool {
    intent.status == "succeeded"
}

/// Nothing is known of it.
pub fn absent() -> Reading {
    Reading {
        door: Door::Absent,
        session: None,
        proofs: Vec::new(),
        names: Vec::new(),
        only_whole: false,
        is_ours: false,
        status: "absent".to_owned(),
        receipt_url: None,
    }
}

/// What the book of one session says.
pub fn of(book: &Book, place: &Place<'_>) -> Result<Reading, CallError> {
    let Book {
        session,
        intent,
        charge,
        ..
    } = book;
    let is_ours = session
        .metadata
        .as_ref()
        .is_some_and(|metadata| names::marks(metadata, place.attempt, place.opened_by));
    let door = door(book)?;
    let mut proofs = Vec::new();
    if let Some(intent) = intent {
        if is_paid(intent) {
            money_proofs(book, intent, is_ours, place, &mut proofs)?;
        } else if let Some(error) = &intent.last_payment_error {
            proofs.push(declined(error, intent, charge.as_ref(), place)?);
        }
    }
    if door == Door::Shut {
        proofs.push(end(book, place));
    }
    let words = [
        session.status.as_deref(),
        session.payment_status.as_deref(),
        intent.as_ref().map(|intent| intent.status.as_str()),
    ];
    let names = [
        Some(session.id.as_str()),
        intent.as_ref().map(|intent| intent.id.as_str()),
        charge.as_ref().map(|charge| charge.id.as_str()),
    ];
    Ok(Reading {
        door,
        session: told_session(session, place.session)?,
        proofs,
        names: names.into_iter().flatten().map(str::to_owned).collect(),
        only_whole: false,
        is_ours,
        status: words
            .map(|word| word.and_then(names::plain_word))
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", "),
        receipt_url: charge
            .as_ref()
            .and_then(|charge| charge.receipt_url.clone()),
    })
}

/// Several sessions of one attempt, which should not be: none of their money is lost,
/// and the one that can still be paid is the one to close.
pub fn together(readings: Vec<Reading>) -> Reading {
    let mut readings = readings;
    readings.sort_by_key(|reading| match reading.door {
        Door::Open => 0,
        Door::Waiting => 1,
        Door::Overdue => 2,
        Door::Paid => 3,
        Door::Shut => 4,
        Door::Absent => 5,
    });
    let mut readings = readings.into_iter();
    let Some(mut first) = readings.next() else {
        return absent();
    };
    for other in readings {
        let ends = |proof: &Proof| matches!(proof, Proof::Expired | Proof::Failed { .. });
        let told = other.proofs.into_iter().filter(|(proof, _)| !ends(proof));
        first.proofs.extend(told);
        first.names.extend(other.names);
        first.receipt_url = first.receipt_url.or(other.receipt_url);
    }
    first
}

fn door(book: &Book) -> Result<Door, CallError> {
    let status = book.intent.as_ref().map(|intent| intent.status.as_str());
    // Money that is in is in, whatever the session says a moment before or after.
    if status == Some("succeeded") {
        return Ok(Door::Paid);
    }
    let is_under_way = matches!(status, Some("processing" | "requires_capture"));
    match book.session.status.as_deref() {
        Some("open") => Ok(Door::Open),
        Some("expired") if is_under_way => Ok(Door::Waiting),
        Some("expired") => Ok(Door::Shut),
        // It says that it is paid, and by what cannot be seen.
        Some("complete") if book.session.payment_status.as_deref() != Some("unpaid") => {
            Err(garbage("paid_by_nothing"))
        }
        Some("complete") => Ok(if has_failed(book) {
            Door::Shut
        } else {
            Door::Waiting
        }),
        _ => Err(garbage("unknown_session_status")),
    }
}

/// Whether the payment that a completed session waited for came to nothing. It is not tried again.
fn has_failed(book: &Book) -> bool {
    book.intent
        .as_ref()
        .is_some_and(|intent| match intent.status.as_str() {
            "canceled" => true,
            "requires_payment_method" => intent.last_payment_error.is_some(),
            _ => false,
        })
}

fn end(book: &Book, place: &Place<'_>) -> (Proof, DateTime<Utc>) {
    if book.session.status.as_deref() == Some("expired") {
        // A session that was closed before its time does not say when.
        let at = time(book.session.expires_at, place).min(place.now);
        return (Proof::Expired, at);
    }
    let intent = book.intent.as_ref();
    let reason = match intent.and_then(|intent| intent.last_payment_error.as_ref()) {
        Some(error) => reason(error),
        None => Reason::lossy("canceled"),
    };
    let charged = book.charge.as_ref().and_then(|charge| charge.created);
    let at = time(
        charged.or_else(|| intent.and_then(|intent| intent.created)),
        place,
    );
    (Proof::Failed { reason }, at)
}

fn money_proofs(
    book: &Book,
    intent: &Intent,
    is_ours: bool,
    place: &Place<'_>,
    proofs: &mut Vec<(Proof, DateTime<Utc>)>,
) -> Result<(), CallError> {
    let capture = named(CaptureId::new(intent.id.as_str()))?;
    let amount = money(intent.amount_received, intent.currency.as_deref())?;
    if !amount.is_positive() {
        return Err(garbage("paid_nothing"));
    }
    let charged = book.charge.as_ref().and_then(|charge| charge.created);
    let at = time(charged.or(intent.created), place);
    let captured = Proof::Captured {
        capture: capture.clone(),
        amount,
    };
    proofs.push((captured, at));
    let marked = book.session.metadata.as_ref().filter(|_| is_ours);
    let installation = marked.and_then(|metadata| metadata.get(names::INSTALLATION));
    for refund in &book.refunds {
        if let Some(proof) = refunded(refund, &capture, installation)? {
            proofs.push((proof, time(refund.created, place)));
        }
    }
    for dispute in &book.disputes {
        if let Some(proof) = disputes::proof(dispute, &capture)? {
            proofs.push((proof, time(dispute.created, place)));
        }
    }
    Ok(())
}

/// What a refund proves. A status that nobody knows proves nothing yet, but under our mark that there is one:
/// to pass it over would prove that there is none.
fn refunded(
    refund: &Refund,
    capture: &CaptureId,
    installation: Option<&String>,
) -> Result<Option<Proof>, CallError> {
    let ours = refund
        .metadata
        .as_ref()
        .and_then(|metadata| our_mark(metadata, installation?));
    let Some(step) = refund_step(refund).or(ours.map(|_| RefundStep::Pending)) else {
        return Ok(None);
    };
    Ok(Some(Proof::Refunded {
        capture: capture.clone(),
        refund: named(GatewayRefundId::new(refund.id.as_str()))?,
        amount: money(Some(refund.amount), Some(&refund.currency))?,
        step,
        ours,
    }))
}

/// How far a refund is.
pub fn refund_step(refund: &Refund) -> Option<RefundStep> {
    match refund.status.as_deref() {
        Some("pending" | "requires_action") => Some(RefundStep::Pending),
        Some("succeeded") => Some(RefundStep::Succeeded),
        Some("failed" | "canceled") => Some(RefundStep::Failed),
        _ => {
            tracing::warn!("Stripe has a refund in a status that is not known");
            None
        }
    }
}

fn our_mark(metadata: &HashMap<String, String>, installation: &String) -> Option<RefundId> {
    if metadata.get(names::INSTALLATION) != Some(installation) {
        return None;
    }
    metadata.get(names::REFUND)?.parse().ok()
}

fn declined(
    error: &PaymentError,
    intent: &Intent,
    charge: Option<&Charge>,
    place: &Place<'_>,
) -> Result<(Proof, DateTime<Utc>), CallError> {
    let charge = charge.filter(|charge| error.charge.as_ref().is_none_or(|id| *id == charge.id));
    // A try that never became a charge has no name of its own: it is told by what it was made with.
    let name = match (&error.charge, charge, &error.payment_method) {
        (Some(charge), ..) => charge.clone(),
        (None, Some(charge), _) => charge.id.clone(),
        (None, None, Some(method)) => format!("{} {}", intent.id, method.id),
        (None, None, None) => format!("{} {}", intent.id, reason(error)),
    };
    let declined = Proof::Declined {
        payment_try: named(TryId::new(name))?,
        reason: reason(error),
    };
    let charged = charge.and_then(|charge| charge.created);
    Ok((declined, time(charged.or(intent.created), place)))
}

/// Stripe's own codes. Its message may name people.
fn reason(error: &PaymentError) -> Reason {
    let codes = [&error.code, &error.decline_code];
    let codes = codes.map(|code| code.as_deref().and_then(names::plain_word));
    let codes: Vec<_> = codes.into_iter().flatten().collect();
    Reason::lossy(&codes.join(", "))
}

/// The session, where it can be told: one that is over does not say where to pay any more.
pub fn told_session(
    session: &Session,
    known: Option<&domain::Session>,
) -> Result<Option<domain::Session>, CallError> {
    let known = known.filter(|known| known.reference.as_str() == session.id);
    let url = session
        .url
        .clone()
        .or_else(|| known.map(|known| known.url.clone()));
    let expires_at = session
        .expires_at
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .or_else(|| known.map(|known| known.expires_at));
    let (Some(url), Some(expires_at)) = (url, expires_at) else {
        return Ok(None);
    };
    Ok(Some(domain::Session {
        reference: named(SessionRef::new(session.id.as_str()))?,
        url,
        expires_at,
    }))
}

/// An amount that is told exactly, or not at all.
pub fn money(units: Option<i64>, currency: Option<&str>) -> Result<Money, CallError> {
    let (Some(units), Some(currency)) = (units, currency) else {
        return Err(garbage("no_amount"));
    };
    from_stripe(units, currency).map_err(|error| {
        tracing::error!(%error, "Stripe has an amount that cannot be taken over");
        garbage("inexact_amount")
    })
}

pub fn named<T>(name: Result<T, InvalidText>) -> Result<T, CallError> {
    name.map_err(|_| garbage("odd_name"))
}

/// Stripe's time, for people. Where it has none, the time of reading.
fn time(seconds: Option<i64>, place: &Place<'_>) -> DateTime<Utc> {
    seconds
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .unwrap_or(place.now)
}
