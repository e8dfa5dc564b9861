//! Helpers that are never there, for tests of what happens then.

use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::store::StoredAnswer;
use bayar_app::port::{
    Away, CacheKey, IdempotencyCache, LockToken, Locks, Quota, RateLimits, Spent, Vault,
};

fn away<T>() -> Result<T, Away> {
    Err(Away("this helper is never there".into()))
}

/// Locks that are away.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwayLocks;

#[async_trait]
impl Locks for AwayLocks {
    async fn take(&self, _: &str, _: &LockToken, _: Duration) -> Result<bool, Away> {
        away()
    }

    async fn release(&self, _: &str, _: &LockToken) -> Result<bool, Away> {
        away()
    }
}

/// A cache that is away.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwayCache;

#[async_trait]
impl IdempotencyCache for AwayCache {
    async fn get(&self, _: &CacheKey) -> Result<Option<StoredAnswer>, Away> {
        away()
    }

    async fn put(&self, _: &CacheKey, _: &StoredAnswer, _: Duration) -> Result<(), Away> {
        away()
    }

    async fn forget(&self, _: &[CacheKey]) -> Result<(), Away> {
        away()
    }
}

/// Counters that are away.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwayLimits;

#[async_trait]
impl RateLimits for AwayLimits {
    async fn spend(&self, _: &str, _: Quota) -> Result<Spent, Away> {
        away()
    }

    async fn give_back(&self, _: &str, _: Quota) -> Result<(), Away> {
        away()
    }
}

/// A vault that is away.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwayVault;

#[async_trait]
impl Vault for AwayVault {
    async fn put(&self, _: &str, _: &[u8], _: Duration) -> Result<(), Away> {
        away()
    }

    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Away> {
        away()
    }

    async fn remove(&self, _: &str) -> Result<(), Away> {
        away()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::away::{
        locks_are_away, the_cache_is_away, the_limits_are_away, the_vault_is_away,
    };

    #[tokio::test]
    async fn each_of_them_says_that_it_is_away() {
        locks_are_away(&AwayLocks).await;
        the_cache_is_away(&AwayCache).await;
        the_limits_are_away(&AwayLimits).await;
        the_vault_is_away(&AwayVault).await;
    }
}
