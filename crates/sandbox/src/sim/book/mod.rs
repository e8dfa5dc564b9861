//! The book: an append-only account of everything that happened at the simulated gateways.
//!
//! It is the second opinion in every test: it is written by the simulator alone, in files of
//! JSON lines, and read here without the simulator.

mod captures;
mod file;
mod happening;
mod queries;

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use self::captures::Capture;
pub use self::happening::{
    Attempt, By, Closed, DisputeStep, Happening, Outcome, Record, RefundStep, Request,
};
pub use self::queries::{OrderSummary, Span};

pub(in crate::sim) use self::file::Writer;

/// Why the book cannot be read or written.
#[derive(Debug, Error)]
pub enum BookError {
    /// The file cannot be reached.
    #[error("the book {path} cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not one of ours.
    #[error("line {line} of the book {path} cannot be read")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// Another simulator writes it.
    #[error("the book {0} is in use by another simulator")]
    InUse(PathBuf),
}

/// All that happened, in its order.
#[derive(Debug, Clone, Default)]
pub struct Book {
    records: Vec<Record>,
}

impl Book {
    /// Reads a book. A last line that was cut off by a crash never happened.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is not one of ours.
    pub fn read(path: &Path) -> Result<Self, BookError> {
        let mut records = Vec::new();
        for_each_line(path, |line, text| {
            let record = serde_json::from_str(text);
            records.push(record.map_err(|source| BookError::Line {
                path: path.to_owned(),
                line,
                source,
            })?);
            Ok(())
        })?;
        Ok(Self { records })
    }

    pub(in crate::sim) fn new(records: Vec<Record>) -> Self {
        Self { records }
    }

    /// Every line.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Everything that happened, each with the line it stands in.
    pub fn happenings(&self) -> impl Iterator<Item = (&Record, &Happening)> {
        self.records
            .iter()
            .flat_map(|record| record.what.iter().map(move |what| (record, what)))
    }
}

/// Calls for each whole line, and tells how many bytes the whole lines take.
fn for_each_line(
    path: &Path,
    mut each: impl FnMut(usize, &str) -> Result<(), BookError>,
) -> Result<u64, BookError> {
    let unreadable = |source| BookError::File {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut reader = BufReader::new(file);
    let mut text = String::new();
    let mut whole = 0;
    for line in 1.. {
        text.clear();
        let read = reader.read_line(&mut text).map_err(unreadable)?;
        if read == 0 || !text.ends_with('\n') {
            break;
        }
        each(line, text.trim_end())?;
        whole += u64::try_from(read).unwrap_or(0);
    }
    Ok(whole)
}
