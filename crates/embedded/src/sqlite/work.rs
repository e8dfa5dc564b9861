//! Work that is due: who may do it, one at a time, and what has none and should.

use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::Source;
use bayar_app::port::store::{
    Answer, Job, JobKey, JobKind, PutOff, UnresolvedPayment, Which, Work,
};
use bayar_domain::{Gateway, OrderId, PaymentId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::SqliteStore;
use super::error::{Failure, broken, unreadable};
use super::rows::{PaymentRow, later, stored_payment, time, time_text};
use super::schema::{jobs, orders, payments};

#[async_trait]
impl Work for SqliteStore {
    async fn take_jobs(&self, at_most: u32, lasting: Duration) -> Answer<Vec<Job>> {
        let taken = self
            .writer
            .run(move |connection, now| take(connection, at_most, lasting, now));
        Ok(taken.await?)
    }

    async fn keep_job(&self, job: JobKey, epoch: i64, lasting: Duration) -> Answer<bool> {
        let kept = self.writer.run(move |connection, now| {
            let kept = sql_query(KEEP)
                .bind::<Text, _>(later(now, lasting)?)
                .bind::<Text, _>(job.kind.as_str())
                .bind::<BigInt, _>(job.subject)
                .bind::<BigInt, _>(epoch)
                .execute(connection)?;
            Ok(kept == 1)
        });
        Ok(kept.await?)
    }

    async fn put_job_off(&self, job: JobKey, epoch: i64, until: &PutOff) -> Answer<bool> {
        let until = *until;
        let put_off = self.writer.run(move |connection, now| {
            let put_off = diesel::update(held(job, epoch))
                .set((
                    jobs::due_at.eq(later(now, until.delay)?),
                    jobs::tries.eq(i64::from(until.tries)),
                    jobs::faults.eq(i64::from(until.faults)),
                    jobs::waits_for.eq(until.waits_for.map(Gateway::as_str)),
                    jobs::leased_until.eq(None::<&str>),
                ))
                .execute(connection)?;
            Ok(put_off == 1)
        });
        Ok(put_off.await?)
    }

    async fn wake_jobs(&self, gateway: Gateway, at_most: u32) -> Answer<u64> {
        let woken = self.writer.run(move |connection, now| {
            let woken = sql_query(WAKE)
                .bind::<Text, _>(time_text(now)?)
                .bind::<Text, _>(gateway.as_str())
                .bind::<BigInt, _>(i64::from(at_most))
                .execute(connection)?;
            u64::try_from(woken).map_err(broken)
        });
        Ok(woken.await?)
    }

    async fn repair_jobs(&self, at_most: u32) -> Answer<Vec<JobKey>> {
        let repaired = self.writer.run(move |connection, now| {
            let repaired: Vec<KeyRow> = sql_query(REPAIR)
                .bind::<Text, _>(time_text(now)?)
                .bind::<BigInt, _>(i64::from(at_most))
                .load(connection)?;
            let keys = repaired.iter().map(|row| {
                let found = key(&row.kind, row.subject_id);
                found.map_err(|why| unreadable("job", row.subject_id, why))
            });
            keys.collect()
        });
        Ok(repaired.await?)
    }

    async fn unresolved(
        &self,
        which: Which,
        after: Option<PaymentId>,
        at_most: u32,
    ) -> Answer<Vec<UnresolvedPayment>> {
        let found = self
            .readers
            .run(move |connection, now| unresolved(connection, which, after, at_most, now));
        Ok(found.await?)
    }
}

const KEEP: &str = "
    UPDATE jobs SET leased_until = CASE WHEN done_at IS NULL THEN ?1 END
    WHERE kind = ?2 AND subject_id = ?3 AND epoch = ?4";

const TAKE: &str = "
    UPDATE jobs SET epoch = epoch + 1, leased_until = ?2
    WHERE (kind, subject_id) IN (
        SELECT kind, subject_id FROM jobs
        WHERE done_at IS NULL AND due_at <= ?1 AND (leased_until IS NULL OR leased_until <= ?1)
            AND kind IN ('expire_payment', 'watch_attempt', 'carry_refund', 'watch_review', 'carry_answer')
        ORDER BY due_at LIMIT ?3)
    RETURNING kind, subject_id, due_at, tries, faults, epoch, waits_for,
        coalesce((SELECT order_id FROM payments WHERE kind IN ('expire_payment', 'watch_review') AND id = subject_id),
            (SELECT order_id FROM attempts WHERE kind IN ('watch_attempt', 'carry_answer') AND id = subject_id),
            (SELECT order_id FROM refunds WHERE kind = 'carry_refund' AND id = subject_id)) AS order_id,
        coalesce((SELECT id FROM payments WHERE kind IN ('expire_payment', 'watch_review') AND id = subject_id),
            (SELECT payment_id FROM attempts WHERE kind IN ('watch_attempt', 'carry_answer') AND id = subject_id),
            (SELECT payment_id FROM refunds WHERE kind = 'carry_refund' AND id = subject_id)) AS payment_id";

const SET_ASIDE: &str =
    "UPDATE jobs SET due_at = ?1, leased_until = NULL WHERE kind = ?2 AND subject_id = ?3";

/// How long what cannot be read is set aside.
const UNREADABLE: Duration = Duration::from_secs(60 * 60);

#[derive(QueryableByName)]
struct TakenRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
    #[diesel(sql_type = Text)]
    due_at: String,
    #[diesel(sql_type = BigInt)]
    tries: i64,
    #[diesel(sql_type = BigInt)]
    faults: i64,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Nullable<Text>)]
    waits_for: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    order_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    payment_id: Option<i64>,
}

impl TakenRow {
    fn read(&self, now: DateTime<Utc>) -> Result<Job, Source> {
        const NOTHING: &str = "it is about nothing";
        Ok(Job {
            key: key(&self.kind, self.subject_id)?,
            order: OrderId::new(self.order_id.ok_or(NOTHING)?)?,
            payment: PaymentId::new(self.payment_id.ok_or(NOTHING)?)?,
            due_at: time(&self.due_at)?,
            tries: self.tries.try_into()?,
            faults: self.faults.try_into()?,
            epoch: self.epoch,
            waits_for: self.waits_for.as_deref().map(str::parse).transpose()?,
            now,
        })
    }
}

fn take(
    connection: &mut SqliteConnection,
    at_most: u32,
    lasting: Duration,
    now: DateTime<Utc>,
) -> Result<Vec<Job>, Failure> {
    loop {
        let taken: Vec<TakenRow> = sql_query(TAKE)
            .bind::<Text, _>(time_text(now)?)
            .bind::<Text, _>(later(now, lasting)?)
            .bind::<BigInt, _>(i64::from(at_most))
            .load(connection)?;
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let mut jobs = Vec::new();
        for row in taken {
            match row.read(now) {
                Ok(job) => jobs.push(job),
                Err(why) => {
                    let (kind, subject) = (&row.kind, row.subject_id);
                    tracing::error!(kind, subject, %why, "a job cannot be read: an operator has to look");
                    // It is told of every hour, and stands in nobody's way.
                    sql_query(SET_ASIDE)
                        .bind::<Text, _>(later(now, UNREADABLE)?)
                        .bind::<Text, _>(kind)
                        .bind::<BigInt, _>(subject)
                        .execute(connection)?;
                }
            }
        }
        if !jobs.is_empty() {
            // The rows come in no order.
            jobs.sort_by_key(|job| (job.due_at, job.key));
            return Ok(jobs);
        }
    }
}

/// The job, as long as it is in the hands of that taker.
#[diesel::dsl::auto_type(no_type_alias)]
fn held(job: JobKey, epoch: i64) -> _ {
    let kind: &'static str = job.kind.as_str();
    let subject: i64 = job.subject;
    jobs::table
        .find((kind, subject))
        .filter(jobs::epoch.eq(epoch))
        .filter(jobs::done_at.is_null())
}

const WAKE: &str = "
    UPDATE jobs SET due_at = ?1
    WHERE (kind, subject_id) IN (
        SELECT kind, subject_id FROM jobs
        WHERE done_at IS NULL AND waits_for = ?2 AND due_at > ?1
        ORDER BY due_at LIMIT ?3)";

const REPAIR: &str = "
    INSERT INTO jobs (kind, subject_id, due_at)
    SELECT kind, subject_id, ?1 FROM (
        SELECT 'expire_payment' AS kind, id AS subject_id FROM payments WHERE status IN ('pending', 'processing')
        UNION ALL SELECT 'watch_review', id FROM payments WHERE status = 'under_review'
        UNION ALL SELECT 'watch_attempt', id FROM attempts
            WHERE status IN ('creating', 'open', 'unknown', 'closing')
        UNION ALL SELECT 'carry_refund', id FROM refunds WHERE status IN ('requested', 'sent', 'unknown')
        UNION ALL SELECT 'carry_answer', subject_id FROM gateway_calls
            WHERE operation = 'answer' AND status IN ('planned', 'sent')
    ) AS unresolved
    WHERE NOT EXISTS (SELECT 1 FROM jobs AS known WHERE known.kind = unresolved.kind
        AND known.subject_id = unresolved.subject_id AND known.done_at IS NULL)
    LIMIT ?2
    ON CONFLICT (kind, subject_id) DO UPDATE
        SET due_at = excluded.due_at, done_at = NULL, tries = 0, faults = 0, waits_for = NULL,
            epoch = epoch + 1, leased_until = NULL
        WHERE done_at IS NOT NULL
    RETURNING kind, subject_id";

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
}

/// Each part comes out of an index that holds nothing else.
const ALL_UNRESOLVED: &str = "
    SELECT id FROM (
        SELECT * FROM (SELECT id FROM payments
            WHERE status IN ('pending', 'processing', 'under_review') AND id > ?1 ORDER BY id LIMIT ?2)
        UNION SELECT * FROM (SELECT payment_id FROM attempts
            WHERE status IN ('creating', 'open', 'unknown', 'closing') AND payment_id > ?1
            ORDER BY payment_id LIMIT ?2)
        UNION SELECT * FROM (SELECT DISTINCT payment_id FROM refunds
            WHERE status IN ('requested', 'sent', 'unknown') AND payment_id > ?1
            ORDER BY payment_id LIMIT ?2))
    ORDER BY id LIMIT ?2";

const OVERDUE: &str = "
    SELECT id FROM payments
    WHERE status IN ('pending', 'processing') AND deadline <= ?3 AND id > ?1
    ORDER BY id LIMIT ?2";

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn unresolved(
    connection: &mut SqliteConnection,
    which: Which,
    after: Option<PaymentId>,
    at_most: u32,
    now: DateTime<Utc>,
) -> Result<Vec<UnresolvedPayment>, Failure> {
    let after = after.map_or(0, PaymentId::get);
    let ids = |query: &'static str| {
        sql_query(query)
            .bind::<BigInt, _>(after)
            .bind::<BigInt, _>(i64::from(at_most))
    };
    let ids: Vec<IdRow> = match which {
        Which::All => ids(ALL_UNRESOLVED).load(connection)?,
        Which::Overdue => ids(OVERDUE)
            .bind::<Text, _>(time_text(now)?)
            .load(connection)?,
    };
    let ids: Vec<i64> = ids.into_iter().map(|row| row.id).collect();
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(super::payments::MOST_IDS) {
        let rows: Vec<(PaymentRow, String, String)> = payments::table
            .inner_join(orders::table)
            .filter(payments::id.eq_any(ids))
            .order(payments::id)
            .select((
                PaymentRow::as_select(),
                orders::order_number,
                orders::status,
            ))
            .load(connection)?;
        for (row, number, status) in rows {
            let payment = stored_payment((row, number))?;
            let order = payment.payment.terms().order;
            let order_status = status.parse();
            let order_status = order_status.map_err(|why| unreadable("order", order, why))?;
            found.push(UnresolvedPayment {
                payment,
                order_status,
            });
        }
    }
    Ok(found)
}

fn key(kind: &str, subject: i64) -> Result<JobKey, Source> {
    let kind = JobKind::named(kind).ok_or_else(|| format!("{kind} is no kind of job"))?;
    Ok(JobKey { kind, subject })
}
