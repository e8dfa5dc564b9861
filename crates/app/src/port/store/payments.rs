use async_trait::async_trait;
use bayar_domain::{
    Bill, ConsultationId, Invoice, InvoiceId, Order, OrderNumber, Payment, PaymentId,
    PaymentStatus, TaxRecord, TaxRecordId, UserId,
};
use chrono::{DateTime, Utc};

use super::{Actor, Answer, Claim, KeyScope, OrderKey, Standing, StoredAnswer};

/// The payments of an installation, with their papers and their history.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Ids for a payment, its invoice and `taxes` taxes, which nobody has and nobody else will get.
    ///
    /// Reserved in blocks: most calls do not ask the database.
    async fn reserve_bill_ids(&self, taxes: usize) -> Answer<BillIds>;

    /// Looks at all that decides whether a payment may be opened: the account of who asks, the key, the order,
    /// its live payment.
    ///
    /// MUST read all of it in one snapshot.
    /// MUST NOT answer a key whose time is over, unless its payment has not ended.
    async fn survey(&self, survey: &Survey) -> Answer<Surveyed>;

    /// Opens a payment: the payment, its papers, its first event, its announcement, its job and the key it is
    /// answered to, in one atomic step that checks again what the survey saw.
    ///
    /// MUST change nothing and answer [`Opened::No`] when the order is not pending, has a live payment,
    /// or has another owner, price or currency than in the opening, and when the key is bound or an id is taken.
    /// Of any number of calls at once for one order, at most one MUST answer [`Opened::Yes`].
    async fn open_payment(&self, opening: &Opening) -> Answer<Opened>;

    /// A payment.
    async fn payment(&self, id: PaymentId) -> Answer<Option<StoredPayment>>;

    /// The payments that pass `filter`, newest first.
    async fn payments(&self, filter: &PaymentFilter, page: Page) -> Answer<PageOf<StoredPayment>>;

    /// Every payment of an order, oldest first.
    async fn payments_of(&self, order: &OrderNumber) -> Answer<Vec<StoredPayment>>;

    /// What happened to a payment, oldest first.
    async fn events(&self, payment: PaymentId) -> Answer<Vec<PaymentEvent>>;

    /// The invoice of a payment.
    async fn invoice(&self, payment: PaymentId) -> Answer<Option<Invoice>>;

    /// The taxes on a payment, in the order they were computed.
    async fn taxes(&self, payment: PaymentId) -> Answer<Vec<TaxRecord>>;

    /// Forgets one key, so that it can be bound anew.
    ///
    /// MUST NOT forget a key whose time is not over, or whose payment has not ended.
    async fn forget_key(&self, scope: &KeyScope) -> Answer<()>;

    /// The keys that are answered with a payment.
    async fn keys_of(&self, payment: PaymentId) -> Answer<Vec<KeyScope>>;
}

/// Ids for a payment and its papers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillIds {
    /// For the payment.
    pub payment: PaymentId,
    /// For its invoice.
    pub invoice: InvoiceId,
    /// For its taxes.
    pub taxes: Vec<TaxRecordId>,
}

/// What to look at before a payment is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The person whose account decides whether they are who they say, where one does.
    pub person: Option<UserId>,
    /// The key of the request.
    pub scope: KeyScope,
    /// The order that is to be paid.
    pub order: OrderKey,
}

/// What decides whether a payment may be opened, all seen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surveyed {
    /// How the account of the person stands.
    pub person: Option<Standing>,
    /// What the key was answered with, and where that payment stands now.
    pub answered: Option<(StoredAnswer, PaymentStatus)>,
    /// The order.
    pub order: Option<SurveyedOrder>,
}

/// An order that is to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyedOrder {
    /// The order.
    pub order: Order,
    /// The payment that takes its only place.
    pub live: Option<LivePayment>,
}

/// The payment that takes an order's only place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePayment {
    /// The payment.
    pub id: PaymentId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// When it counts as not paid in time.
    pub deadline: DateTime<Utc>,
    /// Whether it waits for money and its deadline has passed, by the clock of the store.
    pub overdue: bool,
}

/// A payment that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The order as it was seen.
    pub order: Order,
    /// The payment with its papers.
    pub bill: Bill,
    /// The key it is answered to.
    pub claim: Claim,
    /// Who opens it.
    pub by: Actor,
}

/// What became of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// The payment is there.
    Yes,
    /// Something is not as it was seen. Nothing was changed: look again.
    No,
}

/// A payment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPayment {
    /// The payment.
    pub payment: Payment,
    /// The number of its order.
    pub order_number: OrderNumber,
    /// The consultation whose fee it is.
    pub consultation: Option<ConsultationId>,
    /// How often it changed, beginning with 1.
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which payments are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaymentFilter {
    /// Of this person only.
    pub user: Option<UserId>,
    /// In this state only.
    pub status: Option<PaymentStatus>,
    /// Created at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Created before this time.
    pub to: Option<DateTime<Utc>>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Which page, from 1.
    pub number: u32,
    /// How many entries a page has.
    pub size: u32,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOf<T> {
    /// The entries of the page.
    pub entries: Vec<T>,
    /// How many entries the whole list has.
    pub total: u64,
}

/// One thing that happened to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentEvent {
    /// The payment.
    pub payment: PaymentId,
    /// Which change it was, beginning with 1.
    pub version: i64,
    /// Where the payment stood before; nowhere when it was opened.
    pub from: Option<PaymentStatus>,
    /// Where it stood after.
    pub to: PaymentStatus,
    /// Who did it.
    pub by: Actor,
    /// When, by the clock of the store.
    pub at: DateTime<Utc>,
}
