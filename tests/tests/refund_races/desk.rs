//! The payment desk: people who give money back, and press again when nobody answers.

use std::collections::BTreeSet;
use std::time::Duration;

use bayar_tests::program::{Answer, Client, wait_until};
use bayar_tests::stage::Ordered;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::race::Race;

/// How often somebody presses again who was told nothing.
const PRESSES: usize = 6;

/// A wish for money to go back, and what was told about it.
#[derive(Debug, Clone)]
pub struct Wish {
    pub payment: i64,
    /// Whoever asks: a person, or the application.
    pub who: Option<usize>,
    pub key: String,
    pub body: Value,
    /// The refunds it was told to have made.
    pub refunds: BTreeSet<i64>,
    pub answers: Vec<Told>,
}

/// What the desk hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    Done,
    Again,
    OnItsWay,
    Exceeds,
    NothingThere,
    Failed,
    InProgress,
    Unavailable,
}

impl Told {
    fn by(answer: &Answer) -> Self {
        let again = answer.header("Idempotent-Replayed") == Some("true");
        match (answer.status, answer.code().as_deref()) {
            (200, None) if again => Self::Again,
            (200, None) => Self::Done,
            (202, None) => Self::OnItsWay,
            (409, Some("refund_exceeds_payment")) => Self::Exceeds,
            (409, Some("payment_not_refundable")) => Self::NothingThere,
            (409, Some("refund_failed")) => Self::Failed,
            (409, Some("payment_in_progress")) => Self::InProgress,
            (503, Some("gateway_unavailable" | "service_unavailable" | "request_timeout")) => {
                Self::Unavailable
            }
            _ => panic!("this answer is not expected: {answer:?}"),
        }
    }

    /// Whether pressing again may tell more.
    const fn is_open(self) -> bool {
        matches!(self, Self::OnItsWay | Self::InProgress | Self::Unavailable)
    }
}

impl Race {
    /// Waits until an order is paid, and has some of its money go back.
    pub async fn desk(&self, number: usize, order: &Ordered) -> Vec<Wish> {
        self.is_paid(number, order).await;
        let wish = |who, name: &str, amount: Option<String>| Wish {
            payment: order.payment,
            who,
            key: format!("{}-{name}", order.number),
            body: match amount {
                Some(amount) => json!({ "reason": "the doctor was ill", "amount": amount }),
                None => json!({ "reason": "the doctor was ill" }),
            },
            refunds: BTreeSet::new(),
            answers: Vec::new(),
        };
        let part = || Some((1 + self.below(140_000)).to_string());
        // Whether an order is paid twice and what the desk does with it have nothing to do with each other.
        let wishes = match (number / 4) % 6 {
            0 => vec![wish(Some(0), "all", None)],
            1 => vec![wish(Some(0), "a", part()), wish(Some(1), "b", part())],
            // The same button, by two people.
            2 => vec![wish(Some(0), "all", None), wish(Some(1), "all", None)],
            // The same button again and again, by one of them.
            3 => vec![wish(Some(1), "part", part()); 3],
            4 => vec![wish(Some(0), "a", part()), wish(None, "b", part())],
            _ => Vec::new(),
        };
        let pressing = wishes.into_iter().enumerate();
        let pressing = pressing.map(|(turn, wish)| self.press(number + turn, wish));
        join_all(pressing).await
    }

    /// Waits until an order is known to be paid.
    pub async fn is_paid(&self, number: usize, order: &Ordered) {
        let path = format!("/api/v1/payments/{}", order.payment);
        let mut turn = number;
        wait_until("an order is paid", async || {
            turn += 1;
            let customer = self.at(&self.stage.customer(), turn);
            let told = customer.get(&path).await.unwrap().json();
            let is_paid = matches!(
                told["data"]["status"].as_str(),
                Some("completed" | "partially_refunded" | "refunded")
            );
            if !is_paid {
                sleep(Duration::from_millis(150)).await;
                if turn.is_multiple_of(4) {
                    self.look(order, turn).await;
                }
            }
            is_paid
        })
        .await;
    }

    /// Presses a button until something is told, a few times at most, at both processes.
    async fn press(&self, turn: usize, mut wish: Wish) -> Wish {
        for press in 0..PRESSES {
            let told = self.ask(turn + press, &mut wish).await;
            if !told.is_open() {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        if wish.answers.last() == Some(&Told::Done) {
            // Whoever is not sure presses once more.
            self.ask(turn + 1, &mut wish).await;
        }
        wish
    }

    pub async fn ask(&self, turn: usize, wish: &mut Wish) -> Told {
        let who: Client = match wish.who {
            Some(person) => self.at(self.person(person), turn),
            None => self.at(&self.stage.operator(), turn),
        };
        let path = format!("/api/v1/payments/{}/refund", wish.payment);
        let headers = [("Idempotency-Key", wish.key.as_str())];
        let answer = who.post(&path, &headers, &wish.body).await.unwrap();
        let told = Told::by(&answer);
        let json = answer.json();
        let refund = json.pointer("/data/refund/id").or(json.get("refund_id"));
        wish.refunds.extend(refund.and_then(Value::as_i64));
        assert!(
            wish.refunds.len() <= 1,
            "one wish, several refunds: {wish:?}"
        );
        wish.answers.push(told);
        told
    }
}
