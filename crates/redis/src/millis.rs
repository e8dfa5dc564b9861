use std::time::Duration;

/// A hundred years. Redis refuses a time to live that its clock cannot hold.
const LONGEST: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// A time to live as Redis takes it: at least one millisecond.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis())
        .unwrap_or(LONGEST)
        .clamp(1, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_one_that_redis_takes() {
        assert_eq!(millis(Duration::from_secs(3)), 3000);
        assert_eq!(millis(Duration::ZERO), 1);
        assert_eq!(millis(Duration::from_micros(1)), 1);
        assert_eq!(millis(Duration::MAX), LONGEST);
    }
}
