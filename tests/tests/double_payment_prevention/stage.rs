//! Servers with one customer and one application.

use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::{
    CURRENCY, Client, Installation, MIGRATIONS, Server, Store, amount, note,
};
use serde_json::json;
use tokio::time::Instant;

use crate::tally::Tally;

/// The fee of a consultation.
pub struct Order {
    pub consultation: i64,
    pub number: String,
}

pub struct Stage {
    pub servers: Vec<Server>,
    pub customer: Client,
    pub customer_id: i64,
    pub service: Client,
    pub store: Store,
    pub tally: Tally,
    pub installation: Installation,
    database: Option<FreshDatabase>,
    consultations: i64,
    begun: Instant,
}

impl Stage {
    /// Two servers on Postgres and this Redis.
    pub async fn on_postgres(redis_url: &str) -> Self {
        let database = FreshDatabase::new(MIGRATIONS, async |url| {
            Installation::on_postgres(url).migrate();
        })
        .await;
        let installation = Installation::on_postgres(&database.url).with("REDIS_URL", redis_url);
        Self::set(installation, 2, Some(database)).await
    }

    /// One server on a SQLite file.
    pub async fn on_sqlite() -> Self {
        let installation = Installation::on_sqlite();
        installation.migrate();
        Self::set(installation, 1, None).await
    }

    async fn set(
        installation: Installation,
        servers: usize,
        database: Option<FreshDatabase>,
    ) -> Self {
        let store = installation.store().await;
        store.watch_orders().await;
        let mut running = Vec::new();
        for _ in 0..servers {
            running.push(installation.serve().await);
        }
        let (customer_id, customer) = installation
            .customer("buyer@example.com", &running[0])
            .await;
        Self {
            service: installation.service("shop", &running[0]),
            servers: running,
            customer,
            customer_id,
            store,
            tally: Tally::default(),
            installation,
            database,
            consultations: 0,
            begun: Instant::now(),
        }
    }

    /// Registers the fee of a new consultation.
    pub async fn order(&mut self, price: i64) -> Order {
        self.consultations += 1;
        let consultation = self.consultations;
        let wish = json!({
            "consultation_id": consultation,
            "patient_id": self.customer_id,
            "amount": amount(price),
            "currency": CURRENCY,
        });
        let answer = self.service.post("/api/v1/consultations", &[], &wish);
        let answer = answer.await.expect("an answer about the order");
        assert_eq!(answer.status, 201, "{}", answer.text);
        let number = answer.json()["data"]["order_number"].clone();
        let number = number.as_str().expect("the number of the order").to_owned();
        Order {
            consultation,
            number,
        }
    }

    /// Ends after rounds.
    pub async fn leave(self, variant: &str) {
        let took = self.begun.elapsed();
        self.tally
            .every_server_has_opened_payments(self.servers.len());
        self.tally.orders_were_paid_anew_and_at_new_prices();
        self.explanation_must_agree().await;
        note(format_args!("{variant}: {took:.1?}, {}", self.tally));
        self.end().await;
    }

    /// Looks at everything once more and stops the servers.
    pub async fn end(self) {
        self.store.all().await.must_be_whole();
        for server in self.servers {
            let ended = server.stop().await;
            assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
            let errors: Vec<_> = ended
                .log
                .lines()
                .filter(|line| line.contains(r#""level":"ERROR""#))
                .collect();
            assert!(errors.is_empty(), "errors in the log: {errors:?}");
        }
        if self.database.is_some() {
            no_deadlocks(&self.store).await;
        }
    }

    /// What `bayar payments explain` says of the last order is what is stored.
    async fn explanation_must_agree(&self) {
        let book = self.store.of_consultations(&[self.consultations]).await;
        let order = &book.orders[0];
        let told = self.installation.explain(&order.order_number);
        assert_eq!(told["live_payment_id"], json!(order.live_payment_id));
        assert_eq!(told["amount"], json!(amount(order.price_minor)));
        let mut told: Vec<_> = told["payments"]
            .as_array()
            .expect("a list of payments")
            .iter()
            .map(|payment| (payment["payment_id"].as_i64(), payment["status"].as_str()))
            .collect();
        // Who drew an id first need not be who opens a payment first.
        told.sort_unstable();
        let stored: Vec<_> = book
            .payments
            .iter()
            .map(|payment| (Some(payment.id), Some(payment.status.as_str())))
            .collect();
        assert_eq!(told, stored);
    }
}

/// Postgres counts what it had to break up, at the latest when a connection ends.
async fn no_deadlocks(store: &Store) {
    let Store::Postgres(client) = store else {
        panic!("it is not Postgres");
    };
    bayar_tests::program::wait_until("the servers have left the database", async || {
        let others = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        let others = client.query_one(others, &[]).await;
        others.expect("the connections").get::<_, i64>(0) == 0
    })
    .await;
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let deadlocks = client.query_one(deadlocks, &[]).await;
    let deadlocks: i64 = deadlocks.expect("the statistics").get(0);
    assert_eq!(deadlocks, 0, "deadlocks");
}
