//! One at a time for one order: within this process, and among processes as far as the shared locks reach.
//!
//! It takes load off the store and proves nothing. Whoever passes here without the lock is stopped by a row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep, timeout_at};

use crate::port::{Away, LockToken, Locks, Random};
use crate::settings::Settings;

pub(crate) struct OrderLocks {
    shared: Arc<dyn Locks>,
    random: Arc<dyn Random>,
    own: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    ttl: Duration,
    tries: u32,
    delay: Duration,
}

/// Somebody alive held the lock for all of the time we were ready to wait.
#[derive(Debug)]
pub(crate) struct Held;

/// The lock, until it is released. One that is dropped instead is freed in this process at once,
/// and among processes when its time is over.
#[must_use]
pub(crate) struct OrderLock {
    name: String,
    own: Option<OwnedMutexGuard<()>>,
    shared: Option<LockToken>,
}

impl OrderLocks {
    pub(crate) fn new(
        shared: Arc<dyn Locks>,
        random: Arc<dyn Random>,
        settings: &Settings,
    ) -> Self {
        Self {
            shared,
            random,
            own: Mutex::default(),
            ttl: settings.lock_ttl,
            tries: settings.lock_tries,
            delay: settings.lock_delay,
        }
    }

    /// Waits for the lock as long as the settings allow.
    ///
    /// The waiters of this process stand in one line, and only the first of them asks the shared locks.
    pub(crate) async fn take(&self, name: String) -> Result<OrderLock, Held> {
        let began = Instant::now();
        // A holder who died is outlived, whatever the settings say.
        let patience = self.delay.saturating_mul(self.tries);
        let deadline = began + patience.max(self.ttl.saturating_add(self.delay * 2));
        let line = self.line(&name);
        let own = timeout_at(deadline, line.lock_owned()).await;
        let mut lock = OrderLock {
            name,
            own: Some(own.map_err(|_| self.waited(began, Held))?),
            shared: None,
        };
        let token = LockToken::draw(&*self.random);
        let mut attempts = 1_u32;
        loop {
            match self.shared.take(&lock.name, &token, self.ttl).await {
                Ok(true) => {
                    lock.shared = Some(token);
                    break;
                }
                // Nobody can be asked, so nobody is known to hold it. Perhaps it was taken all the same, and only
                // the answer is lost: then it has to be released.
                Err(Away(_)) => {
                    lock.shared = Some(token);
                    break;
                }
                Ok(false) if Instant::now() + self.delay > deadline => {
                    self.release(lock).await;
                    return Err(self.waited(began, Held));
                }
                Ok(false) => sleep(self.delay).await,
            }
            attempts = attempts.saturating_add(1);
        }
        let shared = lock.shared.is_some();
        tracing::debug!(lock_key = lock.name, attempts, shared, "Lock acquired");
        Ok(self.waited(began, lock))
    }

    pub(crate) async fn release(&self, mut lock: OrderLock) {
        if let Some(token) = &lock.shared {
            // When it cannot be released now, its time runs out.
            let released = self.shared.release(&lock.name, token).await;
            tracing::debug!(lock_key = lock.name, released = ?released.ok(), "Lock released");
        }
        lock.own = None;
        self.forget(&lock.name);
    }

    fn waited<T>(&self, began: Instant, outcome: T) -> T {
        metrics::histogram!("bayar_lock_wait_seconds").record(began.elapsed());
        outcome
    }

    fn line(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(own.entry(name.to_owned()).or_default())
    }

    /// Drops the line of `name` when nobody stands in it.
    fn forget(&self, name: &str) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own
            .get(name)
            .is_some_and(|line| Arc::strong_count(line) == 1)
        {
            own.remove(name);
        }
    }
}
