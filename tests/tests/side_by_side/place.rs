//! A store of one's own, with the use cases on top.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bayar_app::port::store::{Loaded, Upkeep};
use bayar_app::port::{Clock, Store};
use bayar_app::{App, Gateways, Ports, WebhookReaders};
use bayar_domain::OrderId;
use bayar_embedded::{
    FileRole, LocalCache, LocalLimits, LocalLocks, LocalVault, SqliteConfig, SqliteStore,
};
use bayar_postgres::{PgConfig, PgStore};
use bayar_testkit::builders::{settings, signers};
use bayar_testkit::clock::ManualClock;
use bayar_testkit::random::SeededRandom;
use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::{self, MIGRATIONS};
use tokio_postgres::NoTls;

pub struct Place {
    pub app: Arc<App>,
    pub store: Arc<dyn Store>,
    /// The same tables, read by hand.
    pub tables: program::Store,
    _kept: Kept,
}

/// Where the store is. It is removed when it is dropped.
enum Kept {
    Database { _it: FreshDatabase },
    Directory(PathBuf),
}

impl Place {
    pub async fn on_postgres() -> Self {
        let database = FreshDatabase::new(MIGRATIONS, async |url| {
            let store = PgStore::connect(&PgConfig::new(url)).unwrap();
            store.migrate().await.unwrap();
        })
        .await;
        let store = PgStore::connect(&PgConfig::new(database.url.clone())).unwrap();
        let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let tables = program::Store::Postgres(client);
        Self::set(Arc::new(store), tables, Kept::Database { _it: database }).await
    }

    pub async fn on_sqlite() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("bayar-side-by-side-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let path = directory.join("bayar.sqlite");
        let store = SqliteStore::open(SqliteConfig {
            path: path.clone(),
            role: FileRole::Server,
            clock: Arc::new(ManualClock::default()),
            busy_timeout: Duration::from_secs(10),
        });
        let store = store.await.unwrap();
        store.migrate().await.unwrap();
        let tables = program::Store::Sqlite(path);
        Self::set(Arc::new(store), tables, Kept::Directory(directory)).await
    }

    async fn set(store: Arc<dyn Store>, tables: program::Store, kept: Kept) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let limits = Arc::new(LocalLimits::new(Arc::clone(&clock)));
        let ports = Ports {
            store: Arc::clone(&store),
            locks: Arc::new(LocalLocks::new(Arc::clone(&clock))),
            cache: Arc::new(LocalCache::new(Arc::clone(&clock))),
            // Nobody is asked: what gateways say comes from the walk.
            gateways: Gateways::default(),
            webhooks: WebhookReaders::default(),
            limits: limits.clone(),
            own_limits: limits,
            vault: Arc::new(LocalVault::new(Arc::clone(&clock))),
            clock,
            random: Arc::new(SeededRandom::new(1)),
            runtime: tokio::runtime::Handle::current(),
        };
        let installation = store.installation().await.unwrap();
        let app = Arc::new(App::new(ports, signers(), installation, settings()));
        Self {
            app,
            store,
            tables,
            _kept: kept,
        }
    }

    /// An order as it is stored.
    pub async fn load(&self, order: OrderId) -> Loaded {
        let begun = self.store.begin(order).await.unwrap();
        let (unit, loaded) = begun.expect("the order is there");
        unit.rollback().await;
        loaded
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Self::Directory(directory) = self {
            // What cannot be removed is left to the system.
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}
