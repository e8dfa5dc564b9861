//! One attempt at one account, and the gateway it was made with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bayar_app::port::Random;
use bayar_app::port::gateway::PaymentGateway as _;
use bayar_app::port::gateway::{AskedRefund, Call, CallError, Place, Request, Sent};
use bayar_app::port::store::{CallKey, Operation};
use bayar_domain::gateway::{AccountRef, CaptureId, Session, SessionRef, Source};
use bayar_domain::{AttemptId, Currency, Fact, Gateway, Mode, Money, Proof, RefundId};
use bayar_midtrans::{MidtransConfig, MidtransGateway, Retries, Timeouts};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use super::Server;

pub const SERVER_KEY: &str = "SB-Mid-server-abc123";
pub const KEY: &str = "by-shop0001-00112233445566778899";
pub const TRANSACTION: &str = "57d5293c-e65f-4a29-95e4-5959c3fa335b";
pub const TOKEN: &str = "66e4fa55-fdac-4ef9-91b5-733b97d1b862";

/// Bytes of which no two that follow each other are the same.
#[derive(Default)]
struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// So many rupiah.
pub fn idr(rupiah: i64) -> Money {
    Money::new(rupiah * 100, Currency::Idr)
}

pub struct Fixture {
    pub gateway: MidtransGateway,
    pub source: Source,
    pub key: CallKey,
    pub session: Option<Session>,
    pub facts: Vec<Fact>,
    pub refunds: Vec<AskedRefund>,
    pub opened_at: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

impl Fixture {
    /// 18 July 2025, 04:07 UTC: a minute after the attempt was opened for an hour.
    pub fn at(server: &Server) -> Self {
        Self::at_base(&server.base)
    }

    pub fn at_base(base: &str) -> Self {
        Self::within(base, Duration::from_secs(5))
    }

    /// With so much time for all requests of one call together.
    pub fn within(base: &str, whole: Duration) -> Self {
        let merchant = AccountRef::new("G141532850").unwrap();
        let config = MidtransConfig {
            server_key: SecretString::from(format!(" {SERVER_KEY}\n")),
            snap_base: base.to_owned(),
            api_base: format!("{base}/"),
            mode: Mode::Test,
            merchant: Some(merchant.clone()),
            timeouts: Timeouts {
                connect: Duration::from_secs(2),
                answer: Duration::from_secs(1),
                budget: Duration::from_secs(5),
                whole,
            },
            retries: Retries {
                most: 2,
                pause: Duration::from_millis(4),
            },
        };
        let now = DateTime::from_timestamp(1_752_811_620, 0).unwrap();
        let random = Arc::new(Counting::default());
        Self {
            gateway: MidtransGateway::new(config, random).unwrap(),
            source: Source {
                gateway: Gateway::Midtrans,
                account: merchant,
                mode: Mode::Test,
            },
            key: CallKey::new(KEY).unwrap(),
            session: None,
            facts: Vec::new(),
            refunds: Vec::new(),
            opened_at: now - TimeDelta::minutes(1),
            now,
        }
    }

    pub fn with_page(mut self) -> Self {
        self.session = Some(Session {
            reference: SessionRef::new(TOKEN).unwrap(),
            url: format!("https://snap.example/{TOKEN}"),
            expires_at: self.dead_at(),
        });
        self
    }

    pub fn with_proof(mut self, proof: Proof) -> Self {
        let fact = Fact::new(attempt(), self.source.clone(), proof, self.now).unwrap();
        self.facts.push(fact);
        self
    }

    pub fn with_captured(self) -> Self {
        self.with_proof(Proof::Captured {
            capture: CaptureId::new(TRANSACTION).unwrap(),
            amount: idr(10_000),
        })
    }

    pub fn with_challenged(self) -> Self {
        self.with_proof(Proof::Challenged {
            capture: CaptureId::new(TRANSACTION).unwrap(),
            amount: idr(10_000),
        })
    }

    pub fn with_failed_refund(self, id: i64, key: &str, rupiah: i64) -> Self {
        let mut fixture = self.with_refund(id, key, rupiah);
        let failed = fixture.refunds.last_mut();
        failed.unwrap().has_failed = true;
        fixture
    }

    /// One that was withdrawn before it was sent.
    pub fn with_refund_that_never_left(self, id: i64, key: &str, rupiah: i64) -> Self {
        let mut fixture = self.with_failed_refund(id, key, rupiah);
        let unsent = fixture.refunds.last_mut();
        unsent.unwrap().may_be_done = false;
        fixture
    }

    pub fn with_refund(mut self, id: i64, key: &str, rupiah: i64) -> Self {
        self.refunds.push(AskedRefund {
            refund: RefundId::new(id).unwrap(),
            key: CallKey::new(key).unwrap(),
            capture: CaptureId::new(TRANSACTION).unwrap(),
            amount: idr(rupiah),
            has_failed: false,
            may_be_done: true,
        });
        self
    }

    /// So long after nobody can pay any more.
    pub fn after_the_end(mut self, by: TimeDelta) -> Self {
        self.now = self.dead_at() + by;
        self
    }

    pub fn dead_at(&self) -> DateTime<Utc> {
        self.opened_at + TimeDelta::hours(1)
    }

    pub fn place(&self) -> Place<'_> {
        Place {
            attempt: attempt(),
            source: &self.source,
            opened_by: &self.key,
            opened_with: "",
            opened_at: self.opened_at,
            dead_at: self.dead_at(),
            session: self.session.as_ref(),
            facts: &self.facts,
            refunds: &self.refunds,
            amount: idr(10_000),
            now: self.now,
        }
    }

    pub async fn send(&self, operation: Operation, request: &Request) -> Result<Sent, CallError> {
        let key = match operation {
            Operation::Open => self.key.clone(),
            Operation::Close | Operation::Answer | Operation::Refund => {
                CallKey::new("by-shop0001-refund").unwrap()
            }
        };
        let place = self.place();
        let call = Call {
            key: &key,
            operation,
            request,
            place: &place,
        };
        self.gateway.send(&call).await
    }
}

fn attempt() -> AttemptId {
    AttemptId::new(12).unwrap()
}

pub fn request(path: &str, body: &str) -> Request {
    Request {
        path: path.to_owned(),
        body: body.to_owned(),
        good_until: DateTime::UNIX_EPOCH,
    }
}

/// The answer that tells of the transaction. `fields` are more of it, and win.
pub fn transaction(status: &str, fields: &str) -> String {
    let mut json: serde_json::Value = serde_json::json!({
        "status_code": "200",
        "status_message": "Success, transaction is found",
        "transaction_id": TRANSACTION,
        "order_id": KEY,
        "merchant_id": "G141532850",
        "gross_amount": "10000.00",
        "currency": "IDR",
        "payment_type": "credit_card",
        "transaction_time": "2025-07-18 11:06:30",
        "transaction_status": status,
        "masked_card": "48111111-1114",
    });
    let more: serde_json::Value = serde_json::from_str(&format!("{{{fields}}}")).unwrap();
    for (name, value) in more.as_object().unwrap() {
        json[name] = value.clone();
    }
    json.to_string()
}
