//! An installation beside simulated gateways that post to it.

use std::time::Duration;

use bayar_auditor::Database;
use bayar_sandbox::sim::book::{Attempt, Book as GatewayBook};
use bayar_sandbox::sim::{
    Action, Fault, Forgery, Handle, Rule, SigningTime, SimConfig, Simulator, Tamper, WebhookRule,
    WebhookUrls,
};
use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::{Client, Installation, MIGRATIONS, Server, Store, wait_until};
use bayar_tests::stage::AtTheEnd;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

pub use bayar_tests::stage::on_both_stores;

/// A fee that both gateways take.
pub const PRICE: &str = "150000";

const STRIPE_KEY: &str = "sk_test_simulated";
const STRIPE_SECRET: &str = "whsec_simulated";
const MIDTRANS_KEY: &str = "SB-Mid-server-simulated";

pub struct Stage {
    /// Goes first, while all that it looks at is still there.
    _auditor: AtTheEnd,
    _simulator: Simulator,
    pub gateways: Handle,
    pub installation: Installation,
    pub server: Server,
    pub store: Store,
    customer_id: i64,
    customer: Client,
    operator: Client,
    service: Client,
    consultations: i64,
    _port: TcpSocket,
    _database: Option<FreshDatabase>,
}

/// An order with its payment.
#[derive(Debug, Clone)]
pub struct Ordered {
    pub number: String,
    pub payment: i64,
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

    pub async fn set(installation: Installation, database: Option<FreshDatabase>) -> Self {
        let simulator = Simulator::start(SimConfig {
            hold: Duration::from_secs(30),
            // The gateways' clock is moved in some cases, and ours is not.
            signing_time: SigningTime::Real,
            ..SimConfig::default()
        })
        .unwrap();
        let (port, address) = reserved_port();
        let installation = installation
            // What is sent again is sent where it was sent before, to whichever process is there by then.
            .with("BIND_ADDRESS", &address)
            // The gateways' clock may run ahead.
            .with("CHECKOUT_TTL", "22h")
            .with("STRIPE_SECRET_KEY", STRIPE_KEY)
            .with("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET)
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
        let stage = Self {
            _auditor: AtTheEnd::new(tables, simulator.handle()),
            gateways: simulator.handle(),
            _simulator: simulator,
            store: installation.store().await,
            service: installation.service("shop", &server),
            customer,
            customer_id,
            operator,
            server,
            installation,
            consultations: 0,
            _port: port,
            _database: database,
        };
        stage.listen();
        stage
    }

    /// Has the gateways post to the server as it is now.
    fn listen(&self) {
        let address = self.server.address;
        let urls = WebhookUrls {
            stripe: Some(format!("http://{address}/stripe/webhook")),
            midtrans: Some(format!("http://{address}/midtrans/notification")),
        };
        self.gateways.send_webhooks_to(urls).unwrap();
    }

    /// Has the gateways post to nobody.
    pub fn stop_listening(&self) {
        let nobody = WebhookUrls {
            stripe: None,
            midtrans: None,
        };
        self.gateways.send_webhooks_to(nobody).unwrap();
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
        let stage = Self {
            server,
            installation,
            ..self
        };
        stage.listen();
        stage
    }

    async fn replaced(self, variables: &[(&str, &str)]) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.stop().await;
        let server = installation.try_serve(&[], variables).await;
        let stage = Self {
            server: server.unwrap_or_else(|ended| panic!("{ended:?}")),
            installation,
            ..self
        };
        stage.listen();
        stage
    }

    fn customer(&self) -> Client {
        self.customer.at(self.server.address)
    }

    /// A new consultation, and a payment for its fee.
    pub async fn order(&mut self) -> Ordered {
        self.consultations += 1;
        let wish = json!({
            "consultation_id": self.consultations,
            "patient_id": self.customer_id,
            "amount": PRICE,
            "currency": "IDR",
        });
        let service = self.service.at(self.server.address);
        let answer = service.post("/api/v1/consultations", &[], &wish).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text);
        let number = answer.json()["data"]["order_number"].clone();
        let wish = json!({
            "consultation_id": self.consultations,
            "amount": PRICE,
            "payment_method": "stripe",
        });
        let customer = self.customer();
        let created = customer.post("/api/v1/payments", &[], &wish).await.unwrap();
        assert_eq!(created.status, 201, "{}", created.text);
        Ordered {
            number: number.as_str().unwrap().to_owned(),
            payment: created.number("/data/payment_id"),
        }
    }

    /// Presses the button, and answers with what status.
    pub async fn process(&self, order: &Ordered, gateway: &str) -> u16 {
        let path = format!("/api/v1/payments/{}/process", order.payment);
        let body = json!({ "gateway": gateway });
        let answer = self.customer().post(&path, &[], &body).await;
        answer.unwrap().status
    }

    /// An order whose checkout is open.
    pub async fn open(&mut self, gateway: &str) -> Ordered {
        let order = self.order().await;
        assert_eq!(self.process(&order, gateway).await, 200);
        order
    }

    /// The buyer pays.
    pub fn pay(&self, order: &Ordered, gateway: &str) {
        let paid = match gateway {
            "stripe" => self.gateways.pay_stripe(&order.number),
            _ => self.gateways.pay_midtrans(&order.number, "gopay"),
        };
        paid.unwrap();
    }

    /// An order that was paid without anybody here hearing of it.
    pub async fn paid_unheard(&mut self, gateway: &str) -> Ordered {
        let order = self.open(gateway).await;
        self.stop_listening();
        self.pay(&order, gateway);
        self.gateways.settle().await.unwrap();
        self.listen();
        order
    }

    /// Where a payment stands, without asking anybody.
    pub async fn status(&self, order: &Ordered) -> String {
        let path = format!("/api/v1/payments/{}", order.payment);
        let answer = self.customer().get(&path).await.unwrap();
        answer.json()["data"]["status"].as_str().unwrap().to_owned()
    }

    /// Waits until a payment stands there. Nobody asks the gateway for it.
    pub async fn must_become(&self, order: &Ordered, wanted: &str) {
        let what = format!("payment {} is {wanted}", order.payment);
        wait_until(&what, async || self.status(order).await == wanted).await;
    }

    /// How often a payment went to a state.
    pub async fn times(&self, order: &Ordered, state: &str) -> usize {
        let path = format!("/api/v1/payments/{}/events", order.payment);
        let answer = self.customer().get(&path).await.unwrap().json();
        let events = answer["data"].as_array().unwrap();
        let to = events.iter().filter(|event| event["to"] == json!(state));
        to.count()
    }

    /// Asks the gateway, as the button does.
    pub async fn refresh(&self, order: &Ordered) {
        let path = format!("/api/v1/payments/{}/refresh", order.payment);
        let answer = self.customer().post(&path, &[], &json!({})).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// What operators see of the webhooks that came, newest first.
    pub async fn webhooks(&self, query: &str) -> Vec<Value> {
        let operator = self.operator.at(self.server.address);
        let path = format!("/api/v1/ops/webhooks?per_page=100{query}");
        let answer = operator.get(&path).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["data"].as_array().unwrap().clone()
    }

    /// Waits until nothing is left to do about any webhook.
    pub async fn all_is_done(&self) {
        self.gateways.settle().await.unwrap();
        wait_until("all webhooks are worked off", async || {
            let all = self.webhooks("").await;
            !all.is_empty() && all.iter().all(|webhook| webhook["next_try_at"].is_null())
        })
        .await;
    }

    /// Waits until there is a webhook of that kind in that status.
    pub async fn must_be(&self, kind: &str, status: &str) -> Value {
        let mut found = None;
        wait_until(&format!("{kind} is {status}"), async || {
            let all = self.webhooks(&format!("&status={status}")).await;
            let mut all = all.into_iter();
            found = all.find(|webhook| webhook["event_type"] == json!(kind));
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// Lets the time pass after which the gateways send again what was not taken in.
    pub async fn let_retries_come(&self) {
        let first_pause = Duration::from_secs(700);
        self.gateways.advance(first_pause).await.unwrap();
        self.gateways.settle().await.unwrap();
    }

    /// Whatever waits to be tried again is due.
    pub async fn let_pauses_end(&self) {
        self.store
            .run("UPDATE inbox SET next_try_at = received_at WHERE next_try_at IS NOT NULL")
            .await;
    }

    /// Lets the time pass in which a webhook belongs to a process that is dead.
    pub async fn let_leases_end(&self) {
        self.store
            .run("UPDATE inbox SET leased_until = received_at WHERE leased_until IS NOT NULL")
            .await;
        self.store
            .run("UPDATE gateway_calls SET leased_until = NULL WHERE leased_until IS NOT NULL")
            .await;
    }

    pub fn act(&self, action: Action) -> Value {
        self.gateways.act(action).unwrap()
    }

    /// A webhook that no gateway would send.
    pub async fn forge(&self, about: &str, event: &str, how: Tamper) {
        let forgery = Forgery {
            about: about.to_owned(),
            event: event.to_owned(),
            how,
        };
        self.act(Action::ForgeWebhook { forgery });
        self.gateways.settle().await.unwrap();
    }

    /// All webhooks of a kind go wrong.
    pub fn tamper(&self, event: &str, how: Tamper) {
        let rule = WebhookRule::next(how).event(event).times(0);
        self.gateways.add_webhook_rule(rule).unwrap();
    }

    /// No webhook goes wrong any more.
    pub fn calm(&self) {
        self.gateways.clear_webhook_rules().unwrap();
        self.gateways.clear_faults().unwrap();
    }

    /// All requests of a kind go wrong.
    pub fn all(&self, operation: &str, fault: Fault) {
        let rule = Rule::next(fault).at(operation).times(0);
        self.gateways.add_fault(rule).unwrap();
    }

    /// The next request of a kind goes wrong.
    pub fn next(&self, operation: &str, fault: Fault) {
        self.gateways
            .add_fault(Rule::next(fault).at(operation))
            .unwrap();
    }

    pub fn book(&self) -> GatewayBook {
        self.gateways.book()
    }

    /// What was posted about an order, in its order, and what it was answered.
    pub fn attempts(&self, order: &Ordered) -> Vec<Attempt> {
        let book = self.book();
        let all = book.webhook_attempts().map(|(_, attempt)| attempt);
        all.filter(|attempt| attempt.order.as_ref() == Some(&order.number))
            .cloned()
            .collect()
    }

    /// The gateways' name for the money of an order.
    pub fn money(&self, order: &Ordered) -> String {
        self.book().captures(&order.number)[0].id.clone()
    }

    /// By the gateways' own book so much was taken and kept, and the payment was completed once.
    pub async fn must_have_kept(&self, order: &Ordered, captures: usize) {
        let kept = self.book().kept_captures(&order.number);
        assert_eq!(kept.len(), captures, "{kept:?}");
        assert_eq!(self.times(order, "completed").await, captures);
    }
}

/// A database with the tables.
pub async fn fresh_database() -> FreshDatabase {
    FreshDatabase::new(MIGRATIONS, async |url| {
        Installation::on_postgres(url).migrate();
    })
    .await
}

/// A free port, kept from others by a socket that is bound to it and never listens.
fn reserved_port() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}
