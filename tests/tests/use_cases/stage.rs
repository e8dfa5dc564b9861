//! The use cases on a database file of their own, with everything in the hands of the test.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bayar_app::identity::Role;
use bayar_app::port::store::{IdempotencyKey, OrderKey, Payments, Upkeep};
use bayar_app::port::webhook::{Delivery, Disbelief, News};
use bayar_app::port::{Clock, IdempotencyCache, Locks, PaymentGateway, Quota, Webhooks};
use bayar_app::{
    AmountText, App, Caller, Claimant, CreateError, CreatePayment, Created, Gateways, Ports,
    Settings, WebhookReaders,
};
use bayar_domain::{Gateway, Mode, Order, PaymentId};
use bayar_embedded::{
    FileRole, LocalCache, LocalLimits, LocalLocks, LocalVault, SqliteConfig, SqliteStore,
};
use bayar_stripe::{StripeConfig, StripeGateway};
use bayar_testkit::builders::{AnOrder, settings, signers};
use bayar_testkit::clock::ManualClock;
use bayar_testkit::faults::FaultyStore;
use bayar_testkit::random::SeededRandom;
use chrono::{DateTime, TimeDelta, Utc};

/// How long the counters of limits count.
const WINDOW: Duration = Duration::from_secs(60);

/// Use cases, and what stands behind them. Its database is removed when it is dropped.
pub struct Stage {
    pub app: Arc<App>,
    pub store: Arc<FaultyStore>,
    clock: Arc<ManualClock>,
    directory: PathBuf,
}

/// What a test wants otherwise.
pub struct Wanted {
    pub cache: Arc<dyn IdempotencyCache>,
    pub locks: Arc<dyn Locks>,
    /// How many new payments a person may make in a minute.
    pub payments: u32,
}

impl Stage {
    /// Everything works, and nobody meets a limit.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Something is otherwise.
    pub async fn with(want: impl FnOnce(&mut Wanted)) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("bayar-use-cases-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let manual = Arc::new(ManualClock::default());
        let clock: Arc<dyn Clock> = manual.clone();
        let store = SqliteStore::open(SqliteConfig {
            path: directory.join("bayar.sqlite"),
            role: FileRole::Server,
            clock: Arc::clone(&clock),
            busy_timeout: Duration::from_secs(5),
        });
        let store = store.await.unwrap();
        store.migrate().await.unwrap();
        let installation = store.installation().await.unwrap();
        let store = Arc::new(FaultyStore::new(Arc::new(store)));
        let mut wanted = Wanted {
            cache: Arc::new(LocalCache::new(Arc::clone(&clock))),
            locks: Arc::new(LocalLocks::new(Arc::clone(&clock))),
            payments: 1000,
        };
        want(&mut wanted);
        let limits = Arc::new(LocalLimits::new(Arc::clone(&clock)));
        let ports = Ports {
            store: store.clone(),
            locks: wanted.locks,
            cache: wanted.cache,
            gateways: Gateways::new([nobody()]),
            webhooks: WebhookReaders::new([Arc::new(Believing) as Arc<dyn Webhooks>]),
            limits: limits.clone(),
            own_limits: limits,
            vault: Arc::new(LocalVault::new(Arc::clone(&clock))),
            clock,
            random: Arc::new(SeededRandom::new(1)),
            runtime: tokio::runtime::Handle::current(),
        };
        let settings = Settings {
            lock_delay: Duration::from_millis(1),
            payment_quota: Some(Quota {
                limit: wanted.payments,
                window: WINDOW,
            }),
            ..settings()
        };
        let app = App::new(ports, signers(), installation, settings);
        Self {
            app: Arc::new(app),
            store,
            clock: manual,
            directory,
        }
    }

    /// An order of a person, for 5000.00 PHP.
    pub async fn order(&self) -> Order {
        AnOrder::of_a_cart().add(&*self.store).await
    }

    /// Its owner asks for a payment of it.
    pub async fn pay(&self, order: &Order, key: &str) -> Result<Created, CreateError> {
        let wish = CreatePayment {
            by: Claimant::known(owner(order)),
            user: order.terms().owner,
            order: OrderKey::Number(order.terms().number.clone()),
            amount: AmountText::new("5000").unwrap(),
            currency: None,
            payment_method: Gateway::Stripe,
            key: IdempotencyKey::new(key).unwrap(),
            render: Arc::new(|draft| body_of(draft.bill.payment.terms().id)),
        };
        self.app.create_payment(wish).await
    }

    /// The payments of an order.
    pub async fn payments_of(&self, order: &Order) -> Vec<PaymentId> {
        let payments = self.store.payments_of(&order.terms().number).await.unwrap();
        let ids = payments.iter().map(|stored| stored.payment.terms().id);
        ids.collect()
    }

    /// All limits begin anew.
    pub fn wait_for_the_next_window(&self) {
        self.clock.advance(TimeDelta::from_std(WINDOW).unwrap());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Who an order belongs to, as one who asks.
pub fn owner(order: &Order) -> Caller {
    Caller::Person {
        id: order.terms().owner,
        role: Role::Customer,
    }
}

/// The answer to a new payment.
pub fn body_of(payment: PaymentId) -> Vec<u8> {
    format!("payment {payment}").into_bytes()
}

/// The payment that was made by this very wish.
#[track_caller]
pub fn new_payment(created: Result<Created, CreateError>) -> PaymentId {
    match created {
        Ok(Created::New { payment, body }) => {
            assert_eq!(body, body_of(payment));
            payment
        }
        other => panic!("not a new payment: {other:?}"),
    }
}

/// A gateway that can be chosen, and is never asked.
fn nobody() -> Arc<dyn PaymentGateway> {
    let config = StripeConfig {
        api_base: "http://127.0.0.1:1".to_owned(),
        ..StripeConfig::new("sk_test_x".into(), Mode::Test)
    };
    let random = Arc::new(SeededRandom::new(1));
    Arc::new(StripeGateway::new(config, random).unwrap())
}

/// Believes everything and reads nothing: what is kept is known by its bytes.
struct Believing;

impl Webhooks for Believing {
    fn gateway(&self) -> Gateway {
        Gateway::Stripe
    }

    fn mode(&self) -> Mode {
        Mode::Test
    }

    fn verify(&self, _: &Delivery<'_>, _: DateTime<Utc>) -> Result<(), Disbelief> {
        Ok(())
    }

    fn read(&self, _: &[u8]) -> Option<News> {
        None
    }
}
