//! The clock and the randomness of this machine: the one place that reads them.

use bayar_app::port::{Clock, Random};
use chrono::{DateTime, SubsecRound, Utc};

/// The clock of this machine, in whole microseconds, as stores keep them.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "everything else asks this")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// The randomness of this machine.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        // A machine without randomness can keep no secret: there is nothing to go on with.
        if let Err(error) = getrandom::fill(buffer) {
            tracing::error!(%error, "no randomness");
            std::process::abort();
        }
    }
}
