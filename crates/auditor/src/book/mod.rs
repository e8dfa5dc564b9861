//! What happened at the gateways, in the auditor's own words.

mod captures;
mod simulator;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use thiserror::Error;

pub(crate) use self::captures::{BookCapture, Captures};

/// Why a book cannot be read.
#[derive(Debug, Error)]
pub enum BookError {
    /// The file.
    #[error("the book {0} cannot be read")]
    File(PathBuf, #[source] std::io::Error),
    /// A line of it.
    #[error("line {line} of the book cannot be read")]
    Line {
        /// The line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// A time of it.
    #[error("line {0} of the book has a time that is none")]
    Time(usize),
}

/// What happened at the gateways.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub(crate) entries: Vec<Entry>,
    pub(crate) covers: Covers,
}

/// How much a book tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Covers {
    /// Whether it tells of every request and of every moment a checkout was open.
    pub every_step: bool,
    /// What happened before is not in it.
    pub since: Option<DateTime<Utc>>,
    /// The only accounts it tells of: gateway, account and mode. Without any, it tells of all.
    pub accounts: Vec<(String, String, String)>,
    /// How many payments of these accounts carry no mark of this installation, and are passed over.
    pub strangers: usize,
}

/// Something that happened, and when.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// By the clock of the machine.
    pub at: DateTime<Utc>,
    pub what: Happened,
}

/// What can happen. Amounts are in the gateway's own units.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    Asked {
        gateway: String,
        request: String,
        operation: String,
        order: Option<String>,
        key: Option<String>,
    },
    Answered {
        request: String,
        status: Option<u16>,
        fault: Option<String>,
    },
    Made {
        object: String,
        id: String,
        order: Option<String>,
        key: Option<String>,
    },
    Opened {
        gateway: String,
        session: String,
        order: String,
        units: i64,
        currency: String,
    },
    Closed {
        session: String,
        order: String,
        why: String,
    },
    Captured {
        gateway: String,
        capture: String,
        order: String,
        units: i64,
        currency: String,
    },
    Reversed {
        capture: String,
        order: String,
        units: i64,
    },
    Refund {
        refund: String,
        capture: String,
        order: String,
        units: i64,
        step: RefundStep,
        by_us: bool,
    },
    Dispute {
        dispute: String,
        capture: String,
        order: String,
        units: i64,
        step: DisputeStep,
    },
    /// For the timeline only.
    Told { order: Option<String>, what: String },
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundStep {
    Pending,
    Done,
    Undone,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisputeStep {
    /// It moves no money.
    Question,
    /// The money is withdrawn.
    Open,
    /// The money is back.
    Won,
    /// The money is gone.
    Lost,
}

impl Book {
    /// The captures, with what became of each.
    pub(crate) fn captures(&self) -> Captures {
        Captures::of(&self.entries)
    }

    /// Whether it tells of an account.
    pub(crate) fn tells_of(&self, gateway: &str, account: &str, mode: &str) -> bool {
        let accounts = &self.covers.accounts;
        let same = |told: &(String, String, String)| {
            (told.0.as_str(), told.1.as_str(), told.2.as_str()) == (gateway, account, mode)
        };
        accounts.is_empty() || accounts.iter().any(same)
    }

    /// Whether it tells of that time.
    pub(crate) fn reaches(&self, time: DateTime<Utc>) -> bool {
        self.covers.since.is_none_or(|since| since <= time)
    }
}

impl Happened {
    /// The order it is about, where it says so.
    pub(crate) fn order(&self) -> Option<&str> {
        match self {
            Self::Asked { order, .. } | Self::Made { order, .. } | Self::Told { order, .. } => {
                order.as_deref()
            }
            Self::Answered { .. } => None,
            Self::Opened { order, .. }
            | Self::Closed { order, .. }
            | Self::Captured { order, .. }
            | Self::Reversed { order, .. }
            | Self::Refund { order, .. }
            | Self::Dispute { order, .. } => Some(order),
        }
    }
}
