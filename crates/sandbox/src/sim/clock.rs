//! Simulated time: the real time plus an offset that only grows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the start of 1970.
pub type Millis = i64;

/// One second.
pub const SECOND: Millis = 1_000;
/// One minute.
pub const MINUTE: Millis = 60 * SECOND;
/// One hour.
pub const HOUR: Millis = 60 * MINUTE;
/// One day.
pub const DAY: Millis = 24 * HOUR;

/// What a duration is in milliseconds.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// The real time.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator is a program of its own, and this is its one clock"
)]
pub fn real_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, millis)
}

/// The simulated clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    offset: Millis,
}

impl Clock {
    pub fn now(self) -> Millis {
        real_now().saturating_add(self.offset)
    }

    pub fn offset(self) -> Millis {
        self.offset
    }

    pub fn set_offset(&mut self, offset: Millis) {
        self.offset = offset;
    }

    /// Moves to a time, unless it has passed.
    pub fn move_to(&mut self, time: Millis) {
        let offset = time.saturating_sub(real_now());
        self.offset = self.offset.max(offset);
    }
}
