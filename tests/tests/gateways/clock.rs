//! The simulator's time, for adapters that ask for it.

use bayar_app::port::Clock;
use bayar_sandbox::sim::Handle;
use chrono::{DateTime, Utc};

#[derive(Debug)]
pub struct SimulatedClock(pub Handle);

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        now(&self.0)
    }
}

/// Now, by the simulator.
pub fn now(handle: &Handle) -> DateTime<Utc> {
    let now = i64::try_from(handle.now().unwrap()).unwrap();
    DateTime::from_timestamp_millis(now).unwrap()
}
