//! What a cell is about: an order that is ready for its operation, the request for it, and what has to be true after.

use std::io;

use bayar_sandbox::sim::Action;
use bayar_tests::program::{Answer, Client};
use bayar_tests::stage::{Ordered, PRICE_MINOR, Stage};
use serde_json::{Value, json};

use crate::cells::{Cell, Gateway, Operation};
use crate::lane::Lane;

/// A part of the price: of all of it a gateway gives back no more than once by itself.
const PART: &str = "50000";
const PART_MINOR: i64 = 5_000_000;

/// Midtrans counts whole rupiah.
const MINOR: i64 = 100;

#[derive(Clone)]
pub struct Subject {
    pub cell: Cell,
    pub order: Ordered,
    path: String,
    body: Value,
    key: String,
    who: Client,
}

impl Subject {
    /// An order that is ready.
    pub async fn prepared(lane: &mut Lane, cell: Cell) -> Self {
        let stage = &mut lane.stage;
        let order = stage.order().await;
        let mut body = json!({});
        match cell.operation {
            Operation::Checkout => body = json!({ "gateway": cell.gateway.method() }),
            Operation::Confirm => {
                stage.open(order.payment, cell.gateway.method()).await;
                pay(stage, &order, cell.gateway);
                let capture = stage.book().captures(&order.number)[0].id.clone();
                body = json!({ "transaction_id": capture });
            }
            Operation::Cancel => {
                stage.open(order.payment, cell.gateway.method()).await;
            }
            Operation::Refund => {
                stage.open(order.payment, cell.gateway.method()).await;
                pay(stage, &order, cell.gateway);
                stage.must_become(order.payment, "completed").await;
                body = json!({ "amount": PART, "reason": "the doctor was ill" });
            }
            Operation::Surplus => pay_twice(stage, &order, cell.gateway).await,
        }
        let what = match cell.operation {
            Operation::Checkout => "process",
            Operation::Confirm => "confirm",
            Operation::Cancel => "cancel",
            Operation::Refund => "refund",
            Operation::Surplus => "refresh",
        };
        lane.let_turns_end().await;
        let stage = &lane.stage;
        Self {
            path: format!("/api/v1/payments/{}/{what}", order.payment),
            body,
            key: format!("wish-{}", order.payment),
            who: match cell.operation {
                Operation::Refund => stage.operator(),
                _ => stage.customer(),
            },
            cell,
            order,
        }
    }

    /// The same request, each time.
    pub async fn ask(&self, server: std::net::SocketAddr) -> io::Result<Answer> {
        let headers = [("Idempotency-Key", self.key.as_str())];
        let who = self.who.at(server);
        who.post(&self.path, &headers, &self.body).await
    }

    /// What a client is told for good. Nothing, where it is told that it is not known yet, or to come again.
    pub fn result(&self, answer: &Answer) -> Option<Value> {
        if answer.status != 200 {
            let problem = || answer.code().unwrap_or_default();
            let is_honest = match answer.status {
                202 => true,
                409 => problem() == "payment_in_progress",
                503 => ["service_unavailable", "gateway_unavailable"].contains(&problem().as_str()),
                _ => false,
            };
            assert!(is_honest, "{}: {}", answer.status, answer.text);
            return None;
        }
        let told = &answer.json()["data"];
        match self.cell.operation {
            Operation::Checkout => Some(json!([
                told["attempt"],
                told["checkout_url"],
                told["expires_at"]
            ])),
            Operation::Confirm => Some(json!([told["payment"]["id"], told["status"]])),
            Operation::Cancel => Some(json!([told["id"], told["status"]])),
            Operation::Refund => Some(json!([told["refund"]["id"], told["refund_amount"]])),
            // It says where the payment stands, which no refund of surplus changes.
            Operation::Surplus => {
                let asked = told["asked"] == json!(true);
                asked.then(|| json!([told["payment"]["id"], told["payment"]["status"]]))
            }
        }
    }

    /// The result as it has to be.
    pub fn must_be_right(&self, result: &Value) {
        let payment = self.order.payment;
        match self.cell.operation {
            Operation::Checkout => assert!(result[0].is_i64() && result[1].is_string(), "{result}"),
            Operation::Confirm | Operation::Surplus => {
                assert_eq!(*result, json!([payment, "completed"]));
            }
            Operation::Cancel => assert_eq!(*result, json!([payment, "cancelled"])),
            Operation::Refund => {
                assert!(result[0].is_i64(), "{result}");
                assert_eq!(result[1], json!("50000.00"));
            }
        }
    }

    /// By the gateways' own book and by the tables: it was done, and once.
    pub async fn must_be_true(&self, lane: &Lane) {
        let (stage, order) = (&lane.stage, &self.order);
        let keys = stage.book().keys(&order.number, self.cell.request()).len();
        let status = stage.stored_status(order.payment).await;
        let count = async |table: &str| {
            let count = format!(
                "SELECT count(*) FROM {table} WHERE order_id = (SELECT id FROM orders WHERE order_number = $1)"
            );
            let row = lane.database().query_one(&count, &[&order.number]).await;
            row.unwrap().get::<_, i64>(0)
        };
        match self.cell.operation {
            Operation::Checkout => {
                assert_eq!(stage.opened(order), 1, "checkouts");
                assert_eq!(keys, 1, "keys");
                assert_eq!(count("attempts").await, 1, "attempts");
                assert_eq!(status, "processing");
            }
            Operation::Confirm => {
                assert_eq!(status, "completed");
                assert_eq!(stage.times(order.payment, "completed").await, 1);
                stage.must_have_kept(order, 1);
            }
            Operation::Cancel => {
                assert_eq!(status, "cancelled");
                assert_eq!(stage.times(order.payment, "cancelled").await, 1);
                stage.must_have_kept(order, 0);
                let sessions = stage.book().sessions(&order.number);
                assert!(
                    sessions.iter().all(|span| span.until.is_some()),
                    "{sessions:?}"
                );
            }
            Operation::Refund => {
                assert_eq!(keys, 1, "keys");
                assert_eq!(count("refunds").await, 1, "refunds");
                self.must_have_gone_back(stage, PART_MINOR);
            }
            Operation::Surplus => {
                assert_eq!(keys, 1, "keys");
                assert_eq!(count("refunds").await, 1, "refunds");
                assert_eq!(status, "completed");
                assert_eq!(stage.times(order.payment, "completed").await, 1);
                assert_eq!(stage.book().captures(&order.number).len(), 2, "captures");
                stage.must_have_kept(order, 1);
                self.must_have_gone_back(stage, PRICE_MINOR);
            }
        }
    }

    /// So much went back at the gateway that the cell is about, and nothing at the other one.
    fn must_have_gone_back(&self, stage: &Stage, minor: i64) {
        use bayar_sandbox::sim::Gateway as At;
        for capture in stage.book().captures(&self.order.number) {
            let (gateway, unit) = match capture.gateway {
                At::Stripe => (Gateway::Stripe, 1),
                At::Midtrans => (Gateway::Midtrans, MINOR),
            };
            let wanted = if gateway == self.cell.gateway {
                minor
            } else {
                0
            };
            assert_eq!(capture.refunded * unit, wanted, "{capture:?}");
        }
    }

    /// What is left to do is done: nothing is stuck.
    pub async fn must_go_on(&self, lane: &Lane) {
        if self.cell.operation == Operation::Checkout {
            pay(&lane.stage, &self.order, self.cell.gateway);
            lane.stage
                .must_become(self.order.payment, "completed")
                .await;
            lane.stage.must_have_kept(&self.order, 1);
        }
    }
}

fn pay(stage: &Stage, order: &Ordered, gateway: Gateway) {
    match gateway {
        Gateway::Stripe => stage.pay_stripe(order),
        Gateway::Midtrans => stage.pay_midtrans(order),
    }
}

/// Money at both gateways, of which that at `surplus` is one too many, and nobody knows of it yet.
async fn pay_twice(stage: &Stage, order: &Ordered, surplus: Gateway) {
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "gopay".to_owned(),
    });
    let transaction = chosen["transaction_id"].as_str().unwrap().to_owned();
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(order);
    if surplus == Gateway::Midtrans {
        stage.must_become(order.payment, "completed").await;
    }
    // What is known first, or asked about first, pays the order.
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
}
