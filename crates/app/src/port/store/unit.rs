use async_trait::async_trait;
use bayar_domain::decision::Decision;
use bayar_domain::fact::Fact;
use bayar_domain::settlement::{Changes, Parts};
use bayar_domain::{Invoice, OrderId, PaymentId, Settlement, TaxRecord};
use chrono::{DateTime, Utc};

use super::{Actor, Answer, CallOutcome, NewCall, StoredCall};

/// Opens units of work.
#[async_trait]
pub trait Units: Send + Sync {
    /// Begins a transaction about one order, and locks the order for it.
    ///
    /// MUST make every other unit about the same order, every opening of a payment of it and every new price wait,
    /// or answer [`super::StoreError::Busy`] or [`super::StoreError::Unavailable`] after a bounded time.
    async fn begin(&self, order: OrderId) -> Answer<Option<(Box<dyn OrderUnit>, Loaded)>>;
}

/// A transaction about one order. Dropped without a commit, it never happened, and holds no lock any more.
#[async_trait]
pub trait OrderUnit: Send {
    /// The papers of a payment of the order.
    async fn papers(&mut self, payment: PaymentId) -> Answer<PaperSet>;

    /// Writes what moved.
    ///
    /// MUST write an event with the next version for each payment that moved.
    /// MUST keep one open job for each payment that waits for money, each attempt that is live and each refund that is
    /// under way, and end the job of one that is not.
    /// MUST write nothing over a row that is not as it was loaded.
    /// MUST refuse a fact that counts for another order, a key that another call has, a second call that is not over
    /// for one purpose, and an outcome by an epoch that is not the last or of a call that is over.
    /// MUST keep the sums of each capture and the one capture that pays the order as the settlement has them.
    async fn save(&mut self, save: &Save<'_>) -> Answer<()>;

    /// Makes all of it true at once.
    async fn commit(self: Box<Self>) -> Answer<()>;

    /// Gives it up: it never happened, and holds no lock any more. So does dropping it, at a higher price.
    async fn rollback(self: Box<Self>);
}

/// What a unit begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The order with everything that settles it.
    pub parts: Parts,
    /// What gateways were asked about it, oldest first.
    pub calls: Vec<StoredCall>,
    /// Now, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// The papers of one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperSet {
    /// Its invoice.
    pub invoice: Invoice,
    /// Its taxes.
    pub taxes: Vec<TaxRecord>,
}

/// What a unit writes.
#[derive(Debug)]
pub struct Save<'a> {
    /// The settlement as it is to be.
    pub settlement: &'a Settlement,
    /// What is otherwise in it than before.
    pub changes: &'a Changes,
    /// The facts that are new.
    pub facts: &'a [Fact],
    /// The decisions that are new.
    pub decisions: &'a [Decision],
    /// Papers that moved.
    pub papers: &'a [PaperSet],
    /// What gateways are to be asked.
    pub calls: &'a [NewCall],
    /// What became of calls that were taken.
    pub outcomes: &'a [CallOutcome],
    /// What the world is told.
    pub announcements: &'a [Announcement],
    /// Who did it.
    pub by: Actor,
    /// Why, for whoever asks later. It is kept with the decisions.
    pub note: Option<&'a str>,
}

/// Something the world is told once, under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    /// Where the order stands.
    Order(bayar_domain::OrderStatus),
    /// Where a payment stands.
    Payment(PaymentId, bayar_domain::PaymentStatus),
    /// Where a refund stands.
    Refund(bayar_domain::RefundId, bayar_domain::RefundStatus),
}
