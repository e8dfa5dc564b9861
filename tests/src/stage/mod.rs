//! An installation beside simulated gateways, with a customer, an operator and an application.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "it is for tests, where a panic is how one fails"
)]

mod at_the_end;
mod both_stores;
mod gateways;
mod passing;
mod paying;
mod servers;

use std::time::Duration;

use bayar_auditor::Database;
use bayar_sandbox::sim::{Handle, SimConfig, Simulator};
use bayar_testkit::servers::FreshDatabase;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::program::{Client, Installation, MIGRATIONS, Server, Store};

pub use crate::on_both_stores;
pub use at_the_end::AtTheEnd;
pub use paying::{Door, Ordered, door};
pub use servers::Ran;

/// A fee that both gateways take.
pub const PRICE: &str = "150000";
/// The same in the smallest unit.
pub const PRICE_MINOR: i64 = 15_000_000;

/// A card that is taken.
pub const VISA: &str = "4242424242424242";
/// A card that is refused.
pub const DECLINED: &str = "4000000000000002";

/// The key of our account at Stripe.
pub const STRIPE_KEY: &str = "sk_test_simulated";
/// The key of our account at Midtrans.
pub const MIDTRANS_KEY: &str = "SB-Mid-server-simulated";

/// An installation that sells consultations. When it is dropped, the auditor looks at everything.
pub struct Stage {
    /// Goes first, while all that it looks at is still there.
    _auditor: AtTheEnd,
    /// Where the gateways are.
    pub simulator: Simulator,
    /// What happens at the gateways.
    pub gateways: Handle,
    /// The settings, and the commands.
    pub installation: Installation,
    /// The process that answers.
    pub server: Server,
    /// The tables, read by hand.
    pub store: Store,
    /// The only customer.
    pub customer_id: i64,
    customer: Client,
    operator: Client,
    service: Client,
    consultations: i64,
    _database: Option<FreshDatabase>,
}

impl Stage {
    /// On a fresh database.
    pub async fn on_postgres() -> Self {
        let database = fresh_database().await;
        let installation = Installation::on_postgres(&database.url);
        Self::set(installation, Some(database)).await
    }

    /// On a SQLite file.
    pub async fn on_sqlite() -> Self {
        let installation = Installation::on_sqlite();
        installation.migrate();
        Self::set(installation, None).await
    }

    async fn set(installation: Installation, database: Option<FreshDatabase>) -> Self {
        Self::beside(SimConfig::default(), installation, database).await
    }

    /// Beside gateways of a certain kind.
    pub async fn beside(
        gateways: SimConfig,
        installation: Installation,
        database: Option<FreshDatabase>,
    ) -> Self {
        let simulator = Simulator::start(SimConfig {
            hold: Duration::from_secs(30),
            ..gateways
        })
        .unwrap();
        let installation = installation
            .with("STRIPE_SECRET_KEY", STRIPE_KEY)
            .with("STRIPE_API_BASE", &simulator.stripe_base())
            .with("MIDTRANS_SERVER_KEY", MIDTRANS_KEY)
            .with("MIDTRANS_SNAP_BASE", &simulator.url())
            .with("MIDTRANS_API_BASE", &simulator.core_base())
            .with("GATEWAY_TIMEOUT", "1s");
        let server = installation.serve().await;
        let (customer_id, customer) = installation.customer("buyer@example.com", &server).await;
        let added = installation.run(
            &["keys", "add", "operators", "--role", "operator", "--json"],
            "",
        );
        let added: Value = serde_json::from_str(&added).unwrap();
        let operator = Client::new(server.address, added["key"].as_str().unwrap());
        let tables = match installation.database_url() {
            Some(url) => Database::Postgres(url.to_owned()),
            None => Database::Sqlite(installation.data_dir().join("bayar.sqlite")),
        };
        Self {
            _auditor: AtTheEnd::new(tables, simulator.handle()),
            gateways: simulator.handle(),
            simulator,
            store: installation.store().await,
            service: installation.service("shop", &server),
            customer,
            customer_id,
            operator,
            server,
            installation,
            consultations: 0,
            _database: database,
        }
    }

    /// Whether several servers can share the store.
    pub const fn is_shared(&self) -> bool {
        self._database.is_some()
    }

    /// The buyer.
    pub fn customer(&self) -> Client {
        self.customer.at(self.server.address)
    }

    /// An operator.
    pub fn operator(&self) -> Client {
        self.operator.at(self.server.address)
    }

    /// The application that sells.
    pub fn service(&self) -> Client {
        self.service.at(self.server.address)
    }

    /// The time of this machine.
    #[expect(clippy::disallowed_methods, reason = "it is handed to a command")]
    pub fn time(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A database with the tables.
pub async fn fresh_database() -> FreshDatabase {
    FreshDatabase::new(MIGRATIONS, async |url| {
        Installation::on_postgres(url).migrate();
    })
    .await
}
