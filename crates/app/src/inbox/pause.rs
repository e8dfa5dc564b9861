//! When a webhook is tried again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::port::Random;

/// After so many tries somebody has to look.
pub(super) const MOST_TRIES: u32 = 8;

/// One that waits for days is tried less often than this, if each try comes to an end.
pub(super) const MOST_TRIES_OF_DAYS: u32 = 100;

/// How long a webhook waits for what it is about.
pub(super) const UNMATCHED_FOR: TimeDelta = TimeDelta::days(7);

/// The pause after each try but the last, in seconds. The last one is more than three hours after the first,
/// so that a gateway in trouble is waited for.
const PAUSES: [u64; 7] = [2, 10, 60, 300, 1200, 3600, 7200];

/// The pause after all of them, for a webhook that waits for days.
const LONG_PAUSE: u64 = 6 * 3600;

/// The pause after so many tries: somewhere within a fifth of what the table says,
/// so that what failed together does not come together again.
pub(super) fn after(tries: u32, random: &dyn Random) -> Duration {
    let index = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let seconds = PAUSES.get(index).copied().unwrap_or(LONG_PAUSE);
    let mut byte = [0];
    random.fill(&mut byte);
    let [byte] = byte;
    // From 80 to 120 per cent.
    let percent = 80 + u64::from(byte) * 40 / 255;
    Duration::from_millis(seconds * 10 * percent)
}

/// Whether it has waited long enough for what it is about.
pub(super) fn is_over(received_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - received_at >= UNMATCHED_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Random for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn pauses_grow_and_stay_within_a_fifth_of_the_table() {
        let millis = |tries, byte| after(tries, &Always(byte)).as_millis();
        assert_eq!((millis(1, 0), millis(1, 255)), (1600, 2400));
        assert_eq!((millis(7, 0), millis(7, 255)), (5_760_000, 8_640_000));
        for tries in [8, 9, 100, u32::MAX] {
            assert_eq!(millis(tries, 0), 17_280_000, "{tries}");
        }
        for tries in 1..8 {
            assert!(millis(tries, 255) < millis(tries + 1, 0), "{tries}");
        }
    }

    #[test]
    fn a_webhook_waits_seven_days_for_what_it_is_about() {
        let at = DateTime::UNIX_EPOCH;
        assert!(!is_over(
            at,
            at + TimeDelta::days(7) - TimeDelta::seconds(1)
        ));
        assert!(is_over(at, at + TimeDelta::days(7)));
    }
}
