//! Orders played at random: the use cases on a SQLite file and the simulated gateways, all in one process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bayar_app::identity::Role;
use bayar_app::port::store::{
    IdempotencyKey, Inbox, OrderKey, Page, Payments, Upkeep, WebhookFilter, WebhookStatus,
};
use bayar_app::port::{Clock, Random};
use bayar_app::{
    Access, AmountText, App, Caller, Claimant, CreatePayment, Created, Entry, Gateways, Ports,
    RefundPayment, ReviewPayment, Settings, StartCheckout,
};
use bayar_auditor::{Book, Database, Ledger, Options, Report, audit};
use bayar_domain::decision::Verdict;
use bayar_domain::{Currency, Gateway, Money, Order, OrderKind, PaymentId, PaymentStatus};
use bayar_embedded::{
    FileRole, LocalCache, LocalLimits, LocalLocks, LocalVault, SqliteConfig, SqliteStore,
};
use bayar_sandbox::sim::{
    Action, ActionError, Fault, Handle, Rule, SimConfig, Simulator, Tamper, WebhookRule,
};
use bayar_testkit::builders::{AnOrder, settings, signers};
use bayar_testkit::random::SeededRandom;
use bayar_tests::program::wait_until;
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::door::Door;
use crate::pages::Pages;
use crate::setup::{midtrans, readers, stripe};

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
    pub app: Arc<App>,
    pub store: Arc<SqliteStore>,
    pub gateways: Handle,
    dice: SeededRandom,
    clock: Arc<SimulatedClock>,
    directory: PathBuf,
    door: Door,
    pub tally: Tally,
    _simulator: Simulator,
}

/// An order that is played.
pub struct Played {
    pub order: Order,
    pub payments: Vec<PaymentId>,
    /// Every refund that was asked for.
    pub wishes: Vec<RefundPayment>,
}

impl Played {
    pub fn number(&self) -> String {
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
            webhooks: readers(),
            limits: limits.clone(),
            own_limits: limits,
            vault: Arc::new(LocalVault::new(Arc::clone(&clock))),
            clock,
            random,
            runtime: tokio::runtime::Handle::current(),
        };
        let settings = Settings {
            lock_delay: Duration::from_millis(1),
            ..settings()
        };
        let app = Arc::new(App::new(ports, signers(), installation, settings));
        Self {
            door: Door::open(&app),
            app,
            store,
            gateways,
            dice: SeededRandom::new(seed.wrapping_mul(0x9E37_79B9)),
            clock: time,
            directory,
            tally: Tally::new(),
            _simulator: simulator,
        }
    }

    pub fn below(&self, many: u64) -> u64 {
        self.dice.next() % many
    }

    /// One of them, if there are any.
    pub fn any<T: Clone>(&self, of: &[T]) -> Option<T> {
        let many = u64::try_from(of.len()).unwrap();
        let which = (many > 0).then(|| self.below(many))?;
        of.get(usize::try_from(which).unwrap()).cloned()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The tables, for what nobody does through the program.
    pub fn file(&self) -> PathBuf {
        self.directory.join("bayar.sqlite")
    }

    pub fn note(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// Plays some orders to a point where nothing is on its way any more, and has them audited.
    pub async fn play(&mut self) -> Report {
        let mut orders = Vec::new();
        for _ in 0..2 {
            let price = Money::new(15_000_000, Currency::Idr);
            let kind = match self.below(2) {
                0 => OrderKind::Credits { quantity: 7 },
                _ => OrderKind::Checkout,
            };
            let order = AnOrder::of_a_cart().of_kind(kind).for_price(price);
            orders.push(Played {
                order: order.add(&*self.store).await,
                payments: Vec::new(),
                wishes: Vec::new(),
            });
        }
        // Two of three have the gateways post to them.
        if self.below(3) > 0 {
            self.gateways.send_webhooks_to(self.door.urls()).unwrap();
        }
        let steps = 12 + self.below(16);
        for _ in 0..steps {
            let which = usize::try_from(self.below(2)).unwrap();
            self.step(&mut orders[which]).await;
        }
        self.come_to_rest(&orders).await;
        self.report().await
    }

    pub async fn report(&self) -> Report {
        let file = Database::Sqlite(self.file());
        let ledger = Ledger::read(&file).await.unwrap();
        let book: Book = Pages::of(&self.gateways.book()).read();
        audit(&ledger, &book, None, &Options::settled(self.clock.now()))
    }

    /// One thing happens to an order. Where it cannot happen now, nothing does.
    async fn step(&mut self, played: &mut Played) {
        let number = played.number();
        let payment = self.live(played).await;
        match self.below(32) {
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
            10 => self.refund_at_the_dashboard(played),
            11 => self.dispute(played),
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
            16..=20 => self.refund(played).await,
            21 => self.transfer_by_hand(played).await,
            22 => self.take_in_hand(played).await,
            23 => self.move_a_refund(played),
            24 => self.end_a_dispute(played),
            25 => self.use_credits(played),
            26 => self.tamper(),
            27 => self.resend(),
            28 => self.work_inbox().await,
            29 => self.do_due_work().await,
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

    pub fn act(&mut self, what: &'static str, action: Action) {
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
                "refund.create",
                "core.refund",
            ][usize::try_from(self.below(6)).unwrap()],
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

    /// Some of the next webhooks go wrong on the way.
    fn tamper(&mut self) {
        let tamper = match self.below(5) {
            0 => Tamper::Drop,
            1 => Tamper::DropOnce,
            2 => Tamper::Duplicate { copies: 2 },
            3 => Tamper::Delay { seconds: 7200 },
            _ => Tamper::Reorder,
        };
        let rule = WebhookRule::next(tamper).times(2);
        self.gateways.add_webhook_rule(rule).unwrap();
        self.note("webhooks go wrong");
    }

    /// Somebody has a webhook sent again.
    fn resend(&mut self) {
        let sent = self.gateways.deliveries().unwrap();
        if let Some(delivery) = self.any(&sent) {
            let delivery = delivery.id;
            self.act(
                "a webhook is sent again",
                Action::ResendWebhook { delivery },
            );
        }
    }

    /// What was posted by now is stored and worked off, as far as it is due.
    async fn work_inbox(&mut self) {
        self.gateways.settle().await.unwrap();
        let everything = WebhookFilter {
            gateway: None,
            status: None,
        };
        let page = Page {
            number: 1,
            size: 1000,
        };
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let is_empty = wait_until("all webhooks that are due are done", async || {
            let kept = store.webhooks(&everything, page).await.unwrap();
            let now = clock.now();
            let mut due = kept.entries.iter().filter_map(|entry| entry.next_try_at);
            !due.any(|at| at <= now)
        });
        Arc::clone(&self.app).work_inbox(2, is_empty).await;
        let kept = self.store.webhooks(&everything, page).await.unwrap();
        let mut kept = kept.entries.into_iter();
        if kept.any(|entry| entry.status == WebhookStatus::Processed) {
            self.note("a webhook is processed");
        }
    }

    /// What a process without buttons does.
    async fn do_due_work(&mut self) {
        let told = self.app.run_now(Entry::CheckUnresolved).await.unwrap();
        assert!(told.result.ends_with(", 0 jobs were missing"), "{told:?}");
        self.note("due work is done");
    }

    /// Asks the gateways. They are asked at most once in three seconds.
    pub async fn read(&mut self, played: &Played) {
        self.gateways.advance(Duration::from_secs(4)).await.unwrap();
        let _ = self.app.check_order(&played.order.terms().number).await;
    }

    /// Nothing goes wrong any more, and everybody has heard of everything.
    async fn come_to_rest(&mut self, orders: &[Played]) {
        self.gateways.clear_faults().unwrap();
        self.gateways.clear_webhook_rules().unwrap();
        for _ in 0..4 {
            self.work_inbox().await;
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

pub fn person(played: &Played) -> Caller {
    Caller::Person {
        id: played.order.terms().owner,
        role: Role::Customer,
    }
}
