//! Each guard behind a promise is taken out in turn, and the tests that must miss it are run.
//!
//! `make mutate-constraints` runs it, and writes what it found into `docs/TESTING.md`.
//! All of it happens in a copy of the sources with a target directory of its own, which is built once:
//! what stands in the tables is taken out of those of each test, and what stands in the sources is patched so that a
//! word to the tests takes it out. Nothing of that is ever built into anything else.

pub mod document;
pub mod guard;
mod schema;
mod scratch;
mod sources;
mod suite;

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, Write};

use clap::Parser;

use document::Found;
use guard::{Guard, Store};
use scratch::Scratch;
use suite::Suite;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Takes out each guard behind a promise, and sees which tests miss it.
#[derive(Debug, Parser)]
#[command(name = "bayar-guards")]
pub struct Arguments {
    /// Only the guards of these guarantees: C1,C8.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only guards that stand in the tables.
    #[arg(long, conflicts_with = "sources")]
    tables: bool,
    /// Only guards that stand in the sources.
    #[arg(long)]
    sources: bool,
}

/// Every guard that a guarantee rests on.
#[must_use]
pub fn all() -> Vec<Guard> {
    let mut all = schema::guards();
    all.extend(sources::guards());
    // In the order of the guarantees; those of the tables stay before those of the sources.
    all.sort_by_key(|guard| guard.number());
    all
}

impl Arguments {
    /// Tries the guards that are wanted, and writes down what was found.
    ///
    /// # Errors
    ///
    /// When a guard is missed by no test, when something cannot be tried, or when a test fails with all guards in place.
    pub async fn run(&self) -> Result<()> {
        let wanted = self.wanted()?;
        let patches: Vec<_> = all().iter().flat_map(Guard::patches).collect();
        note("the tests are built, from a copy of the sources");
        let suite = Suite::build(&Scratch::of_this_tree(&patches).await?).await?;
        for store in Store::ALL {
            let tests = witnesses(&wanted, store);
            note(&format!(
                "{} tests on {store}, with every guard in place",
                tests.len()
            ));
            suite.must_pass(store, &tests).await?;
        }
        let mut found = Vec::new();
        let mut missed_by_none = Vec::new();
        for guard in &wanted {
            let told = try_one(guard, &suite).await?;
            let unseen = told.unseen.iter();
            missed_by_none.extend(unseen.map(|store| format!("{}, on {store}", guard.name())));
            found.push(told);
        }
        document::write(&all(), &found)?;
        if missed_by_none.is_empty() {
            return Ok(());
        }
        Err(format!("missed by no test:\n{}", missed_by_none.join("\n")).into())
    }

    fn wanted(&self) -> Result<Vec<Guard>> {
        let mut wanted = all();
        wanted.retain(|guard| {
            let is_named = self.only.is_empty() || self.only.iter().any(|it| it == guard.guarantee);
            let is_kind = match (self.tables, self.sources) {
                (true, _) => !guard.is_source(),
                (_, true) => guard.is_source(),
                (false, false) => true,
            };
            is_named && is_kind
        });
        if wanted.is_empty() {
            return Err("no guard is of that kind".into());
        }
        Ok(wanted)
    }
}

/// Every test that one of them names on that store.
fn witnesses(guards: &[Guard], store: Store) -> Vec<&'static str> {
    let named: BTreeSet<_> = guards
        .iter()
        .filter_map(|guard| guard.on(store))
        .flat_map(|taken| taken.witnesses.iter().copied())
        .collect();
    named.into_iter().collect()
}

/// Runs the tests without one guard, on each store that has it.
async fn try_one(guard: &Guard, suite: &Suite) -> Result<Found> {
    let mut found = Found::of(guard);
    for store in Store::ALL {
        let Some(taken) = guard.on(store) else {
            continue;
        };
        let failed = suite
            .run(store, taken.witnesses, &taken.told())
            .await?
            .failed;
        let by = match failed.as_slice() {
            [] => "NO TEST".to_owned(),
            failed => failed.join(", "),
        };
        note(&format!("{}, on {store}: missed by {by}", guard.name()));
        found.tell(store, failed);
    }
    Ok(found)
}

/// What happens, for whoever waits.
fn note(line: &str) {
    // Nobody may be listening.
    let _ = writeln!(io::stderr(), "guards: {line}");
}
