//! Renders `.env.example`.

use super::setting::Kind;
use super::table::GROUPS;

const INTRODUCTION: &str = "\
# Every setting of Bayar, with its default.
#
# Nothing has to be set: without anything it listens on this machine and stores in a SQLite file.
# Settings are environment variables. Those that are not set are read from the file .env in the directory
# where the program starts: copy this file to .env and take away the # before the lines you change.
# An empty value counts as not set. A value with blanks, quotes, #, $ or \\ stands in single quotes.
# A time is a number with d, h, m, s or ms behind it, such as 90s.
#
# In place of NAME, what is marked \"or a file\" can be set by NAME_FILE: the path of a file with the value.
# \"bayar config check\" says what is wrong, all at once, and what each setting is.
#
# This file is made from the table in crates/server/src/config/table.rs:
# UPDATE_DOCS=1 cargo test -p bayar env_example
";

/// The text of `.env.example`. As it stands, it sets nothing.
#[must_use]
pub fn example() -> String {
    let mut page = INTRODUCTION.to_owned();
    for group in GROUPS {
        page.push_str(&format!("\n\n# ---- {}\n", group.title));
        for setting in group.settings {
            page.push('\n');
            for line in setting.about {
                page.push_str(&format!("#{line}\n"));
            }
            match setting.kind {
                Kind::Plain => {}
                Kind::Key => page.push_str("# (or a file)\n"),
                Kind::Secret => page.push_str("# (secret, or a file)\n"),
            }
            let default = setting.default.unwrap_or_default();
            page.push_str(&format!("#{}={default}\n", setting.name));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "the file is written anew when UPDATE_DOCS asks for it"
    )]

    use std::{env, fs};

    use super::*;
    use crate::config::{Config, Environment, Origin};

    const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.env.example");

    #[test]
    fn env_example_says_what_the_table_says() {
        if env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
            fs::write(PLACE, example()).unwrap();
        }
        let stored = fs::read_to_string(PLACE).unwrap_or_default();
        assert!(
            stored == example(),
            ".env.example is stale; UPDATE_DOCS=1 cargo test -p bayar env_example writes it anew"
        );
    }

    #[test]
    fn env_example_sets_nothing_as_it_stands() {
        let environment = Environment::default().with_dotenv(&example());
        assert_eq!(environment.names().count(), 0);
        assert_eq!(environment.faults(), []);
    }

    #[test]
    fn the_defaults_of_env_example_are_the_defaults() {
        let is_setting = |line: &&str| {
            let name = line.split_once('=').map_or("", |(name, _)| name);
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || b"_0123456789".contains(&byte))
        };
        let page = example();
        let lines: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(is_setting)
            .collect();
        let environment = Environment::default().with_dotenv(&lines.join("\n"));
        let (set, warnings) = Config::load(&environment).unwrap();
        assert_eq!(warnings, []);
        let (unset, warnings) = Config::load(&Environment::default()).unwrap();
        assert_eq!(warnings, []);
        assert_eq!(set.settings().len(), lines.len());
        for ((set, unset), line) in set.settings().iter().zip(unset.settings()).zip(&lines) {
            assert!(line.starts_with(&format!("{}=", set.name)), "{line}");
            assert_eq!(set.value, unset.value, "{line}");
            assert_eq!(unset.from, Origin::Default);
        }
    }
}
