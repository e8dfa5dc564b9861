//! A store on a database of its own, for one test.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::Store;
use bayar_app::port::store::Upkeep;
use bayar_postgres::{PgConfig, PgStore};
use bayar_testkit::contract::StoreFixture;
use bayar_testkit::servers::FreshDatabase;
use chrono::TimeDelta;
use tokio_postgres::types::{FromSqlOwned, ToSql};
use tokio_postgres::{Client, NoTls};

const MIGRATIONS: &str = concat!(
    "bayar-postgres ",
    include_str!("../../../../migrations/postgres/0001_orders_and_payments/up.sql"),
    include_str!("../../../../migrations/postgres/0002_gateways/up.sql"),
    include_str!("../../../../migrations/postgres/0003_refunds/up.sql"),
    include_str!("../../../../migrations/postgres/0004_inbox/up.sql"),
    include_str!("../../../../migrations/postgres/0005_schedule/up.sql"),
    include_str!("../../../../migrations/postgres/0006_found_by_gateway/up.sql"),
);

/// What has to happen has happened by then, even on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(30);

/// A store on a database of its own.
pub struct Fixture {
    pub database: FreshDatabase,
    pub store: Arc<PgStore>,
}

impl Fixture {
    pub async fn new() -> Self {
        let database = FreshDatabase::new(MIGRATIONS, async |url| {
            connect(url).migrate().await.unwrap();
        })
        .await;
        let store = Arc::new(connect(&database.url));
        Self { database, store }
    }

    /// The store as the ports see it.
    pub fn port(&self) -> &dyn Store {
        &*self.store
    }

    /// Another store on the same database, configured otherwise.
    pub fn store_with(&self, configure: impl FnOnce(&mut PgConfig)) -> PgStore {
        connect_with(&self.database.url, configure)
    }

    /// A connection of the test's own.
    pub async fn client(&self) -> Client {
        client(&self.database.url).await
    }

    /// Carries out statements of the test's own.
    pub async fn run(&self, statements: &str) {
        let client = self.client().await;
        client
            .batch_execute(statements)
            .await
            .unwrap_or_else(|error| panic!("{statements}: {error:?}"));
    }

    /// The first column of every row.
    pub async fn column<T: FromSqlOwned>(
        &self,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Vec<T> {
        let rows = self.client().await.query(query, parameters).await;
        let rows = rows.unwrap_or_else(|error| panic!("{query}: {error:?}"));
        rows.into_iter().map(|row| row.get(0)).collect()
    }
}

#[async_trait]
impl StoreFixture for Fixture {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    async fn beside(&self) -> Arc<dyn Store> {
        Arc::new(connect(&self.database.url))
    }

    async fn texts(&self, query: &str) -> Vec<String> {
        self.column(query, &[]).await
    }

    async fn shift_clock(&self, by: TimeDelta) {
        let by = by.num_microseconds().unwrap();
        // What the function says so far, and one shift more.
        self.run(&format!(
            "DO $$ BEGIN EXECUTE format(
                'CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS %L',
                (SELECT prosrc FROM pg_proc WHERE proname = 'bayar_now') || ' + interval ''{by} microseconds'''
            ); END $$",
        ))
        .await;
    }
}

pub fn connect(url: &str) -> PgStore {
    connect_with(url, |_| {})
}

pub fn connect_with(url: &str, configure: impl FnOnce(&mut PgConfig)) -> PgStore {
    let mut config = PgConfig::new(url);
    configure(&mut config);
    PgStore::connect(&config).unwrap()
}

pub async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Asks again and again until it is so.
pub async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(SOON, waiting).await;
    waited.unwrap_or_else(|_| panic!("it never came to pass: {what}"));
}

/// An error with all its reasons.
pub fn reasons(error: &(dyn std::error::Error + 'static)) -> String {
    let reasons = std::iter::successors(Some(error), |error| error.source());
    let reasons: Vec<_> = reasons.map(ToString::to_string).collect();
    reasons.join(": ")
}
