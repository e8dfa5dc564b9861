//! The simulator's time.

use bayar_sandbox::sim::Handle;
use chrono::{DateTime, Utc};

/// Now, by the simulator.
pub fn now(handle: &Handle) -> DateTime<Utc> {
    let now = handle.now().unwrap();
    DateTime::from_timestamp_millis(now).unwrap()
}
