use std::time::Duration;

use async_trait::async_trait;

use super::Away;

/// Keeps sealed bytes for a while. It never sees what is in them: see [`crate::Handoffs`].
///
/// Every implementation MUST:
/// - give back exactly what was put last under a name, or nothing;
/// - forget an entry when its time is over;
/// - answer within a short, bounded time, or that it is away.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Keeps `sealed` under `name` for `ttl`, in place of what was there.
    async fn put(&self, name: &str, sealed: &[u8], ttl: Duration) -> Result<(), Away>;

    /// What is kept under `name`.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Away>;

    /// Forgets `name`.
    async fn remove(&self, name: &str) -> Result<(), Away>;
}
