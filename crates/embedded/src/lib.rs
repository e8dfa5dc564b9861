//! Everything that Bayar keeps and shares, with nothing to install: the store on one SQLite file, and locks, caches
//! and limits in the memory of the process.
//!
//! Nothing here decides: a guard in SQL repeats a rule of the domain, it never invents one.
//! This crate speaks to no network and knows no gateway.

mod cache;
mod limits;
mod locks;
mod shelf;
mod sqlite;
mod vault;

pub use cache::LocalCache;
pub use limits::LocalLimits;
pub use locks::LocalLocks;
pub use sqlite::{BackupError, Existing, FileRole, OpenError, SqliteConfig, SqliteStore};
pub use vault::LocalVault;
