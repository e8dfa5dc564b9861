//! What clients were told.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// Why a log of clients cannot be read.
#[derive(Debug, Error)]
pub enum ClientLogError {
    /// The file.
    #[error("the log {0} cannot be read")]
    File(PathBuf, #[source] std::io::Error),
    /// A line of it.
    #[error("line {line} of the log cannot be read")]
    Line {
        /// The line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// What clients were told: lines of JSON with `key`, `at`, `status` and `body`.
///
/// `key` is the idempotency key of the request, where it had one; `at` is when the answer came, in RFC 3339;
/// `body` is the answer itself, as JSON.
#[derive(Debug, Clone, Default)]
pub struct ClientLog {
    pub(crate) told: Vec<Told>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Told {
    pub key: Option<String>,
    pub at: DateTime<Utc>,
    pub status: u16,
    #[serde(default)]
    pub body: Value,
}

impl ClientLog {
    /// Reads a log from its file.
    ///
    /// # Errors
    /// When it cannot be read, or a line is not understood.
    pub fn read(path: &Path) -> Result<Self, ClientLogError> {
        let unreadable = |source| ClientLogError::File(path.to_owned(), source);
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let lines: Result<Vec<_>, _> = BufReader::new(file).lines().collect();
        let lines = lines.map_err(unreadable)?;
        Self::of_lines(lines.iter().map(String::as_str))
    }

    /// Reads the lines of a log.
    ///
    /// # Errors
    /// When a line is not understood.
    pub fn of_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, ClientLogError> {
        let read = |(line, text)| {
            serde_json::from_str(text).map_err(|source| ClientLogError::Line { line, source })
        };
        let told: Result<_, _> = (1..).zip(lines).map(read).collect();
        Ok(Self { told: told? })
    }
}
