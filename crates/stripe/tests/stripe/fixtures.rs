//! What the tests share: a gateway with little patience, and Stripe's objects with no more in them than is needed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::Random;
use bayar_app::port::gateway::{
    Call, CallError, Checkout, CheckoutRecord, FaultKind, Line, PaymentGateway as _, Place,
    Request, Sent,
};
use bayar_app::port::store::{CallKey, Installation, Operation};
use bayar_domain::gateway::{AccountRef, Session, SessionRef, Source};
use bayar_domain::{AttemptId, Currency, Gateway, Mode, Money, OrderNumber, PaymentId};
use bayar_stripe::{Retries, StripeConfig, StripeGateway, Timeouts};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::server::Server;

/// It stands in nothing but the header.
pub const SECRET_KEY: &str = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";

pub const KEY: &str = "by-abcdefgh-00112233445566778899";

/// 18 July 2025, 04:07.
pub const NOW: i64 = 1_752_811_620;

pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(NOW + seconds, 0).unwrap()
}

pub const fn php(minor: i64) -> Money {
    Money::new(minor, Currency::Php)
}

/// The middle of whatever is drawn.
pub struct Middle;

impl Random for Middle {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0x80);
    }
}

pub fn config(base: &str) -> StripeConfig {
    StripeConfig {
        api_base: base.to_owned(),
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            total: Duration::from_secs(5),
        },
        retries: Retries {
            at_most: 2,
            first_pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(4),
            budget: Duration::from_secs(10),
        },
        ..StripeConfig::new(SECRET_KEY.into(), Mode::Test)
    }
}

pub fn gateway(server: &Server) -> StripeGateway {
    StripeGateway::new(config(&server.base), Arc::new(Middle)).unwrap()
}

/// A gateway that waits for an answer no longer than it has to in a test.
pub fn hasty(server: &Server) -> StripeGateway {
    let config = StripeConfig {
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            total: Duration::from_millis(150),
        },
        ..config(&server.base)
    };
    StripeGateway::new(config, Arc::new(Middle)).unwrap()
}

pub fn installation() -> Installation {
    Installation::new("abcdefgh").unwrap()
}

pub fn key() -> CallKey {
    CallKey::new(KEY).unwrap()
}

pub fn attempt() -> AttemptId {
    AttemptId::new(7).unwrap()
}

pub fn source() -> Source {
    Source {
        gateway: Gateway::Stripe,
        account: AccountRef::new("acct_1").unwrap(),
        mode: Mode::Test,
    }
}

/// The parts of a place, which only lends them.
pub struct Where {
    pub source: Source,
    pub key: CallKey,
    pub session: Option<Session>,
    pub now: DateTime<Utc>,
}

impl Where {
    pub fn unknown() -> Self {
        Self {
            source: source(),
            key: key(),
            session: None,
            now: at(60),
        }
    }

    pub fn known() -> Self {
        let session = Session {
            reference: SessionRef::new("cs_test_1").unwrap(),
            url: "https://checkout.example/known".to_owned(),
            expires_at: at(3_600),
        };
        Self {
            session: Some(session),
            ..Self::unknown()
        }
    }

    pub fn place(&self) -> Place<'_> {
        Place {
            attempt: attempt(),
            source: &self.source,
            opened_by: &self.key,
            opened_with: "",
            opened_at: at(0),
            dead_at: at(3_600),
            session: self.session.as_ref(),
            facts: &[],
            refunds: &[],
            amount: php(560_000),
            now: self.now,
        }
    }
}

/// Sends a request as it is stored.
pub async fn send(
    gateway: &StripeGateway,
    operation: Operation,
    request: &Request,
) -> Result<Sent, CallError> {
    let place = Where::unknown();
    let call = Call {
        key: &key(),
        operation,
        request,
        place: &place.place(),
    };
    gateway.send(&call).await
}

/// Opens a session with a request whose bytes no serializer would choose.
pub async fn send_open(gateway: &StripeGateway) -> Result<Sent, CallError> {
    send(gateway, Operation::Open, &stored_open()).await
}

pub fn stored_open() -> Request {
    Request {
        path: "/v1/checkout/sessions".to_owned(),
        body: "b=2&a=%7BCHECKOUT_SESSION_ID%7D&c[0][d]=1+2%203&a=".to_owned(),
        good_until: at(82_800),
    }
}

pub fn lines() -> Vec<Line> {
    vec![
        Line {
            name: "Consultation & more".to_owned(),
            quantity: 2,
            unit_amount: php(250_000),
        },
        Line {
            name: "VAT 12%".to_owned(),
            quantity: 1,
            unit_amount: php(60_000),
        },
    ]
}

pub struct Wish {
    pub installation: Installation,
    pub order: OrderNumber,
    pub lines: Vec<Line>,
    pub record: CheckoutRecord,
    pub amount: Money,
    pub expires_at: DateTime<Utc>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            installation: installation(),
            order: OrderNumber::new(at(0), 0x3C2A).unwrap(),
            lines: lines(),
            record: CheckoutRecord::default(),
            amount: php(560_000),
            expires_at: at(3_600),
        }
    }
}

impl Wish {
    pub fn checkout(&self) -> Checkout<'_> {
        Checkout {
            installation: &self.installation,
            order: &self.order,
            payment: PaymentId::new(5).unwrap(),
            attempt: attempt(),
            record: &self.record,
            amount: self.amount,
            lines: &self.lines,
            success_url: "https://shop.example/ok?sid={CHECKOUT_SESSION_ID}&x=1",
            cancel_url: "https://shop.example/no",
            now: at(0),
            expires_at: self.expires_at,
        }
    }
}

/// The pairs of a form, decoded once.
pub fn form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').map(|pair| pair.split_once('=').unwrap());
    let decoded: Vec<_> = pairs
        .map(|(name, value)| (plain(name), plain(value)))
        .collect();
    let form: BTreeMap<_, _> = decoded.iter().cloned().collect();
    assert_eq!(form.len(), decoded.len(), "a name stands twice: {body}");
    form
}

fn plain(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(plain).unwrap()
}

/// An open session that nobody has paid through.
pub fn session() -> Value {
    json!({
        "id": "cs_test_1", "object": "checkout.session", "livemode": false,
        "url": "https://checkout.example/cs_test_1", "expires_at": NOW + 3_600,
        "status": "open", "payment_status": "unpaid", "payment_intent": null,
        "metadata": {"bayar_installation": "abcdefgh", "bayar_attempt": "7", "bayar_call": KEY},
    })
}

pub fn patched(mut object: Value, with: Value) -> Value {
    let fields = with.as_object().unwrap().clone();
    object.as_object_mut().unwrap().extend(fields);
    object
}

pub fn intent(status: &str, with: Value) -> Value {
    let intent = json!({
        "id": "pi_1", "object": "payment_intent", "status": status, "currency": "php",
        "amount": 560_000, "amount_received": 0, "created": NOW + 10, "latest_charge": null,
        "last_payment_error": null,
    });
    patched(intent, with)
}

pub fn charge() -> Value {
    json!({
        "id": "ch_1", "object": "charge", "created": NOW + 20, "disputed": false,
        "receipt_url": "https://pay.example/receipts/1",
    })
}

pub fn paid_session() -> Value {
    let intent = intent(
        "succeeded",
        json!({"amount_received": 560_000, "latest_charge": charge()}),
    );
    patched(
        session(),
        json!({
            "status": "complete", "payment_status": "paid", "url": null, "payment_intent": intent,
        }),
    )
}

pub fn list(data: Vec<Value>, has_more: bool) -> Value {
    json!({"object": "list", "data": data, "has_more": has_more})
}

pub fn error(class: &str, code: &str) -> Value {
    json!({"error": {"type": class, "code": code, "message": "about jane@example.com"}})
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proves {
    NotSent,
    Refused,
    Nothing,
}

pub fn proves<T: std::fmt::Debug>(result: Result<T, CallError>) -> (Proves, FaultKind) {
    let error = result.unwrap_err();
    let kind = error.fault().kind;
    match error {
        CallError::NotSent(_) => (Proves::NotSent, kind),
        CallError::Refused(_) => (Proves::Refused, kind),
        CallError::Unknown(_) => (Proves::Nothing, kind),
    }
}
