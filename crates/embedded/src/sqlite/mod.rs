//! The store on one SQLite file.
//!
//! One connection writes, a few read; [`pool`] says how. What is read in one call is read in one snapshot.

mod accounts;
mod backup;
mod calls;
mod error;
mod file;
mod ids;
mod inbox;
mod keys;
mod migrations;
mod opening;
mod orders;
mod payments;
mod pool;
mod refunds;
mod rows;
mod save;
mod schedule;
mod schema;
mod survey;
mod unit;
mod upkeep;
mod work;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::Clock;

pub use backup::{BackupError, Existing};
pub use file::OpenError;

use file::{Access, DatabaseFile};
use ids::Ids;
use pool::Pool;

/// How many may read at once. Each reads for a moment only, and the machine of an embedded store is small.
const READERS: usize = 4;

/// How a database file is opened.
pub struct SqliteConfig {
    /// The file. It is made when it is missing.
    pub path: PathBuf,
    /// Who opens it.
    pub role: FileRole,
    /// The time. The database is in this process, so its clock is the clock of the store.
    pub clock: Arc<dyn Clock>,
    /// How long a call waits for its turn, and for another process that writes, before it answers that the store is not there.
    pub busy_timeout: Duration,
}

/// Who opens a database file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    /// A server. A file has one at a time.
    Server,
    /// A command, which may run beside the server: both wait for each other's short transactions.
    Command,
}

/// All ports of a store, on one SQLite file.
pub struct SqliteStore {
    file: DatabaseFile,
    writer: Arc<Pool>,
    readers: Arc<Pool>,
    ids: Ids,
    _lock: Option<File>,
}

impl SqliteStore {
    /// Opens a database file. Whether its tables are those of this program is asked of it afterwards.
    ///
    /// # Errors
    /// When another server has the file, or it cannot be opened.
    pub async fn open(config: SqliteConfig) -> Result<Self, OpenError> {
        let opened = tokio::task::spawn_blocking(move || Self::open_now(config));
        opened
            .await
            .unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(OpenError::Interrupted),
            })
    }

    fn open_now(config: SqliteConfig) -> Result<Self, OpenError> {
        let SqliteConfig {
            path,
            role,
            clock,
            busy_timeout,
        } = config;
        let file = DatabaseFile::prepare(&path, busy_timeout)?;
        let lock = match role {
            FileRole::Server => Some(file.lock()?),
            FileRole::Command => None,
        };
        let pool = |access, size| {
            let (file, clock) = (file.clone(), Arc::clone(&clock));
            Arc::new(Pool::new(file, access, size, clock, busy_timeout))
        };
        let (writer, readers) = (pool(Access::Write, 1), pool(Access::Read, READERS));
        writer
            .warm_up()
            .map_err(|error| OpenError::Database(path, error))?;
        Ok(Self {
            file,
            writer,
            readers,
            ids: Ids::default(),
            _lock: lock,
        })
    }
}
