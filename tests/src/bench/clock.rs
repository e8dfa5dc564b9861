//! The only place of the measurement that reads a clock.

use std::time::{Duration, Instant, SystemTime};

/// Now, for measuring how long something takes.
#[expect(
    clippy::disallowed_methods,
    reason = "a stopwatch measures the real time, never an injected one"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Now, in seconds since 1970.
pub(super) fn unix_seconds() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// In whole nanoseconds, for a histogram.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
