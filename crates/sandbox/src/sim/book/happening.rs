//! What the book can say.

use serde::{Deserialize, Serialize};

use crate::sim::clock::Millis;
use crate::sim::gateway::Gateway;

/// One line of the book: what happened together, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The number of the line, from 1.
    pub n: u64,
    /// The simulated time, in milliseconds since 1970.
    pub at: Millis,
    /// The real time, in milliseconds since 1970.
    pub real: Millis,
    /// What happened.
    pub what: Vec<Happening>,
}

/// Something that happened. Amounts are in the gateway's own unit:
/// minor units at Stripe, whole rupiah at Midtrans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happening {
    /// The simulator was started on this book.
    Started {
        /// Where its ids come from.
        seed: u64,
    },
    /// A request came in.
    RequestReceived(Request),
    /// A request was answered, or was not.
    RequestAnswered {
        /// Its id.
        request: String,
        /// The HTTP status, unless nothing whole was answered.
        status: Option<u16>,
        /// Whether the answer was one given before.
        replayed: bool,
        /// The fault that was played, by its kind.
        fault: Option<String>,
    },
    /// An object came to be.
    ObjectCreated {
        /// Where.
        gateway: Gateway,
        /// Its type, as the gateway calls it.
        object: String,
        /// Its id.
        id: String,
        /// The order it is for.
        order: Option<String>,
        /// The idempotency key of the request that made it.
        key: Option<String>,
    },
    /// From now on somebody can pay with it.
    SessionOpened {
        /// Where.
        gateway: Gateway,
        /// The session's id, or the token of the Snap page.
        session: String,
        /// The order it is for.
        order: String,
        /// What it would take.
        amount: i64,
        /// In which currency.
        currency: String,
    },
    /// From now on nobody can.
    SessionClosed {
        /// Where.
        gateway: Gateway,
        /// The session's id, or the token of the Snap page.
        session: String,
        /// The order it is for.
        order: String,
        /// Why.
        why: Closed,
    },
    /// The buyer was sent away, or came, or typed something.
    BuyerActed {
        /// Where.
        gateway: Gateway,
        /// The session or transaction.
        subject: String,
        /// The order it is for.
        order: Option<String>,
        /// What the buyer did, and what came of it.
        action: String,
    },
    /// Money was taken.
    Captured {
        /// Where.
        gateway: Gateway,
        /// The PaymentIntent, or the transaction.
        capture: String,
        /// The session or token it was paid through.
        session: Option<String>,
        /// The order it is for.
        order: String,
        /// How much.
        amount: i64,
        /// In which currency.
        currency: String,
    },
    /// Money that was taken turned out not to be there.
    Reversed {
        /// Where.
        gateway: Gateway,
        /// The PaymentIntent, or the transaction.
        capture: String,
        /// The order it is for.
        order: String,
        /// How much.
        amount: i64,
    },
    /// A refund moved a step.
    Refund {
        /// Where.
        gateway: Gateway,
        /// The refund's id at Stripe, its `refund_key` at Midtrans.
        refund: String,
        /// The PaymentIntent, or the transaction.
        capture: String,
        /// The order it is for.
        order: String,
        /// How much.
        amount: i64,
        /// Where it stands now.
        status: RefundStep,
        /// Who asked for it.
        by: By,
    },
    /// A dispute moved a step.
    Dispute {
        /// Where.
        gateway: Gateway,
        /// Its id.
        dispute: String,
        /// The PaymentIntent, or the transaction.
        capture: String,
        /// The order it is for.
        order: String,
        /// How much.
        amount: i64,
        /// Where it stands now.
        step: DisputeStep,
    },
    /// A webhook was sent, or was to be sent.
    WebhookAttempt(Attempt),
    /// A fault was played.
    FaultInjected {
        /// The rule it comes from.
        rule: String,
        /// Its kind.
        fault: String,
        /// The operation it struck.
        operation: String,
        /// The order that was struck.
        order: Option<String>,
    },
    /// The simulated clock was moved.
    TimeAdvanced {
        /// How far, in milliseconds.
        by: Millis,
    },
}

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The id it was given.
    pub request: String,
    /// Where it came in.
    pub gateway: Gateway,
    /// What it asks for, such as `refund.create`.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The order it is about, as far as it can be told.
    pub order: Option<String>,
    /// Its idempotency key.
    pub key: Option<String>,
    /// A hash over method, path and parameters.
    pub params: String,
}

/// One try to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Who sends it.
    pub gateway: Gateway,
    /// The delivery it belongs to.
    pub delivery: String,
    /// The event's id at Stripe, the transaction's at Midtrans.
    pub subject: String,
    /// The event's type at Stripe, the transaction's status at Midtrans.
    pub event: String,
    /// The order it is about.
    pub order: Option<String>,
    /// Where it goes.
    pub url: String,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// What came back.
    pub outcome: Outcome,
    /// What was done to it on purpose.
    pub tampered: Option<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An answer with this HTTP status.
    Answered(u16),
    /// No answer, and why.
    Failed(String),
    /// It was dropped on purpose.
    Dropped,
}

/// Why a session cannot be paid any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// It was paid, or the bank is at work.
    Completed,
    /// Its time was up.
    Expired,
    /// Somebody closed it.
    Cancelled,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStep {
    /// On its way.
    Pending,
    /// Accepted.
    Succeeded,
    /// Confirmed by the bank.
    Confirmed,
    /// The money came back.
    Failed,
    /// Called off.
    Canceled,
    /// The issuer declined; nothing moved.
    Refused,
}

/// Who asked for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A request.
    Api,
    /// Somebody at the gateway's dashboard.
    Dashboard,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStep {
    /// An inquiry, which moves no money.
    Inquiry,
    /// Opened; the money is withdrawn.
    Opened,
    /// Won; the money is back.
    Won,
    /// Lost; the money is gone.
    Lost,
    /// An inquiry that came to nothing.
    Closed,
}
