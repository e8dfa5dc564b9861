//! Orders played at random: the use cases on a SQLite file and the simulated gateways, all in one process.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bayar_app::identity::{Keyring, ReturnSigner, Role, TicketSigner, TokenSigner};
use bayar_app::port::store::{IdempotencyKey, OrderKey, Payments, Upkeep};
use bayar_app::port::{Clock, PaymentGateway, Random};
use bayar_app::{
    Access, AmountText, App, Caller, Claimant, CreatePayment, Created, Gateways, Ports,
    RefundSettings, ReviewPayment, Settings, Signers, StartCheckout, WebhookReaders, WorkSettings,
};
use bayar_auditor::{Book, Database, Ledger, Options, Report, audit};
use bayar_domain::decision::Verdict;
use bayar_domain::{
    AmountLimits, AmountRange, Currency, Gateway, Mode, Money, Order, PaymentId, PaymentStatus,
    TaxPolicy,
};
use bayar_embedded::{
    FileRole, LocalCache, LocalLimits, LocalLocks, LocalVault, SqliteConfig, SqliteStore,
};
use bayar_midtrans::{MidtransConfig, MidtransGateway};
use bayar_sandbox::sim::{Action, ActionError, Fault, Handle, Rule, SimConfig, Simulator};
use bayar_stripe::{StripeConfig, StripeGateway};
use bayar_testkit::builders::AnOrder;
use bayar_testkit::random::SeededRandom;
use chrono::{DateTime, FixedOffset, Utc};
use serde_json::json;

use crate::pages::Pages;
use crate::stage::{MIDTRANS_KEY, STRIPE_KEY};

/// How often something happened, by its name.
pub type Tally = BTreeMap<&'static str, usize>;

/// The time of the simulator.
struct SimulatedClock(Handle);

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.now().unwrap()).unwrap()
    }
}

/// One installation beside its own simulated gateways.
pub struct Play {
    app: Arc<App>,
    store: Arc<SqliteStore>,
    gateways: Handle,
    dice: SeededRandom,
    clock: Arc<SimulatedClock>,
    directory: PathBuf,
    pub tally: Tally,
    _simulator: Simulator,
}

/// An order that is played.
struct Played {
    order: Order,
    payments: Vec<PaymentId>,
}

impl Played {
    fn number(&self) -> String {
        self.order.terms().number.to_string()
    }
}

impl Play {
    pub async fn new(seed: u64) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("bayar-auditing-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let simulator = Simulator::start(SimConfig {
            seed,
            hold: Duration::from_secs(1),
            ..SimConfig::default()
        })
        .unwrap();
        let gateways = simulator.handle();
        let time = Arc::new(SimulatedClock(gateways.clone()));
        let clock: Arc<dyn Clock> = time.clone();
        let store = SqliteStore::open(SqliteConfig {
            path: directory.join("bayar.sqlite"),
            role: FileRole::Server,
            clock: Arc::clone(&clock),
            busy_timeout: Duration::from_secs(5),
        });
        let store = Arc::new(store.await.unwrap());
        store.migrate().await.unwrap();
        let installation = store.installation().await.unwrap();
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(seed));
        let limits = Arc::new(LocalLimits::new(Arc::clone(&clock)));
        let ports = Ports {
            store: store.clone(),
            locks: Arc::new(LocalLocks::new(Arc::clone(&clock))),
            cache: Arc::new(LocalCache::new(Arc::clone(&clock))),
            gateways: Gateways::new([stripe(&simulator, &random), midtrans(&simulator, &random)]),
            webhooks: WebhookReaders::default(),
            limits: limits.clone(),
            own_limits: limits,
            vault: Arc::new(LocalVault::new(Arc::clone(&clock))),
            clock,
            random,
            runtime: tokio::runtime::Handle::current(),
        };
        let app = App::new(ports, signers(), installation, settings());
        Self {
            app: Arc::new(app),
            store,
            gateways,
            dice: SeededRandom::new(seed.wrapping_mul(0x9E37_79B9)),
            clock: time,
            directory,
            tally: Tally::new(),
            _simulator: simulator,
        }
    }

    fn below(&self, many: u64) -> u64 {
        self.dice.next() % many
    }

    fn note(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// Plays some orders to a point where nothing is on its way any more, and has them audited.
    pub async fn play(&mut self) -> Report {
        let mut orders = Vec::new();
        for _ in 0..2 {
            let price = Money::new(15_000_000, Currency::Idr);
            let order = AnOrder::of_a_cart().for_price(price).add(&*self.store);
            orders.push(Played {
                order: order.await,
                payments: Vec::new(),
            });
        }
        let steps = 8 + self.below(10);
        for _ in 0..steps {
            let which = usize::try_from(self.below(2)).unwrap();
            self.step(&mut orders[which]).await;
        }
        self.come_to_rest(&orders).await;
        self.report().await
    }

    pub async fn report(&self) -> Report {
        let file = Database::Sqlite(self.directory.join("bayar.sqlite"));
        let ledger = Ledger::read(&file).await.unwrap();
        let book: Book = Pages::of(&self.gateways.book()).read();
        audit(&ledger, &book, None, &Options::settled(self.clock.now()))
    }

    /// One thing happens to an order. Where it cannot happen now, nothing does.
    async fn step(&mut self, played: &mut Played) {
        let number = played.number();
        let payment = self.live(played).await;
        match self.below(17) {
            0..=2 => self.open_and_pay(played, payment).await,
            3 => self.open(played, payment, Gateway::Midtrans).await,
            4 => self.open(played, payment, Gateway::Stripe).await,
            5 => self.act(
                "stripe pays",
                Action::StripePayCard {
                    session: number,
                    card: "4242424242424242".to_owned(),
                },
            ),
            6 => self.act(
                "a card is declined",
                Action::StripePayCard {
                    session: number,
                    card: "4000000000000002".to_owned(),
                },
            ),
            7 => {
                if self.gateways.pay_midtrans(&number, "gopay").is_ok() {
                    self.note("midtrans pays");
                }
            }
            8 => self.act(
                "money comes late",
                Action::MidtransPay {
                    transaction: number,
                    late: true,
                },
            ),
            9 => {
                if let Some(payment) = payment {
                    let ended = self.app.cancel_payment(&person(played), payment).await;
                    if ended.is_ok() {
                        self.note("a payment is cancelled");
                    }
                }
            }
            10 => {
                let part = (self.below(2) == 0).then_some(5_000_000);
                self.act(
                    "a refund at the dashboard",
                    Action::StripeRefund {
                        payment_intent: number,
                        amount: part,
                    },
                );
            }
            11 => self.act(
                "a dispute",
                Action::StripeDispute {
                    payment_intent: number,
                    reason: "fraudulent".to_owned(),
                    amount: None,
                },
            ),
            12 => self.act(
                "a settlement is reversed",
                Action::MidtransReverse {
                    transaction: number,
                },
            ),
            13 => {
                let minutes = 1 + self.below(90);
                let time = Duration::from_secs(minutes * 60);
                self.gateways.advance(time).await.unwrap();
            }
            14 => self.fault(),
            15 => self.review(played).await,
            _ => self.read(played).await,
        }
    }

    async fn open_and_pay(&mut self, played: &mut Played, payment: Option<PaymentId>) {
        let number = played.number();
        if self.below(2) == 0 {
            self.open(played, payment, Gateway::Stripe).await;
            if self.gateways.pay_stripe(&number).is_ok() {
                self.note("stripe pays");
            }
        } else {
            self.open(played, payment, Gateway::Midtrans).await;
            let method = ["gopay", "bca_va", "permata_va"][usize::try_from(self.below(3)).unwrap()];
            if self.below(2) == 0 {
                self.act(
                    "a method is chosen",
                    Action::MidtransChoose {
                        page: number,
                        method: method.to_owned(),
                    },
                );
            } else if self.gateways.pay_midtrans(&number, method).is_ok() {
                self.note("midtrans pays");
            }
        }
        if self.below(2) == 0 {
            self.read(played).await;
        }
    }

    fn act(&mut self, what: &'static str, action: Action) {
        // That a card is declined is how it should go.
        if matches!(
            self.gateways.act(action),
            Ok(_) | Err(ActionError::Declined(_))
        ) {
            self.note(what);
        }
    }

    /// The next request goes wrong.
    fn fault(&mut self) {
        let fault = match self.below(9) {
            0 => Fault::ResetBefore,
            1 => Fault::ResetAfter,
            2 => Fault::Error500Before { stored: false },
            3 => Fault::Error500After,
            4 => Fault::CutOff,
            5 => Fault::Garbage,
            6 => Fault::RefundPends,
            7 => Fault::WrongAmount {
                amount: if self.below(2) == 0 {
                    14_000_000
                } else {
                    140_000
                },
            },
            _ => Fault::TimeoutAfter,
        };
        let at = match &fault {
            Fault::RefundPends => "refund.create",
            Fault::WrongAmount { .. } => "checkout_session.create",
            _ => [
                "checkout_session.create",
                "snap.create",
                "checkout_session.expire",
                "core.status",
            ][usize::try_from(self.below(4)).unwrap()],
        };
        self.gateways.add_fault(Rule::next(fault).at(at)).unwrap();
        self.note("a fault");
    }

    async fn live(&self, played: &Played) -> Option<PaymentId> {
        for id in &played.payments {
            let stored = self.store.payment(*id).await.unwrap().unwrap();
            if stored.payment.status().is_live() {
                return Some(*id);
            }
        }
        None
    }

    async fn open(&mut self, played: &mut Played, payment: Option<PaymentId>, gateway: Gateway) {
        let payment = match payment {
            Some(payment) => payment,
            None => match self.create(played).await {
                Some(payment) => payment,
                None => return,
            },
        };
        let wish = StartCheckout {
            payment,
            gateway: Some(gateway),
            access: Access::Caller(person(played)),
        };
        if self.app.start_checkout(wish).await.is_ok() {
            self.note("a checkout");
        }
    }

    async fn create(&mut self, played: &mut Played) -> Option<PaymentId> {
        let terms = played.order.terms();
        let key = format!("{}-{}", terms.number, played.payments.len());
        let wish = CreatePayment {
            by: Claimant::known(person(played)),
            user: terms.owner,
            order: OrderKey::Number(terms.number.clone()),
            amount: AmountText::new("150000").unwrap(),
            currency: None,
            payment_method: Gateway::Stripe,
            key: IdempotencyKey::new(key).unwrap(),
            render: Arc::new(|draft| {
                let id = draft.bill.payment.terms().id.get();
                json!({ "data": { "payment_id": id } })
                    .to_string()
                    .into_bytes()
            }),
        };
        match self.app.create_payment(wish).await {
            Ok(Created::New { payment, .. }) => {
                played.payments.push(payment);
                self.note("a payment");
                Some(payment)
            }
            _ => None,
        }
    }

    async fn review(&mut self, played: &Played) {
        for payment in &played.payments {
            let stored = self.store.payment(*payment).await.unwrap().unwrap();
            if stored.payment.status() != PaymentStatus::UnderReview {
                continue;
            }
            let verdict = match self.below(2) {
                0 => Verdict::Accept,
                _ => Verdict::Refuse,
            };
            let wish = ReviewPayment {
                payment: *payment,
                verdict,
                reason: "looked at it".to_owned(),
            };
            let operator = Caller::Person {
                id: played.order.terms().owner,
                role: Role::Operator,
            };
            if self.app.review_payment(&operator, wish).await.is_ok() {
                self.note("a review");
            }
        }
    }

    /// Asks the gateways. They are asked at most once in three seconds.
    async fn read(&mut self, played: &Played) {
        self.gateways.advance(Duration::from_secs(4)).await.unwrap();
        let _ = self.app.check_order(&played.order.terms().number).await;
    }

    /// Nothing goes wrong any more, and everybody has heard of everything.
    async fn come_to_rest(&mut self, orders: &[Played]) {
        self.gateways.clear_faults().unwrap();
        for _ in 0..4 {
            // Whoever had a call in hand has let it go by then.
            self.gateways
                .advance(Duration::from_secs(61))
                .await
                .unwrap();
            for played in orders {
                self.read(played).await;
            }
        }
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn person(played: &Played) -> Caller {
    Caller::Person {
        id: played.order.terms().owner,
        role: Role::Customer,
    }
}

fn stripe(simulator: &Simulator, random: &Arc<dyn Random>) -> Arc<dyn PaymentGateway> {
    let config = StripeConfig {
        api_base: simulator.stripe_base(),
        timeouts: bayar_stripe::Timeouts {
            connect: Duration::from_secs(1),
            total: Duration::from_millis(500),
        },
        retries: bayar_stripe::Retries {
            at_most: 0,
            ..bayar_stripe::Retries::default()
        },
        ..StripeConfig::new(STRIPE_KEY.into(), Mode::Test)
    };
    Arc::new(StripeGateway::new(config, Arc::clone(random)).unwrap())
}

fn midtrans(simulator: &Simulator, random: &Arc<dyn Random>) -> Arc<dyn PaymentGateway> {
    let config = MidtransConfig {
        server_key: MIDTRANS_KEY.into(),
        snap_base: simulator.url(),
        api_base: simulator.core_base(),
        mode: Mode::Test,
        merchant: None,
        timeouts: bayar_midtrans::Timeouts {
            connect: Duration::from_secs(1),
            answer: Duration::from_millis(500),
            budget: Duration::from_millis(500),
            whole: Duration::from_secs(5),
        },
        retries: bayar_midtrans::Retries {
            most: 0,
            ..bayar_midtrans::Retries::default()
        },
    };
    Arc::new(MidtransGateway::new(config, Arc::clone(random)).unwrap())
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

fn settings() -> Settings {
    let least = Money::new(100, Currency::Idr);
    let most = Money::new(10_000_000_000, Currency::Idr);
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
        payment_quota: None,
        login_quota: None,
        taxes: TaxPolicy::standard(),
        tax_zone: FixedOffset::east_opt(7 * 3600).unwrap(),
        amounts: AmountLimits::new([AmountRange::new(least, most).unwrap()]).unwrap(),
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
