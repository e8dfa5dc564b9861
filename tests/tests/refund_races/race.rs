//! The orders, who takes part, and how they meet.

use std::collections::BTreeSet;
use std::time::Duration;

use bayar_sandbox::sim::{Fault, Gateway, Rule};
use bayar_testkit::random::SeededRandom;
use bayar_tests::program::{Client, Server};
use bayar_tests::stage::{Ordered, Stage};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::desk::Wish;

/// How many orders are in the race at the same time.
pub const AT_ONCE: usize = 16;

/// How many of a thousand requests are not carried out and not answered, and how many are carried out and not
/// answered: together one in ten.
const STRUCK: u32 = 50;

pub struct Race {
    pub stage: Stage,
    /// The other process, where several can share the store.
    pub second: Option<Server>,
    pub orders: Vec<Ordered>,
    /// Two people at the payment desk, each with an account.
    people: [Client; 2],
    dice: SeededRandom,
    pub begun: Instant,
}

impl Race {
    pub async fn new(mut stage: Stage, second: Option<Server>, many: usize) -> Self {
        let begun = Instant::now();
        let mut orders = Vec::new();
        for _ in 0..many {
            orders.push(stage.order().await);
        }
        let people = [
            operator(&stage, "ani@example.com").await,
            operator(&stage, "budi@example.com").await,
        ];
        Self {
            stage,
            second,
            orders,
            people,
            dice: SeededRandom::new(200),
            begun,
        }
    }

    pub fn below(&self, many: u64) -> u64 {
        self.dice.next() % many
    }

    /// Somebody, at the process whose turn it is.
    pub fn at(&self, who: &Client, turn: usize) -> Client {
        match &self.second {
            Some(second) if turn % 2 == 1 => who.at(second.address),
            _ => who.at(self.stage.server.address),
        }
    }

    pub fn person(&self, which: usize) -> &Client {
        &self.people[which % 2]
    }

    /// All of it at once. Answers what was asked for at the desk.
    pub async fn run(&self) -> Vec<Wish> {
        for gateway in [Gateway::Stripe, Gateway::Midtrans] {
            for fault in [Fault::TimeoutBefore, Fault::TimeoutAfter] {
                let rule = Rule {
                    gateway: Some(gateway),
                    per_mille: Some(STRUCK),
                    ..Rule::next(fault)
                };
                self.stage.gateways.add_fault(rule).unwrap();
            }
        }
        let all = stream::iter(self.orders.iter().enumerate())
            .map(|(number, order)| self.order(number, order))
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>();
        let wishes = tokio::select! {
            wishes = all => wishes,
            () = self.let_gateways_be_asked() => unreachable!("it goes on for ever"),
        };
        self.stage.calm();
        wishes.into_iter().flatten().collect()
    }

    /// A gateway is not asked more than once in three seconds about one payment: this race is faster than people are.
    async fn let_gateways_be_asked(&self) {
        loop {
            self.stage.store.run("DELETE FROM payment_reads").await;
            sleep(Duration::from_millis(250)).await;
        }
    }

    /// Everybody who has to do with one order.
    async fn order(&self, number: usize, order: &Ordered) -> Vec<Wish> {
        let paying = async {
            if number.is_multiple_of(4) {
                self.paid_twice(number, order).await;
            } else {
                self.both_tabs(number, order).await;
            }
        };
        let dashboard = async {
            if number.is_multiple_of(5) {
                self.dashboard(number, order).await;
            }
        };
        let (wishes, (), ()) = tokio::join!(self.desk(number, order), paying, dashboard);
        wishes
    }

    /// Somebody asks the gateways about an order, and does not wait for it to go well.
    pub async fn look(&self, order: &Ordered, turn: usize) {
        let path = format!("/api/v1/payments/{}/refresh", order.payment);
        let customer = self.at(&self.stage.customer(), turn);
        let answer = customer.post(&path, &[], &json!({})).await.unwrap();
        assert!(
            matches!(answer.status, 200 | 202 | 409 | 503),
            "{}",
            answer.text
        );
    }

    /// The numbers that a statement finds in a column `n`.
    pub async fn numbers(&self, statement: &str) -> Vec<i64> {
        let texts = format!("SELECT CAST(n AS text) AS json FROM ({statement}) AS found");
        let texts = self.stage.store.texts(&texts).await;
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// The payments that somebody still has to do something about.
    pub async fn unfinished(&self) -> BTreeSet<i64> {
        let mut found = BTreeSet::new();
        for statement in [
            "SELECT id AS n FROM payments WHERE status IN ('pending', 'processing', 'under_review')",
            "SELECT payment_id AS n FROM attempts WHERE status IN ('creating', 'open', 'unknown', 'closing')",
            "SELECT payment_id AS n FROM refunds WHERE status IN ('requested', 'sent', 'unknown')",
            "SELECT payments.id AS n FROM payments JOIN gateway_calls ON gateway_calls.order_id = payments.order_id \
             WHERE gateway_calls.status IN ('planned', 'sent')",
        ] {
            found.extend(self.numbers(statement).await);
        }
        found
    }
}

/// Somebody who runs the payment desk, with an account and not a key.
async fn operator(stage: &Stage, email: &str) -> Client {
    let password = "a password for operators";
    let role = ["--role", "operator", "--password-stdin"];
    let add = [&["users", "add", email][..], &role].concat();
    stage.installation.run(&add, password);
    let credentials = json!({ "email": email, "password": password });
    let anybody = stage.server.anybody();
    let login = anybody.post("/api/login", &[], &credentials).await.unwrap();
    let token = login.json()["token"].as_str().expect("a token").to_owned();
    Client::new(stage.server.address, &token)
}
