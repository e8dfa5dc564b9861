//! The simulator's time.

use bayar_sandbox::sim::Handle;
use chrono::{DateTime, Utc};

/// Now, by the simulator.
pub fn now(handle: &Handle) -> DateTime<Utc> {
    let now = i64::try_from(handle.now().unwrap()).unwrap();
    DateTime::from_timestamp_millis(now).unwrap()
}
