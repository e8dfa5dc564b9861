use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::PaymentGateway;
use bayar_domain::gateway::{AccountRef, Mode, Session};
use bayar_domain::{Currency, Money};
use bayar_midtrans::{MidtransConfig, MidtransGateway, Retries, Timeouts};
use bayar_sandbox::sim::{Action, Handle, Rule, SimConfig, Simulator};
use bayar_testkit::contract::gateway::{At, GatewayStage, Totals, Trouble};
use bayar_testkit::random::SeededRandom;
use chrono::{DateTime, Utc};

use crate::clock;
use crate::trouble::fault;

bayar_testkit::gateway_contract!(fresh);

const KEY: &str = "SB-Mid-server-simulated";
const STRANGER: &str = "SB-Mid-server-stranger";

#[tokio::test]
async fn midtrans_keeps_no_list() {
    assert!(fresh().await.port().book().is_none());
}

struct Stage {
    simulator: Simulator,
    handle: Handle,
    port: Arc<dyn PaymentGateway>,
}

async fn fresh() -> Stage {
    let simulator = Simulator::start(SimConfig::default()).unwrap();
    let handle = simulator.handle();
    Stage {
        port: port(&simulator.url(), KEY),
        handle,
        simulator,
    }
}

fn port(base: &str, key: &str) -> Arc<dyn PaymentGateway> {
    let config = MidtransConfig {
        server_key: key.into(),
        snap_base: base.to_owned(),
        api_base: base.to_owned(),
        mode: Mode::Test,
        // Two keys of one merchant: only the gateway can tell that one of them is none.
        merchant: Some(AccountRef::new("G000000001").unwrap()),
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            answer: Duration::from_millis(500),
            budget: Duration::from_secs(3),
            whole: Duration::from_secs(10),
        },
        retries: Retries {
            most: 1,
            pause: Duration::from_millis(5),
        },
    };
    let random = Arc::new(SeededRandom::new(1));
    Arc::new(MidtransGateway::new(config, random).unwrap())
}

#[async_trait]
impl GatewayStage for Stage {
    fn port(&self) -> Arc<dyn PaymentGateway> {
        Arc::clone(&self.port)
    }

    fn stranger(&self) -> Arc<dyn PaymentGateway> {
        port(&self.simulator.url(), STRANGER)
    }

    fn nobody(&self) -> Arc<dyn PaymentGateway> {
        port("http://127.0.0.1:1", KEY)
    }

    fn amount(&self) -> Money {
        Money::new(15_000_000, Currency::Idr)
    }

    fn unfit_amount(&self) -> Money {
        Money::new(15_000_050, Currency::Idr)
    }

    fn now(&self) -> DateTime<Utc> {
        clock::now(&self.handle)
    }

    async fn pass(&self, time: Duration) {
        self.handle.advance(time).await.unwrap();
    }

    async fn pay(&self, session: &Session) -> bool {
        let page = session.reference.to_string();
        self.handle.pay_midtrans(&page, "gopay").is_ok()
    }

    async fn decline(&self, session: &Session) {
        let page = session.reference.to_string();
        let declined = self.handle.pay_midtrans_card(&page, "4911111111111113");
        let status = declined.ok().and_then(|told| {
            let status = told.get("transaction_status")?;
            status.as_str().map(ToOwned::to_owned)
        });
        assert!(status.is_none_or(|status| status == "deny"), "it was taken");
    }

    async fn refund_by_hand(&self, session: &Session, amount: Money) {
        let refund = Action::MidtransRefund {
            transaction: self.transaction(session),
            amount: Some(amount.minor() / 100),
        };
        self.handle.act(refund).unwrap();
    }

    async fn dispute(&self, session: &Session) {
        let chargeback = Action::MidtransChargeback {
            transaction: self.transaction(session),
            amount: None,
        };
        self.handle.act(chargeback).unwrap();
    }

    async fn trouble(&self, at: At, trouble: Trouble) {
        let operation = match at {
            At::Open => "snap.create",
            At::Close => "snap.cancel",
            At::Refund => "core.refund",
            At::Read => "core.status",
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
        vec![KEY.to_owned(), STRANGER.to_owned()]
    }

    async fn book(&self) -> Totals {
        let book = self.handle.book();
        let orders = book.orders();
        let opened = orders.iter().flat_map(|order| book.sessions(order));
        let captures = book.all_captures();
        // The book is in the gateway's own unit, which is the whole rupiah.
        Totals {
            opened: opened.count(),
            captured: captures.iter().map(|capture| capture.amount * 100).sum(),
            refunded: captures.iter().map(|capture| capture.refunded * 100).sum(),
        }
    }
}

impl Stage {
    /// The transaction that was begun on a page.
    fn transaction(&self, session: &Session) -> String {
        let book = self.handle.book();
        let reference = session.reference.to_string();
        let captures = book.all_captures();
        let of_page = captures
            .into_iter()
            .find(|capture| capture.session.as_ref() == Some(&reference));
        of_page.expect("it was paid").id
    }
}
