use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::Away;
use super::store::{Installation, KeyScope, StoredAnswer};

/// Remembers for a short time what was answered to an idempotency key, so that a repeat costs no look into the store.
///
/// It is filled after a commit that is known, and may forget anything at any time.
///
/// Every implementation MUST:
/// - give back exactly what was put, or nothing;
/// - forget an entry when its time is over;
/// - answer within a short, bounded time, or that it is away.
#[async_trait]
pub trait IdempotencyCache: Send + Sync {
    /// What was put under `key`.
    async fn get(&self, key: &CacheKey) -> Result<Option<StoredAnswer>, Away>;

    /// Keeps `answer` for `ttl`.
    async fn put(&self, key: &CacheKey, answer: &StoredAnswer, ttl: Duration) -> Result<(), Away>;

    /// Forgets `keys`.
    async fn forget(&self, keys: &[CacheKey]) -> Result<(), Away>;
}

/// The name of an entry. It holds the installation, so that two installations may share one cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// The name of the entry for `scope`.
    #[must_use]
    pub fn new(installation: &Installation, scope: &KeyScope) -> Self {
        let KeyScope { owner, route, key } = scope;
        Self(format!(
            "payment:idempotency:{installation}:{owner}:{route}:{key}"
        ))
    }

    /// The name as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
