//! The clients of one race.

use std::sync::Arc;

use bayar_tests::program::{CURRENCY, Connection, amount};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::stage::Stage;
use crate::told::{Told, changed};

/// How many clients run at once.
pub const RACERS: usize = 50;

/// A wish for a payment.
#[derive(Debug, Clone)]
pub struct Wish {
    pub consultation: i64,
    /// The number of the order, where it is named by that. Such wishes wait at another lock than the others.
    pub order_number: Option<String>,
    pub price: i64,
    pub key: String,
    pub header: &'static str,
}

/// What one client does.
#[derive(Debug, Clone)]
pub enum Racer {
    /// Asks for a payment.
    Ask(Wish),
    /// Asks, calls off what there is then, and asks again with the same key.
    AskAndCancel(Wish),
    /// Asks, calls off what there is then, and calls off the order.
    CallOff { wish: Wish, order_number: String },
    /// Gives the order the price of the wish, and asks.
    Price(Wish),
}

/// What a client was answered.
#[derive(Debug, Clone)]
pub enum Deed {
    Asked { consultation: i64, told: Told },
    Cancelled(bool),
    Priced(bool),
    CalledOff(bool),
}

/// Lets all of them run at once, at all servers in turn. Answers what they were answered.
pub async fn race(stage: &mut Stage, racers: Vec<Racer>) -> Vec<Deed> {
    assert_eq!(racers.len(), RACERS);
    let gate = Arc::new(Barrier::new(racers.len()));
    let mut running = JoinSet::new();
    for (number, racer) in racers.into_iter().enumerate() {
        // Neighbours often do the same, and are to meet each other at other servers.
        let server = number % stage.servers.len();
        let address = stage.servers[server].address;
        let customer = stage.customer.at(address);
        let service = stage.service.at(address);
        let (gate, customer_id) = (Arc::clone(&gate), stage.customer_id);
        running.spawn(async move {
            let mut runner = Runner {
                customer: customer.connect().await.expect("the server listens"),
                service: service.connect().await.expect("the server listens"),
                customer_id,
                deeds: Vec::new(),
            };
            gate.wait().await;
            runner.run(racer).await;
            (server, runner.deeds)
        });
    }
    let mut deeds = Vec::new();
    for (server, done) in running.join_all().await {
        for deed in done {
            stage.tally.count(server, &deed);
            deeds.push(deed);
        }
    }
    deeds
}

struct Runner {
    customer: Connection,
    service: Connection,
    customer_id: i64,
    deeds: Vec<Deed>,
}

impl Runner {
    async fn run(&mut self, racer: Racer) {
        match racer {
            Racer::Ask(wish) => {
                self.ask(&wish).await;
            }
            Racer::AskAndCancel(wish) => {
                if let Some(payment) = self.ask(&wish).await.payment() {
                    self.cancel(payment).await;
                    self.ask(&wish).await;
                }
            }
            Racer::CallOff { wish, order_number } => {
                if let Some(payment) = self.ask(&wish).await.payment() {
                    self.cancel(payment).await;
                }
                self.call_off(&order_number).await;
            }
            Racer::Price(wish) => {
                self.price(wish.consultation, wish.price).await;
                self.ask(&wish).await;
            }
        }
    }

    async fn ask(&mut self, wish: &Wish) -> Told {
        let told = ask(&mut self.customer, wish).await;
        self.deeds.push(Deed::Asked {
            consultation: wish.consultation,
            told: told.clone(),
        });
        told
    }

    async fn cancel(&mut self, payment: i64) {
        let path = format!("/api/v1/payments/{payment}/cancel");
        let answer = self.customer.post(&path, &[], &json!({})).await;
        let answer = answer.expect("an answer to the cancellation");
        let done = changed(&answer, &["payment_not_cancellable"]);
        self.deeds.push(Deed::Cancelled(done));
    }

    async fn price(&mut self, consultation: i64, price: i64) {
        let wish = json!({
            "consultation_id": consultation,
            "patient_id": self.customer_id,
            "amount": amount(price),
            "currency": CURRENCY,
        });
        let answer = self.service.post("/api/v1/consultations", &[], &wish);
        let answer = answer.await.expect("an answer about the price");
        let done = changed(
            &answer,
            &["order_has_live_payment", "order_not_repriceable"],
        );
        self.deeds.push(Deed::Priced(done));
    }

    async fn call_off(&mut self, order_number: &str) {
        let path = format!("/api/v1/orders/{order_number}/cancel");
        let answer = self.service.post(&path, &[], &json!({})).await;
        let answer = answer.expect("an answer to the end of the order");
        let done = changed(
            &answer,
            &["order_not_cancellable", "order_has_live_payment"],
        );
        self.deeds.push(Deed::CalledOff(done));
    }
}

/// Asks for a payment once.
pub async fn ask(connection: &mut Connection, wish: &Wish) -> Told {
    let mut body = json!({ "amount": amount(wish.price), "payment_method": "stripe" });
    match &wish.order_number {
        Some(number) => body["order_number"] = json!(number),
        None => body["consultation_id"] = json!(wish.consultation),
    }
    let headers = [(wish.header, wish.key.as_str())];
    let answer = connection.post("/api/v1/payments", &headers, &body).await;
    Told::by(&answer.expect("an answer to the wish"))
}
