//! The use cases on a database file of their own, with everything in the hands of the test.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bayar_app::identity::{Keyring, ReturnSigner, Role, TicketSigner, TokenSigner};
use bayar_app::port::store::{IdempotencyKey, OrderKey, Payments, Upkeep};
use bayar_app::port::{Clock, IdempotencyCache, Locks, PaymentGateway, Quota};
use bayar_app::{
    AmountText, App, Caller, Claimant, CreateError, CreatePayment, Created, Gateways, Ports,
    RefundSettings, Settings, Signers, WebhookReaders, WorkSettings,
};
use bayar_domain::{AmountLimits, AmountRange, Gateway, Mode, Order, PaymentId, TaxPolicy};
use bayar_embedded::{
    FileRole, LocalCache, LocalLimits, LocalLocks, LocalVault, SqliteConfig, SqliteStore,
};
use bayar_stripe::{StripeConfig, StripeGateway};
use bayar_testkit::builders::{AnOrder, php};
use bayar_testkit::clock::ManualClock;
use bayar_testkit::faults::FaultyStore;
use bayar_testkit::random::SeededRandom;
use chrono::{FixedOffset, TimeDelta};

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
            webhooks: WebhookReaders::default(),
            limits: limits.clone(),
            own_limits: limits,
            vault: Arc::new(LocalVault::new(Arc::clone(&clock))),
            clock,
            random: Arc::new(SeededRandom::new(1)),
            runtime: tokio::runtime::Handle::current(),
        };
        let app = App::new(ports, signers(), installation, settings(wanted.payments));
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

fn signers() -> Signers {
    let keyring = Keyring::new(vec![[7; 32]]).unwrap();
    Signers {
        tokens: TokenSigner::new(&[[7; 32]], Duration::from_secs(60)).unwrap(),
        tickets: TicketSigner::new(&keyring),
        returns: ReturnSigner::new(&keyring),
        external: None,
    }
}

fn settings(payments: u32) -> Settings {
    let pesos = AmountRange::new(php(1), php(100_000_000)).unwrap();
    Settings {
        refunds: RefundSettings::default(),
        payment_ttl: Duration::from_secs(24 * 60 * 60),
        key_ttl: Duration::from_secs(24 * 60 * 60),
        cache_ttl: Duration::from_secs(300),
        lock_ttl: Duration::from_secs(5),
        lock_tries: 50,
        lock_delay: Duration::from_millis(1),
        api_quota: None,
        service_quota: None,
        payment_quota: Some(Quota {
            limit: payments,
            window: WINDOW,
        }),
        login_quota: None,
        taxes: TaxPolicy::standard(),
        tax_zone: FixedOffset::east_opt(7 * 3600).unwrap(),
        amounts: AmountLimits::new([pesos]).unwrap(),
        checkout_ttl: Duration::from_secs(60 * 60),
        public_url: "https://shop.example".to_owned(),
        work: WorkSettings {
            at_once: NonZeroU32::MIN,
            gateway_quota: None,
            zone: chrono_tz::Tz::UTC,
        },
        people_are_external: false,
    }
}
