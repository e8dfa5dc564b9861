//! What a gateway remembers by itself: what happened there, and what was opened there.

use std::fmt;

use async_trait::async_trait;
use bayar_domain::fact::RefundStep;
use bayar_domain::gateway::{CaptureId, GatewayRefundId, SessionRef};
use bayar_domain::{AttemptId, Money, OrderNumber, PaymentId, RefundId};
use chrono::{DateTime, Utc};

use super::gateway::CallError;
use super::store::{CallKey, Installation};

/// The lists of a gateway that keeps any. Reading them changes nothing.
///
/// What stands in a list is a reason to read a payment, and no proof: what
/// [`PaymentGateway::read`](super::PaymentGateway::read) answers is.
#[async_trait]
pub trait GatewayBook: Send + Sync {
    /// What happened since: one page, asked for again with the cursor that came with the one before.
    ///
    /// MUST tell each event that happened after [`Since::begin`] and that the gateway still remembers once at least,
    /// those of one second, and those that it shows late, included.
    /// MAY tell an event more than once: the last minutes are told again each time.
    /// Within a page MUST tell the oldest first. Where there are several pages, the newest may come first.
    async fn events(&self, since: &Since<'_>) -> Result<EventsPage, CallError>;

    /// The checkouts that were opened in a window: one page of them, in no order.
    ///
    /// MUST tell all of them, whoever opened them, and the money that came in through each.
    async fn checkouts(&self, window: &Window<'_>) -> Result<CheckoutsPage, CallError>;

    /// One refund; nothing when there is none of that name.
    async fn refund(&self, name: &GatewayRefundId) -> Result<Option<BookedRefund>, CallError>;
}

/// A gateway that keeps no list, and knows a checkout by a name that can be told beforehand.
#[async_trait]
pub trait GatewayNames: Send + Sync {
    /// The key that the checkout of an attempt is opened by.
    fn key_of(&self, installation: &Installation, attempt: AttemptId) -> CallKey;

    /// The checkout that was opened by a key. Nothing when the gateway knows of none:
    /// that proves nothing where a buyer has not chosen yet how to pay.
    async fn checkout(&self, key: &CallKey) -> Result<Option<BookedCheckout>, CallError>;
}

/// How far the list of events was read. It belongs to the account that it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCursor(String);

impl EventCursor {
    /// Takes a cursor that a gateway gave, or that was stored.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// What is stored of it. Only its gateway can read it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// From where on events are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Since<'a> {
    /// How far the list was read before.
    pub cursor: Option<&'a EventCursor>,
    /// Where to begin when it never was, or the cursor cannot be read.
    pub begin: DateTime<Utc>,
    /// Now, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsPage {
    /// The events, oldest first.
    pub events: Vec<GatewayEvent>,
    /// From where on to ask the next time, now or in some minutes. To be stored when the events are dealt with.
    pub cursor: EventCursor,
    /// Whether there is a next page already.
    pub has_more: bool,
    /// Whether the gateway remembers all that was asked for. Where it does not,
    /// what was open at that time has to be read payment by payment.
    pub reaches_back: bool,
}

/// Something that happened at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayEvent {
    /// Its name. The same one always means the same event.
    pub id: String,
    /// What happened, in the gateway's own word.
    pub kind: String,
    /// What that means for money.
    pub tells: Tells,
    /// When, by the gateway's clock.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub about: Names,
}

/// What an event says about money. It is a claim: reading tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Money came in.
    MoneyIn,
    /// None came in this time.
    NoMoney,
    /// A refund was asked for.
    RefundMade,
    /// Anything else that may move money.
    Other,
}

/// Everything by which something in a gateway's book can be found in ours.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The checkout.
    pub session: Option<SessionRef>,
    /// The money.
    pub capture: Option<CaptureId>,
    /// The refund.
    pub refund: Option<GatewayRefundId>,
    /// What we were to be reminded of: the number of an order.
    pub reference: Option<String>,
    /// Our mark, where the gateway carries one.
    pub mark: Option<Mark>,
}

/// Who knows the name of a checkout can look through it, and a reference may be anybody's words.
impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names")
            .field("capture", &self.capture)
            .field("refund", &self.refund)
            .field("mark", &self.mark)
            .finish_non_exhaustive()
    }
}

/// What an installation has its gateways carry along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Whose it is. Another one's numbers mean nothing to us.
    pub installation: Installation,
    /// The order.
    pub order: Option<OrderNumber>,
    /// The payment.
    pub payment: Option<PaymentId>,
    /// The attempt.
    pub attempt: Option<AttemptId>,
    /// The refund.
    pub refund: Option<RefundId>,
}

/// A time in which checkouts were opened, and how far its list was read.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when; that moment does not count.
    pub to: DateTime<Utc>,
    /// What [`CheckoutsPage::next`] said.
    pub after: Option<&'a str>,
}

/// A page of checkouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutsPage {
    /// The checkouts.
    pub checkouts: Vec<BookedCheckout>,
    /// What to ask for next; nothing when that was all.
    pub next: Option<String>,
}

/// A checkout as it stands in a gateway's book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedCheckout {
    /// When it was opened, by the gateway's clock.
    pub opened_at: DateTime<Utc>,
    /// How it can be found in our book.
    pub names: Names,
    /// The gateway's own word for where it stands, for people.
    pub status: String,
    /// The money that came in through it.
    pub taken: Option<Taken>,
    /// Whether nobody can pay through it any more, and nobody has.
    pub is_over: bool,
    /// The key that it was opened by, where the gateway carries it.
    pub key: Option<CallKey>,
    /// Where a buyer can pay, where the gateway says so.
    pub url: Option<String>,
    /// When nobody can pay any more, where the gateway says so.
    pub expires_at: Option<DateTime<Utc>>,
    /// What rows it was opened for, as it was sent along.
    pub record: Option<String>,
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its name.
    pub capture: CaptureId,
    /// How much, where it can be told exactly.
    pub amount: Option<Money>,
    /// Whether some of it is known to have gone back since. Not every list says so.
    pub has_gone_back: bool,
}

/// A refund as it stands in a gateway's book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedRefund {
    /// How it can be found in our book.
    pub names: Names,
    /// How much.
    pub amount: Money,
    /// How far it is. A status that nobody knows tells nothing.
    pub step: Option<RefundStep>,
    /// When it was asked for, by the gateway's clock.
    pub at: Option<DateTime<Utc>>,
}
