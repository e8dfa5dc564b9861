//! The steps that make the tables.

use std::collections::BTreeSet;
use std::time::Duration;

use bayar_app::port::store::{Answer, SchemaState};
use bayar_app::port::{Source, StoreError};
use deadpool::managed::Object;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Text};
use diesel::{QueryDsl, QueryableByName};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::PgStore;
use crate::error::{Failure, broken};
use crate::run::within;
use crate::statement::statement;

const STEPS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Names the lock that lets one process at a time change the tables: "bayar" in ASCII.
const LOCK: i64 = 0x62_61_79_61_72;

/// How long to wait for another process that changes the tables, and for tables that are in use.
const PATIENCE: Duration = Duration::from_secs(300);

diesel::table! {
    /// Which steps were taken. The tool that takes them keeps it.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

statement! {
    struct AnyStepTaken {
        table: &'static str as Text,
    }
    "SELECT to_regclass(" table ") IS NOT NULL AS yes"
}

#[derive(QueryableByName)]
struct Yes {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

impl PgStore {
    pub(crate) async fn compare_schema(&self) -> Answer<SchemaState> {
        let steps = known_steps()?;
        let taken = self.taken_steps().await?;
        let known: BTreeSet<_> = steps.iter().map(|step| step.version.as_str()).collect();
        let ahead: Vec<_> = taken
            .iter()
            .filter(|version| !known.contains(version.as_str()))
            .cloned()
            .collect();
        if !ahead.is_empty() {
            return Ok(SchemaState::Ahead(ahead));
        }
        let missing = steps
            .into_iter()
            .filter(|step| !taken.contains(&step.version))
            .map(|step| step.name);
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() {
            Ok(SchemaState::Current)
        } else {
            Ok(SchemaState::Behind(missing))
        }
    }

    async fn taken_steps(&self) -> Answer<BTreeSet<String>> {
        let table = "__diesel_schema_migrations";
        let any: Vec<Yes> = self.load(AnyStepTaken { table }).await?;
        if !any.iter().any(|any| any.yes) {
            return Ok(BTreeSet::new());
        }
        let versions =
            __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
        let taken: Vec<String> = self.load(versions).await?;
        Ok(taken.into_iter().collect())
    }

    /// Takes the steps that are missing, on a connection that is closed afterwards: so ends its lock, whatever happens.
    pub(crate) async fn take_steps(&self) -> Answer<Vec<String>> {
        let mut connection = Object::take(self.pool.connection().await?);
        let milliseconds = PATIENCE.as_millis();
        let settings = format!(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
             SET lock_timeout = {milliseconds}; SELECT pg_advisory_lock({LOCK})"
        );
        let patience = PATIENCE.saturating_add(self.pool.patience);
        within(patience, connection.batch_execute(&settings))
            .await
            .map_err(Failure::of_reading)?;
        // The steps are taken by a tool that blocks.
        let taken = tokio::task::spawn_blocking(|| run(connection)).await;
        taken.map_err(|gone| StoreError::Unsure(gone.into()))?
    }
}

fn run(connection: AsyncPgConnection) -> Answer<Vec<String>> {
    let mut harness = AsyncMigrationHarness::new(connection);
    let pending = harness.pending_migrations(STEPS).map_err(failed)?;
    let mut taken = Vec::with_capacity(pending.len());
    for step in pending {
        // A transaction of its own.
        harness.run_migration(step.as_ref()).map_err(failed)?;
        taken.push(step.name().to_string());
    }
    Ok(taken)
}

/// What the server has against a step, the tool tells as a text.
fn failed(error: Source) -> StoreError {
    match error.downcast::<diesel::result::Error>() {
        Ok(error) => Failure::from(*error).of_writing(),
        Err(error) => broken(error),
    }
}

struct Step {
    version: String,
    name: String,
}

fn known_steps() -> Answer<Vec<Step>> {
    let steps = MigrationSource::<Pg>::migrations(&STEPS).map_err(broken)?;
    let step = |step: Box<dyn Migration<Pg>>| Step {
        version: step.name().version().to_string(),
        name: step.name().to_string(),
    };
    Ok(steps.into_iter().map(step).collect())
}
