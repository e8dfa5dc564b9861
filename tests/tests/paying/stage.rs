//! An installation beside simulated gateways, with a customer, an operator and an application.

use std::time::Duration;

use bayar_auditor::Database;
use bayar_sandbox::sim::book::Book as GatewayBook;
use bayar_sandbox::sim::{Action, Fault, Handle, Rule, SimConfig, Simulator};
use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::{Answer, Client, Installation, MIGRATIONS, Server, Store, wait_until};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

#[path = "at_the_end.rs"]
mod at_the_end;

use at_the_end::AtTheEnd;

/// A fee that both gateways take.
pub const PRICE: &str = "150000";
/// The same in the smallest unit.
pub const PRICE_MINOR: i64 = 15_000_000;

pub const VISA: &str = "4242424242424242";
pub const DECLINED: &str = "4000000000000002";

pub const STRIPE_KEY: &str = "sk_test_simulated";
pub const MIDTRANS_KEY: &str = "SB-Mid-server-simulated";

/// A test on each store.
macro_rules! on_both_stores {
    ($($case:ident,)+) => {
        mod on_postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let stage = crate::stage::Stage::on_postgres().await;
                super::$case(stage).await;
            }
        )+ }
        mod on_sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let stage = crate::stage::Stage::on_sqlite().await;
                super::$case(stage).await;
            }
        )+ }
    };
}
pub(crate) use on_both_stores;

pub struct Stage {
    /// Goes first, while all that it looks at is still there.
    _auditor: AtTheEnd,
    pub simulator: Simulator,
    pub gateways: Handle,
    pub installation: Installation,
    pub server: Server,
    pub store: Store,
    pub customer_id: i64,
    customer: Client,
    operator: Client,
    service: Client,
    consultations: i64,
    _database: Option<FreshDatabase>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub text: String,
}

/// An order with its payment.
#[derive(Debug, Clone)]
pub struct Ordered {
    pub consultation: i64,
    pub number: String,
    pub payment: i64,
    pub process_url: String,
}

/// Where a buyer can pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    pub url: String,
    pub gateway: String,
    pub attempt: i64,
}

impl Stage {
    /// On a fresh database.
    pub async fn on_postgres() -> Self {
        let database = FreshDatabase::new(MIGRATIONS, async |url| {
            Installation::on_postgres(url).migrate();
        })
        .await;
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
        let simulator = Simulator::start(SimConfig {
            hold: Duration::from_secs(30),
            ..SimConfig::default()
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

    /// With a new server in place of the old one, under the settings as they are now.
    pub async fn restarted(self) -> Self {
        self.replaced(&[]).await
    }

    /// With a server that kills itself at that step.
    pub async fn restarted_until(self, step: &str) -> Self {
        self.replaced(&[("BAYAR_KILL_AT", step)]).await
    }

    /// With a new server in place of one that has killed itself.
    pub async fn revived(self) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        let ended = server.ended().await;
        assert!(ended.is_killed(), "{ended:?}");
        let server = installation.serve().await;
        Self {
            server,
            installation,
            ..self
        }
    }

    /// With a server in place of the old one that also does what is due.
    #[allow(dead_code, reason = "only due work needs it")]
    pub async fn at_work(self) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.stop().await;
        let server = installation.serve_and_work(&[]).await;
        Self {
            server,
            installation,
            ..self
        }
    }

    /// With a new server in place of the old one, and something done while none runs.
    #[allow(dead_code, reason = "only a restore needs it")]
    pub async fn restarted_after(self, meanwhile: impl AsyncFnOnce(&Installation)) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.stop().await;
        meanwhile(&installation).await;
        let server = installation.serve().await;
        Self {
            server,
            installation,
            ..self
        }
    }

    /// Ends the server and has something done to what is stored. Commands may follow, and then [`Stage::serving`].
    #[allow(dead_code, reason = "only restoring needs it")]
    pub async fn stop_for(&mut self, doing: impl AsyncFnOnce(&Installation)) {
        self.server.end().await;
        doing(&self.installation).await;
        self.store = self.installation.store().await;
    }

    /// With a new server in place of one that has ended.
    #[allow(dead_code, reason = "only restoring needs it")]
    pub async fn serving(self) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.ended().await;
        let server = installation.serve().await;
        Self {
            server,
            installation,
            ..self
        }
    }

    /// The tables remember less than the gateways of what they were asked from then to now.
    #[allow(dead_code, reason = "only restoring needs it")]
    pub fn forgot_since(&mut self, from: DateTime<Utc>) {
        let now = self.time();
        self._auditor.forgotten(from, now);
    }

    /// The time of this machine.
    #[expect(clippy::disallowed_methods, reason = "it is handed to a command")]
    #[allow(dead_code, reason = "only restoring needs it")]
    pub fn time(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn replaced(self, variables: &[(&str, &str)]) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.stop().await;
        let server = installation.try_serve(&[], variables).await;
        Self {
            server: server.unwrap_or_else(|ended| panic!("{ended:?}")),
            installation,
            ..self
        }
    }

    pub fn customer(&self) -> Client {
        self.customer.at(self.server.address)
    }

    pub fn operator(&self) -> Client {
        self.operator.at(self.server.address)
    }

    pub fn service(&self) -> Client {
        self.service.at(self.server.address)
    }

    /// A new consultation, and a payment for its fee.
    pub async fn order(&mut self) -> Ordered {
        self.order_in("IDR", PRICE).await
    }

    pub async fn order_in(&mut self, currency: &str, price: &str) -> Ordered {
        self.consultations += 1;
        let consultation = self.consultations;
        let answer = self.register(consultation, currency, price).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let number = answer.json()["data"]["order_number"]
            .as_str()
            .unwrap()
            .to_owned();
        let created = self.create(consultation, price).await;
        assert_eq!(created.status, 201, "{}", created.text);
        Ordered {
            consultation,
            number,
            payment: created.number("/data/payment_id"),
            process_url: created.json()["data"]["process_url"]
                .as_str()
                .unwrap()
                .to_owned(),
        }
    }

    pub async fn register(&self, consultation: i64, currency: &str, price: &str) -> Answer {
        let wish = json!({
            "consultation_id": consultation,
            "patient_id": self.customer_id,
            "amount": price,
            "currency": currency,
        });
        let service = self.service();
        let answer = service.post("/api/v1/consultations", &[], &wish).await;
        answer.unwrap()
    }

    pub async fn create(&self, consultation: i64, price: &str) -> Answer {
        let wish = json!({
            "consultation_id": consultation,
            "amount": price,
            "payment_method": "stripe",
        });
        let customer = self.customer();
        let answer = customer.post("/api/v1/payments", &[], &wish).await;
        answer.unwrap()
    }

    /// Sends something to a payment.
    pub async fn post(&self, payment: i64, what: &str, body: &Value) -> Answer {
        let path = format!("/api/v1/payments/{payment}/{what}");
        self.customer().post(&path, &[], body).await.unwrap()
    }

    pub async fn process(&self, payment: i64, gateway: &str) -> Answer {
        self.post(payment, "process", &json!({ "gateway": gateway }))
            .await
    }

    /// Opens a checkout, which must be there at once.
    pub async fn open(&self, payment: i64, gateway: &str) -> Door {
        let answer = self.process(payment, gateway).await;
        door(&answer).unwrap_or_else(|| panic!("{}: {}", answer.status, answer.text))
    }

    /// Presses the button until a checkout is there.
    pub async fn open_in_the_end(&self, payment: i64, gateway: &str) -> Door {
        let mut found = None;
        wait_until("a checkout is open", async || {
            let answer = self.process(payment, gateway).await;
            found = door(&answer);
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// Asks the gateway.
    pub async fn refresh(&self, payment: i64) -> Value {
        let mut told = Value::Null;
        wait_until("the gateway is asked", async || {
            // It is not asked more than once in three seconds, and the tests have better things to do than to wait.
            self.store.run("DELETE FROM payment_reads").await;
            let answer = self.post(payment, "refresh", &json!({})).await;
            told = answer.json();
            answer.status == 200 && told["data"]["asked"] == json!(true)
        })
        .await;
        told["data"].clone()
    }

    /// Where a payment stands after the gateway was asked.
    pub async fn status(&self, payment: i64) -> String {
        let told = self.refresh(payment).await;
        told["payment"]["status"].as_str().unwrap().to_owned()
    }

    /// Asks the gateway until a payment stands there.
    pub async fn must_become(&self, payment: i64, wanted: &str) {
        wait_until(&format!("payment {payment} is {wanted}"), async || {
            self.status(payment).await == wanted
        })
        .await;
    }

    /// Where a payment stands, without asking anybody.
    pub async fn stored_status(&self, payment: i64) -> String {
        let path = format!("/api/v1/payments/{payment}");
        let answer = self.customer().get(&path).await.unwrap();
        answer.json()["data"]["status"].as_str().unwrap().to_owned()
    }

    /// How often a payment went to a state.
    pub async fn times(&self, payment: i64, state: &str) -> usize {
        let path = format!("/api/v1/payments/{payment}/events");
        let answer = self.customer().get(&path).await.unwrap().json();
        let events = answer["data"].as_array().unwrap();
        events
            .iter()
            .filter(|event| event["to"] == json!(state))
            .count()
    }

    /// An operator says what is to become of money under review.
    pub async fn review(&self, payment: i64, decision: &str) -> Answer {
        let path = format!("/api/v1/payments/{payment}/review");
        let body = json!({ "decision": decision, "reason": "looked at it" });
        self.operator().post(&path, &[], &body).await.unwrap()
    }

    /// Runs a command beside the server.
    pub fn command(&self, arguments: &[&str]) -> Ran {
        let (status, text) = self.installation.ran(arguments);
        Ran {
            code: status.code(),
            text,
        }
    }

    /// Asks the gateways about an order by the command for it.
    pub async fn check_status(&self, order: &Ordered) -> Ran {
        self.command(&["payments", "check-status", &order.number])
    }

    /// Where the newest checkout of an order at Stripe sends the buyer afterwards.
    pub fn return_path(&self, order: &Ordered) -> String {
        let left = self.act(Action::StripeAbandon {
            session: order.number.clone(),
        });
        let url = left["redirect"].as_str().expect("a way back");
        let path = url.find("/checkout/").expect("a page of ours");
        url[path..].replace("&back=1", "")
    }

    /// What the world is told about an order and its payments, oldest first.
    pub async fn announced(&self, order: &Ordered) -> Vec<String> {
        let book = self.store.of_consultations(&[order.consultation]).await;
        book.announced()
    }

    /// The buyer pays the newest checkout of an order at Stripe.
    pub fn pay_stripe(&self, order: &Ordered) {
        self.gateways.pay_stripe(&order.number).unwrap();
    }

    /// The buyer pays the newest page of an order at Midtrans.
    pub fn pay_midtrans(&self, order: &Ordered) {
        self.gateways.pay_midtrans(&order.number, "gopay").unwrap();
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

    pub fn book(&self) -> GatewayBook {
        self.gateways.book()
    }

    /// By the gateways' own book: at most one checkout was ever open at once, and so much was taken and kept.
    pub fn must_have_kept(&self, order: &Ordered, captures: usize) {
        let book = self.book();
        let open = book.most_open_at_once(&order.number);
        assert!(
            open <= 1,
            "{open} checkouts were open at once: {:?}",
            book.sessions(&order.number)
        );
        let kept = book.kept_captures(&order.number);
        assert_eq!(kept.len(), captures, "{kept:?}");
    }

    /// How many checkouts were ever opened.
    pub fn opened(&self, order: &Ordered) -> usize {
        self.book().sessions(&order.number).len()
    }
}

/// Where the buyer can pay, when the answer says so.
pub fn door(answer: &Answer) -> Option<Door> {
    if answer.status != 200 {
        return None;
    }
    let told = answer.json();
    Some(Door {
        url: told["data"]["checkout_url"].as_str()?.to_owned(),
        gateway: told["data"]["gateway"].as_str()?.to_owned(),
        attempt: told["data"]["attempt"].as_i64()?,
    })
}

impl Stage {
    /// Lets the time pass in which a call belongs to a process that is dead.
    pub async fn let_leases_end(&self) {
        // Whoever held one is dead: nothing of it is on its way any more.
        self.store
            .run("UPDATE gateway_calls SET leased_until = NULL WHERE leased_until IS NOT NULL")
            .await;
    }

    /// Lets so much time pass that no gateway knows a key again.
    pub async fn let_keys_be_forgotten(&self) {
        let (off, on) = if self.is_shared() {
            (
                "ALTER TABLE gateway_calls DISABLE TRIGGER gateway_calls_say_the_same",
                "ALTER TABLE gateway_calls ENABLE TRIGGER gateway_calls_say_the_same",
            )
        } else {
            (
                "DROP TRIGGER IF EXISTS gateway_calls_say_the_same",
                "SELECT 1",
            )
        };
        let long_ago = "UPDATE gateway_calls SET good_until = '2026-01-01T00:00:00.000000Z'";
        self.store.run(&format!("{off}; {long_ago}; {on}")).await;
    }

    /// Lets so much time pass that no payment may be paid any more.
    pub async fn let_payments_be_overdue(&self) {
        self.store
            .run("UPDATE payments SET deadline = updated_at")
            .await;
    }
}
