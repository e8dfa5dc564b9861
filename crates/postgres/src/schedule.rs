//! What runs at its hour, one process at a time.

use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::store::{Answer, RunEnd, RunLease, Schedule, StoredRun, TakeWhen};
use chrono::{DateTime, Utc};
use diesel::pg::data_types::PgInterval;
use diesel::sql_types::{BigInt, Bool, Interval, Nullable, Text, Timestamptz};
use diesel::{ExpressionMethods, QueryableByName};

use crate::PgStore;
use crate::schema::schedule;
use crate::statement::{interval, statement};

#[derive(QueryableByName)]
struct RunRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Timestamptz)]
    due_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    began_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ended_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    result: Option<String>,
    #[diesel(sql_type = Bool)]
    has_failed: bool,
    #[diesel(sql_type = Nullable<Text>)]
    cursor: Option<String>,
    #[diesel(sql_type = Bool)]
    is_running: bool,
}

statement! {
    struct Runs {
        named: Option<String> as Nullable<Text>,
    }
    "SELECT name, due_at, began_at, ended_at, result, has_failed, cursor,
        coalesce(leased_until > bayar_now(), false) AS is_running
    FROM schedule WHERE name = coalesce(" named ", name) ORDER BY name"
}

statement! {
    /// Whoever waits for a row that somebody else takes looks at it again, and finds it taken.
    struct TakeRun {
        name: String as Text,
        at_any_time: bool as Bool,
        lasting: PgInterval as Interval,
    }
    "UPDATE schedule SET epoch = epoch + 1, began_at = bayar_now(), leased_until = bayar_now() + " lasting "
    WHERE name = " name " AND (" at_any_time " OR due_at <= bayar_now())
        AND (leased_until IS NULL OR leased_until <= bayar_now())
    RETURNING epoch, cursor, bayar_now() AS now"
}

#[derive(QueryableByName)]
struct TakenRow {
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Nullable<Text>)]
    cursor: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

statement! {
    struct KeepRun {
        name: String as Text,
        epoch: i64 as BigInt,
        lasting: PgInterval as Interval,
    }
    "UPDATE schedule SET leased_until = bayar_now() + " lasting "
    WHERE name = " name " AND epoch = " epoch " AND leased_until IS NOT NULL"
}

statement! {
    struct KeepCursor {
        name: String as Text,
        epoch: i64 as BigInt,
        cursor: String as Text,
    }
    "UPDATE schedule SET cursor = " cursor "
    WHERE name = " name " AND epoch = " epoch " AND leased_until IS NOT NULL"
}

statement! {
    struct EndRun {
        name: String as Text,
        epoch: i64 as BigInt,
        result: String as Text,
        has_failed: bool as Bool,
        next: DateTime<Utc> as Timestamptz,
    }
    "UPDATE schedule SET leased_until = NULL, ended_at = bayar_now(), result = " result ",
        has_failed = " has_failed ", due_at = " next "
    WHERE name = " name " AND epoch = " epoch " AND leased_until IS NOT NULL"
}

#[async_trait]
impl Schedule for PgStore {
    async fn runs(&self) -> Answer<Vec<StoredRun>> {
        let rows: Vec<RunRow> = self.load(Runs { named: None }).await?;
        let runs = rows.into_iter().map(|row| StoredRun {
            name: row.name,
            due_at: row.due_at,
            began_at: row.began_at,
            ended_at: row.ended_at,
            result: row.result,
            has_failed: row.has_failed,
            cursor: row.cursor,
            is_running: row.is_running,
        });
        Ok(runs.collect())
    }

    async fn plan_run(&self, name: &str, due_at: DateTime<Utc>) -> Answer<()> {
        let plan = diesel::insert_into(schedule::table)
            .values((
                schedule::name.eq(name.to_owned()),
                schedule::due_at.eq(due_at),
            ))
            .on_conflict_do_nothing();
        self.write(plan).await?;
        Ok(())
    }

    async fn take_run(
        &self,
        name: &str,
        when: TakeWhen,
        lasting: Duration,
    ) -> Answer<Option<RunLease>> {
        let take = TakeRun {
            name: name.to_owned(),
            at_any_time: when == TakeWhen::Now,
            lasting: interval(lasting)?,
        };
        let taken: Vec<TakenRow> = self.write_returning(take).await?;
        let taken = taken.into_iter().next();
        Ok(taken.map(|TakenRow { epoch, cursor, now }| RunLease { epoch, cursor, now }))
    }

    async fn keep_run(&self, name: &str, epoch: i64, lasting: Duration) -> Answer<bool> {
        let keep = KeepRun {
            name: name.to_owned(),
            epoch,
            lasting: interval(lasting)?,
        };
        Ok(self.write(keep).await? == 1)
    }

    async fn keep_cursor(&self, name: &str, epoch: i64, cursor: &str) -> Answer<bool> {
        let keep = KeepCursor {
            name: name.to_owned(),
            epoch,
            cursor: cursor.to_owned(),
        };
        Ok(self.write(keep).await? == 1)
    }

    async fn end_run(&self, name: &str, epoch: i64, end: &RunEnd) -> Answer<bool> {
        let end = EndRun {
            name: name.to_owned(),
            epoch,
            result: end.result.clone(),
            has_failed: end.has_failed,
            next: end.next,
        };
        Ok(self.write(end).await? == 1)
    }
}
