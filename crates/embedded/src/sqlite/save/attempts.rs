use bayar_domain::Attempt;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::super::error::{Failure, broken};
use super::super::rows::{attempt_state_text, time_text};
use super::super::schema::attempts;
use super::super::unit::{Seen, SeenRow};
use super::jobs::{self, Job};
use super::{FIRST, must_be_new, must_be_one, next};

pub(super) fn write(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    attempt: &Attempt,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let (id, status) = (attempt.terms().id, attempt.status());
    let now_text = time_text(now)?;
    let version = match seen.attempts.get(&id) {
        None => insert(connection, seen, attempt, &now_text)?,
        Some(before) => update(connection, attempt, before.version, &now_text)?,
    };
    let job = Job::WatchAttempt(id.get());
    if status.is_live() {
        jobs::open(connection, job, jobs::first_look(now))?;
    } else {
        jobs::end(connection, job, &now_text)?;
    }
    seen.attempts.insert(id, SeenRow { version, status });
    Ok(())
}

fn insert(
    connection: &mut SqliteConnection,
    seen: &Seen,
    attempt: &Attempt,
    now: &str,
) -> Result<i64, Failure> {
    let terms = attempt.terms();
    if !seen.payments.contains_key(&terms.payment) {
        let id = terms.id;
        let why = format!("attempt {id} is for no payment of the order");
        return Err(broken(why));
    }
    let written = diesel::insert_into(attempts::table)
        .values((
            attempts::id.eq(terms.id.get()),
            attempts::payment_id.eq(terms.payment.get()),
            attempts::order_id.eq(seen.order.get()),
            attempts::gateway.eq(terms.source.gateway.as_str()),
            attempts::account.eq(terms.source.account.as_str()),
            attempts::mode.eq(terms.source.mode.as_str()),
            attempts::status.eq(attempt.status().as_str()),
            attempts::state.eq(attempt_state_text(attempt.state())?),
            attempts::version.eq(FIRST),
            attempts::created_at.eq(now),
            attempts::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    must_be_new(written, "attempt", terms.id)?;
    Ok(FIRST)
}

fn update(
    connection: &mut SqliteConnection,
    attempt: &Attempt,
    version: i64,
    now: &str,
) -> Result<i64, Failure> {
    let terms = attempt.terms();
    let next = next(version)?;
    let as_loaded = attempts::table
        .find(terms.id.get())
        .filter(attempts::payment_id.eq(terms.payment.get()))
        .filter(attempts::version.eq(version));
    let written = diesel::update(as_loaded)
        .set((
            attempts::status.eq(attempt.status().as_str()),
            attempts::state.eq(attempt_state_text(attempt.state())?),
            attempts::version.eq(next),
            attempts::updated_at.eq(now),
        ))
        .execute(connection)?;
    must_be_one(written, "attempt", terms.id)?;
    Ok(next)
}
