use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use crate::line::Loss;

const SHORTEST: Duration = Duration::from_millis(100);
/// A server that stalls costs the calls of one time-out each time it is believed in.
const AFTER_SILENCE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(2);

/// How long to wait before the next attempt to connect.
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn after(loss: Loss) -> Self {
        let next = match loss {
            Loss::Broken => SHORTEST,
            Loss::Silent => AFTER_SILENCE,
            Loss::ReadOnly => LONGEST,
        };
        Self { next }
    }

    /// The next wait: twice the last one, between its half and its whole, so that processes do not come all at once.
    pub(crate) fn draw(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        // Each of these has keys of its own, which is as much chance as this needs.
        let chance = u32::from(RandomState::new().build_hasher().finish().to_le_bytes()[0]);
        whole / 2 + whole / 2 * chance / u32::from(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_tenth_of_a_second_to_two() {
        let mut backoff = Backoff::after(Loss::Broken);
        for whole in [100, 200, 400, 800, 1600, 2000, 2000] {
            let drawn = backoff.draw();
            let whole = Duration::from_millis(whole);
            assert!(
                whole / 2 <= drawn && drawn <= whole,
                "{drawn:?} of {whole:?}"
            );
        }
    }

    #[test]
    fn a_silent_server_is_left_alone_for_half_a_second_at_least() {
        assert!(Backoff::after(Loss::Silent).draw() >= Duration::from_millis(500));
    }

    #[test]
    fn two_processes_do_not_wait_equally_long() {
        let first = Backoff::after(Loss::Broken).draw();
        let differs = |_| Backoff::after(Loss::Broken).draw() != first;
        assert!((0..100).any(differs));
    }
}
