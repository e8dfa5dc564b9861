//! What `make mutate-constraints` takes out stands in the migrations and sources, the tests that must miss it are there,
//! and `docs/TESTING.md` tells of it.

use std::collections::BTreeMap;
use std::{fs, io};

use bayar_tests::guards::document::{DOCUMENT, name_cells};
use bayar_tests::guards::guard::{Change, Guard, Patch, Store};
use bayar_tests::repository_root;

use crate::{load_sources, sources::Source};

/// The guarantees whose guards are taken out.
const GUARANTEES: [&str; 12] = [
    "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12",
];

/// Where the tests stand that are run, and the sources that guards are taken out of.
const SOURCES: [&str; 5] = [
    "crates/testkit/src/contract",
    "crates/postgres/src",
    "crates/postgres/tests",
    "crates/embedded/src",
    "crates/embedded/tests",
];

/// What the auditor is shown.
const AUDITED: &str = "tests/tests/auditing/spoiling.rs";

/// What guards are looked for in.
pub struct Tree {
    pub postgres: String,
    pub sqlite: String,
    pub sources: BTreeMap<String, String>,
    pub audited: String,
    pub document: String,
}

impl Tree {
    pub fn load() -> io::Result<Self> {
        let read = |path: &str| fs::read_to_string(repository_root().join(path));
        let mut sources = BTreeMap::new();
        for directory in SOURCES {
            for Source { path, text } in load_sources(directory)? {
                sources.insert(path, text);
            }
        }
        Ok(Self {
            postgres: migrations("postgres")?,
            sqlite: migrations("sqlite")?,
            sources,
            audited: read(AUDITED)?,
            document: read(DOCUMENT)?,
        })
    }

    fn migrations(&self, store: Store) -> &str {
        match store {
            Store::Postgres => &self.postgres,
            Store::Sqlite => &self.sqlite,
        }
    }
}

/// All migrations of a store, one after the other.
fn migrations(store: &str) -> io::Result<String> {
    let mut steps = Vec::new();
    for step in fs::read_dir(repository_root().join("migrations").join(store))? {
        steps.push(step?.path().join("up.sql"));
    }
    steps.sort();
    steps.iter().map(fs::read_to_string).collect()
}

/// What is named and is not there.
pub fn violations(guards: &[Guard], tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for guarantee in GUARANTEES {
        if !guards.iter().any(|guard| guard.guarantee == guarantee) {
            found.push(format!("nothing is taken out that {guarantee} rests on"));
        }
    }
    for guard in guards {
        let mut complain = |complaint: String| found.push(format!("{}: {complaint}", guard.name()));
        for store in Store::ALL {
            let Some(taken) = guard.on(store) else {
                continue;
            };
            match taken.change {
                Change::Tables(lines) => {
                    let gone = lines
                        .lines()
                        .filter(|line| !stands(line, tree.migrations(store)));
                    gone.for_each(|line| complain(format!("`{line}` finds nothing on {store}")));
                }
                Change::Source(Patch { file, from, .. }) => {
                    let times = tree
                        .sources
                        .get(file)
                        .map_or(0, |text| text.matches(from).count());
                    if times != 1 {
                        complain(format!("`{from}` stands in {file} {times} times"));
                    }
                }
            }
            if taken.witnesses.is_empty() {
                complain(format!("no test is named on {store}"));
            }
            let missing = taken.witnesses.iter().filter(|test| !is_test(test, tree));
            missing.for_each(|test| complain(format!("there is no test {test}")));
        }
        if let Some(kind) = guard.audited
            && !tree.audited.contains(&format!("\"{kind}\""))
        {
            complain(format!("the auditor is not shown that {kind}"));
        }
        if !tree.document.contains(&format!("\n{}", name_cells(guard))) {
            complain(format!(
                "{DOCUMENT} has no row of it: run `make mutate-constraints`"
            ));
        }
    }
    found
}

fn is_test(test: &str, tree: &Tree) -> bool {
    let name = test.rsplit("::").next().unwrap_or(test);
    let function = format!("fn {name}(");
    tree.sources.values().any(|text| text.contains(&function))
}

/// Whether there is what a line takes out of the tables.
fn stands(line: &str, migrations: &str) -> bool {
    let words: Vec<_> = line.split(' ').collect();
    let is_made = |what: String| migrations.contains(&what);
    match words.as_slice() {
        ["DROP", "INDEX", index] => is_made(format!("CREATE UNIQUE INDEX {index} ON ")),
        ["DROP", "TRIGGER", trigger] => is_made(format!("CREATE TRIGGER {trigger} BEFORE ")),
        ["DROP", "TRIGGER", trigger, "ON", table] => {
            let made = format!("CREATE TRIGGER {trigger} BEFORE ");
            let rest = migrations.split_once(&made).map(|(_, rest)| rest);
            let statement = rest.and_then(|rest| rest.split(';').next());
            let mut words = statement.unwrap_or_default().split_whitespace();
            words.any(|word| word == "ON") && words.next() == Some(table)
        }
        ["ALTER", "TABLE", table, "DROP", "CONSTRAINT", name, ..] => {
            definition(table, migrations).is_some_and(|definition| has(definition, table, name))
        }
        ["PART", table, ..] => {
            let part = line.split_once(": ").map(|(_, part)| part);
            let definition = definition(table.trim_end_matches(':'), migrations);
            let both = part.zip(definition);
            both.is_some_and(|(part, definition)| definition.matches(part).count() == 1)
        }
        _ => false,
    }
}

/// Between the brackets of the statement that makes a table.
fn definition<'a>(table: &str, migrations: &'a str) -> Option<&'a str> {
    let (_, rest) = migrations.split_once(&format!("CREATE TABLE {table} (\n"))?;
    rest.split_once("\n)").map(|(definition, _)| definition)
}

/// Whether a table has a constraint of that name, be it that Postgres gives the name itself.
fn has(definition: &str, table: &str, name: &str) -> bool {
    if definition.contains(&format!("CONSTRAINT {name} ")) {
        return true;
    }
    let own = name
        .strip_prefix(table)
        .and_then(|rest| rest.strip_prefix('_'));
    match own {
        Some("pkey") => definition.contains("PRIMARY KEY"),
        Some(own) => own.strip_suffix("_check").is_some_and(|column| {
            let mut lines = definition.lines().map(str::trim_start);
            lines.any(|line| line.starts_with(&format!("{column} ")) && line.contains(" CHECK ("))
        }),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "CREATE TABLE money (\n    id bigint PRIMARY KEY,\n    sum bigint CHECK (sum >= 0),\n    \
        CONSTRAINT money_covered CHECK (sum < 7)\n);\nCREATE UNIQUE INDEX money_once ON money (sum);\n\
        CREATE TRIGGER money_stays BEFORE DELETE ON money\n    FOR EACH STATEMENT EXECUTE FUNCTION no();\n";

    #[test]
    fn what_is_there_can_be_taken_out() {
        for line in [
            "DROP INDEX money_once",
            "DROP TRIGGER money_stays",
            "DROP TRIGGER money_stays ON money",
            "ALTER TABLE money DROP CONSTRAINT money_covered",
            "ALTER TABLE money DROP CONSTRAINT money_pkey CASCADE",
            "ALTER TABLE money DROP CONSTRAINT money_sum_check",
            "PART money: CHECK (sum >= 0)",
        ] {
            assert!(stands(line, TABLES), "{line}");
        }
    }

    #[test]
    fn what_is_not_there_cannot() {
        for line in [
            "DROP INDEX money",
            "DROP INDEX money_stays",
            "DROP TRIGGER money_once",
            "DROP TRIGGER money_stays ON mone",
            "ALTER TABLE money DROP CONSTRAINT money_cover",
            "ALTER TABLE money DROP CONSTRAINT money_id_check",
            "ALTER TABLE coins DROP CONSTRAINT coins_pkey",
            "PART money: CHECK (sum >= 1)",
            "PART money: CHECK (sum",
            "DELETE FROM money",
        ] {
            assert!(!stands(line, TABLES), "{line}");
        }
    }

    #[test]
    fn what_a_guard_names_and_is_not_there_is_told() {
        let tree = Tree {
            postgres: TABLES.to_owned(),
            sqlite: TABLES.to_owned(),
            sources: BTreeMap::from([(
                "a.rs".to_owned(),
                "fn money_counts_once() { a; a; }".to_owned(),
            )]),
            audited: "\"money is there twice\"".to_owned(),
            document: "\n| C1 | the index | a | b | c |\n".to_owned(),
        };
        let complaints = |guard: Guard| {
            let found = violations(&[guard], &tree);
            let of_it = found
                .into_iter()
                .filter(|complaint| !complaint.starts_with("nothing"));
            of_it.collect::<Vec<_>>()
        };
        let patch = Patch {
            word: "a",
            file: "a.rs",
            from: "a;",
            to: "",
        };
        const ONCE: &[&str] = &["units::money_counts_once"];
        let index = || Guard::new("C1", "the index");
        let sound = index().tables("DROP INDEX money_once", ONCE);
        assert_eq!(
            complaints(sound.clone().audited("money is there twice")),
            [""; 0]
        );
        assert_eq!(
            complaints(sound.audited("money is gone")),
            ["C1, the index: the auditor is not shown that money is gone"]
        );
        assert_eq!(
            complaints(index().in_sqlite("DROP INDEX one", &["units::money_counts"])),
            [
                "C1, the index: `DROP INDEX one` finds nothing on SQLite",
                "C1, the index: there is no test units::money_counts",
            ]
        );
        assert_eq!(
            complaints(index().in_source(Store::Postgres, patch, &[])),
            [
                "C1, the index: `a;` stands in a.rs 2 times",
                "C1, the index: no test is named on Postgres",
            ]
        );
        let told = "C2, the key: docs/TESTING.md has no row of it: run `make mutate-constraints`";
        let key = Guard::new("C2", "the key").tables("DROP INDEX money_once", ONCE);
        assert_eq!(complaints(key), [told]);
        let none = violations(&[], &tree);
        assert_eq!(none.len(), GUARANTEES.len());
    }
}
