//! The use cases on a store of their own, beside simulated gateways.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use bayar_app::identity::Role;
use bayar_app::port::gateway::{Call, Place, Sent};
use bayar_app::port::store::{
    Actor, CallPurpose, IdempotencyKey, Operation, OrderKey, StoredAlert, StoredCall,
};
use bayar_app::port::{Clock, PaymentGateway, Store};
use bayar_app::{
    Access, AmountText, App, Caller, Claimant, CreatePayment, Created, Gateways, Ports,
    RefundError, RefundPayment, RefundSettings, Refunded, RefundsOfPayment, Settings,
    StartCheckout, WebhookReaders,
};
use bayar_auditor::Database;
use bayar_domain::gateway::{AccountRef, Reason};
use bayar_domain::settlement::Alert;
use bayar_domain::{
    Currency, Gateway, Mode, Money, Order, OrderKind, PaymentId, PaymentStatus, RefundId,
    RefundStatus, UserId,
};
use bayar_embedded::{
    FileRole, LocalCache, LocalLimits, LocalLocks, LocalVault, SqliteConfig, SqliteStore,
};
use bayar_midtrans::{MidtransConfig, MidtransGateway};
use bayar_postgres::{PgConfig, PgStore};
use bayar_sandbox::sim::book::Capture;
use bayar_sandbox::sim::{Action, Fault, Handle, Rule, SimConfig, Simulator};
use bayar_stripe::{Retries, StripeConfig, StripeGateway, Timeouts};
use bayar_testkit::builders::{AnOrder, settings, signers};
use bayar_testkit::random::SeededRandom;
use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::{MIGRATIONS, wait_until};
use bayar_tests::stage::AtTheEnd;
use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::{Value, json};

pub use bayar_tests::stage::on_both_stores;

/// What every order costs, in pesos and in rupiah.
pub const PRICE: i64 = 150_000_00;

const MERCHANT: &str = "G000000001";

pub struct Stage {
    /// Goes first, while all that it looks at is still there.
    _auditor: AtTheEnd,
    pub app: Arc<App>,
    pub store: Arc<dyn Store>,
    pub gateways: Handle,
    simulator: Simulator,
    random: Arc<SeededRandom>,
    clock: Arc<SystemTime>,
    kept: Kept,
}

/// Where the store is. It is removed when it is dropped.
enum Kept {
    Database(FreshDatabase),
    Directory(PathBuf),
}

/// A paid order.
#[derive(Debug, Clone)]
pub struct Paid {
    pub order: Order,
    pub payment: PaymentId,
    /// Where its checkout was opened first.
    pub gateway: Gateway,
}

/// The time of this machine.
struct SystemTime;

impl Clock for SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulated gateways go by the time of this machine"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Operators are told apart by their numbers.
pub fn operator(id: i64) -> Claimant {
    Claimant::known(Caller::Person {
        id: UserId::new(id).unwrap(),
        role: Role::Operator,
    })
}

pub fn actor(id: i64) -> Actor {
    Actor::User(UserId::new(id).unwrap())
}

pub fn php(minor: i64) -> Money {
    Money::new(minor, Currency::Php)
}

pub fn idr(minor: i64) -> Money {
    Money::new(minor, Currency::Idr)
}

impl Stage {
    pub async fn on_postgres() -> Self {
        let database = FreshDatabase::new(MIGRATIONS, async |url| {
            let store = PgStore::connect(&PgConfig::new(url)).unwrap();
            bayar_app::port::store::Upkeep::migrate(&store)
                .await
                .unwrap();
        })
        .await;
        let store = PgStore::connect(&PgConfig::new(database.url.clone())).unwrap();
        Self::set(Arc::new(store), Kept::Database(database)).await
    }

    pub async fn on_sqlite() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("bayar-refunding-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let store = SqliteStore::open(SqliteConfig {
            path: directory.join("bayar.sqlite"),
            role: FileRole::Server,
            clock: Arc::new(SystemTime),
            busy_timeout: Duration::from_secs(10),
        });
        let store = store.await.unwrap();
        bayar_app::port::store::Upkeep::migrate(&store)
            .await
            .unwrap();
        Self::set(Arc::new(store), Kept::Directory(directory)).await
    }

    async fn set(store: Arc<dyn Store>, kept: Kept) -> Self {
        let simulator = Simulator::start(SimConfig {
            hold: Duration::from_secs(30),
            ..SimConfig::default()
        })
        .unwrap();
        let random = Arc::new(SeededRandom::new(7));
        let clock = Arc::new(SystemTime);
        let app = app(
            &store,
            &simulator,
            &random,
            &clock,
            RefundSettings::default(),
        )
        .await;
        let tables = match &kept {
            Kept::Database(database) => Database::Postgres(database.url.clone()),
            Kept::Directory(directory) => Database::Sqlite(directory.join("bayar.sqlite")),
        };
        Self {
            _auditor: AtTheEnd::new(tables, simulator.handle()),
            app,
            store,
            gateways: simulator.handle(),
            simulator,
            random,
            clock,
            kept,
        }
    }

    /// The same installation, set up otherwise.
    pub async fn with(mut self, refunds: RefundSettings) -> Self {
        let app = app(
            &self.store,
            &self.simulator,
            &self.random,
            &self.clock,
            refunds,
        )
        .await;
        self.app = app;
        self
    }

    /// An order, paid at Stripe in pesos.
    pub async fn paid_at_stripe(&self) -> Paid {
        let paid = self
            .opened(OrderKind::Checkout, php(PRICE), Gateway::Stripe)
            .await;
        self.gateways
            .pay_stripe(paid.order.terms().number.as_str())
            .unwrap();
        self.must_become(&paid, PaymentStatus::Completed).await;
        paid
    }

    /// An order, paid at Midtrans in rupiah.
    pub async fn paid_at_midtrans(&self, method: &str) -> Paid {
        let paid = self
            .opened(OrderKind::Checkout, idr(PRICE), Gateway::Midtrans)
            .await;
        self.gateways
            .pay_midtrans(paid.order.terms().number.as_str(), method)
            .unwrap();
        self.must_become(&paid, PaymentStatus::Completed).await;
        paid
    }

    /// An order with a payment whose checkout is open.
    pub async fn opened(&self, kind: OrderKind, price: Money, gateway: Gateway) -> Paid {
        static MADE: AtomicI64 = AtomicI64::new(1);
        let kind = match kind {
            OrderKind::Checkout => OrderKind::Consultation {
                consultation_id: bayar_domain::ConsultationId::new(
                    MADE.fetch_add(1, Ordering::Relaxed),
                )
                .unwrap(),
            },
            other => other,
        };
        let order = AnOrder::of_a_cart().of_kind(kind).for_price(price);
        let order = order.add(&*self.store).await;
        let wish = CreatePayment {
            by: Claimant::known(owner(&order)),
            user: order.terms().owner,
            order: OrderKey::Number(order.terms().number.clone()),
            amount: AmountText::new(price.to_string()).unwrap(),
            currency: None,
            payment_method: gateway,
            key: IdempotencyKey::new("pay").unwrap(),
            render: Arc::new(|draft| {
                let id = draft.bill.payment.terms().id.get();
                json!({ "data": { "payment_id": id } })
                    .to_string()
                    .into_bytes()
            }),
        };
        let wish = CreatePayment {
            key: IdempotencyKey::new(format!("pay {}", order.terms().number)).unwrap(),
            ..wish
        };
        let created = self.app.create_payment(wish).await.unwrap();
        let Created::New { payment, .. } = created else {
            panic!("{created:?}");
        };
        let paid = Paid {
            order,
            payment,
            gateway,
        };
        self.open(&paid, gateway).await;
        paid
    }

    /// Opens a checkout.
    pub async fn open(&self, paid: &Paid, gateway: Gateway) {
        let wish = StartCheckout {
            payment: paid.payment,
            gateway: Some(gateway),
            access: Access::Ticket,
        };
        self.app.start_checkout(wish).await.unwrap();
    }

    /// Asks the gateways. What they do not say is asked for the next time.
    pub async fn refresh(&self, paid: &Paid) {
        // It is not asked more than once in three seconds, and the tests have better things to do than to wait.
        self.run("DELETE FROM payment_reads").await;
        let told = self
            .app
            .refresh_payment(operator(1).caller(), paid.payment)
            .await;
        if let Err(error) = told {
            let unavailable = matches!(error, bayar_app::PayError::Unavailable(_));
            assert!(unavailable, "{error:?}");
        }
    }

    pub async fn must_become(&self, paid: &Paid, wanted: PaymentStatus) {
        wait_until(&format!("the payment is {wanted}"), async || {
            self.refresh(paid).await;
            self.status(paid).await == wanted
        })
        .await;
    }

    pub async fn status(&self, paid: &Paid) -> PaymentStatus {
        let stored = self.store.payment(paid.payment).await.unwrap().unwrap();
        stored.payment.status()
    }

    /// Asks for money back.
    pub async fn refund(
        &self,
        by: Claimant,
        paid: &Paid,
        amount: Option<&str>,
        key: &str,
    ) -> Result<Refunded, RefundError> {
        self.app.refund(wish(by, paid, amount, key)).await
    }

    /// The refunds of a payment, as an operator sees them.
    pub async fn shown(&self, paid: &Paid) -> RefundsOfPayment {
        let caller = operator(1);
        self.app
            .refunds_of(caller.caller(), paid.payment)
            .await
            .unwrap()
    }

    /// Where the only refund of a payment stands.
    pub async fn only_refund(&self, paid: &Paid) -> RefundStatus {
        let shown = self.shown(paid).await;
        assert_eq!(shown.refunds.len(), 1, "{:?}", shown.refunds);
        shown.refunds[0].stored.refund.status()
    }

    /// What an operator is called for now.
    pub async fn alerts(&self, paid: &Paid) -> Vec<Alert> {
        let alerts = self.store.alerts_of(paid.order.terms().id).await.unwrap();
        let open = |stored: StoredAlert| stored.cleared_at.is_none().then_some(stored.alert);
        alerts.into_iter().filter_map(open).collect()
    }

    /// The money of an order, by the book of the gateways.
    pub fn captures(&self, paid: &Paid) -> Vec<Capture> {
        self.gateways
            .book()
            .captures(paid.order.terms().number.as_str())
    }

    /// How much of the only money of an order went back, by the book of the gateways, in their own unit.
    pub fn went_back(&self, paid: &Paid) -> i64 {
        let captures = self.captures(paid);
        assert_eq!(captures.len(), 1, "{captures:?}");
        captures[0].refunded
    }

    /// By how many keys refunds were asked for.
    pub fn keys(&self, paid: &Paid, operation: &str) -> usize {
        let number = paid.order.terms().number.as_str();
        self.gateways.book().keys(number, operation).len()
    }

    pub fn act(&self, action: Action) -> Value {
        self.gateways.act(action).unwrap()
    }

    /// The next request of a kind goes wrong.
    pub fn next(&self, operation: &str, fault: Fault) {
        self.gateways
            .add_fault(Rule::next(fault).at(operation))
            .unwrap();
    }

    /// All requests of a kind go wrong.
    pub fn all(&self, operation: &str, fault: Fault) {
        let rule = Rule::next(fault).at(operation).times(0);
        self.gateways.add_fault(rule).unwrap();
    }

    pub fn calm(&self) {
        self.gateways.clear_faults().unwrap();
    }

    /// Carries out statements of the test's own.
    pub async fn run(&self, statements: &str) {
        match &self.kept {
            Kept::Database(database) => {
                let (client, connection) =
                    tokio_postgres::connect(&database.url, tokio_postgres::NoTls)
                        .await
                        .unwrap();
                tokio::spawn(connection);
                client.batch_execute(statements).await.unwrap();
            }
            Kept::Directory(directory) => {
                let path = directory.join("bayar.sqlite");
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                connection
                    .batch_execute("PRAGMA busy_timeout = 10000")
                    .unwrap();
                connection.batch_execute(statements).unwrap();
            }
        }
    }

    /// What was asked of the gateways about an order, oldest first.
    pub async fn calls(&self, paid: &Paid) -> Vec<StoredCall> {
        let (unit, loaded) = self
            .store
            .begin(paid.order.terms().id)
            .await
            .unwrap()
            .unwrap();
        unit.rollback().await;
        loaded.calls
    }

    /// A request for a refund, sent long ago, comes to its gateway now.
    pub async fn arrives_late(&self, paid: &Paid, refund: RefundId) {
        let calls = self.calls(paid).await;
        let is_it = |stored: &&StoredCall| stored.call.purpose == CallPurpose::Refund(refund);
        let stored = calls.iter().find(is_it).unwrap();
        let mut gateways = gateways(&self.simulator, &self.random).into_iter();
        let gateway = gateways
            .find(|gateway| gateway.gateway() == paid.gateway)
            .unwrap();
        let source = gateway.source().await.unwrap();
        let now = self.clock.now();
        let place = Place {
            attempt: 1.try_into().unwrap(),
            source: &source,
            opened_by: &stored.call.key,
            opened_with: "",
            opened_at: now,
            dead_at: now,
            session: None,
            facts: &[],
            refunds: &[],
            amount: paid.order.terms().price,
            now,
        };
        let call = Call {
            key: &stored.call.key,
            operation: Operation::Refund,
            request: &stored.call.request,
            place: &place,
        };
        assert_eq!(gateway.send(&call).await, Ok(Sent::Done));
    }

    /// Lets so much time pass since the last news of refunds that nothing is on its way any more.
    pub async fn let_refunds_grow_old(&self) {
        self.run("UPDATE refunds SET updated_at = '2020-01-01T00:00:00.000000Z'")
            .await;
    }

    /// Lets days go by at the gateways, until the only refund of a payment has reached its buyer.
    pub async fn let_the_bank_confirm(&self, paid: &Paid) {
        wait_until("the bank confirms it", async || {
            self.gateways
                .advance(Duration::from_secs(24 * 60 * 60))
                .await
                .unwrap();
            self.refresh(paid).await;
            self.only_refund(paid).await == RefundStatus::Succeeded
        })
        .await;
    }

    /// Does the work that is there for refunds, as if its hour had come.
    pub async fn serve_jobs(&self) {
        self.run(
            "UPDATE jobs SET due_at = '2020-01-01T00:00:00.000000Z' WHERE kind = 'carry_refund'",
        )
        .await;
        let unresolved = bayar_app::Entry::CheckUnresolved;
        self.app.run_now(unresolved).await.unwrap();
    }

    /// Lets the time pass in which a gateway knows the key of a refund again.
    pub async fn let_keys_end(&self) {
        self.run(match &self.kept {
            Kept::Database(_) => "DROP TRIGGER gateway_calls_say_the_same ON gateway_calls",
            Kept::Directory(_) => "DROP TRIGGER gateway_calls_say_the_same",
        })
        .await;
        self.run("UPDATE gateway_calls SET good_until = created_at WHERE operation = 'refund'")
            .await;
    }

    /// Lets the time pass in which a call belongs to somebody who is gone.
    pub async fn let_leases_end(&self) {
        self.run("UPDATE gateway_calls SET leased_until = NULL WHERE leased_until IS NOT NULL")
            .await;
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

pub fn wish(by: Claimant, paid: &Paid, amount: Option<&str>, key: &str) -> RefundPayment {
    RefundPayment {
        by,
        payment: paid.payment,
        amount: amount.map(|amount| AmountText::new(amount).unwrap()),
        reason: Reason::new("it was too much").unwrap(),
        key: IdempotencyKey::new(key).unwrap(),
    }
}

fn owner(order: &Order) -> Caller {
    Caller::Person {
        id: order.terms().owner,
        role: Role::Customer,
    }
}

async fn app(
    store: &Arc<dyn Store>,
    simulator: &Simulator,
    random: &Arc<SeededRandom>,
    clock: &Arc<SystemTime>,
    refunds: RefundSettings,
) -> Arc<App> {
    let clock: Arc<dyn Clock> = clock.clone();
    let limits = Arc::new(LocalLimits::new(Arc::clone(&clock)));
    let ports = Ports {
        store: Arc::clone(store),
        locks: Arc::new(LocalLocks::new(Arc::clone(&clock))),
        cache: Arc::new(LocalCache::new(Arc::clone(&clock))),
        gateways: Gateways::new(gateways(simulator, random)),
        webhooks: WebhookReaders::default(),
        limits: limits.clone(),
        own_limits: limits,
        vault: Arc::new(LocalVault::new(Arc::clone(&clock))),
        clock,
        random: random.clone(),
        runtime: tokio::runtime::Handle::current(),
    };
    let installation = store.installation().await.unwrap();
    let settings = Settings {
        refunds,
        ..settings()
    };
    Arc::new(App::new(ports, signers(), installation, settings))
}

fn gateways(simulator: &Simulator, random: &Arc<SeededRandom>) -> [Arc<dyn PaymentGateway>; 2] {
    let stripe = StripeConfig {
        api_base: simulator.stripe_base(),
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            total: Duration::from_millis(1000),
        },
        retries: Retries {
            at_most: 1,
            first_pause: Duration::from_millis(5),
            longest_pause: Duration::from_millis(10),
            budget: Duration::from_secs(3),
        },
        ..StripeConfig::new("sk_test_simulated".into(), Mode::Test)
    };
    let midtrans = MidtransConfig {
        server_key: "SB-Mid-server-simulated".into(),
        snap_base: simulator.url(),
        api_base: simulator.core_base(),
        mode: Mode::Test,
        merchant: Some(AccountRef::new(MERCHANT).unwrap()),
        timeouts: bayar_midtrans::Timeouts {
            connect: Duration::from_secs(2),
            answer: Duration::from_millis(1000),
            budget: Duration::from_secs(3),
            whole: Duration::from_secs(10),
        },
        retries: bayar_midtrans::Retries {
            most: 1,
            pause: Duration::from_millis(5),
        },
    };
    [
        Arc::new(StripeGateway::new(stripe, random.clone()).unwrap()),
        Arc::new(MidtransGateway::new(midtrans, random.clone()).unwrap()),
    ]
}
