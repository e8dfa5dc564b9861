use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bayar_app::port::{Away, Clock, Quota, RateLimits, Spent};

use crate::shelf::Shelf;

/// Counts in the memory of one process.
pub struct LocalLimits {
    clock: Arc<dyn Clock>,
    /// How many units each open window has given out.
    windows: Mutex<Shelf<u32>>,
}

impl LocalLimits {
    /// A window takes some 200 bytes.
    const ROOM: usize = 100_000;

    /// Nothing is spent.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let windows = Mutex::new(Shelf::new(Self::ROOM));
        Self { clock, windows }
    }
}

#[async_trait]
impl RateLimits for LocalLimits {
    async fn spend(&self, name: &str, quota: Quota) -> Result<Spent, Away> {
        let now = self.clock.now();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((spent, resets_in)) = windows.get_mut(name, now) {
            let allowed = *spent < quota.limit;
            *spent = spent.saturating_add(u32::from(allowed));
            return Ok(Spent {
                allowed,
                remaining: quota.limit.saturating_sub(*spent),
                resets_in,
            });
        }
        let first = quota.limit.checked_sub(1);
        if first.is_some() {
            windows.put(name, 1, quota.window, now);
        }
        Ok(Spent {
            allowed: first.is_some(),
            remaining: first.unwrap_or(0),
            resets_in: quota.window,
        })
    }

    async fn give_back(&self, name: &str, _quota: Quota) -> Result<(), Away> {
        let now = self.clock.now();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((spent, _)) = windows.get_mut(name, now) {
            *spent = spent.saturating_sub(1);
        }
        Ok(())
    }
}
