//! The contract suites of every port, on what this crate makes of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::{IdempotencyCache, Locks, RateLimits, Store, Vault};
use bayar_embedded::{FileRole, LocalCache, LocalLimits, LocalLocks, LocalVault};
use bayar_testkit::clock::ManualClock;
use bayar_testkit::contract::{Fixture, StoreFixture};
use bayar_testkit::{
    cache_contract, limits_contract, locks_contract, store_contract, vault_contract,
};
use chrono::TimeDelta;

use crate::common::Database;
use crate::looking::texts;

store_contract!(a_file);
locks_contract!(local_locks);
cache_contract!(local_cache);
limits_contract!(local_limits);
vault_contract!(local_vault);

struct OnAFile {
    store: Arc<dyn Store>,
    database: Database,
}

async fn a_file() -> OnAFile {
    let database = Database::new();
    let store = database.with_tables().await;
    OnAFile {
        store: Arc::new(store),
        database,
    }
}

#[async_trait]
impl StoreFixture for OnAFile {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    async fn beside(&self) -> Arc<dyn Store> {
        Arc::new(self.database.open(FileRole::Command).await.unwrap())
    }

    async fn texts(&self, query: &str) -> Vec<String> {
        texts(&self.database.path(), query)
    }

    async fn shift_clock(&self, by: TimeDelta) {
        self.database.clock.advance(by);
    }
}

struct InProcess<P: ?Sized> {
    port: Arc<P>,
    clock: Arc<ManualClock>,
}

macro_rules! in_process {
    ($( $fresh:ident: $local:ident as dyn $port:ident; )+) => { $(
        async fn $fresh() -> InProcess<dyn $port> {
            let clock = Arc::new(ManualClock::default());
            let port = Arc::new($local::new(clock.clone()));
            InProcess { port, clock }
        }
    )+ };
}

in_process! {
    local_locks: LocalLocks as dyn Locks;
    local_cache: LocalCache as dyn IdempotencyCache;
    local_limits: LocalLimits as dyn RateLimits;
    local_vault: LocalVault as dyn Vault;
}

#[async_trait]
impl<P: ?Sized + Send + Sync> Fixture<P> for InProcess<P> {
    fn port(&self) -> Arc<P> {
        Arc::clone(&self.port)
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(TimeDelta::from_std(time).unwrap());
    }
}
