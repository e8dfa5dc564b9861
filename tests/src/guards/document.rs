//! What was found, in `docs/TESTING.md`.

use std::collections::BTreeMap;
use std::fs;

use super::Result;
use super::guard::{Guard, Store};
use crate::repository_root;

/// The document.
pub const DOCUMENT: &str = "docs/TESTING.md";

const BEGIN: &str = "<!-- Written by `make mutate-constraints`. -->\n";
const END: &str = "<!-- The end of what is written by `make mutate-constraints`. -->\n";
const HEAD: &str = "| guarantee | taken out | missed on Postgres by | missed on SQLite by | the auditor is shown |\n\
    |---|---|---|---|---|\n";
const NOT_TRIED: &str = "not tried yet";
const NOWHERE: &str = "–";

/// What became of the tests without one guard.
pub(super) struct Found {
    guarantee: &'static str,
    what: &'static str,
    on_postgres: Option<Vec<String>>,
    on_sqlite: Option<Vec<String>>,
    /// The stores on which no test missed it.
    pub(super) unseen: Vec<Store>,
}

impl Found {
    pub(super) fn of(guard: &Guard) -> Self {
        Self {
            guarantee: guard.guarantee,
            what: guard.what,
            on_postgres: None,
            on_sqlite: None,
            unseen: Vec::new(),
        }
    }

    pub(super) fn tell(&mut self, store: Store, failed: Vec<String>) {
        if failed.is_empty() {
            self.unseen.push(store);
        }
        match store {
            Store::Postgres => self.on_postgres = Some(failed),
            Store::Sqlite => self.on_sqlite = Some(failed),
        }
    }

    fn row(&self, guard: &Guard) -> String {
        row(
            guard,
            [&self.on_postgres, &self.on_sqlite].map(|failed| match failed {
                None => NOWHERE.to_owned(),
                Some(failed) if failed.is_empty() => "**no test**".to_owned(),
                Some(failed) => {
                    let named = failed.iter().map(|test| format!("`{test}`"));
                    named.collect::<Vec<_>>().join(", ")
                }
            }),
        )
    }
}

/// What stands in the document about each guard, in its row's first two cells.
#[must_use]
pub fn name_cells(guard: &Guard) -> String {
    format!("| {} | {} |", guard.guarantee, guard.what)
}

fn row(guard: &Guard, [postgres, sqlite]: [String; 2]) -> String {
    let audited = guard.audited.unwrap_or(NOWHERE);
    format!(
        "{} {postgres} | {sqlite} | {audited} |\n",
        name_cells(guard)
    )
}

/// Writes what was found. What was not tried this time stays as it was found before.
pub(super) fn write(guards: &[Guard], found: &[Found]) -> Result<()> {
    let path = repository_root().join(DOCUMENT);
    let document = fs::read_to_string(&path)?;
    fs::write(&path, renewed(&document, guards, found)?)?;
    Ok(())
}

fn renewed(document: &str, guards: &[Guard], found: &[Found]) -> Result<String> {
    let astray = || format!("{DOCUMENT} has no marks to write between");
    let (before, rest) = document.split_once(BEGIN).ok_or_else(astray)?;
    let (old, after) = rest.split_once(END).ok_or_else(astray)?;
    let old: BTreeMap<_, _> = guards
        .iter()
        .filter_map(|guard| {
            let mut rows = old.lines();
            let row = rows.find(|row| row.starts_with(&name_cells(guard)))?;
            Some((guard.name(), format!("{row}\n")))
        })
        .collect();
    let mut table = HEAD.to_owned();
    for guard in guards {
        let mut now = found.iter();
        let now = now.find(|found| (found.guarantee, found.what) == (guard.guarantee, guard.what));
        let line = match (now, old.get(&guard.name())) {
            (Some(found), _) => found.row(guard),
            (None, Some(old)) => old.clone(),
            (None, None) => {
                let untried = |store| guard.on(store).map_or(NOWHERE, |_| NOT_TRIED).to_owned();
                row(guard, Store::ALL.map(untried))
            }
        };
        table.push_str(&line);
    }
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guards() -> Vec<Guard> {
        vec![
            Guard::new("C1", "an index")
                .tables("DROP INDEX one", &["a"])
                .audited("two of them"),
            Guard::new("C2", "a trigger").in_sqlite("DROP TRIGGER two", &["b"]),
        ]
    }

    fn document(rows: &str) -> String {
        format!("before\n{BEGIN}{rows}{END}after\n")
    }

    #[test]
    fn what_is_found_is_written_and_the_rest_stays() {
        let guards = guards();
        let written = renewed(&document(""), &guards, &[]).unwrap();
        let first = "| C1 | an index | not tried yet | not tried yet | two of them |\n";
        let second = "| C2 | a trigger | – | not tried yet | – |\n";
        assert_eq!(written, document(&format!("{HEAD}{first}{second}")));

        let mut found = Found::of(&guards[0]);
        found.tell(Store::Postgres, vec!["a".to_owned(), "c".to_owned()]);
        found.tell(Store::Sqlite, Vec::new());
        assert_eq!(found.unseen, [Store::Sqlite]);
        let written = renewed(&written, &guards, &[found]).unwrap();
        let first = "| C1 | an index | `a`, `c` | **no test** | two of them |\n";
        assert_eq!(written, document(&format!("{HEAD}{first}{second}")));
        assert_eq!(renewed(&written, &guards, &[]).unwrap(), written);
    }

    #[test]
    fn a_document_without_marks_is_left_alone() {
        assert!(renewed("before\n", &guards(), &[]).is_err());
    }
}
