//! Orders are made and paid, over HTTP.

use bayar_sandbox::sim::Action;
use serde_json::{Value, json};

use super::{PRICE, Stage};
use crate::program::{Answer, wait_until};

/// An order with its payment.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// What is paid for.
    pub consultation: i64,
    /// The number of the order.
    pub number: String,
    /// The payment's id.
    pub payment: i64,
    /// The page with the button.
    pub process_url: String,
}

/// Where a buyer can pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// The gateway's page.
    pub url: String,
    /// Whose it is.
    pub gateway: String,
    /// The attempt it belongs to.
    pub attempt: i64,
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
    /// A new consultation, and a payment for its fee.
    pub async fn order(&mut self) -> Ordered {
        self.order_in("IDR", PRICE).await
    }

    /// The same in a currency, for a price.
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

    /// The application registers the fee of a consultation.
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

    /// The buyer asks for a payment of a fee.
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

    /// Presses the button.
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
}
