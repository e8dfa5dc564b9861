//! What moves money for us.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bayar_domain::decision::Verdict;
use bayar_domain::fact::{Fact, Proof};
use bayar_domain::gateway::{CaptureId, Session, Source};
use bayar_domain::{AttemptId, Gateway, Money, OrderNumber, PaymentId, RefundId};
use chrono::{DateTime, Utc};
use thiserror::Error;

use super::gateway_book::{GatewayBook, GatewayNames};
use super::store::{CallKey, Installation, Operation};

/// A gateway, as the use cases need it.
///
/// Whatever moves something there is written down before it is sent: first one of the `to_…` methods puts the
/// request together, then it is stored with its key, and only then does [`PaymentGateway::send`] send it,
/// as often as it takes, always the same bytes under the same key.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Which one it is.
    fn gateway(&self) -> Gateway;

    /// The account of our key. Asked for once and remembered; some gateways need not be asked.
    async fn source(&self) -> Result<Source, CallError>;

    /// Asks the gateway who we are, each time anew.
    async fn check(&self) -> Result<AccountReport, CallError>;

    /// Puts together what opens a checkout. MUST NOT ask anybody.
    ///
    /// MUST carry everything in `checkout` that is needed to build our rows again from the gateway's book,
    /// and MUST NOT outlive [`Checkout::expires_at`].
    /// MUST refuse an amount that the gateway cannot take exactly, and lines that do not sum to it.
    fn to_open(&self, checkout: &Checkout<'_>, key: &CallKey) -> Result<Request, Unfit>;

    /// Puts together what closes the checkout at `place`. MUST NOT ask anybody.
    fn to_close(&self, place: &Place<'_>) -> Result<Request, Unfit>;

    /// Puts together what gives money back. MUST NOT ask anybody.
    fn to_refund(&self, refund: &RefundOrder<'_>, key: &CallKey) -> Result<Request, Unfit>;

    /// Puts together the answer to money that the gateway holds back. MUST NOT ask anybody.
    fn to_answer(
        &self,
        place: &Place<'_>,
        capture: &CaptureId,
        verdict: Verdict,
    ) -> Result<Request, Unfit>;

    /// Sends a request that is written down.
    ///
    /// MUST be harmless when it was sent before, under the same key.
    /// MUST answer [`CallError::Refused`] only with proof that the request had no effect and never will,
    /// and [`CallError::NotSent`] only when no byte of it left.
    /// After anything else nobody knows: [`CallError::Unknown`].
    async fn send(&self, call: &Call<'_>) -> Result<Sent, CallError>;

    /// Reads all that the gateway knows about the money of an attempt. It changes nothing.
    ///
    /// MUST tell money by the same name, and an amount exactly as the gateway has it, through whichever door it came.
    /// MUST NOT prove anything by not finding it.
    async fn read(&self, place: &Place<'_>) -> Result<Reading, CallError>;

    /// Its lists, where it keeps any. Where it keeps none, each payment has to be read.
    fn book(&self) -> Option<&dyn GatewayBook>;

    /// Its checkouts by their names, where it keeps no list.
    fn names(&self) -> Option<&dyn GatewayNames> {
        None
    }
}

/// What a buyer is to pay, and how to find it again.
#[derive(Debug, Clone)]
pub struct Checkout<'a> {
    /// The word that tells this installation from every other.
    pub installation: &'a Installation,
    /// The order.
    pub order: &'a OrderNumber,
    /// The payment.
    pub payment: PaymentId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The rows that it is opened for: the gateway keeps them for us.
    pub record: &'a CheckoutRecord,
    /// All that is to be paid.
    pub amount: Money,
    /// What it is for. Their prices sum to the amount; there is one at least.
    pub lines: &'a [Line],
    /// Where the buyer goes afterwards.
    pub success_url: &'a str,
    /// Where the buyer goes who wants to pay otherwise, or not at all.
    pub cancel_url: &'a str,
    /// Now, by the clock of the store.
    pub now: DateTime<Utc>,
    /// When nobody may pay through it any more.
    pub expires_at: DateTime<Utc>,
}

/// The rows that a checkout is opened for, in letters, digits and `,;%._:-` alone.
/// There may be several ways to tell them, the fullest first: a gateway carries what it has room for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckoutRecord(Vec<String>);

impl CheckoutRecord {
    /// Takes the ways to tell the rows, the fullest first.
    #[must_use]
    pub const fn new(ways: Vec<String>) -> Self {
        Self(ways)
    }

    /// The fullest one of so many characters at most; empty where none is short enough.
    #[must_use]
    pub fn within(&self, most: usize) -> &str {
        let fitting = self.0.iter().find(|way| way.len() <= most);
        fitting.map_or("", String::as_str)
    }
}

/// What a part of an amount is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// How many of it.
    pub quantity: u32,
    /// What one of it costs.
    pub unit_amount: Money,
}

/// Where the money of an attempt is looked for.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The attempt.
    pub attempt: AttemptId,
    /// The account it was made in.
    pub source: &'a Source,
    /// The key it was opened by, the last time.
    pub opened_by: &'a CallKey,
    /// What was sent under it, as it was written down.
    pub opened_with: &'a str,
    /// When that was written down.
    pub opened_at: DateTime<Utc>,
    /// When nobody can pay through it any more, whatever became of the call.
    pub dead_at: DateTime<Utc>,
    /// What is known of its checkout.
    pub session: Option<&'a Session>,
    /// What is proved already. It tells what a gateway's word means that has two meanings.
    pub facts: &'a [Fact],
    /// What was written down to go back of its money, by every key it was ever asked for by.
    /// It tells our own refunds where the gateway carries nothing but the key.
    pub refunds: &'a [AskedRefund],
    /// What was asked to be paid.
    pub amount: Money,
    /// Now, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// Money that we asked a gateway to give back, or were about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedRefund {
    /// Our refund.
    pub refund: RefundId,
    /// The key it was asked for by.
    pub key: CallKey,
    /// The money it is taken from.
    pub capture: CaptureId,
    /// How much.
    pub amount: Money,
    /// Whether it is known that it did not go back.
    pub has_failed: bool,
    /// Whether the gateway may have carried it out: it left, and was not refused at once.
    pub may_be_done: bool,
}

/// Money that is to go back.
#[derive(Debug, Clone)]
pub struct RefundOrder<'a> {
    /// The word that tells this installation from every other.
    pub installation: &'a Installation,
    /// Our refund. The gateway carries it as our mark.
    pub refund: RefundId,
    /// The money.
    pub capture: &'a CaptureId,
    /// What came in.
    pub captured: Money,
    /// How much of it goes back.
    pub amount: Money,
    /// Why, for people.
    pub reason: &'a str,
    /// Now, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// A request that is to be written down: sent again, it must be the same to the last byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Where it goes, in the gateway's own words.
    pub path: String,
    /// What it says.
    pub body: String,
    /// Until when the gateway knows the key again. After that it is not sent any more: it would count anew.
    pub good_until: DateTime<Utc>,
}

/// It holds what lets people pay or look.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("good_until", &self.good_until)
            .finish_non_exhaustive()
    }
}

/// A request that is written down, on its way.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// Its key.
    pub key: &'a CallKey,
    /// What it does.
    pub operation: Operation,
    /// What is sent.
    pub request: &'a Request,
    /// What it is about.
    pub place: &'a Place<'a>,
}

/// What a gateway answered to a request that it carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// A checkout is open.
    Opened(Session),
    /// The gateway proved that nobody can pay through the checkout any more.
    /// Some gateways say so once, in this answer, and have no words for it when they are read.
    Closed,
    /// It is done, or will be: reading tells.
    Done,
}

/// What a gateway knows about the money of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whether somebody can still pay.
    pub door: Door,
    /// The checkout, where it can be told.
    pub session: Option<Session>,
    /// What it proves, with the gateway's time.
    pub proofs: Vec<(Proof, DateTime<Utc>)>,
    /// Every name the gateway has for it.
    pub names: Vec<String>,
    /// Whether it is too early for a part of the money to go back: as yet only all of it can.
    pub only_whole: bool,
    /// Whether it carries our reference. A payment of somebody else's never counts.
    pub is_ours: bool,
    /// The gateway's own word for where it stands, for people.
    pub status: String,
    /// The gateway's receipt for the buyer.
    pub receipt_url: Option<String>,
}

/// Whether somebody can still pay through an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The gateway knows nothing of it. It proves nothing: it may not have begun.
    Absent,
    /// It can be paid.
    Open,
    /// The buyer has done what they could, and the money is not in: nobody can pay, and closing it helps nobody.
    Waiting,
    /// Its time is over, and the gateway has not yet said so.
    Overdue,
    /// Money is in, or the gateway holds it back.
    Paid,
    /// Nobody can pay through it any more.
    Shut,
}

/// Who we are to a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReport {
    /// The account.
    pub source: Source,
    /// What it is called there.
    pub name: Option<String>,
}

/// A request that the gateway could not take, found before anybody was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unfit(pub String);

/// What became of a request that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// It never left, or was turned away before anybody looked at it.
    #[error("the gateway was not reached: {0}")]
    NotSent(Fault),
    /// It was refused, and had no effect.
    #[error("the gateway refused: {0}")]
    Refused(Fault),
    /// Nobody knows what became of it.
    #[error("the gateway gave no clear answer: {0}")]
    Unknown(Fault),
}

impl CallError {
    /// What went wrong.
    #[must_use]
    pub const fn fault(&self) -> &Fault {
        match self {
            Self::NotSent(fault) | Self::Refused(fault) | Self::Unknown(fault) => fault,
        }
    }
}

/// What went wrong at a gateway. It holds nothing that a log may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which kind of fault.
    pub kind: FaultKind,
    /// The gateway's own code for it.
    pub code: Option<String>,
    /// The gateway's number of the request, to ask its support about.
    pub request_id: Option<String>,
    /// When to try again, where the gateway says so.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// The code of a failure that the gateway keeps for the key: the same call will never be carried out,
    /// and whatever it did before it failed can be looked up.
    pub const STORED_FAILURE: &'static str = "stored_failure";

    /// A fault of which only the kind is known.
    #[must_use]
    pub const fn of(kind: FaultKind) -> Self {
        Self {
            kind,
            code: None,
            request_id: None,
            retry_after: None,
        }
    }

    /// With the gateway's own code for it.
    #[must_use]
    pub fn with_code(self, code: impl Into<String>) -> Self {
        Self {
            code: Some(code.into()),
            ..self
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        match &self.code {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

/// The kinds of faults of a gateway. Each has a message of its own for people, and a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The card, or what it is to pay with, was declined.
    Card,
    /// The request is wrong.
    InvalidRequest,
    /// The amount is too small or too large for the gateway.
    Amount,
    /// The key is wrong, or may not do it.
    Authentication,
    /// Too many requests.
    RateLimit,
    /// The gateway could not be spoken to.
    Connection,
    /// The gateway did not answer in time.
    Timeout,
    /// The gateway is in trouble.
    Api,
    /// The gateway answered what cannot be understood.
    Garbage,
    /// The same key is at work, or was used for something else.
    Idempotency,
    /// There is no such thing there.
    NotFound,
    /// Its state does not allow it.
    WrongState,
    /// The money cannot be given back by a request: somebody has to transfer it.
    NotRefundable,
}

impl FaultKind {
    /// Its name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::InvalidRequest => "invalid_request",
            Self::Amount => "amount",
            Self::Authentication => "authentication",
            Self::RateLimit => "rate_limit",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Api => "api",
            Self::Garbage => "garbage",
            Self::Idempotency => "idempotency",
            Self::NotFound => "not_found",
            Self::WrongState => "wrong_state",
            Self::NotRefundable => "not_refundable",
        }
    }
}
