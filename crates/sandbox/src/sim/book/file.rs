//! Writing the book, and finding it again after a restart.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{BookError, Happening, Record, for_each_line};
use crate::sim::clock::{Millis, real_now};
use crate::sim::state::Put;

/// A line as it is written: what happened, and the objects as they stand after it.
#[derive(Serialize)]
struct Line<'a> {
    n: u64,
    at: Millis,
    real: Millis,
    what: &'a [Happening],
    put: &'a [Put],
}

#[derive(Deserialize)]
struct ReadLine {
    #[serde(flatten)]
    record: Record,
    put: Vec<Put>,
}

/// The one who writes the book.
#[derive(Debug)]
pub struct Writer {
    file: Option<(PathBuf, File)>,
    records: Vec<Record>,
}

/// A book that was there before.
#[derive(Debug, Default)]
pub struct Found {
    /// How often the simulator was started on it.
    pub starts: u64,
    /// What to rebuild the state from.
    pub puts: Vec<Put>,
}

impl Writer {
    /// Opens the book, or begins it. Without a path it is kept in memory.
    pub fn open(path: Option<&Path>) -> Result<(Self, Found), BookError> {
        let Some(path) = path else {
            let writer = Self {
                file: None,
                records: Vec::new(),
            };
            return Ok((writer, Found::default()));
        };
        let wrong = |source| BookError::File {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BookError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
        }
        let mut found = Found::default();
        let mut records = Vec::new();
        let whole = for_each_line(path, |line, text| {
            let read: Result<ReadLine, _> = serde_json::from_str(text);
            let ReadLine { record, put } = read.map_err(|source| BookError::Line {
                path: path.to_owned(),
                line,
                source,
            })?;
            let started = |what: &&Happening| matches!(what, Happening::Started { .. });
            let starts = record.what.iter().filter(started).count();
            found.starts += u64::try_from(starts).unwrap_or(0);
            found.puts.extend(put);
            records.push(record);
            Ok(())
        })?;
        // What a crash cut off is not continued.
        file.set_len(whole).map_err(wrong)?;
        file.seek(SeekFrom::End(0)).map_err(wrong)?;
        let writer = Self {
            file: Some((path.to_owned(), file)),
            records,
        };
        Ok((writer, found))
    }

    /// Writes one line and waits until the disk has it.
    pub fn append(
        &mut self,
        at: Millis,
        what: Vec<Happening>,
        put: &[Put],
    ) -> Result<(), BookError> {
        let n = u64::try_from(self.records.len()).unwrap_or(u64::MAX) + 1;
        let real = real_now();
        if let Some((path, file)) = &mut self.file {
            let line = Line {
                n,
                at,
                real,
                what: &what,
                put,
            };
            let text = serde_json::to_string(&line).map_err(std::io::Error::other);
            let written = text.and_then(|mut text| {
                text.push('\n');
                file.write_all(text.as_bytes())?;
                file.sync_data()
            });
            written.map_err(|source| BookError::File {
                path: path.clone(),
                source,
            })?;
        }
        self.records.push(Record { n, at, real, what });
        Ok(())
    }

    /// Lets go of the file.
    pub fn close(&mut self) {
        self.file = None;
    }

    pub fn records(&self) -> &[Record] {
        &self.records
    }
}
