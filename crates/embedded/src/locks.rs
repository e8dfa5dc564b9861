use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::{Away, Clock, LockToken, Locks};

use crate::shelf::Shelf;

/// Locks of one process. Enough where one process serves.
pub struct LocalLocks {
    clock: Arc<dyn Clock>,
    held: Mutex<Shelf<LockToken>>,
}

impl LocalLocks {
    /// Far above what one process does at once.
    const ROOM: usize = 100_000;

    /// No lock is held.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let held = Mutex::new(Shelf::new(Self::ROOM));
        Self { clock, held }
    }
}

#[async_trait]
impl Locks for LocalLocks {
    async fn take(&self, name: &str, token: &LockToken, ttl: Duration) -> Result<bool, Away> {
        let now = self.clock.now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.get(name, now).is_some() {
            return Ok(false);
        }
        if !held.has_room(now) {
            // To drop somebody's lock for another one's would let two hold it.
            return Err(Away("too many locks are held".into()));
        }
        held.put(name, token.clone(), ttl, now);
        Ok(true)
    }

    async fn release(&self, name: &str, token: &LockToken) -> Result<bool, Away> {
        let now = self.clock.now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = held
            .get(name, now)
            .is_some_and(|(holder, _)| holder == token);
        if ours {
            held.remove(name);
        }
        Ok(ours)
    }
}

#[cfg(test)]
mod tests {
    use bayar_testkit::clock::ManualClock;
    use bayar_testkit::random::SeededRandom;
    use chrono::TimeDelta;

    use super::*;

    const TTL: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn no_held_lock_makes_room_for_another() {
        let clock = Arc::new(ManualClock::default());
        let locks = LocalLocks {
            clock: clock.clone(),
            held: Mutex::new(Shelf::new(2)),
        };
        let random = SeededRandom::new(1);
        let (token, other) = (LockToken::draw(&random), LockToken::draw(&random));
        for name in ["a", "b"] {
            assert!(locks.take(name, &token, TTL).await.unwrap());
        }
        assert!(locks.take("c", &token, TTL).await.is_err());
        for name in ["a", "b"] {
            assert!(!locks.take(name, &other, TTL).await.unwrap());
        }
        clock.advance(TimeDelta::seconds(5));
        assert!(locks.take("c", &token, TTL).await.unwrap());
    }
}
