//! What runs at its hour, one process at a time.

use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::Source;
use bayar_app::port::store::{Answer, RunEnd, RunLease, Schedule, StoredRun, TakeWhen};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::SqliteStore;
use super::error::{Failure, unreadable};
use super::rows::{later, time, time_text};
use super::schema::schedule;

#[derive(Queryable, Selectable)]
#[diesel(table_name = schedule, check_for_backend(Sqlite))]
struct RunRow {
    name: String,
    due_at: String,
    began_at: Option<String>,
    ended_at: Option<String>,
    result: Option<String>,
    has_failed: bool,
    cursor: Option<String>,
    leased_until: Option<String>,
}

impl RunRow {
    fn read(&self, now: DateTime<Utc>) -> Result<StoredRun, Source> {
        let leased_until = self.leased_until.as_deref().map(time).transpose()?;
        Ok(StoredRun {
            name: self.name.clone(),
            due_at: time(&self.due_at)?,
            began_at: self.began_at.as_deref().map(time).transpose()?,
            ended_at: self.ended_at.as_deref().map(time).transpose()?,
            result: self.result.clone(),
            has_failed: self.has_failed,
            cursor: self.cursor.clone(),
            is_running: leased_until.is_some_and(|until| until > now),
        })
    }
}

#[async_trait]
impl Schedule for SqliteStore {
    async fn runs(&self) -> Answer<Vec<StoredRun>> {
        let runs = self.readers.run(|connection, now| {
            let rows: Vec<RunRow> = schedule::table
                .order(schedule::name)
                .select(RunRow::as_select())
                .load(connection)?;
            let runs = rows.iter().map(|row| {
                let run = row.read(now);
                run.map_err(|why| unreadable("run", &row.name, why))
            });
            runs.collect()
        });
        Ok(runs.await?)
    }

    async fn plan_run(&self, name: &str, due_at: DateTime<Utc>) -> Answer<()> {
        let name = name.to_owned();
        let planned = self.writer.run(move |connection, _| {
            diesel::insert_into(schedule::table)
                .values((
                    schedule::name.eq(name),
                    schedule::due_at.eq(time_text(due_at)?),
                ))
                .on_conflict_do_nothing()
                .execute(connection)?;
            Ok(())
        });
        Ok(planned.await?)
    }

    async fn take_run(
        &self,
        name: &str,
        when: TakeWhen,
        lasting: Duration,
    ) -> Answer<Option<RunLease>> {
        let name = name.to_owned();
        let taken = self
            .writer
            .run(move |connection, now| take(connection, &name, when, lasting, now));
        Ok(taken.await?)
    }

    async fn keep_run(&self, name: &str, epoch: i64, lasting: Duration) -> Answer<bool> {
        let name = name.to_owned();
        let kept = self.writer.run(move |connection, now| {
            let kept = diesel::update(held(&name, epoch))
                .set(schedule::leased_until.eq(later(now, lasting)?))
                .execute(connection)?;
            Ok(kept == 1)
        });
        Ok(kept.await?)
    }

    async fn keep_cursor(&self, name: &str, epoch: i64, cursor: &str) -> Answer<bool> {
        let (name, cursor) = (name.to_owned(), cursor.to_owned());
        let kept = self.writer.run(move |connection, _| {
            let kept = diesel::update(held(&name, epoch))
                .set(schedule::cursor.eq(cursor))
                .execute(connection)?;
            Ok(kept == 1)
        });
        Ok(kept.await?)
    }

    async fn end_run(&self, name: &str, epoch: i64, end: &RunEnd) -> Answer<bool> {
        let (name, end) = (name.to_owned(), end.clone());
        let ended = self.writer.run(move |connection, now| {
            let ended = diesel::update(held(&name, epoch))
                .set((
                    schedule::leased_until.eq(None::<&str>),
                    schedule::ended_at.eq(time_text(now)?),
                    schedule::result.eq(&end.result),
                    schedule::has_failed.eq(end.has_failed),
                    schedule::due_at.eq(time_text(end.next)?),
                ))
                .execute(connection)?;
            Ok(ended == 1)
        });
        Ok(ended.await?)
    }
}

fn take(
    connection: &mut SqliteConnection,
    name: &str,
    when: TakeWhen,
    lasting: Duration,
    now: DateTime<Utc>,
) -> Result<Option<RunLease>, Failure> {
    let now_text = time_text(now)?;
    let is_due = match when {
        TakeWhen::Due => now_text.clone(),
        TakeWhen::Now => END_OF_TIME.to_owned(),
    };
    let free = schedule::table
        .find(name)
        .filter(schedule::due_at.le(is_due))
        .filter(
            schedule::leased_until
                .is_null()
                .or(schedule::leased_until.le(&now_text)),
        );
    let taken: Option<(i64, Option<String>)> = diesel::update(free)
        .set((
            schedule::epoch.eq(schedule::epoch + 1),
            schedule::began_at.eq(&now_text),
            schedule::leased_until.eq(later(now, lasting)?),
        ))
        .returning((schedule::epoch, schedule::cursor))
        .get_result(connection)
        .optional()?;
    Ok(taken.map(|(epoch, cursor)| RunLease { epoch, cursor, now }))
}

/// No time that is stored is later.
const END_OF_TIME: &str = "9999-12-31T23:59:59.999999Z";

/// The run, as long as it is in the hands of that taker.
#[diesel::dsl::auto_type(no_type_alias)]
fn held<'a>(name: &'a str, epoch: i64) -> _ {
    schedule::table
        .find(name)
        .filter(schedule::epoch.eq(epoch))
        .filter(schedule::leased_until.is_not_null())
}
