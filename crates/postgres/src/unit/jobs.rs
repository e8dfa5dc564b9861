//! Work that is due: what is not at its end owns an open job.

use bayar_app::port::store::{Answer, CallKey};
use bayar_domain::PaymentStatus;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel::{BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl};

use super::Unit;
use crate::schema::{bayar_now, jobs};
use crate::statement::statement;

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

statement! {
    /// A job that is open stays as it is. One that was done is done anew, and whoever had it has it no more.
    struct OpenJob {
        kind: &'static str as Text,
        subject: i64 as BigInt,
        due_at: DateTime<Utc> as Timestamptz,
    }
    "INSERT INTO jobs AS known (kind, subject_id, due_at)
    VALUES (" kind ", " subject ", " due_at ")
    ON CONFLICT (kind, subject_id) DO UPDATE
        SET due_at = excluded.due_at, done_at = NULL, tries = 0, faults = 0, waits_for = NULL,
            epoch = known.epoch + 1, leased_until = NULL
        WHERE known.done_at IS NOT NULL"
}

statement! {
    struct EndAnswer {
        call: String as Text,
    }
    "UPDATE jobs SET done_at = bayar_now()
    FROM gateway_calls AS call
    WHERE call.key = " call " AND call.operation = 'answer'
        AND jobs.kind = 'carry_answer' AND jobs.subject_id = call.subject_id AND jobs.done_at IS NULL"
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

    /// The first look at what has just begun: whoever began it has the first word.
    pub(super) async fn open_job_soon(&mut self, job: Job) -> Answer<()> {
        let due_at = self.now.checked_add_signed(FIRST_LOOK);
        self.open_job(job, due_at.unwrap_or(self.now)).await
    }

    /// An answer that a gateway had waits for nobody any more.
    pub(super) async fn end_answer_job(&mut self, call: &CallKey) -> Answer<()> {
        let end = EndAnswer {
            call: call.to_string(),
        };
        self.transaction.execute(end).await?;
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
