//! Locks, caches, limits and hand-off backups on Redis.
//!
//! [`RedisHelpers`] implements the ports [`Locks`], [`IdempotencyCache`], [`RateLimits`] and [`Vault`].
//! No promise of the service rests on it. With Redis away, slow, flushed or full of garbage every call answers
//! soon: that it is away, or that nothing is there.
//!
//! Every name is used as the key as it stands, without a prefix: whoever names a thing keeps names apart.
//! Every key has a time to live, so nothing here has to be tidied up.
//!
//! [`Locks`]: bayar_app::port::Locks
//! [`IdempotencyCache`]: bayar_app::port::IdempotencyCache
//! [`RateLimits`]: bayar_app::port::RateLimits
//! [`Vault`]: bayar_app::port::Vault

mod backoff;
mod cache;
mod config;
mod entry;
mod fault;
mod helpers;
mod keeper;
mod limits;
mod line;
mod locks;
mod millis;
mod script;
mod vault;

pub use config::{InvalidRedisConfig, RedisConfig};
pub use helpers::RedisHelpers;
