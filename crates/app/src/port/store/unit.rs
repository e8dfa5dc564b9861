use async_trait::async_trait;
use bayar_domain::credit::CreditMove;
use bayar_domain::decision::Decision;
use bayar_domain::fact::Fact;
use bayar_domain::gateway::GatewayRefundId;
use bayar_domain::settlement::{Alert, Changes, ExternalRefund, Parts};
use bayar_domain::{
    Bill, CreditAccount, CreditNote, CreditNoteId, CreditPurchase, Invoice, Money, OrderId,
    PaymentId, Settlement, TaxRecord,
};
use chrono::{DateTime, Utc};

use super::{
    Actor, Answer, CallKey, CallOutcome, Counted, NewCall, RefundClaim, RefundDay, StoredCall,
};

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

    /// The credit notes of a payment of the order, in the order they were issued.
    async fn credit_notes(&mut self, payment: PaymentId) -> Answer<Vec<CreditNote>>;

    /// An id that no credit note has.
    async fn credit_note_id(&mut self) -> Answer<CreditNoteId>;

    /// Counts what somebody gives back on a day, if it is no more than `limit` with all that is counted already.
    ///
    /// Of any number of units at once, whatever their orders, those that are told yes MUST NOT count more than `limit`.
    async fn count_refund(
        &mut self,
        day: &RefundDay,
        amount: Money,
        limit: Money,
    ) -> Answer<Counted>;

    /// Writes a payment of the order with its papers, its first event, its announcement and its job,
    /// under the ids that it had in another copy of the tables.
    ///
    /// It is not the order's live payment before something is saved. Where it has ended, its history begins all the
    /// same, and what is saved next tells of its end.
    /// MUST refuse ids and numbers that are taken, and a second live payment of the order.
    async fn restore_bill(&mut self, bill: &Bill, by: Actor) -> Answer<()>;

    /// Writes what moved.
    ///
    /// MUST write an event with the next version for each refund that moved.
    /// MUST take what failed out of the day it counts in, and count it again when it did not fail after all.
    /// MUST answer [`super::StoreError::Busy`] when a key that a refund was asked for by made another one.
    /// MUST refuse a balance of credits that is not as it was loaded.
    /// MUST write an event with the next version for each payment that moved.
    /// MUST keep one open job for each payment that waits for money, each attempt that is live and each refund that is
    /// under way, and end the job of one that is not.
    /// MUST write nothing over a row that is not as it was loaded.
    /// MUST refuse a fact that counts for another order, a key that another call has, a second call that is not over
    /// for one purpose, and an outcome by an epoch that is not the last or of a call that is over.
    /// MUST end each call of the order that is proved and not over, whoever has it: as done where it may have left,
    /// and as refused where it never did.
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
    /// What its refunds were asked for by.
    pub claims: Vec<RefundClaim>,
    /// The credits of its buyer, where they are what it sells. Nobody else moves them as long as the unit lasts.
    pub credits: Option<Credits>,
    /// Now, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// The credits of the buyer of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credits {
    /// All their credits.
    pub account: CreditAccount,
    /// What the order's package stands at.
    pub purchase: CreditPurchase,
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
    /// Calls of which it is known without their answer what they were to bring about.
    pub proved: &'a [CallKey],
    /// What the world is told.
    pub announcements: &'a [Announcement],
    /// What else is written down.
    pub records: &'a Records,
    /// Who did it.
    pub by: Actor,
    /// Why, for whoever asks later. It is kept with the decisions.
    pub note: Option<&'a str>,
}

/// What is written down beside what moved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Records {
    /// What new refunds were asked for by.
    pub claims: Vec<RefundClaim>,
    /// Credit notes that are issued.
    pub notes: Vec<CreditNote>,
    /// What is known of refunds that somebody made at a gateway.
    pub external: Vec<(GatewayRefundId, ExternalRefund)>,
    /// Refunds that turned out to be ours.
    pub forgotten: Vec<GatewayRefundId>,
    /// How the credits of the buyer moved.
    pub credits: Vec<CreditMove>,
    /// What an operator is called for. What is open already stays as it is.
    pub raised: Vec<Alert>,
    /// What is over.
    pub cleared: Vec<Alert>,
}

impl Records {
    /// Nothing.
    #[must_use]
    pub const fn none() -> &'static Self {
        static NONE: Records = Records {
            claims: Vec::new(),
            notes: Vec::new(),
            external: Vec::new(),
            forgotten: Vec::new(),
            credits: Vec::new(),
            raised: Vec::new(),
            cleared: Vec::new(),
        };
        &NONE
    }
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
