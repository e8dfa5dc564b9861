//! Bringing the tables to what this program knows.

use std::collections::BTreeSet;

use bayar_app::port::store::SchemaState;
use diesel::dsl::{count_star, sql};
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::error::{Failure, broken};

const STEPS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

diesel::table! {
    sqlite_master (name) {
        name -> Text,
    }
}

/// How the tables compare with what this program knows.
pub(super) fn state(connection: &mut SqliteConnection) -> Result<SchemaState, Failure> {
    let taken = taken(connection)?;
    let known = steps()?;
    let unknown: Vec<_> = taken
        .iter()
        .filter(|version| {
            known
                .iter()
                .all(|step| version_of(step.as_ref()) != **version)
        })
        .cloned()
        .collect();
    let missing: Vec<_> = known
        .iter()
        .filter(|step| !taken.contains(&version_of(step.as_ref())))
        .map(|step| step.name().to_string())
        .collect();
    Ok(match (unknown.is_empty(), missing.is_empty()) {
        (false, _) => SchemaState::Ahead(unknown),
        (true, false) => SchemaState::Behind(missing),
        (true, true) => SchemaState::Current,
    })
}

/// Takes the steps that are missing, in the transaction of `connection`. Answers their names.
pub(super) fn run(connection: &mut SqliteConnection) -> Result<Vec<String>, Failure> {
    let missing = match state(connection)? {
        SchemaState::Current => return Ok(Vec::new()),
        SchemaState::Behind(missing) => missing,
        SchemaState::Ahead(unknown) => {
            let unknown = unknown.join(", ");
            return Err(broken(format!(
                "a newer program took the steps {unknown}, which this one does not know"
            )));
        }
    };
    connection.run_pending_migrations(STEPS).map_err(broken)?;
    Ok(missing)
}

/// The steps this program knows, in their order.
fn steps() -> Result<Vec<Box<dyn Migration<Sqlite>>>, Failure> {
    let mut steps = STEPS.migrations().map_err(broken)?;
    steps.sort_by_key(|step| version_of(step.as_ref()));
    Ok(steps)
}

fn version_of(step: &dyn Migration<Sqlite>) -> String {
    step.name().version().to_string()
}

/// The versions of the steps that were taken.
fn taken(connection: &mut SqliteConnection) -> Result<BTreeSet<String>, Failure> {
    // Looking must not make a table: a new file has none.
    let record: i64 = sqlite_master::table
        .filter(sqlite_master::name.eq("__diesel_schema_migrations"))
        .select(count_star())
        .get_result(connection)?;
    if record == 0 {
        return Ok(BTreeSet::new());
    }
    let versions = sql::<Text>("SELECT version FROM __diesel_schema_migrations");
    Ok(versions.load(connection)?.into_iter().collect())
}
