//! What several cases do.

use std::time::Duration;

use bayar_app::port::gateway::{
    AskedRefund, Call, CallError, Checkout, CheckoutRecord, Place, Reading, RefundOrder, Request,
    Sent,
};
use bayar_app::port::store::{CallKey, Installation, Operation};
use bayar_domain::fact::{Fact, Proof};
use bayar_domain::gateway::{CaptureId, Session, Source};
use bayar_domain::{AttemptId, Money, OrderNumber, PaymentId, RefundId};
use chrono::{DateTime, TimeDelta, Utc};

use super::{GatewayStage, one_line};
use crate::random::SeededRandom;

/// How long a checkout is open in these cases.
pub(super) const OPEN_FOR: TimeDelta = TimeDelta::minutes(60);

/// An attempt as the use cases would keep it.
pub struct Attempted<'a> {
    /// The stage it happens on.
    pub stage: &'a dyn GatewayStage,
    /// Its id.
    pub attempt: AttemptId,
    /// The key it is opened by.
    pub key: CallKey,
    /// The account it is made in.
    pub source: Source,
    /// Its checkout, once it is open.
    pub session: Option<Session>,
    /// What is proved of it.
    pub facts: Vec<Fact>,
    /// What was asked to go back of its money.
    pub refunds: Vec<AskedRefund>,
    /// When its opening was written down.
    pub opened_at: DateTime<Utc>,
    /// What opens it.
    pub request: Request,
    random: SeededRandom,
}

pub(super) fn installation() -> Installation {
    Installation::new("contract0001").unwrap()
}

fn number() -> OrderNumber {
    "INV202511210407-3C2A".parse().unwrap()
}

const SUCCESS: &str = "https://shop.example/back?ticket=1";

/// Puts together what opens a checkout over `amount`.
pub(super) fn to_open(
    stage: &dyn GatewayStage,
    amount: Money,
    lines: &[bayar_app::port::gateway::Line],
    key: &CallKey,
) -> Result<Request, bayar_app::port::gateway::Unfit> {
    let now = stage.now();
    stage.port().to_open(
        &Checkout {
            installation: &installation(),
            order: &number(),
            payment: PaymentId::new(100).unwrap(),
            attempt: AttemptId::new(7).unwrap(),
            record: &CheckoutRecord::default(),
            amount,
            lines,
            success_url: SUCCESS,
            cancel_url: SUCCESS,
            now,
            expires_at: now + OPEN_FOR,
        },
        key,
    )
}

impl<'a> Attempted<'a> {
    /// Writes down what opens a checkout, and sends nothing.
    pub async fn planned(stage: &'a dyn GatewayStage) -> Self {
        let random = SeededRandom::new(0xbeef);
        let key = CallKey::draw(&installation(), &random);
        let amount = stage.amount();
        let request = to_open(stage, amount, &one_line(amount), &key).unwrap();
        let source = stage.port().source().await.unwrap();
        Self {
            stage,
            attempt: AttemptId::new(7).unwrap(),
            key,
            source,
            session: None,
            facts: Vec::new(),
            refunds: Vec::new(),
            opened_at: stage.now(),
            request,
            random,
        }
    }

    /// Gives it another name, and so another request.
    pub fn rename(&mut self, name: &str) {
        let amount = self.stage.amount();
        self.key = CallKey::new(format!("by-contract0001-{name}")).unwrap();
        self.request = to_open(self.stage, amount, &one_line(amount), &self.key).unwrap();
    }

    /// With its checkout open.
    pub async fn opened(stage: &'a dyn GatewayStage) -> Self {
        let mut attempted = Self::planned(stage).await;
        attempted.open().await.unwrap();
        attempted
    }

    /// With money in.
    pub async fn paid(stage: &'a dyn GatewayStage) -> Self {
        let mut attempted = Self::opened(stage).await;
        assert!(stage.pay(attempted.session()).await, "the card works");
        attempted.read().await.unwrap();
        attempted
    }

    /// Its checkout, which is open.
    pub fn session(&self) -> &Session {
        self.session.as_ref().expect("a checkout is open")
    }

    /// Where its money is looked for.
    pub fn place(&self) -> Place<'_> {
        Place {
            attempt: self.attempt,
            source: &self.source,
            opened_by: &self.key,
            opened_with: &self.request.body,
            opened_at: self.opened_at,
            dead_at: self.opened_at + OPEN_FOR,
            session: self.session.as_ref(),
            facts: &self.facts,
            refunds: &self.refunds,
            amount: self.stage.amount(),
            now: self.stage.now(),
        }
    }

    /// Opens its checkout.
    ///
    /// # Errors
    /// What the gateway answers.
    pub async fn open(&mut self) -> Result<Session, CallError> {
        let sent = self.send(&self.key, Operation::Open, &self.request).await?;
        match sent {
            Sent::Opened(session) => {
                self.session = Some(session.clone());
                Ok(session)
            }
            other @ (Sent::Closed | Sent::Done) => panic!("nothing was opened: {other:?}"),
        }
    }

    /// Closes its checkout.
    ///
    /// # Errors
    /// What the gateway answers.
    pub async fn close(&mut self) -> Result<Sent, CallError> {
        let request = self.stage.port().to_close(&self.place()).unwrap();
        let key = CallKey::draw(&installation(), &self.random);
        let sent = self.send(&key, Operation::Close, &request).await?;
        if sent == Sent::Closed {
            self.learn(Proof::Expired, self.stage.now());
        }
        Ok(sent)
    }

    /// Writes down a refund with a key of its own.
    pub fn asked(&mut self, id: i64, amount: Money) -> (CallKey, Request) {
        let refund = RefundId::new(id).unwrap();
        let capture = self.capture();
        let key = CallKey::draw(&installation(), &self.random);
        self.refunds.push(AskedRefund {
            refund,
            key: key.clone(),
            capture: capture.clone(),
            amount,
            has_failed: false,
            may_be_done: true,
        });
        let order = RefundOrder {
            installation: &installation(),
            refund,
            capture: &capture,
            captured: self.stage.amount(),
            amount,
            reason: "the buyer asked for it",
            now: self.stage.now(),
        };
        let request = self.stage.port().to_refund(&order, &key).unwrap();
        (key, request)
    }

    /// Gives money back.
    ///
    /// # Errors
    /// What the gateway answers.
    pub async fn refund(&mut self, id: i64, amount: Money) -> Result<Sent, CallError> {
        let (key, request) = self.asked(id, amount);
        self.send(&key, Operation::Refund, &request).await
    }

    /// Sends a request of its.
    ///
    /// # Errors
    /// What the gateway answers.
    pub async fn send(
        &self,
        key: &CallKey,
        operation: Operation,
        request: &Request,
    ) -> Result<Sent, CallError> {
        let place = self.place();
        let call = Call {
            key,
            operation,
            request,
            place: &place,
        };
        self.stage.port().send(&call).await
    }

    /// Reads, and keeps what is proved.
    ///
    /// # Errors
    /// What the gateway answers.
    pub async fn read(&mut self) -> Result<Reading, CallError> {
        let reading = self.stage.port().read(&self.place()).await?;
        assert!(reading.is_ours, "{reading:?}");
        for (proof, at) in &reading.proofs {
            self.learn(proof.clone(), *at);
        }
        Ok(reading)
    }

    /// Reads until `wanted` is there: what was asked for may take the gateway a moment.
    pub async fn read_until(&mut self, wanted: impl Fn(&Reading) -> bool) -> Reading {
        const EVERY: Duration = Duration::from_millis(50);
        let mut last = None;
        for _ in 0..100 {
            let reading = self.read().await.unwrap();
            if wanted(&reading) {
                return reading;
            }
            last = Some(reading);
            tokio::time::sleep(EVERY).await;
        }
        panic!("it never came: {last:?}")
    }

    fn learn(&mut self, proof: Proof, at: DateTime<Utc>) {
        let fact = Fact::new(self.attempt, self.source.clone(), proof, at).unwrap();
        if !self.facts.iter().any(|known| known.key() == fact.key()) {
            self.facts.push(fact);
        }
    }

    /// The money that came in.
    pub fn capture(&self) -> CaptureId {
        let captured = self.facts.iter().find_map(|fact| match fact.proof() {
            Proof::Captured { capture, .. } => Some(capture.clone()),
            _ => None,
        });
        captured.expect("money came in")
    }

    /// The amounts that came in, and those that went back with the mark they carry.
    pub fn proved_refunds(reading: &Reading) -> Vec<(i64, Option<i64>)> {
        let refunds = reading.proofs.iter().filter_map(|(proof, _)| match proof {
            Proof::Refunded { amount, ours, .. } => Some((amount.minor(), ours.map(RefundId::get))),
            _ => None,
        });
        refunds.collect()
    }
}

/// What came in, as a reading proves it.
pub(super) fn captured(reading: &Reading) -> Vec<(CaptureId, Money)> {
    let captures = reading.proofs.iter().filter_map(|(proof, _)| match proof {
        Proof::Captured { capture, amount } => Some((capture.clone(), *amount)),
        _ => None,
    });
    captures.collect()
}
