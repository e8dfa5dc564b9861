//! A clock that stands still until a test moves it.

use std::sync::Mutex;

use bayar_app::port::Clock;
use chrono::{DateTime, TimeDelta, Utc};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves it on, or back.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }

    /// Sets it.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap() = now;
    }
}

/// 18 July 2025, 04:07.
impl Default for ManualClock {
    fn default() -> Self {
        Self::at(DateTime::from_timestamp(1_752_811_620, 0).unwrap())
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_until_it_is_moved() {
        let clock = ManualClock::default();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(TimeDelta::minutes(5));
        assert_eq!(clock.now() - start, TimeDelta::minutes(5));
        clock.advance(TimeDelta::minutes(-6));
        assert_eq!(clock.now() - start, TimeDelta::minutes(-1));
        clock.set(start);
        assert_eq!(clock.now(), start);
    }
}
