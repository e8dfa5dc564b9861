use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::PaymentGateway;
use bayar_domain::gateway::{Mode, Session};
use bayar_domain::{Currency, Money};
use bayar_sandbox::sim::{Action, Handle, Rule, SimConfig, Simulator};
use bayar_stripe::{Retries, StripeConfig, StripeGateway, Timeouts};
use bayar_testkit::contract::gateway::{At, GatewayStage, Totals, Trouble};
use bayar_testkit::random::SeededRandom;
use chrono::{DateTime, Utc};

use crate::clock;
use crate::trouble::fault;

bayar_testkit::gateway_contract!(fresh);
bayar_testkit::gateway_book_contract!(fresh);

const KEY: &str = "sk_test_simulated";

struct Stage {
    simulator: Simulator,
    handle: Handle,
    port: Arc<dyn PaymentGateway>,
}

async fn fresh() -> Stage {
    let simulator = Simulator::start(SimConfig::default()).unwrap();
    Stage {
        handle: simulator.handle(),
        port: port(&simulator.stripe_base(), KEY),
        simulator,
    }
}

fn port(base: &str, key: &str) -> Arc<dyn PaymentGateway> {
    let config = StripeConfig {
        api_base: base.to_owned(),
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            total: Duration::from_millis(500),
        },
        retries: Retries {
            at_most: 1,
            first_pause: Duration::from_millis(5),
            longest_pause: Duration::from_millis(10),
            budget: Duration::from_secs(3),
        },
        ..StripeConfig::new(key.into(), Mode::Test)
    };
    Arc::new(StripeGateway::new(config, Arc::new(SeededRandom::new(1))).unwrap())
}

impl Stage {
    fn pay_with(&self, session: &Session, card: &str) -> bool {
        let paid = self.handle.act(Action::StripePayCard {
            session: session.reference.to_string(),
            card: card.to_owned(),
        });
        paid.is_ok()
    }
}

#[async_trait]
impl GatewayStage for Stage {
    fn port(&self) -> Arc<dyn PaymentGateway> {
        Arc::clone(&self.port)
    }

    fn stranger(&self) -> Arc<dyn PaymentGateway> {
        port(&self.simulator.stripe_base(), "sk_test_stranger")
    }

    fn nobody(&self) -> Arc<dyn PaymentGateway> {
        port("http://127.0.0.1:1", KEY)
    }

    fn amount(&self) -> Money {
        Money::new(500_000, Currency::Php)
    }

    fn unfit_amount(&self) -> Money {
        // Stripe takes dinars in tenths of a cent whose last digit is zero.
        Money::new(10_001, Currency::Kwd)
    }

    fn now(&self) -> DateTime<Utc> {
        clock::now(&self.handle)
    }

    async fn pass(&self, time: Duration) {
        self.handle.advance(time).await.unwrap();
    }

    async fn pay(&self, session: &Session) -> bool {
        self.pay_with(session, "4242424242424242")
    }

    async fn decline(&self, session: &Session) {
        assert!(!self.pay_with(session, "4000000000000002"), "it was taken");
    }

    async fn refund_by_hand(&self, session: &Session, amount: Money) {
        let refund = Action::StripeRefund {
            payment_intent: session.reference.to_string(),
            amount: Some(amount.minor()),
        };
        self.handle.act(refund).unwrap();
    }

    async fn dispute(&self, session: &Session) {
        let dispute = Action::StripeDispute {
            payment_intent: session.reference.to_string(),
            reason: "fraudulent".to_owned(),
            amount: None,
        };
        self.handle.act(dispute).unwrap();
    }

    async fn trouble(&self, at: At, trouble: Trouble) {
        let operation = match at {
            At::Open => "checkout_session.create",
            At::Close => "checkout_session.expire",
            At::Refund => "refund.create",
            At::Read => "checkout_session.retrieve",
        };
        let fault = fault(trouble);
        self.handle
            .add_fault(Rule::next(fault).at(operation))
            .unwrap();
    }

    async fn calm(&self) {
        self.handle.clear_faults().unwrap();
    }

    fn secrets(&self) -> Vec<String> {
        vec![KEY.to_owned(), "sk_test_stranger".to_owned()]
    }

    async fn book(&self) -> Totals {
        let book = self.handle.book();
        let sessions: usize = book
            .orders()
            .iter()
            .map(|order| book.sessions(order).len())
            .sum();
        let captures = book.all_captures();
        Totals {
            opened: sessions,
            captured: captures.iter().map(|capture| capture.amount).sum(),
            refunded: captures.iter().map(|capture| capture.refunded).sum(),
        }
    }
}
