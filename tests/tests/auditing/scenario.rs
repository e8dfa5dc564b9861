//! A few orders that went different ways, played with the program and the simulated gateways.

use bayar_auditor::{Book, ClientLog, Database, Ledger, Options, Report, audit};
use bayar_sandbox::sim::Action;
use bayar_tests::program::Store;
use bayar_tests::stage::{Ordered, Stage};
use chrono::DateTime;
use serde_json::{Value, json};

use crate::pages::Pages;

pub struct Scenario {
    pub stage: Stage,
    pub pages: Pages,
    /// Paid at Stripe.
    pub paid: Ordered,
    /// Paid, and a part went back at the dashboard.
    pub part: Ordered,
    /// Paid, and all of it went back at the dashboard.
    pub whole: Ordered,
    /// Paid at both gateways: one of them went back.
    pub twice: Ordered,
    /// A checkout was opened, and then it was called off.
    pub cancelled: Ordered,
    /// A checkout at Midtrans can be paid.
    pub open: Ordered,
    /// Nobody has tried to pay it.
    pub waiting: Ordered,
    /// What the client was told of the paid one.
    pub told: Value,
}

impl Scenario {
    pub async fn play(mut stage: Stage) -> Self {
        let paid = paid(&mut stage).await;
        let part = paid_and_refunded(&mut stage, Some(5_000_000), "partially_refunded").await;
        let whole = paid_and_refunded(&mut stage, None, "refunded").await;

        let twice = stage.order().await;
        stage.open(twice.payment, "midtrans").await;
        let chosen = stage.act(Action::MidtransChoose {
            page: twice.number.clone(),
            method: "gopay".to_owned(),
        });
        let transaction = chosen["transaction_id"].as_str().unwrap().to_owned();
        stage.open(twice.payment, "stripe").await;
        stage.pay_stripe(&twice);
        stage.must_become(twice.payment, "completed").await;
        let late = true;
        stage.act(Action::MidtransPay { transaction, late });
        stage.refresh(twice.payment).await;
        stage.refresh(twice.payment).await;
        stage.must_have_kept(&twice, 1);

        let cancelled = stage.order().await;
        stage.open(cancelled.payment, "stripe").await;
        let answer = stage.post(cancelled.payment, "cancel", &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);

        let open = stage.order().await;
        stage.open(open.payment, "midtrans").await;
        let waiting = stage.order().await;
        let path = format!("/api/v1/payments/{}", paid.payment);
        let told = stage.customer().get(&path).await.unwrap().json();
        Self {
            pages: Pages::of(&stage.book()),
            told: told["data"].clone(),
            stage,
            paid,
            part,
            whole,
            twice,
            cancelled,
            open,
            waiting,
        }
    }

    pub fn options(&self) -> Options {
        let last = self.stage.book().records().last().unwrap().real;
        let last = DateTime::from_timestamp_millis(last).unwrap();
        // All news was waited for.
        Options::settled(last + chrono::TimeDelta::seconds(5))
    }

    pub fn database(&self) -> Database {
        match self.stage.installation.database_url() {
            Some(url) => Database::Postgres(url.to_owned()),
            None => Database::Sqlite(self.stage.installation.data_dir().join("bayar.sqlite")),
        }
    }

    pub async fn ledger(&self) -> Ledger {
        Ledger::read(&self.database()).await.unwrap()
    }

    pub fn audit(&self, ledger: &Ledger, book: &Book, clients: Option<&ClientLog>) -> Report {
        audit(ledger, book, clients, &self.options())
    }

    pub fn client(&self) -> &tokio_postgres::Client {
        match &self.stage.store {
            Store::Postgres(client) => client,
            Store::Sqlite(_) => panic!("this is no server"),
        }
    }
}

async fn paid(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    order
}

async fn paid_and_refunded(stage: &mut Stage, amount: Option<i64>, becomes: &str) -> Ordered {
    let order = paid(stage).await;
    stage.act(Action::StripeRefund {
        payment_intent: order.number.clone(),
        amount,
    });
    stage.must_become(order.payment, becomes).await;
    order
}
