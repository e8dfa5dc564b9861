//! A database file of its own for each test.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bayar_app::port::store::Upkeep;
use bayar_embedded::{FileRole, OpenError, SqliteConfig, SqliteStore};
use bayar_testkit::clock::ManualClock;
use bayar_testkit::without::removals;

use crate::without::take_out;

/// A place for a database, removed with everything in it.
pub struct Database {
    directory: PathBuf,
    /// The clock of whoever opens it.
    pub clock: Arc<ManualClock>,
}

impl Database {
    /// An empty place.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bayar-embedded-{}-{next}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        Self {
            directory,
            clock: Arc::new(ManualClock::default()),
        }
    }

    /// Where the database is, or will be.
    pub fn path(&self) -> PathBuf {
        self.file("bayar.db")
    }

    /// A file beside it.
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.join(name)
    }

    /// Opens it as the server does, with the tables of the migrations.
    pub async fn with_tables(&self) -> SqliteStore {
        let store = self.open(FileRole::Server).await.unwrap();
        store.migrate().await.unwrap();
        take_out(&self.path(), &removals());
        store
    }

    /// Opens it.
    pub async fn open(&self, role: FileRole) -> Result<SqliteStore, OpenError> {
        self.open_patiently(role, Duration::from_secs(5)).await
    }

    /// Opens it, to wait no longer than that for whoever else writes.
    pub async fn open_patiently(
        &self,
        role: FileRole,
        busy_timeout: Duration,
    ) -> Result<SqliteStore, OpenError> {
        SqliteStore::open(SqliteConfig {
            path: self.path(),
            role,
            clock: self.clock.clone(),
            busy_timeout,
        })
        .await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
