use async_trait::async_trait;
use bayar_domain::gateway::GatewayRefundId;
use bayar_domain::settlement::{Alert, ExternalRefund};
use bayar_domain::{
    CreditEntry, CreditNote, Currency, Money, OrderId, PaymentId, Refund, RefundId, RefundStatus,
    UserId,
};
use chrono::{DateTime, NaiveDate, Utc};

use super::{Actor, Answer, IdempotencyKey, KeyOwner, RequestHash};

/// Money that went back or is to go back, with its papers.
#[async_trait]
pub trait Refunds: Send + Sync {
    /// A refund that is our doing.
    async fn refund(&self, id: RefundId) -> Answer<Option<StoredRefund>>;

    /// The refund that a key made.
    ///
    /// MUST know it for ever: a key that comes again after years still makes no second refund.
    async fn refund_of_key(&self, key: &RefundKey) -> Answer<Option<StoredRefund>>;

    /// The refunds of a payment that are our doing, oldest first.
    async fn refunds_of(&self, payment: PaymentId) -> Answer<Vec<StoredRefund>>;

    /// The refunds of a payment that somebody made at its gateway, oldest first.
    async fn external_refunds_of(&self, payment: PaymentId) -> Answer<Vec<StoredExternalRefund>>;

    /// The credit notes of a payment, in the order they were issued.
    async fn credit_notes_of(&self, payment: PaymentId) -> Answer<Vec<CreditNote>>;

    /// What happened to a refund, oldest first.
    async fn refund_events(&self, refund: RefundId) -> Answer<Vec<RefundEvent>>;

    /// Refunds by their ids, at most so many and none up to `after`.
    ///
    /// MUST count one that failed among the open ones as long as an alert says that it is owed.
    async fn refunds(
        &self,
        which: WhichRefunds,
        after: Option<RefundId>,
        at_most: u32,
    ) -> Answer<Vec<StoredRefund>>;

    /// What an operator was called for about an order, oldest first.
    async fn alerts_of(&self, order: OrderId) -> Answer<Vec<StoredAlert>>;

    /// How many credits a person has.
    async fn credit_balance(&self, owner: UserId) -> Answer<i64>;

    /// Every change of a person's credits, oldest first.
    async fn credit_entries_of(&self, owner: UserId) -> Answer<Vec<StoredCreditEntry>>;
}

/// What a refund was asked for by. It stands on the refund for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefundKey {
    /// Whose key it is.
    pub owner: KeyOwner,
    /// The key that the caller made.
    pub key: IdempotencyKey,
}

/// What somebody asked for when they asked for a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundClaim {
    /// The refund that it made.
    pub refund: RefundId,
    /// What it was asked for by.
    pub key: RefundKey,
    /// What was asked for.
    pub request: RequestHash,
    /// Whose day it counts in, where days are counted.
    pub day: Option<RefundDay>,
}

/// What one actor gives back in one currency on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefundDay {
    /// Who.
    pub actor: Actor,
    /// When.
    pub day: NaiveDate,
    /// In which currency.
    pub currency: Currency,
}

/// Whether an amount still fits into a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It is counted.
    Yes,
    /// It is not: only so much is left.
    No(Money),
}

/// Which refunds are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichRefunds {
    /// All that are our doing.
    All,
    /// Those that are not at their end, and those that failed and are owed.
    Open,
}

/// A refund as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRefund {
    /// The refund.
    pub refund: Refund,
    /// Its order.
    pub order: OrderId,
    /// Who wanted it: nobody knows of the oldest ones.
    pub by: Option<Actor>,
    /// What it was asked for by, where somebody asked.
    pub claim: Option<RefundClaim>,
    /// How often it changed, beginning with 1.
    pub version: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A refund that somebody made at a gateway, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredExternalRefund {
    /// The gateway's name for it.
    pub id: GatewayRefundId,
    /// What is known of it.
    pub state: ExternalRefund,
    /// When it was first seen.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// One thing that happened to a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundEvent {
    /// The refund.
    pub refund: RefundId,
    /// Which change it was, beginning with 1.
    pub version: i64,
    /// Where it stood before; nowhere when it was asked for.
    pub from: Option<RefundStatus>,
    /// Where it stood after.
    pub to: RefundStatus,
    /// Who did it.
    pub by: Actor,
    /// When, by the clock of the store.
    pub at: DateTime<Utc>,
}

/// Something an operator was called for, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAlert {
    /// Its order.
    pub order: OrderId,
    /// What it is.
    pub alert: Alert,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// When it was over.
    pub cleared_at: Option<DateTime<Utc>>,
}

/// A change of somebody's credits, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCreditEntry {
    /// The order whose package it is about.
    pub order: Option<OrderId>,
    /// How far the balance and the missing part moved.
    pub entry: CreditEntry,
    /// The balance after it.
    pub balance: i64,
    /// Who did it.
    pub by: Actor,
    /// When, by the clock of the store.
    pub at: DateTime<Utc>,
}
