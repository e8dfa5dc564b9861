//! What runs at its hour.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Answer;

/// The runs of an installation, one process at a time.
#[async_trait]
pub trait Schedule: Send + Sync {
    /// Every run that was ever planned, by name.
    async fn runs(&self) -> Answer<Vec<StoredRun>>;

    /// Plans a run that is not planned yet. One that is stays as it is.
    async fn plan_run(&self, name: &str, due_at: DateTime<Utc>) -> Answer<()>;

    /// Takes a run, for so long, by the clock of the store.
    ///
    /// Of any number of takers at once, at most one MUST get it. A run whose time with its taker is over
    /// MUST be there for the next one, under another epoch.
    async fn take_run(
        &self,
        name: &str,
        when: TakeWhen,
        lasting: Duration,
    ) -> Answer<Option<RunLease>>;

    /// Keeps a run for so long from now on. Answers whether it is still the taker's.
    async fn keep_run(&self, name: &str, epoch: i64, lasting: Duration) -> Answer<bool>;

    /// Writes how far a run has come that follows a list. Answers whether it was still the taker's.
    ///
    /// MUST change nothing when it was taken since.
    async fn keep_cursor(&self, name: &str, epoch: i64, cursor: &str) -> Answer<bool>;

    /// Ends a run and plans the next one. Answers whether it was still the taker's.
    ///
    /// MUST change nothing when it was taken since.
    async fn end_run(&self, name: &str, epoch: i64, end: &RunEnd) -> Answer<bool>;
}

/// Whether a run has to be due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeWhen {
    /// Only when it is due.
    Due,
    /// At any time.
    Now,
}

/// A run in the hands of its taker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLease {
    /// Which time it was taken.
    pub epoch: i64,
    /// How far it has come that follows a list.
    pub cursor: Option<String>,
    /// When it was taken, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// What it came to, in words.
    pub result: String,
    /// Whether somebody has to look.
    pub has_failed: bool,
    /// When the next one is due.
    pub next: DateTime<Utc>,
}

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRun {
    /// What it is called.
    pub name: String,
    /// When the next one is due.
    pub due_at: DateTime<Utc>,
    /// When the last one began.
    pub began_at: Option<DateTime<Utc>>,
    /// When the last one that ended did.
    pub ended_at: Option<DateTime<Utc>>,
    /// What that came to, in words.
    pub result: Option<String>,
    /// Whether somebody has to look.
    pub has_failed: bool,
    /// How far it has come that follows a list.
    pub cursor: Option<String>,
    /// Whether somebody is at it.
    pub is_running: bool,
}
