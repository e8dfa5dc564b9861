//! What the use cases need of the world. Each trait says what every implementation MUST do,
//! and the test kit has a case for each such sentence.

mod cache;
mod clock;
pub mod gateway;
pub mod gateway_book;
pub mod json;
mod limits;
mod locks;
pub mod pace;
mod random;
pub mod store;
mod vault;
pub mod webhook;

use thiserror::Error;

pub use cache::{CacheKey, IdempotencyCache};
pub use clock::Clock;
pub use gateway::PaymentGateway;
pub use gateway_book::GatewayBook;
pub use limits::{Quota, RateLimits, Spent};
pub use locks::{LockToken, Locks};
pub use random::Random;
pub use store::{Store, StoreError};
pub use vault::Vault;
pub use webhook::Webhooks;

/// Where an error came from, for the log.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// A helper that makes things faster is not there, or too slow to wait for.
///
/// It is never a reason to refuse a request: no promise rests on such a helper.
#[derive(Debug, Error)]
#[error("the shared cache is away")]
pub struct Away(#[source] pub Source);
