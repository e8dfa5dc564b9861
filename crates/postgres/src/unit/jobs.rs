//! Work that is due: what is not at its end owns an open job.

use bayar_app::port::store::Answer;
use bayar_domain::PaymentStatus;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel::{BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl};

use super::Unit;
use crate::schema::{bayar_now, jobs};
use crate::statement::statement;

/// How long after its beginning an attempt is looked at for the first time.
pub(super) const FIRST_LOOK: TimeDelta = TimeDelta::seconds(10);

/// What a job is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Job {
    ExpirePayment(i64),
    WatchAttempt(i64),
    CarryRefund(i64),
}

impl Job {
    const fn columns(self) -> (&'static str, i64) {
        match self {
            Self::ExpirePayment(id) => ("expire_payment", id),
            Self::WatchAttempt(id) => ("watch_attempt", id),
            Self::CarryRefund(id) => ("carry_refund", id),
        }
    }
}

statement! {
    /// A job that is open stays as it is. One that was done is done anew.
    struct OpenJob {
        kind: &'static str as Text,
        subject: i64 as BigInt,
        due_at: DateTime<Utc> as Timestamptz,
    }
    "INSERT INTO jobs AS known (kind, subject_id, due_at)
    VALUES (" kind ", " subject ", " due_at ")
    ON CONFLICT (kind, subject_id) DO UPDATE SET due_at = excluded.due_at, done_at = NULL
        WHERE known.done_at IS NOT NULL"
}

impl Unit {
    pub(super) async fn open_job(&mut self, job: Job, due_at: DateTime<Utc>) -> Answer<()> {
        let (kind, subject) = job.columns();
        let open = OpenJob {
            kind,
            subject,
            due_at,
        };
        self.transaction.execute(open).await?;
        Ok(())
    }

    pub(super) async fn end_job(&mut self, job: Job) -> Answer<()> {
        let (kind, subject) = job.columns();
        let open = jobs::kind
            .eq(kind)
            .and(jobs::subject_id.eq(subject))
            .and(jobs::done_at.is_null());
        let done =
            diesel::update(jobs::table.filter(open)).set(jobs::done_at.eq(bayar_now().nullable()));
        self.transaction.execute(done).await?;
        Ok(())
    }
}

/// Whether it may still have to be ended for want of money.
pub(super) const fn waits_for_money(status: PaymentStatus) -> bool {
    match status {
        PaymentStatus::Pending | PaymentStatus::Processing => true,
        PaymentStatus::UnderReview
        | PaymentStatus::Completed
        | PaymentStatus::PartiallyRefunded
        | PaymentStatus::Refunded
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled
        | PaymentStatus::Expired => false,
    }
}
