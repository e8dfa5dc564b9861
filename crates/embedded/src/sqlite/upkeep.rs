use async_trait::async_trait;
use bayar_app::port::store::{Answer, Installation, SchemaState, SeenIds, Upkeep};
use bayar_domain::AttemptId;
use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::error::unreadable;
use super::rows::time_text;
use super::schema::{attempts, installation};
use super::{SqliteStore, keys, migrations};

#[async_trait]
impl Upkeep for SqliteStore {
    async fn schema(&self) -> Answer<SchemaState> {
        let state = |connection: &mut _, _| migrations::state(connection);
        Ok(self.readers.run(state).await?)
    }

    async fn migrate(&self) -> Answer<Vec<String>> {
        let run = |connection: &mut _, _| migrations::run(connection);
        Ok(self.writer.run(run).await?)
    }

    async fn installation(&self) -> Answer<Installation> {
        let word = self.readers.run(|connection, _| {
            let word: String = installation::table
                .select(installation::word)
                .get_result(connection)?;
            Installation::new(word).map_err(|why| unreadable("installation", 1, why))
        });
        Ok(word.await?)
    }

    async fn now(&self) -> Answer<DateTime<Utc>> {
        let now = self.readers.run(|connection, now| {
            // Reads the first page of the file: a transaction by itself reads nothing.
            connection.batch_execute("PRAGMA schema_version")?;
            Ok(now)
        });
        Ok(now.await?)
    }

    async fn last_attempt(&self, before: DateTime<Utc>) -> Answer<Option<AttemptId>> {
        let last = self.readers.run(move |connection, _| {
            let last: Option<i64> = attempts::table
                .filter(attempts::created_at.lt(time_text(before)?))
                .select(diesel::dsl::max(attempts::id))
                .get_result(connection)?;
            let last = last.map(AttemptId::new).transpose();
            last.map_err(|why| unreadable("attempts", "the last", why))
        });
        Ok(last.await?)
    }

    async fn attempt_ids(&self, from: AttemptId, at_most: u32) -> Answer<Vec<AttemptId>> {
        let ids = self.readers.run(move |connection, _| {
            let ids: Vec<i64> = attempts::table
                .filter(attempts::id.ge(from.get()))
                .order(attempts::id)
                .limit(at_most.into())
                .select(attempts::id)
                .load(connection)?;
            let ids = ids.into_iter().map(AttemptId::new);
            let ids = ids.collect::<Result<_, _>>();
            ids.map_err(|why| unreadable("attempts", from, why))
        });
        Ok(ids.await?)
    }

    async fn skip_ids(&self, seen: &SeenIds, at_least: u32) -> Answer<()> {
        Ok(self.ids.skip(&self.writer, *seen, at_least).await?)
    }

    async fn forget_keys(&self, at_most: u32) -> Answer<u64> {
        let forgotten = self
            .writer
            .run(move |connection, now| keys::forget_old(connection, &time_text(now)?, at_most));
        Ok(forgotten.await?)
    }
}
