//! Work that is due: who may do it, one at a time, and what has none and should.

use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::Source;
use bayar_app::port::store::{
    Answer, Job, JobKey, JobKind, PutOff, UnresolvedPayment, Which, Work,
};
use bayar_domain::{Gateway, OrderId, PaymentId};
use chrono::{DateTime, Utc};
use diesel::pg::data_types::PgInterval;
use diesel::sql_types::{BigInt, Interval, Nullable, Text, Timestamptz};
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper};

use crate::PgStore;
use crate::error::{Unreadable, broken};
use crate::rows::PaymentRow;
use crate::schema::{orders, payments};
use crate::statement::{interval, statement};

statement! {
    /// What somebody else takes at this moment is left to them, and nobody waits. What a newer program wrote is its.
    struct TakeJobs {
        at_most: i64 as BigInt,
        lasting: PgInterval as Interval,
    }
    "WITH due AS MATERIALIZED (
        SELECT kind, subject_id FROM jobs
        WHERE done_at IS NULL AND due_at <= bayar_now() AND (leased_until IS NULL OR leased_until <= bayar_now())
            AND kind IN ('expire_payment', 'watch_attempt', 'carry_refund', 'watch_review', 'carry_answer')
        ORDER BY due_at LIMIT " at_most " FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE jobs SET epoch = epoch + 1, leased_until = bayar_now() + " lasting "
        FROM due WHERE jobs.kind = due.kind AND jobs.subject_id = due.subject_id
        RETURNING jobs.kind, jobs.subject_id, due_at, tries, faults, epoch, waits_for
    )
    SELECT taken.*, coalesce(payments.order_id, attempts.order_id, refunds.order_id) AS order_id,
        coalesce(payments.id, attempts.payment_id, refunds.payment_id) AS payment_id, bayar_now() AS now
    FROM taken
    LEFT JOIN payments ON taken.kind IN ('expire_payment', 'watch_review') AND payments.id = taken.subject_id
    LEFT JOIN attempts ON taken.kind IN ('watch_attempt', 'carry_answer') AND attempts.id = taken.subject_id
    LEFT JOIN refunds ON taken.kind = 'carry_refund' AND refunds.id = taken.subject_id
    ORDER BY due_at, taken.kind, taken.subject_id"
}

#[derive(QueryableByName)]
struct TakenRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
    #[diesel(sql_type = Timestamptz)]
    due_at: DateTime<Utc>,
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
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

impl TakenRow {
    fn restore(self) -> Result<Job, Source> {
        Ok(Job {
            key: key(&self.kind, self.subject_id)?,
            order: OrderId::new(self.order_id.ok_or(NOTHING)?)?,
            payment: PaymentId::new(self.payment_id.ok_or(NOTHING)?)?,
            due_at: self.due_at,
            tries: self.tries.try_into()?,
            faults: self.faults.try_into()?,
            epoch: self.epoch,
            waits_for: self.waits_for.as_deref().map(str::parse).transpose()?,
            now: self.now,
        })
    }
}

const NOTHING: &str = "it is about nothing";

statement! {
    /// It is told of every hour, and stands in nobody's way.
    struct SetAside {
        kind: String as Text,
        subject: i64 as BigInt,
        epoch: i64 as BigInt,
    }
    "UPDATE jobs SET due_at = bayar_now() + interval '1 hour', leased_until = NULL
    WHERE kind = " kind " AND subject_id = " subject " AND epoch = " epoch
}

statement! {
    struct KeepJob {
        kind: &'static str as Text,
        subject: i64 as BigInt,
        epoch: i64 as BigInt,
        lasting: PgInterval as Interval,
    }
    "UPDATE jobs SET leased_until = CASE WHEN done_at IS NULL THEN bayar_now() + " lasting " END
    WHERE kind = " kind " AND subject_id = " subject " AND epoch = " epoch
}

statement! {
    struct PutJobOff {
        kind: &'static str as Text,
        subject: i64 as BigInt,
        epoch: i64 as BigInt,
        delay: PgInterval as Interval,
        tries: i64 as BigInt,
        faults: i64 as BigInt,
        waits_for: Option<&'static str> as Nullable<Text>,
    }
    "UPDATE jobs SET due_at = bayar_now() + " delay ", tries = " tries ", faults = " faults ",
        waits_for = " waits_for ", leased_until = NULL
    WHERE kind = " kind " AND subject_id = " subject " AND epoch = " epoch " AND done_at IS NULL"
}

statement! {
    struct WakeJobs {
        gateway: &'static str as Text,
        at_most: i64 as BigInt,
    }
    "WITH waiting AS MATERIALIZED (
        SELECT kind, subject_id FROM jobs
        WHERE done_at IS NULL AND waits_for = " gateway " AND due_at > bayar_now()
        ORDER BY due_at LIMIT " at_most " FOR UPDATE SKIP LOCKED
    )
    UPDATE jobs SET due_at = bayar_now() FROM waiting
    WHERE jobs.kind = waiting.kind AND jobs.subject_id = waiting.subject_id"
}

statement! {
    /// One snapshot sees what is unresolved and its jobs, which are written together.
    struct RepairJobs {
        at_most: i64 as BigInt,
    }
    "INSERT INTO jobs AS known (kind, subject_id, due_at)
    SELECT kind, subject_id, bayar_now() FROM (
        SELECT 'expire_payment' AS kind, id AS subject_id FROM payments WHERE status IN ('pending', 'processing')
        UNION ALL SELECT 'watch_review', id FROM payments WHERE status = 'under_review'
        UNION ALL SELECT 'watch_attempt', id FROM attempts
            WHERE status IN ('creating', 'open', 'unknown', 'closing')
        UNION ALL SELECT 'carry_refund', id FROM refunds WHERE status IN ('requested', 'sent', 'unknown')
        UNION ALL SELECT 'carry_answer', subject_id FROM gateway_calls
            WHERE operation = 'answer' AND status IN ('planned', 'sent')
    ) AS unresolved
    WHERE NOT EXISTS (SELECT FROM jobs WHERE jobs.kind = unresolved.kind
        AND jobs.subject_id = unresolved.subject_id AND done_at IS NULL)
    LIMIT " at_most "
    ON CONFLICT (kind, subject_id) DO UPDATE
        SET due_at = excluded.due_at, done_at = NULL, tries = 0, faults = 0, waits_for = NULL,
            epoch = known.epoch + 1, leased_until = NULL
        WHERE known.done_at IS NOT NULL
    RETURNING kind, subject_id"
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
}

statement! {
    /// Each part comes out of an index that holds nothing else.
    struct AllUnresolved {
        after: i64 as BigInt,
        at_most: i64 as BigInt,
    }
    "SELECT id FROM (
        (SELECT id FROM payments WHERE status IN ('pending', 'processing', 'under_review') AND id > " after "
            ORDER BY id LIMIT " at_most ")
        UNION (SELECT payment_id FROM attempts
            WHERE status IN ('creating', 'open', 'unknown', 'closing') AND payment_id > " after "
            ORDER BY payment_id LIMIT " at_most ")
        UNION (SELECT DISTINCT payment_id FROM refunds
            WHERE status IN ('requested', 'sent', 'unknown') AND payment_id > " after "
            ORDER BY payment_id LIMIT " at_most ")
    ) AS unresolved ORDER BY id LIMIT " at_most
}

statement! {
    struct OverduePayments {
        after: i64 as BigInt,
        at_most: i64 as BigInt,
    }
    "SELECT id FROM payments
    WHERE status IN ('pending', 'processing') AND deadline <= bayar_now() AND id > " after "
    ORDER BY id LIMIT " at_most
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[async_trait]
impl Work for PgStore {
    async fn take_jobs(&self, at_most: u32, lasting: Duration) -> Answer<Vec<Job>> {
        let take = TakeJobs {
            at_most: at_most.into(),
            lasting: interval(lasting)?,
        };
        loop {
            let taken: Vec<TakenRow> = self.write_returning(take.clone()).await?;
            if taken.is_empty() {
                return Ok(Vec::new());
            }
            let mut jobs = Vec::new();
            for row in taken {
                let (kind, subject, epoch) = (row.kind.clone(), row.subject_id, row.epoch);
                match row.restore() {
                    Ok(job) => jobs.push(job),
                    Err(why) => {
                        tracing::error!(kind, subject, %why, "a job cannot be read: an operator has to look");
                        let aside = SetAside {
                            kind,
                            subject,
                            epoch,
                        };
                        // It is leased anyway, so that the next ones come next.
                        let _ = self.write(aside).await;
                    }
                }
            }
            if !jobs.is_empty() {
                return Ok(jobs);
            }
        }
    }

    async fn keep_job(&self, job: JobKey, epoch: i64, lasting: Duration) -> Answer<bool> {
        let keep = KeepJob {
            kind: job.kind.as_str(),
            subject: job.subject,
            epoch,
            lasting: interval(lasting)?,
        };
        Ok(self.write(keep).await? == 1)
    }

    async fn put_job_off(&self, job: JobKey, epoch: i64, until: &PutOff) -> Answer<bool> {
        let put_off = PutJobOff {
            kind: job.kind.as_str(),
            subject: job.subject,
            epoch,
            delay: interval(until.delay)?,
            tries: until.tries.into(),
            faults: until.faults.into(),
            waits_for: until.waits_for.map(Gateway::as_str),
        };
        Ok(self.write(put_off).await? == 1)
    }

    async fn wake_jobs(&self, gateway: Gateway, at_most: u32) -> Answer<u64> {
        let wake = WakeJobs {
            gateway: gateway.as_str(),
            at_most: at_most.into(),
        };
        u64::try_from(self.write(wake).await?).map_err(broken)
    }

    async fn repair_jobs(&self, at_most: u32) -> Answer<Vec<JobKey>> {
        let repair = RepairJobs {
            at_most: at_most.into(),
        };
        let repaired: Vec<KeyRow> = self.write_returning(repair).await?;
        let keys = repaired.iter().map(|row| {
            let found = key(&row.kind, row.subject_id);
            found.map_err(Unreadable::of("job", row.subject_id))
        });
        keys.collect()
    }

    async fn unresolved(
        &self,
        which: Which,
        after: Option<PaymentId>,
        at_most: u32,
    ) -> Answer<Vec<UnresolvedPayment>> {
        let after = after.map_or(0, PaymentId::get);
        let at_most = at_most.into();
        let ids: Vec<IdRow> = match which {
            Which::All => self.load(AllUnresolved { after, at_most }).await?,
            Which::Overdue => self.load(OverduePayments { after, at_most }).await?,
        };
        let ids: Vec<i64> = ids.into_iter().map(|row| row.id).collect();
        let rows = payments::table
            .inner_join(orders::table)
            .filter(payments::id.eq_any(ids))
            .order(payments::id)
            .select((
                PaymentRow::as_select(),
                orders::order_number,
                orders::status,
            ));
        let rows: Vec<(PaymentRow, String, String)> = self.load(rows).await?;
        let read = rows.into_iter().map(|(row, number, status)| {
            let payment = row.stored(&number)?;
            let order = payment.payment.terms().order;
            let order_status = status.parse();
            Ok(UnresolvedPayment {
                order_status: order_status.map_err(Unreadable::of("order", order))?,
                payment,
            })
        });
        read.collect()
    }
}

fn key(kind: &str, subject: i64) -> Result<JobKey, Source> {
    let kind = JobKind::named(kind).ok_or_else(|| format!("{kind} is no kind of job"))?;
    Ok(JobKey { kind, subject })
}
