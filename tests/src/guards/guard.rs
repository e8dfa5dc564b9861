//! What a guard is, and how it is taken out.

use std::fmt;

/// Where the tables are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// A Postgres server.
    Postgres,
    /// A file.
    Sqlite,
}

impl Store {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::Sqlite];
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "Postgres",
            Self::Sqlite => "SQLite",
        })
    }
}

/// How a guard is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Out of the tables of each test: see `bayar_testkit::without`.
    Tables(&'static str),
    /// Out of a source.
    Source(Patch),
}

/// A guard that stands in a source. It is built so that a word to the tests takes it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patch {
    /// The word.
    pub word: &'static str,
    /// The source.
    pub file: &'static str,
    /// What stands there, once.
    pub from: &'static str,
    /// What is built instead. `$RUST`, `$DIESEL`, `$SQL` and `$SQLITE` are conditions in the language they name:
    /// they hold when the guard is out.
    pub to: &'static str,
}

impl Patch {
    /// What is built.
    #[must_use]
    pub fn built(&self) -> String {
        let table = self.table();
        let in_rust = format!(
            "std::env::var(\"BAYAR_TEST_WITHOUT\").is_ok_and(|told| told.contains(\"{table} \"))"
        );
        let in_diesel = format!(
            "diesel::dsl::sql::<diesel::sql_types::Bool>(if {in_rust} {{ \"true\" }} else {{ \"false\" }})"
        );
        let in_sqlite = format!("EXISTS (SELECT 1 FROM sqlite_master WHERE name = '{table}')");
        self.to
            .replace("$RUST", &in_rust)
            .replace("$DIESEL", &in_diesel)
            .replace("$SQLITE", &in_sqlite)
            .replace("$SQL", &format!("to_regclass('{table}') IS NOT NULL"))
    }

    /// A table that is there when the guard is out.
    fn table(&self) -> String {
        format!("without_{}", self.word)
    }
}

/// How a guard is taken out of one store, and who must miss it.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// How.
    pub change: Change,
    /// The tests that are run without it. One of them must fail at least.
    pub witnesses: &'static [&'static str],
}

impl Taken {
    /// What the tests are told, so that they make their tables without it.
    #[must_use]
    pub fn told(&self) -> String {
        match self.change {
            Change::Tables(lines) => lines.to_owned(),
            Change::Source(patch) => format!("CREATE TABLE {} (a integer)", patch.table()),
        }
    }
}

/// Something that a guarantee rests on.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The guarantee, by its number: `C1`.
    pub guarantee: &'static str,
    /// What it is. No two have the same words.
    pub what: &'static str,
    /// What the auditor is shown of that kind, by the name it has in its tests; nothing when it is shown none.
    pub audited: Option<&'static str>,
    postgres: Option<Taken>,
    sqlite: Option<Taken>,
}

impl Guard {
    /// A guard that stands nowhere yet.
    #[must_use]
    pub const fn new(guarantee: &'static str, what: &'static str) -> Self {
        Self {
            guarantee,
            what,
            audited: None,
            postgres: None,
            sqlite: None,
        }
    }

    /// It stands in the tables, and is taken out of both stores by the same words.
    #[must_use]
    pub const fn tables(self, change: &'static str, witnesses: &'static [&'static str]) -> Self {
        self.in_postgres(change, witnesses)
            .in_sqlite(change, witnesses)
    }

    /// It stands in the tables on Postgres.
    #[must_use]
    pub const fn in_postgres(
        mut self,
        change: &'static str,
        witnesses: &'static [&'static str],
    ) -> Self {
        let change = Change::Tables(change);
        self.postgres = Some(Taken { change, witnesses });
        self
    }

    /// It stands in the tables on SQLite.
    #[must_use]
    pub const fn in_sqlite(
        mut self,
        change: &'static str,
        witnesses: &'static [&'static str],
    ) -> Self {
        let change = Change::Tables(change);
        self.sqlite = Some(Taken { change, witnesses });
        self
    }

    /// It stands in a source.
    #[must_use]
    pub const fn in_source(
        mut self,
        store: Store,
        patch: Patch,
        witnesses: &'static [&'static str],
    ) -> Self {
        let change = Change::Source(patch);
        let taken = Some(Taken { change, witnesses });
        match store {
            Store::Postgres => self.postgres = taken,
            Store::Sqlite => self.sqlite = taken,
        }
        self
    }

    /// The auditor is shown such rows, under that name.
    #[must_use]
    pub const fn audited(mut self, kind: &'static str) -> Self {
        self.audited = Some(kind);
        self
    }

    /// How it is taken out of that store, when it stands there.
    #[must_use]
    pub const fn on(&self, store: Store) -> Option<&Taken> {
        match store {
            Store::Postgres => self.postgres.as_ref(),
            Store::Sqlite => self.sqlite.as_ref(),
        }
    }

    /// Whether it stands in the sources, and not in the tables.
    #[must_use]
    pub fn is_source(&self) -> bool {
        let mut taken = Store::ALL.iter().filter_map(|store| self.on(*store));
        taken.any(|taken| matches!(taken.change, Change::Source(_)))
    }

    /// What is built in its place, on each store where it stands in a source.
    pub fn patches(&self) -> impl Iterator<Item = Patch> {
        let taken = Store::ALL
            .into_iter()
            .filter_map(move |store| self.on(store));
        taken.filter_map(|taken| match taken.change {
            Change::Tables(_) => None,
            Change::Source(patch) => Some(patch),
        })
    }

    /// Its guarantee and what it is.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}, {}", self.guarantee, self.what)
    }

    /// The number of its guarantee.
    pub(super) fn number(&self) -> u32 {
        let number = self.guarantee.trim_start_matches('C');
        number.parse().unwrap_or(u32::MAX)
    }
}
