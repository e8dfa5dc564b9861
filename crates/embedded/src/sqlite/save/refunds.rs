use bayar_app::port::StoreError;
use bayar_domain::{Refund, RefundStatus};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::super::error::{Failure, broken};
use super::super::rows::{day_text, refund_state_text, time_text};
use super::super::schema::{refund_days, refund_events, refunds};
use super::super::unit::{Seen, SeenRow};
use super::jobs::{self, Job};
use super::{FIRST, Moves, must_be_new, must_be_one, next};

pub(super) fn write(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    refund: &Refund,
    moves: &Moves,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let (id, status) = (refund.terms().id, refund.status());
    let now_text = time_text(now)?;
    let before = seen.refunds.get(&id);
    let version = match before {
        None => insert(connection, seen, refund, moves, &now_text)?,
        Some(before) => {
            let version = update(connection, refund, before.version, &now_text)?;
            count_again(connection, refund, before.status)?;
            version
        }
    };
    diesel::insert_into(refund_events::table)
        .values((
            refund_events::refund_id.eq(id.get()),
            refund_events::version.eq(version),
            refund_events::from_status.eq(before.map(|before| before.status.as_str())),
            refund_events::to_status.eq(status.as_str()),
            refund_events::actor.eq(moves.by.to_string()),
            refund_events::at.eq(&now_text),
        ))
        .execute(connection)?;
    let job = Job::CarryRefund(id.get());
    if status.is_under_way() {
        jobs::open(connection, job, jobs::first_look(now))?;
    } else {
        jobs::end(connection, job, &now_text)?;
    }
    seen.refunds.insert(id, SeenRow { version, status });
    Ok(())
}

fn insert(
    connection: &mut SqliteConnection,
    seen: &Seen,
    refund: &Refund,
    moves: &Moves,
    now: &str,
) -> Result<i64, Failure> {
    let terms = refund.terms();
    let mut claims = moves.records.claims.iter();
    let claim = claims.find(|claim| claim.refund == terms.id);
    if !seen.payments.contains_key(&terms.payment) {
        let id = terms.id;
        let why = format!("refund {id} is for no payment of the order");
        return Err(broken(why));
    }
    let written = diesel::insert_into(refunds::table)
        .values((
            refunds::id.eq(terms.id.get()),
            refunds::payment_id.eq(terms.payment.get()),
            refunds::order_id.eq(seen.order.get()),
            refunds::capture.eq(terms.capture.as_str()),
            refunds::origin.eq(terms.origin.as_str()),
            refunds::reason.eq(terms.reason.as_ref().map(|reason| reason.as_str())),
            refunds::amount_minor.eq(refund.amount().minor()),
            refunds::amount.eq(refund.amount().to_string()),
            refunds::currency.eq(refund.amount().currency().code()),
            refunds::status.eq(refund.status().as_str()),
            refunds::state.eq(refund_state_text(refund.state())?),
            refunds::version.eq(FIRST),
            refunds::created_at.eq(now),
            refunds::updated_at.eq(now),
            refunds::asked_by.eq(moves.by.to_string()),
            refunds::key_owner.eq(claim.map(|claim| claim.key.owner.to_string())),
            refunds::key.eq(claim.map(|claim| claim.key.key.as_str())),
            refunds::request_hash.eq(claim.map(|claim| claim.request.as_bytes().as_slice())),
            refunds::counted_day.eq(claim
                .and_then(|claim| claim.day)
                .map(|day| day_text(day.day))),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    match (must_be_new(written, "refund", terms.id), claim) {
        // The same key at the same time: the next look finds what it made.
        (Err(clash), Some(_)) => Err(StoreError::Busy(clash.into()).into()),
        (new, _) => new.map(|()| FIRST),
    }
}

/// Whether money is reserved because we want it to go back, and not because a gateway says that it does.
pub(super) fn is_by_our_doing(seen: &Seen, moves: &Moves) -> bool {
    let is_new = |refund: &Refund| match seen.refunds.get(&refund.terms().id) {
        None => true,
        Some(before) => {
            before.status == RefundStatus::Failed && refund.status() == RefundStatus::Manual
        }
    };
    moves.facts.is_empty() && moves.refunds.iter().any(is_new)
}

/// What failed is taken out of the day it counts in, and what did not fail after all is counted again:
/// money that goes back is never left out because a day was full.
fn count_again(
    connection: &mut SqliteConnection,
    refund: &Refund,
    before: RefundStatus,
) -> Result<(), Failure> {
    let amount = refund.amount().minor();
    let failed = |status| status == RefundStatus::Failed;
    let change = match (failed(before), failed(refund.status())) {
        (false, true) => amount.saturating_neg(),
        (true, false) => amount,
        (true, true) | (false, false) => return Ok(()),
    };
    let counted: Option<(Option<String>, Option<String>)> = refunds::table
        .find(refund.terms().id.get())
        .filter(refunds::counted_day.is_not_null())
        .select((refunds::asked_by, refunds::counted_day))
        .get_result(connection)
        .optional()?;
    if let Some((Some(actor), Some(day))) = counted {
        let currency = refund.amount().currency().code();
        diesel::update(refund_days::table.find((actor, day, currency)))
            .set(refund_days::used_minor.eq(refund_days::used_minor + change))
            .execute(connection)?;
    }
    Ok(())
}

/// What we ask for ourselves is as much as is left to give back, as long as it was not sent.
fn update(
    connection: &mut SqliteConnection,
    refund: &Refund,
    version: i64,
    now: &str,
) -> Result<i64, Failure> {
    let terms = refund.terms();
    let next = next(version)?;
    let as_loaded = refunds::table
        .find(terms.id.get())
        .filter(refunds::payment_id.eq(terms.payment.get()))
        .filter(refunds::capture.eq(terms.capture.as_str()))
        .filter(refunds::currency.eq(refund.amount().currency().code()))
        .filter(refunds::version.eq(version));
    let written = diesel::update(as_loaded)
        .set((
            refunds::amount_minor.eq(refund.amount().minor()),
            refunds::amount.eq(refund.amount().to_string()),
            refunds::status.eq(refund.status().as_str()),
            refunds::state.eq(refund_state_text(refund.state())?),
            refunds::version.eq(next),
            refunds::updated_at.eq(now),
        ))
        .execute(connection)?;
    must_be_one(written, "refund", terms.id)?;
    Ok(next)
}
