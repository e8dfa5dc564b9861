//! A purchase, from the first click to wherever it leads.

use std::collections::BTreeSet;
use std::time::Duration;

use bayar_sandbox::sim::{Action, ActionError};
use bayar_tests::program::Answer;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::desk;
use crate::person::{PATIENCE, Person};
use crate::plan::{Plan, Refunding};
use crate::scene::Scene;

/// A fee that both gateways take.
const PRICE: &str = "150000";

const VISA: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";

/// What somebody saw.
#[derive(Debug)]
pub struct Story {
    pub plan: Plan,
    pub order: String,
    pub payments: BTreeSet<i64>,
    /// All that was answered to requests with a key: the key, the status and the answer.
    pub told: Vec<Told>,
    /// How often the same was asked again because nothing, or nothing final, was told.
    pub asked_again: usize,
    /// How often this buyer lost patience.
    pub gave_up: usize,
    /// Whether somebody asked for money back.
    pub asked_back: bool,
    /// How often a gateway took this buyer's money.
    pub paid: usize,
    /// How long somebody who came back waited until the payment was complete.
    pub waited: Option<Duration>,
    /// The refunds that were told of at the desk.
    pub refunds: BTreeSet<i64>,
}

#[derive(Debug, Clone)]
pub struct Told {
    pub key: String,
    pub status: u16,
    pub text: String,
}

impl Story {
    pub fn note(&mut self, key: &str, answer: &Answer) {
        self.told.push(Told {
            key: key.to_owned(),
            status: answer.status,
            text: answer.text.clone(),
        });
    }
}

/// Lives the whole of a purchase.
pub async fn live(scene: &Scene, number: usize) -> Story {
    let plan = Plan::of(number);
    let person = Person::of(scene, number);
    let mut story = Story {
        plan,
        order: register(&person).await,
        payments: BTreeSet::new(),
        told: Vec::new(),
        asked_again: 0,
        gave_up: 0,
        asked_back: false,
        paid: 0,
        waited: None,
        refunds: BTreeSet::new(),
    };
    let Some(payment) = create(&person, &mut story, "first").await else {
        return story;
    };
    Buying {
        person: &person,
        story: &mut story,
        payment,
    }
    .follow(plan)
    .await;
    if story.waited.is_some()
        && let Some(refunding) = Refunding::of(number)
    {
        let payment = *story.payments.last().unwrap();
        desk::give_back(&person, &mut story, payment, refunding).await;
    }
    story
}

/// The shop has an order, and says so until it is known: a shop has all the patience there is.
async fn register(person: &Person<'_>) -> String {
    let wish = json!({
        "consultation_id": person.number + 1,
        "patient_id": person.id,
        "amount": PRICE,
        "currency": "IDR",
    });
    let service = &person.scene.service;
    loop {
        let order = person.until(async || {
            let path = "/api/v1/consultations";
            let answer = person.post_as(service, path, &[], &wish).await?;
            let known = matches!(answer.status, 200 | 201);
            let told = known.then(|| answer.json())?;
            told["data"]["order_number"].as_str().map(str::to_owned)
        });
        if let Some(order) = order.await {
            return order;
        }
    }
}

/// A payment, however often the button is pressed: once, twice, or in two tabs.
async fn create(person: &Person<'_>, story: &mut Story, which: &str) -> Option<i64> {
    let key = |tab: &str| format!("{}-{which}{tab}", person.number);
    let (one, other) = match person.below(10) {
        0..=4 => (key(""), None),
        5..=7 => (key(""), Some(key(""))),
        _ => (key("-left"), Some(key("-right"))),
    };
    if let Some(other) = other {
        let both = tokio::join!(press(person, &one), press(person, &other));
        let answers = [(&one, both.0), (&other, both.1)];
        let mut found = None;
        for (key, answer) in answers {
            let Some(answer) = answer else { continue };
            story.note(key, &answer);
            found = found.or(opened(&answer));
        }
        if let Some(payment) = found {
            story.payments.insert(payment);
        }
    }
    let mut asked = 0;
    let found = person
        .until(async || {
            asked += 1;
            let answer = press(person, &one).await?;
            story.note(&one, &answer);
            opened(&answer)
        })
        .await;
    story.asked_again += asked - 1;
    match found {
        Some(payment) => story.payments.insert(payment),
        None => {
            story.gave_up += 1;
            false
        }
    };
    found
}

async fn press(person: &Person<'_>, key: &str) -> Option<Answer> {
    let wish = json!({
        "consultation_id": person.number + 1,
        "amount": PRICE,
        "payment_method": "stripe",
    });
    let headers = [("Idempotency-Key", key)];
    person.post("/api/v1/payments", &headers, &wish).await
}

/// The payment that an answer is about, when it is final.
fn opened(answer: &Answer) -> Option<i64> {
    let told = || answer.json()["data"]["payment_id"].as_i64();
    match (answer.status, answer.code().as_deref()) {
        (201, _) | (409, Some("duplicate_payment")) => told(),
        (409, Some("payment_in_progress")) | (503, _) => None,
        _ => panic!("this answer is not expected: {answer:?}"),
    }
}

/// Somebody with a payment.
struct Buying<'a> {
    person: &'a Person<'a>,
    story: &'a mut Story,
    payment: i64,
}

impl Buying<'_> {
    async fn follow(&mut self, plan: Plan) {
        let either = if self.person.below(2) == 0 {
            ("stripe", "midtrans")
        } else {
            ("midtrans", "stripe")
        };
        match plan {
            Plan::PaysAndComesBack => {
                self.buy_at(either.0).await;
                self.come_back().await;
            }
            Plan::PaysAndNeverComesBack => {
                self.buy_at(either.0).await;
            }
            Plan::LeavesAtOnce => {}
            Plan::LeavesTheCheckout => {
                self.open(either.0).await;
            }
            Plan::CancelsIt => {
                self.open(either.0).await;
                self.cancel().await;
            }
            Plan::CancelsItAndBuysAgain => {
                self.open(either.0).await;
                if self.cancel().await
                    && let Some(payment) = create(self.person, self.story, "again").await
                {
                    self.payment = payment;
                    self.buy_at(either.1).await;
                }
                self.come_back().await;
            }
            Plan::SwitchesAndPays => {
                self.open(either.0).await;
                self.buy_at(either.1).await;
                self.come_back().await;
            }
            Plan::SwitchesTwiceAndPays => {
                self.open(either.0).await;
                self.open(either.1).await;
                self.buy_at(either.0).await;
                self.come_back().await;
            }
            Plan::PaysLate => {
                let wallet = self.choose_a_wallet().await;
                self.cancel().await;
                self.pay_late(wallet);
                self.person.refresh(self.payment).await;
            }
            Plan::PaysTwice => {
                let wallet = self.choose_a_wallet().await;
                self.buy_at("stripe").await;
                self.person.pause(500).await;
                self.pay_late(wallet);
                self.come_back().await;
            }
            Plan::IsDeclinedAndPays => {
                if self.open("stripe").await {
                    let order = self.story.order.clone();
                    let session = order.clone();
                    let card = DECLINED.to_owned();
                    let _ = self.act(Action::StripePayCard { session, card });
                    self.person.refresh(self.payment).await;
                }
                self.buy_at("stripe").await;
                self.come_back().await;
            }
            Plan::PaysByABankThatTakesItsTime => {
                self.open("stripe").await;
                let session = self.story.order.clone();
                let chosen = Action::StripePayBank {
                    session: session.clone(),
                };
                if self.act(chosen).is_ok() {
                    sleep(Duration::from_secs(1 + self.person.below(4))).await;
                    let ends = Action::StripeBankEnds {
                        session,
                        came: true,
                    };
                    self.story.paid += usize::from(self.act(ends).is_ok());
                } else {
                    self.buy_at("stripe").await;
                }
                self.come_back().await;
            }
        }
    }

    fn act(&self, action: Action) -> Result<Value, ActionError> {
        self.person.scene.gateways.act(action)
    }

    /// Presses the button until a checkout is there. No, when there is nothing to pay any more.
    async fn open(&mut self, gateway: &str) -> bool {
        let (person, payment) = (self.person, self.payment);
        let wish = json!({ "gateway": gateway });
        let path = format!("/api/v1/payments/{payment}/process");
        let mut again = 0;
        let is_open = person
            .until(async || {
                let answer = person.post(&path, &[], &wish).await;
                again += 1;
                let answer = answer?;
                match (answer.status, answer.code().as_deref()) {
                    (200, _) => Some(true),
                    (409, Some("payment_not_payable")) => Some(false),
                    // Nobody knows yet, somebody else is at it, or the gateway is not to be reached.
                    (202 | 409 | 502 | 503, _) => None,
                    _ => panic!("{}: {}", answer.status, answer.text),
                }
            })
            .await;
        self.story.asked_again += again - 1;
        self.story.gave_up += usize::from(is_open.is_none());
        is_open == Some(true)
    }

    /// Opens a checkout and pays there: another one, where somebody closed it in between.
    async fn buy_at(&mut self, gateway: &str) {
        let begun = Instant::now();
        while self.open(gateway).await {
            self.person.pause(400).await;
            if let Some(back) = self.pay(gateway) {
                self.story.paid += 1;
                if self.story.plan != Plan::PaysAndNeverComesBack {
                    self.person.visit(&back).await;
                }
                return;
            }
            if begun.elapsed() > PATIENCE {
                self.story.gave_up += 1;
                return;
            }
        }
    }

    /// Types a card or takes the wallet. Answers where that leads.
    fn pay(&self, gateway: &str) -> Option<String> {
        let order = self.story.order.as_str();
        if gateway == "midtrans" {
            let gateways = &self.person.scene.gateways;
            return gateways
                .pay_midtrans(order, "gopay")
                .ok()
                .map(|_| String::new());
        }
        let typed = Action::StripePayCard {
            session: order.to_owned(),
            card: VISA.to_owned(),
        };
        let done = self.act(typed).ok()?;
        Some(done["redirect"].as_str().unwrap_or_default().to_owned())
    }

    /// Begins to pay with a wallet.
    async fn choose_a_wallet(&mut self) -> Option<String> {
        self.open("midtrans").await;
        let chosen = self.act(Action::MidtransChoose {
            page: self.story.order.clone(),
            method: "gopay".to_owned(),
        });
        let chosen = chosen.ok()?;
        chosen["transaction_id"].as_str().map(str::to_owned)
    }

    /// The wallet is paid after all, whatever became of its page.
    fn pay_late(&mut self, wallet: Option<String>) {
        let Some(transaction) = wallet else { return };
        let late = Action::MidtransPay {
            transaction,
            late: true,
        };
        self.story.paid += usize::from(self.act(late).is_ok());
    }

    /// Calls it off. Whether it is off, and not paid meanwhile.
    async fn cancel(&mut self) -> bool {
        let (person, payment) = (self.person, self.payment);
        let path = format!("/api/v1/payments/{payment}/cancel");
        let is_off = person
            .until(async || {
                let answer = person.post(&path, &[], &json!({})).await?;
                match (answer.status, answer.code().as_deref()) {
                    (200, _) => Some(true),
                    (409, Some("payment_in_progress" | "payment_being_checked")) => None,
                    (409, _) => Some(false),
                    (202 | 503, _) => None,
                    _ => panic!("{}: {}", answer.status, answer.text),
                }
            })
            .await;
        self.story.gave_up += usize::from(is_off.is_none());
        is_off == Some(true)
    }

    /// Looks at the page until the payment is complete, and asks the gateway now and then.
    async fn come_back(&mut self) {
        let begun = Instant::now();
        for look in 1_usize.. {
            let status = self.person.status(self.payment).await;
            if matches!(
                status.as_deref(),
                Some("completed" | "partially_refunded" | "refunded")
            ) {
                self.story.waited = Some(begun.elapsed());
                return;
            }
            if begun.elapsed() > PATIENCE {
                self.story.gave_up += 1;
                return;
            }
            if look.is_multiple_of(3) {
                self.person.refresh(self.payment).await;
            }
            sleep(Duration::from_millis(300 + self.person.below(500))).await;
        }
    }
}
