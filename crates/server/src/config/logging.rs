//! What is logged, and how.

use super::reader::Reader;
use super::table;
use super::values::one_of;

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logging {
    /// What a line looks like.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
}

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people in a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// How important a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something may fail soon.
    Warn,
    /// Something happened.
    Info,
    /// For whoever looks for a fault.
    Debug,
    /// Everything.
    Trace,
}

const FORMATS: &[(&str, LogFormat)] = &[
    ("auto", LogFormat::Auto),
    ("human", LogFormat::Human),
    ("json", LogFormat::Json),
];

const LEVELS: &[(&str, LogLevel)] = &[
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

impl Logging {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let format = reader.value(&table::LOG_FORMAT, one_of(FORMATS));
        let level = reader.value(&table::LOG_LEVEL, one_of(LEVELS));
        Some(Self {
            format: format?,
            level: level?,
        })
    }
}

impl LogLevel {
    /// Its name, as a filter of the log takes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_back_from_its_name() {
        for (name, level) in LEVELS {
            assert_eq!(level.as_str(), *name);
        }
    }
}
