//! The variables a configuration is read from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::{fmt, fs, io};

use serde::Serialize;

use super::dotenv::{self, BrokenLine};
use super::setting::is_ours;
use super::{Fault, Warning};

const DOTENV: &str = ".env";

/// The variables of the process and of its `.env` file.
///
/// An empty variable counts as not set. `Debug` shows names only: values may be secret.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Variable>,
    faults: Vec<Fault>,
    warnings: Vec<Warning>,
}

#[derive(Clone)]
struct Variable {
    value: String,
    origin: Origin,
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Origin {
    /// Nobody set it.
    #[serde(rename = "default")]
    Default,
    /// A variable of the process.
    #[serde(rename = "environment")]
    Environment,
    /// The file `.env`.
    #[serde(rename = ".env")]
    DotEnv,
    /// The file that `NAME_FILE` names.
    #[serde(rename = "file")]
    File,
}

impl Environment {
    /// Reads the variables of the process, and those of the file `.env` in its directory that are not set.
    ///
    /// What is broken in them is reported with all other faults when the configuration is loaded.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub fn from_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => environment.set(name, value, Origin::Environment),
                Err(_) if is_ours(&name) => {
                    environment.fault(&name, "the value is not UTF-8 text");
                }
                Err(_) => {}
            }
        }
        match fs::read(DOTENV).map(String::from_utf8) {
            Ok(Ok(text)) => environment.add_dotenv(&text),
            Ok(Err(_)) => environment.fault(DOTENV, "the file is not UTF-8 text"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => environment.fault(DOTENV, &format!("the file cannot be read: {error}")),
        }
        environment
    }

    /// An environment of exactly these variables.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            environment.set(name.into(), value.into(), Origin::Environment);
        }
        environment
    }

    /// Adds the variables of the text of a `.env` file that are not set yet.
    #[must_use]
    pub fn with_dotenv(mut self, text: &str) -> Self {
        self.add_dotenv(text);
        self
    }

    /// Sets a variable that is not set, and of which no file is named either.
    #[must_use]
    pub fn with_default(mut self, name: &str, value: &str) -> Self {
        if !self.is_set(name) {
            self.set(name.to_owned(), value.to_owned(), Origin::Default);
        }
        self
    }

    /// Whether a variable is set, or a file named that holds its value.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some() || self.get(&format!("{name}_FILE")).is_some()
    }

    /// The value of a variable, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<(&str, Origin)> {
        let variable = self.variables.get(name)?;
        let value = variable.value.as_str();
        (!value.trim().is_empty()).then_some((value, variable.origin))
    }

    /// The names of all variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    pub(super) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn add_dotenv(&mut self, text: &str) {
        for entry in dotenv::read(text) {
            match entry {
                Ok((name, value)) => match self.variables.entry(name) {
                    Entry::Vacant(place) => {
                        let origin = Origin::DotEnv;
                        place.insert(Variable { value, origin });
                    }
                    Entry::Occupied(place) if place.get().origin == Origin::DotEnv => {
                        self.warnings.push(Warning::new(
                            place.key(),
                            "stands more than once in .env; the first one counts",
                        ));
                    }
                    Entry::Occupied(_) => {}
                },
                Err(BrokenLine(line)) => self.fault(
                    DOTENV,
                    &format!(
                        "line {line} is not NAME=value; a value with blanks, quotes, #, $ or \\ stands in single quotes"
                    ),
                ),
            }
        }
    }

    fn set(&mut self, name: String, value: String, origin: Origin) {
        self.variables.insert(name, Variable { value, origin });
    }

    fn fault(&mut self, name: &str, message: &str) {
        self.faults.push(Fault::new(name, message));
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("names", &self.variables.keys())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::DotEnv => ".env",
            Self::File => "file",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_not_overridden_by_the_file() {
        let environment =
            Environment::from_pairs([("A", "1"), ("EMPTY", "")]).with_dotenv("A=2\nB=3\nEMPTY=4\n");
        assert_eq!(environment.get("A"), Some(("1", Origin::Environment)));
        assert_eq!(environment.get("B"), Some(("3", Origin::DotEnv)));
        assert_eq!(environment.get("EMPTY"), None);
        assert_eq!(environment.get("C"), None);
        assert_eq!(environment.warnings(), []);
    }

    #[test]
    fn a_name_that_stands_twice_in_the_file_counts_once() {
        let environment = Environment::default().with_dotenv("A=1\nA=2\n");
        assert_eq!(environment.get("A"), Some(("1", Origin::DotEnv)));
        let warnings: Vec<_> = environment
            .warnings()
            .iter()
            .map(Warning::to_string)
            .collect();
        assert_eq!(
            warnings,
            ["A: stands more than once in .env; the first one counts"]
        );
    }

    #[test]
    fn every_broken_line_is_a_fault_that_does_not_show_it() {
        let environment = Environment::default().with_dotenv("hunter2\nA=1\nB=hunter 2\n");
        let faults: Vec<_> = environment.faults().iter().map(Fault::to_string).collect();
        assert_eq!(
            faults,
            [1, 3].map(|line| format!(
                ".env: line {line} is not NAME=value; a value with blanks, quotes, #, $ or \\ stands in single quotes"
            ))
        );
    }

    #[test]
    fn the_process_is_read() {
        let environment = Environment::from_process();
        let (path, origin) = environment.get("PATH").unwrap();
        assert!(!path.is_empty());
        assert_eq!(origin, Origin::Environment);
    }

    #[test]
    fn debug_shows_names_only() {
        let environment =
            Environment::from_pairs([("JWT_SECRET", "hunter2")]).with_dotenv("APP_KEY=hunter3");
        let shown = format!("{environment:?}");
        assert!(shown.contains("JWT_SECRET") && shown.contains("APP_KEY"));
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
