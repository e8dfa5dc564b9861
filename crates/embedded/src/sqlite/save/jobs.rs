//! Work that is due: what is not at its end owns an open job.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::super::error::Failure;
use super::super::rows::time_text;
use super::super::schema::jobs;

/// How long after its beginning something is looked at for the first time.
const FIRST_LOOK: TimeDelta = TimeDelta::seconds(10);

/// What a job is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Job {
    ExpirePayment(i64),
    WatchAttempt(i64),
    CarryRefund(i64),
    WatchReview(i64),
    CarryAnswer(i64),
}

impl Job {
    const fn columns(self) -> (&'static str, i64) {
        match self {
            Self::ExpirePayment(id) => ("expire_payment", id),
            Self::WatchAttempt(id) => ("watch_attempt", id),
            Self::CarryRefund(id) => ("carry_refund", id),
            Self::WatchReview(id) => ("watch_review", id),
            Self::CarryAnswer(id) => ("carry_answer", id),
        }
    }
}

/// A job that is open stays as it is. One that was done is done anew, and whoever had it has it no more.
pub(super) fn open(
    connection: &mut SqliteConnection,
    job: Job,
    due_at: DateTime<Utc>,
) -> Result<(), Failure> {
    let (kind, subject) = job.columns();
    let due_at = time_text(due_at)?;
    diesel::insert_into(jobs::table)
        .values((
            jobs::kind.eq(kind),
            jobs::subject_id.eq(subject),
            jobs::due_at.eq(&due_at),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    let done = jobs::table
        .find((kind, subject))
        .filter(jobs::done_at.is_not_null());
    diesel::update(done)
        .set((
            jobs::due_at.eq(&due_at),
            jobs::done_at.eq(None::<&str>),
            jobs::tries.eq(0),
            jobs::faults.eq(0),
            jobs::waits_for.eq(None::<&str>),
            jobs::epoch.eq(jobs::epoch + 1),
            jobs::leased_until.eq(None::<&str>),
        ))
        .execute(connection)?;
    Ok(())
}

/// The first look at what has just begun: whoever began it has the first word.
pub(super) fn first_look(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_add_signed(FIRST_LOOK).unwrap_or(now)
}

pub(super) fn end(connection: &mut SqliteConnection, job: Job, now: &str) -> Result<(), Failure> {
    let (kind, subject) = job.columns();
    let open = jobs::table
        .find((kind, subject))
        .filter(jobs::done_at.is_null());
    diesel::update(open)
        .set(jobs::done_at.eq(now))
        .execute(connection)?;
    Ok(())
}
