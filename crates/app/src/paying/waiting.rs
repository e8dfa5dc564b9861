//! Which attempts a bank was working on when this process last read them.
//!
//! A gateway is not asked about a payment twice within seconds: whoever comes in between is told what was just read.
//! It is a hint and no state: what a bank does is proved by the gateway alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bayar_domain::AttemptId;
use chrono::{DateTime, TimeDelta, Utc};

/// How long it is remembered: longer than nobody is let ask, and not so long that it is stale.
const KEPT: TimeDelta = TimeDelta::minutes(1);

/// Attempts, and when each was seen to wait.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<HashMap<AttemptId, DateTime<Utc>>>);

impl Waiting {
    /// Notes what was read.
    pub fn note(&self, attempt: AttemptId, waits: bool, now: DateTime<Utc>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|known, at| *known != attempt && is_fresh(*at, now));
        if waits {
            seen.insert(attempt, now);
        }
    }

    /// Whether it was just seen to wait.
    pub fn has(&self, attempt: AttemptId, now: DateTime<Utc>) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&attempt).is_some_and(|at| is_fresh(*at, now))
    }
}

fn is_fresh(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - at).abs() < KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: i64) -> AttemptId {
        AttemptId::new(id).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_newest_reading_counts() {
        let waiting = Waiting::default();
        assert!(!waiting.has(attempt(1), at(0)));
        waiting.note(attempt(1), true, at(0));
        assert!(waiting.has(attempt(1), at(1)));
        assert!(!waiting.has(attempt(2), at(1)));
        waiting.note(attempt(1), false, at(2));
        assert!(!waiting.has(attempt(1), at(2)));
    }

    #[test]
    fn an_old_reading_is_forgotten() {
        let waiting = Waiting::default();
        waiting.note(attempt(1), true, at(0));
        assert!(waiting.has(attempt(1), at(59)));
        assert!(!waiting.has(attempt(1), at(60)));
        waiting.note(attempt(2), false, at(60));
        assert_eq!(waiting.0.lock().unwrap().len(), 0);
    }
}
