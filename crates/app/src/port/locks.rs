use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{Away, Random};

/// Locks that processes share. They take load off the store and prove nothing.
///
/// Every implementation MUST:
/// - let at most one token hold a name at a time, as long as it is neither away nor flushed;
/// - free a name by itself when its time is over;
/// - answer within a short, bounded time, or that it is away.
#[async_trait]
pub trait Locks: Send + Sync {
    /// Tries once to take `name` for `token`. Answers whether it is ours now.
    ///
    /// MUST NOT wait for another holder. A token that holds the name already does not take it again.
    async fn take(&self, name: &str, token: &LockToken, ttl: Duration) -> Result<bool, Away>;

    /// Frees `name` if `token` holds it, in one step. Answers whether it did.
    ///
    /// MUST NOT free what another token holds.
    async fn release(&self, name: &str, token: &LockToken) -> Result<bool, Away>;
}

/// Tells one holder of a lock from every other.
#[derive(Clone, PartialEq, Eq)]
pub struct LockToken(String);

impl LockToken {
    /// A token that no other holder has.
    #[must_use]
    pub fn draw(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// The token as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LockToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockToken(..)")
    }
}
