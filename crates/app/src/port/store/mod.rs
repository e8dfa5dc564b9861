//! Everything an installation keeps. Each guarantee of the service is a row or a constraint behind these ports.

mod accounts;
mod calls;
mod idempotency;
mod inbox;
mod orders;
mod payments;
mod refunds;
mod schedule;
mod unit;
mod upkeep;
mod work;

use std::fmt;

use bayar_domain::{InvalidText, UserId};
use thiserror::Error;

pub use accounts::{ApiKeyId, ApiKeys, NewApiKey, NewUser, Standing, StoredApiKey, User, Users};
pub use calls::{
    CallKey, CallOutcome, CallPurpose, CallStatus, GatewayCalls, Lease, NewCall, Operation,
    StoredCall,
};
pub use idempotency::{
    Claim, IdempotencyKey, KeyOwner, KeyScope, RequestHash, Route, StoredAnswer,
};
pub use inbox::{
    AttemptPlace, EndedAttempt, Inbox, Kept, LeasedWebhook, NewWebhook, StoredWebhook,
    WebhookCount, WebhookEntry, WebhookFilter, WebhookId, WebhookOutcome, WebhookStatus,
};
pub use orders::{
    Added, ExternalRef, NewOrder, OrderItem, OrderKey, Orders, Repriced, StoredDecision,
    StoredOrder,
};
pub use payments::{
    BillIds, LivePayment, Opened, Opening, Page, PageOf, PaymentEvent, PaymentFilter, Payments,
    StoredPayment, Survey, Surveyed, SurveyedOrder,
};
pub use refunds::{
    Counted, RefundClaim, RefundDay, RefundEvent, RefundKey, Refunds, StoredAlert,
    StoredCreditEntry, StoredExternalRefund, StoredRefund, WhichRefunds,
};
pub use schedule::{RunEnd, RunLease, Schedule, StoredRun, TakeWhen};
pub use unit::{Announcement, Credits, Loaded, OrderUnit, PaperSet, Records, Save, Units};
pub use upkeep::{Installation, SchemaState, SeenIds, Upkeep};
pub use work::{Job, JobKey, JobKind, PutOff, UnresolvedPayment, Which, Work};

use super::Source;

/// All ports of one store.
pub trait Store:
    Orders
    + Payments
    + Refunds
    + Units
    + GatewayCalls
    + Inbox
    + Work
    + Schedule
    + Users
    + ApiKeys
    + Upkeep
{
}

impl<T> Store for T where
    T: Orders
        + Payments
        + Refunds
        + Units
        + GatewayCalls
        + Inbox
        + Work
        + Schedule
        + Users
        + ApiKeys
        + Upkeep
{
}

/// Why a store did not do what it was asked for.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot be reached, or has no room for us now. Nothing was changed.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Source),
    /// It was asked and did not answer: the change is made, or will be, or not.
    /// The same operation again finds out.
    #[error("the store did not say whether the change was made")]
    Unsure(#[source] Source),
    /// A row was locked for too long, or two transactions stood in each other's way. Nothing was changed.
    #[error("the store was busy with the same row")]
    Busy(#[source] Source),
    /// It refused, or holds what cannot be. Somebody has to look.
    #[error("the store answered what it should not")]
    Broken(#[source] Source),
}

/// What a store answers.
pub type Answer<T> = Result<T, StoreError>;

/// Who did something, as the history keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// An application, by its key.
    Service(ApiKeyId),
    /// Somebody at the command line.
    Command,
    /// Bayar itself.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Service(id) => write!(f, "key:{id}"),
            Self::Command => f.write_str("command"),
            Self::System => f.write_str("system"),
        }
    }
}

impl std::str::FromStr for Actor {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidText {
            what: "actor",
            rule: "must be user:ID, key:ID, command or system",
        };
        match text.split_once(':') {
            None if text == "command" => Ok(Self::Command),
            None if text == "system" => Ok(Self::System),
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| invalid()),
            Some(("key", id)) => id
                .parse()
                .ok()
                .and_then(|id| ApiKeyId::new(id).ok())
                .map(Self::Service)
                .ok_or_else(invalid),
            Some(_) | None => Err(invalid()),
        }
    }
}
