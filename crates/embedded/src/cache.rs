use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::store::StoredAnswer;
use bayar_app::port::{Away, CacheKey, Clock, IdempotencyCache};

use crate::shelf::Shelf;

/// Remembers answers in the memory of one process.
pub struct LocalCache {
    clock: Arc<dyn Clock>,
    answers: Mutex<Shelf<StoredAnswer>>,
}

impl LocalCache {
    /// An answer has one or two KiB.
    const ROOM: usize = 10_000;

    /// Nothing is remembered.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let answers = Mutex::new(Shelf::new(Self::ROOM));
        Self { clock, answers }
    }
}

#[async_trait]
impl IdempotencyCache for LocalCache {
    async fn get(&self, key: &CacheKey) -> Result<Option<StoredAnswer>, Away> {
        let now = self.clock.now();
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(key.as_str(), now);
        Ok(answer.map(|(answer, _)| answer.clone()))
    }

    async fn put(&self, key: &CacheKey, answer: &StoredAnswer, ttl: Duration) -> Result<(), Away> {
        let now = self.clock.now();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.put(key.as_str(), answer.clone(), ttl, now);
        Ok(())
    }

    async fn forget(&self, keys: &[CacheKey]) -> Result<(), Away> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            answers.remove(key.as_str());
        }
        Ok(())
    }
}
