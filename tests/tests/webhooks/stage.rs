//! An installation beside simulated gateways that post to it.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use bayar_sandbox::sim::book::Attempt;
use bayar_sandbox::sim::{
    Action, Forgery, SigningTime, SimConfig, Tamper, WebhookRule, WebhookUrls,
};
use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::{Installation, wait_until};
use bayar_tests::stage;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

pub use bayar_tests::stage::{Ordered, fresh_database, on_both_stores};

const STRIPE_SECRET: &str = "whsec_simulated";

/// The stage of all tests, whose gateways post to its server.
pub struct Stage {
    pub shared: stage::Stage,
    _port: TcpSocket,
}

impl Deref for Stage {
    type Target = stage::Stage;

    fn deref(&self) -> &stage::Stage {
        &self.shared
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut stage::Stage {
        &mut self.shared
    }
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
        let gateways = SimConfig {
            // The gateways' clock is moved in some cases, and ours is not.
            signing_time: SigningTime::Real,
            ..SimConfig::default()
        };
        let (port, address) = reserved_port();
        let installation = installation
            // What is sent again is sent where it was sent before, to whichever process is there by then.
            .with("BIND_ADDRESS", &address)
            // The gateways' clock may run ahead.
            .with("CHECKOUT_TTL", "22h")
            .with("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET);
        let shared = stage::Stage::beside(gateways, installation, database).await;
        let stage = Self {
            shared,
            _port: port,
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
        let shared = self.shared.restarted().await;
        Self { shared, ..self }.listening()
    }

    /// With a server that kills itself at that step.
    pub async fn restarted_until(self, step: &str) -> Self {
        let shared = self.shared.restarted_until(step).await;
        Self { shared, ..self }.listening()
    }

    /// With a new server in place of one that has killed itself.
    pub async fn revived(self) -> Self {
        let shared = self.shared.revived().await;
        Self { shared, ..self }.listening()
    }

    fn listening(self) -> Self {
        self.listen();
        self
    }

    /// A new consultation, and a payment for its fee.
    pub async fn order(&mut self) -> Ordered {
        self.shared.order().await
    }

    /// Presses the button, and answers with what status.
    pub async fn process(&self, order: &Ordered, gateway: &str) -> u16 {
        self.shared.process(order.payment, gateway).await.status
    }

    /// An order whose checkout is open.
    pub async fn open(&mut self, gateway: &str) -> Ordered {
        let order = self.order().await;
        assert_eq!(self.process(&order, gateway).await, 200);
        order
    }

    /// The buyer pays.
    pub fn pay(&self, order: &Ordered, gateway: &str) {
        match gateway {
            "stripe" => self.pay_stripe(order),
            _ => self.pay_midtrans(order),
        }
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
        self.stored_status(order.payment).await
    }

    /// Waits until a payment stands there. Nobody asks the gateway for it.
    pub async fn must_become(&self, order: &Ordered, wanted: &str) {
        let what = format!("payment {} is {wanted}", order.payment);
        wait_until(&what, async || self.status(order).await == wanted).await;
    }

    /// How often a payment went to a state.
    pub async fn times(&self, order: &Ordered, state: &str) -> usize {
        self.shared.times(order.payment, state).await
    }

    /// Asks the gateway, as the button does.
    pub async fn refresh(&self, order: &Ordered) {
        let answer = self.post(order.payment, "refresh", &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// What operators see of the webhooks that came, newest first.
    pub async fn webhooks(&self, query: &str) -> Vec<Value> {
        let operator = self.operator();
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

    /// Lets the time pass in which a webhook, or a call, belongs to a process that is dead.
    pub async fn let_leases_end(&self) {
        self.store
            .run("UPDATE inbox SET leased_until = received_at WHERE leased_until IS NOT NULL")
            .await;
        self.shared.let_leases_end().await;
    }

    /// Nothing goes wrong any more, with no webhook either.
    pub fn calm(&self) {
        self.gateways.clear_webhook_rules().unwrap();
        self.shared.calm();
    }

    /// By the gateways' own book so much was taken and kept, and the payment was completed once.
    pub async fn must_have_kept(&self, order: &Ordered, captures: usize) {
        self.shared.must_have_kept(order, captures);
        assert_eq!(self.times(order, "completed").await, captures);
    }
}

/// A free port, kept from others by a socket that is bound to it and never listens.
fn reserved_port() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}
