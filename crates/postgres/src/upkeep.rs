use async_trait::async_trait;
use bayar_app::port::store::{Answer, Installation, SchemaState, SeenIds, Upkeep};
use bayar_domain::AttemptId;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};

use crate::PgStore;
use crate::error::broken;
use crate::schema::{attempts, bayar_now, installation};

#[async_trait]
impl Upkeep for PgStore {
    async fn schema(&self) -> Answer<SchemaState> {
        self.compare_schema().await
    }

    async fn migrate(&self) -> Answer<Vec<String>> {
        self.take_steps().await
    }

    async fn installation(&self) -> Answer<Installation> {
        let words: Vec<String> = self
            .load(installation::table.select(installation::word))
            .await?;
        let word = words.into_iter().next();
        let word = word.ok_or_else(|| broken("the installation has no word"))?;
        Installation::new(word).map_err(broken)
    }

    async fn now(&self) -> Answer<DateTime<Utc>> {
        let now: Vec<DateTime<Utc>> = self.load(diesel::select(bayar_now())).await?;
        let now = now.into_iter().next();
        now.ok_or_else(|| broken("the server told no time"))
    }

    async fn last_attempt(&self, before: DateTime<Utc>) -> Answer<Option<AttemptId>> {
        let last = attempts::table
            .filter(attempts::created_at.lt(before))
            .select(diesel::dsl::max(attempts::id));
        let last: Vec<Option<i64>> = self.load(last).await?;
        let last = last.into_iter().flatten().next();
        last.map(AttemptId::new).transpose().map_err(broken)
    }

    async fn attempt_ids(&self, from: AttemptId, at_most: u32) -> Answer<Vec<AttemptId>> {
        let ids = attempts::table
            .filter(attempts::id.ge(from.get()))
            .order(attempts::id)
            .limit(at_most.into())
            .select(attempts::id);
        let ids: Vec<i64> = self.load(ids).await?;
        let ids = ids.into_iter().map(AttemptId::new);
        ids.collect::<Result<_, _>>().map_err(broken)
    }

    async fn skip_ids(&self, seen: &SeenIds, at_least: u32) -> Answer<()> {
        self.skip(seen, i64::from(at_least)).await
    }

    async fn forget_keys(&self, at_most: u32) -> Answer<u64> {
        self.forget_at_most(at_most).await
    }
}
