//! How long to wait before the next try.

use std::time::Duration;

use bayar_app::port::Random;
use bayar_app::port::gateway::FaultKind;

use super::answer::Judged;
use crate::Retries;

/// Between half and all of a time that doubles with each try, and never sooner than Stripe asked for.
pub fn before_next(
    retries: &Retries,
    tried: u32,
    judged: &Judged,
    random: &dyn Random,
) -> Duration {
    let fault = judged.error.fault();
    // Who was told that they ask too often waits as if they had tried once more.
    let hurried = u32::from(fault.kind == FaultKind::RateLimit);
    let doublings = tried.saturating_sub(1).saturating_add(hurried);
    let longest = retries
        .first_pause
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(retries.longest_pause);
    let pause = jittered(longest, random);
    fault.retry_after.map_or(pause, |asked| asked.max(pause))
}

/// Many of us that failed together should not come back together.
fn jittered(longest: Duration, random: &dyn Random) -> Duration {
    const PARTS: u32 = 1 << 16;
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    let half = longest / 2;
    let share = u32::from(u16::from_le_bytes(bytes));
    half + (half / PARTS).saturating_mul(share)
}

#[cfg(test)]
mod tests {
    use bayar_app::port::gateway::{CallError, Fault};

    use super::*;

    struct Always(u8);

    impl Random for Always {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    fn judged(kind: FaultKind, retry_after: Option<Duration>) -> Judged {
        let fault = Fault {
            retry_after,
            ..Fault::of(kind)
        };
        Judged {
            error: CallError::Unknown(fault),
            again: true,
        }
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn range(tried: u32, judged: &Judged) -> (Duration, Duration) {
        let retries = Retries::default();
        let pause = |byte| before_next(&retries, tried, judged, &Always(byte));
        (pause(0), pause(255))
    }

    #[test]
    fn pauses_double_to_a_longest_one_and_vary_by_half() {
        let api = judged(FaultKind::Api, None);
        for (tried, least, most) in [
            (1, 250, 500),
            (2, 500, 1_000),
            (3, 1_000, 2_000),
            (9, 1_000, 2_000),
            (99, 1_000, 2_000),
        ] {
            let (low, high) = range(tried, &api);
            assert_eq!(low, ms(least), "{tried}");
            assert!(high > ms(most - 1) && high <= ms(most), "{tried}: {high:?}");
        }
    }

    #[test]
    fn who_asks_too_often_waits_longer() {
        let (low, _) = range(1, &judged(FaultKind::RateLimit, None));
        assert_eq!(low, ms(500));
    }

    #[test]
    fn nobody_comes_back_sooner_than_asked_to() {
        let asked = judged(FaultKind::Api, Some(ms(7_000)));
        assert_eq!(range(1, &asked), (ms(7_000), ms(7_000)));
        let less = judged(FaultKind::Api, Some(ms(1)));
        assert_eq!(range(1, &less).0, ms(250));
    }
}
