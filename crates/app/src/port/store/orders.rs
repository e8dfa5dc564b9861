use std::fmt;

use async_trait::async_trait;
use bayar_domain::{
    ConsultationId, Decision, InvalidText, Money, Order, OrderId, OrderNumber, PaymentId,
};
use chrono::{DateTime, Utc};

use super::{Actor, Answer};

/// The orders of an installation.
#[async_trait]
pub trait Orders: Send + Sync {
    /// An id that no order has and none will get but the caller's.
    async fn reserve_order_id(&self) -> Answer<OrderId>;

    /// Adds an order with its items.
    ///
    /// MUST add all of it or nothing, and one order at most for each consultation and each reference,
    /// however many callers add it at once.
    async fn add_order(&self, order: &NewOrder) -> Answer<Added>;

    /// The order that is known by `key`.
    async fn order(&self, key: &OrderKey) -> Answer<Option<StoredOrder>>;

    /// Gives an order another price, in one guarded step.
    ///
    /// MUST change it only when the order is pending, still costs `from`, and has no live payment.
    async fn reprice(&self, id: OrderId, from: Money, to: Money) -> Answer<Repriced>;

    /// What was decided about an order, in the order of deciding.
    async fn decisions(&self, id: OrderId) -> Answer<Vec<StoredDecision>>;
}

/// An order that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The order, pending.
    pub order: Order,
    /// The application's own name for it.
    pub external_ref: Option<ExternalRef>,
    /// What it is for, in words.
    pub description: Option<String>,
    /// What is in it.
    pub items: Vec<OrderItem>,
}

/// What became of an order that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is there.
    Yes,
    /// Its consultation or its reference has an order already. Nothing was changed.
    Known,
    /// Its number is taken: draw another. Nothing was changed.
    NumberTaken,
}

/// What became of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repriced {
    /// The order costs that now.
    Yes,
    /// The order is not as it was thought to be. Nothing was changed.
    No,
}

/// The names an order is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderKey {
    /// Its id.
    Id(OrderId),
    /// Its number.
    Number(OrderNumber),
    /// The consultation whose fee it is.
    Consultation(ConsultationId),
    /// The application's own name for it.
    Reference(ExternalRef),
}

/// Each name by its own: an order has one of each kind, and no two kinds look alike.
impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id-{id}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Consultation(id) => write!(f, "{id}"),
            Self::Reference(reference) => write!(f, "ref-{}", reference.as_str()),
        }
    }
}

/// An order as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// The order.
    pub order: Order,
    /// The application's own name for it.
    pub external_ref: Option<ExternalRef>,
    /// What it is for, in words.
    pub description: Option<String>,
    /// What is in it.
    pub items: Vec<OrderItem>,
    /// The payment that takes its only place.
    pub live_payment: Option<PaymentId>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A decision as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// What was decided.
    pub decision: Decision,
    /// Who decided it.
    pub by: Actor,
    /// When, by the clock of the store.
    pub at: DateTime<Utc>,
    /// Why, in the words of whoever decided it.
    pub note: Option<String>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderItem {
    /// What it is.
    pub name: String,
    /// How many of it.
    pub quantity: u32,
    /// What one of it costs.
    pub unit_amount: Money,
}

/// An application's own name for an order: 1 to 255 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExternalRef(String);

impl ExternalRef {
    const LONGEST: usize = 255;

    /// Takes 1 to 255 characters without control characters.
    ///
    /// # Errors
    /// When it is empty, too long, or holds a control character.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        let fits = (1..=Self::LONGEST).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(InvalidText {
                what: "external reference",
                rule: "has 1 to 255 characters, none of them a control character",
            })
        }
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for ExternalRef {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}
