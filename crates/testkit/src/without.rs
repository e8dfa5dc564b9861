//! Tables without one of their guards: so `make mutate-constraints` learns which tests miss it.
//!
//! Tests know of this and the product does not.

/// One line for each change of the tables.
const VARIABLE: &str = "BAYAR_TEST_WITHOUT";

/// How a panic begins when a guard is not there to be taken out. Then no test says anything about it.
pub const NOT_THERE: &str = "the guard cannot be taken out";

/// How a guard is taken out of tables that were just made, and are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// A statement does it.
    Statement(String),
    /// A table is made anew with something that is always true in place of a part of its definition:
    /// SQLite takes no constraint out of a table that is there.
    Part {
        /// The table.
        table: String,
        /// The part, as it stands in the migration. It stands there once.
        part: String,
    },
}

impl Removal {
    /// What takes the place of a part.
    pub const ALWAYS_TRUE: &str = "CHECK (true)";

    /// The definition of the table without the part.
    ///
    /// # Panics
    ///
    /// When the part does not stand in it exactly once.
    #[must_use]
    pub fn cut(definition: &str, part: &str) -> String {
        let times = definition.matches(part).count();
        assert_eq!(times, 1, "{NOT_THERE}: `{part}` in {definition}");
        definition.replace(part, Self::ALWAYS_TRUE)
    }

    fn of_line(line: &str) -> Self {
        let part = line.strip_prefix("PART ");
        match part.and_then(|rest| rest.split_once(": ")) {
            Some((table, part)) => Self::Part {
                table: table.to_owned(),
                part: part.to_owned(),
            },
            None => Self::Statement(line.to_owned()),
        }
    }
}

/// What is to be taken out of the tables of this run: nothing, but when the mutants are tried.
#[must_use]
pub fn removals() -> Vec<Removal> {
    removals_of(&told())
}

fn removals_of(told: &str) -> Vec<Removal> {
    let lines = told.lines().filter(|line| !line.is_empty());
    lines.map(Removal::of_line).collect()
}

/// As it was said: databases that lack the same are alike.
pub(crate) fn told() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever tries the mutants runs tests as they were built"
    )]
    let told = std::env::var(VARIABLE);
    told.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Removal, removals_of};

    #[test]
    fn each_line_takes_something_out() {
        let told = "DROP INDEX one\nPART facts: PRIMARY KEY (gateway, step)\n";
        let part = Removal::Part {
            table: "facts".to_owned(),
            part: "PRIMARY KEY (gateway, step)".to_owned(),
        };
        let statement = Removal::Statement("DROP INDEX one".to_owned());
        assert_eq!(removals_of(told), [statement, part]);
        assert_eq!(removals_of(""), []);
    }

    #[test]
    fn a_part_is_always_true_afterwards() {
        let table = "CREATE TABLE a (b integer NOT NULL CHECK (b >= 0)) STRICT";
        let expected = "CREATE TABLE a (b integer NOT NULL CHECK (true)) STRICT";
        assert_eq!(Removal::cut(table, "CHECK (b >= 0)"), expected);
    }

    #[test]
    #[should_panic(expected = "the guard cannot be taken out")]
    fn a_part_that_is_not_there_is_no_mutant() {
        let _ = Removal::cut("CREATE TABLE a (b integer)", "CHECK (b >= 0)");
    }

    #[test]
    #[should_panic(expected = "the guard cannot be taken out")]
    fn a_part_that_is_there_twice_is_no_mutant() {
        let table = "CREATE TABLE a (b integer CHECK (true), c integer CHECK (true))";
        let _ = Removal::cut(table, "CHECK (true)");
    }
}
