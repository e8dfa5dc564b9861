//! Calls that are to be made, and what became of those that were.

use bayar_app::port::store::{CallKey, CallOutcome, CallPurpose, CallStatus, NewCall, Operation};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::super::error::{Failure, broken};
use super::super::rows::time_text;
use super::super::schema::gateway_calls;
use super::super::unit::Seen;
use super::jobs::{self, Job};
use super::{must_be_new, next};

/// Whoever took the call since then has another epoch, and what is over stays so.
pub(super) fn finish(
    connection: &mut SqliteConnection,
    seen: &Seen,
    outcome: &CallOutcome,
    now: &str,
) -> Result<(), Failure> {
    let planned_or_sent = [CallStatus::Planned.as_str(), CallStatus::Sent.as_str()];
    let as_taken = gateway_calls::table
        .find(outcome.key.as_str())
        .filter(gateway_calls::order_id.eq(seen.order.get()))
        .filter(gateway_calls::epoch.eq(outcome.epoch))
        .filter(gateway_calls::status.eq_any(planned_or_sent));
    let unclear = i64::from(outcome.status == CallStatus::Sent);
    let written = diesel::update(as_taken)
        .set((
            gateway_calls::status.eq(outcome.status.as_str()),
            gateway_calls::unclear.eq(gateway_calls::unclear + unclear),
            gateway_calls::fault.eq(outcome.fault.as_deref()),
            gateway_calls::leased_until.eq(None::<&str>),
            gateway_calls::finished_at.eq(outcome.status.is_over().then_some(now)),
        ))
        .execute(connection)?;
    if outcome.status.is_over() {
        end_answer_job(connection, &outcome.key, now)?;
    }
    match written {
        1 => Ok(()),
        _ => Err(broken(format!(
            "call {} was taken by another one since, is over, or is not of the order",
            outcome.key
        ))),
    }
}

/// Ends a call whoever has it: what it was to bring about is known. Where it never left, it had no effect.
pub(super) fn prove(
    connection: &mut SqliteConnection,
    seen: &Seen,
    call: &CallKey,
    now: &str,
) -> Result<(), Failure> {
    let mut ended = 0;
    for (from, to) in [
        (CallStatus::Planned, CallStatus::Refused),
        (CallStatus::Sent, CallStatus::Done),
    ] {
        let open = gateway_calls::table
            .find(call.as_str())
            .filter(gateway_calls::order_id.eq(seen.order.get()))
            .filter(gateway_calls::status.eq(from.as_str()));
        ended += diesel::update(open)
            .set((
                gateway_calls::status.eq(to.as_str()),
                gateway_calls::leased_until.eq(None::<&str>),
                gateway_calls::finished_at.eq(now),
            ))
            .execute(connection)?;
    }
    match ended {
        0 => Ok(()),
        _ => end_answer_job(connection, call, now),
    }
}

fn end_answer_job(
    connection: &mut SqliteConnection,
    call: &CallKey,
    now: &str,
) -> Result<(), Failure> {
    let call = gateway_calls::table
        .find(call.as_str())
        .filter(gateway_calls::operation.eq(Operation::Answer.as_str()))
        .select(gateway_calls::subject_id);
    let attempt: Option<i64> = call.get_result(connection).optional()?;
    match attempt {
        Some(attempt) => jobs::end(connection, Job::CarryAnswer(attempt), now),
        None => Ok(()),
    }
}

pub(super) fn insert(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    new: &NewCall,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let now = time_text(at)?;
    let is_known = match new.purpose {
        CallPurpose::Open(attempt) | CallPurpose::Close(attempt) | CallPurpose::Answer(attempt) => {
            seen.attempts.contains_key(&attempt)
        }
        CallPurpose::Refund(refund) => seen.refunds.contains_key(&refund),
    };
    if !is_known {
        let why = format!(
            "call {} is for no attempt and no refund of the order",
            new.key
        );
        return Err(broken(why));
    }
    let position = next(seen.calls)?;
    let written = diesel::insert_into(gateway_calls::table)
        .values((
            gateway_calls::key.eq(new.key.as_str()),
            gateway_calls::order_id.eq(seen.order.get()),
            gateway_calls::position.eq(position),
            gateway_calls::operation.eq(new.purpose.operation().as_str()),
            gateway_calls::subject_id.eq(new.purpose.subject()),
            gateway_calls::generation.eq(i64::from(new.generation)),
            gateway_calls::path.eq(&new.request.path),
            gateway_calls::body.eq(&new.request.body),
            gateway_calls::good_until.eq(time_text(new.request.good_until)?),
            gateway_calls::dead_at.eq(time_text(new.dead_at)?),
            gateway_calls::status.eq(CallStatus::Planned.as_str()),
            gateway_calls::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    must_be_new(written, "call", &new.key)?;
    if let CallPurpose::Answer(attempt) = new.purpose {
        let job = Job::CarryAnswer(attempt.get());
        jobs::open(connection, job, jobs::first_look(at))?;
    }
    seen.calls = position;
    Ok(())
}
