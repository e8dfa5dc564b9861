use bayar_domain::Refund;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::super::error::{Failure, broken};
use super::super::rows::{refund_state_text, time_text};
use super::super::schema::refunds;
use super::super::unit::{Seen, SeenRow};
use super::jobs::{self, Job};
use super::{FIRST, must_be_new, must_be_one, next};

pub(super) fn write(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    refund: &Refund,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let (id, status) = (refund.terms().id, refund.status());
    let now_text = time_text(now)?;
    let version = match seen.refunds.get(&id) {
        None => insert(connection, seen, refund, &now_text)?,
        Some(before) => update(connection, refund, before.version, &now_text)?,
    };
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
    now: &str,
) -> Result<i64, Failure> {
    let terms = refund.terms();
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
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    must_be_new(written, "refund", terms.id)?;
    Ok(FIRST)
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
