use chrono::{DateTime, Utc};

/// The time of this process.
///
/// Tokens, tickets and papers are dated by it.
/// Whether a deadline has passed is judged by the clock of the store, which all processes share.
pub trait Clock: Send + Sync {
    /// Now, as this process sees it.
    fn now(&self) -> DateTime<Utc>;
}
