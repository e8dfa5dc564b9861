//! What is paid for.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::transition::{Answer, Transition, already, changed, illegal};
use crate::wire::wire_enum;
use crate::{ConsultationId, Money, OrderId, OrderNumber, Status, UserId};

wire_enum! {
    /// Where an order stands.
    pub enum OrderStatus: "order status" {
        /// Waiting for its money.
        Pending = "pending",
        /// Paid, being served.
        Processing = "processing",
        /// Served.
        Completed = "completed",
        /// Called off before it was paid.
        Cancelled = "cancelled",
        /// All of its money went back.
        Refunded = "refunded",
    }
}

impl Status for OrderStatus {
    const MACHINE: &'static str = "order";
}

/// What an order is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "snake_case"))]
pub enum OrderKind {
    /// The fee of a consultation.
    Consultation {
        /// The consultation.
        consultation_id: ConsultationId,
    },
    /// Goods of the catalogue, from a cart.
    Checkout,
    /// One article of the catalogue, bought at once.
    Direct,
    /// A credit package.
    Credits {
        /// How many credits the package holds.
        quantity: u32,
    },
}

/// What an order is about. Only its price may be replaced, while it waits for its money and has no payment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderTerms {
    /// Its id.
    pub id: OrderId,
    /// Its number, for people.
    pub number: OrderNumber,
    /// Who pays.
    pub owner: UserId,
    /// What is sold.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub kind: OrderKind,
    /// The price, always ours.
    pub price: Money,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// Terms that no order can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidOrder {
    /// The price is zero or negative.
    #[error("an order has a price above zero")]
    Price,
    /// A package without credits.
    #[error("a credit package holds at least one credit")]
    EmptyPackage,
}

/// A price that an order cannot get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPrice {
    /// It is zero or negative, or in another currency.
    #[error("the new price of an order is above zero, in the currency of the old one")]
    Price,
    /// The order is not waiting for its money.
    #[error("an order that is {0} keeps its price")]
    NotPending(OrderStatus),
}

/// An order: what is paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored"))]
pub struct Order {
    #[cfg_attr(feature = "serde", serde(flatten))]
    terms: OrderTerms,
    status: OrderStatus,
}

impl Order {
    /// Registers an order. It is `pending`.
    ///
    /// # Errors
    /// When the price is not above zero or a credit package is empty.
    pub fn register(terms: OrderTerms) -> Result<Self, InvalidOrder> {
        Self::restore(terms, OrderStatus::Pending)
    }

    /// Loads an order that was stored.
    ///
    /// # Errors
    /// When the price is not above zero or a credit package is empty.
    pub fn restore(terms: OrderTerms, status: OrderStatus) -> Result<Self, InvalidOrder> {
        if !terms.price.is_positive() {
            return Err(InvalidOrder::Price);
        }
        if terms.kind == (OrderKind::Credits { quantity: 0 }) {
            return Err(InvalidOrder::EmptyPackage);
        }
        Ok(Self { terms, status })
    }

    /// What never changes about it.
    #[must_use]
    pub const fn terms(&self) -> &OrderTerms {
        &self.terms
    }

    /// Where it stands.
    #[must_use]
    pub const fn status(&self) -> OrderStatus {
        self.status
    }

    /// It costs something else from now on.
    ///
    /// # Errors
    /// When the price is not above zero or in another currency, or the order is not waiting for its money.
    pub fn reprice(self, price: Money) -> Result<Transition<Self>, InvalidPrice> {
        if !price.is_positive() || price.currency() != self.terms.price.currency() {
            return Err(InvalidPrice::Price);
        }
        match self.status {
            OrderStatus::Pending if price == self.terms.price => {
                Ok(Transition::AlreadyApplied(self))
            }
            OrderStatus::Pending => {
                let terms = OrderTerms {
                    price,
                    ..self.terms
                };
                Ok(Transition::Changed(Self { terms, ..self }))
            }
            status @ (OrderStatus::Processing
            | OrderStatus::Completed
            | OrderStatus::Cancelled
            | OrderStatus::Refunded) => Err(InvalidPrice::NotPending(status)),
        }
    }

    /// Its money is in.
    ///
    /// # Errors
    /// When the order was called off.
    pub fn pay(self) -> Answer<Self, OrderStatus> {
        match self.status {
            OrderStatus::Pending | OrderStatus::Refunded => self.to(OrderStatus::Processing),
            OrderStatus::Processing | OrderStatus::Completed => already(self),
            OrderStatus::Cancelled => self.cannot(OrderStatus::Processing),
        }
    }

    /// It was served.
    ///
    /// # Errors
    /// When it is not paid.
    pub fn complete(self) -> Answer<Self, OrderStatus> {
        match self.status {
            OrderStatus::Processing => self.to(OrderStatus::Completed),
            OrderStatus::Completed => already(self),
            OrderStatus::Pending | OrderStatus::Cancelled | OrderStatus::Refunded => {
                self.cannot(OrderStatus::Completed)
            }
        }
    }

    /// It is called off.
    ///
    /// # Errors
    /// When it is paid already.
    pub fn cancel(self) -> Answer<Self, OrderStatus> {
        match self.status {
            OrderStatus::Pending => self.to(OrderStatus::Cancelled),
            OrderStatus::Cancelled => already(self),
            OrderStatus::Processing | OrderStatus::Completed | OrderStatus::Refunded => {
                self.cannot(OrderStatus::Cancelled)
            }
        }
    }

    /// All of its money went back.
    ///
    /// # Errors
    /// When it is not paid.
    pub fn refund(self) -> Answer<Self, OrderStatus> {
        match self.status {
            OrderStatus::Processing | OrderStatus::Completed => self.to(OrderStatus::Refunded),
            OrderStatus::Refunded => already(self),
            OrderStatus::Pending | OrderStatus::Cancelled => self.cannot(OrderStatus::Refunded),
        }
    }

    /// The gateway took its money back: it may be paid again.
    /// A served order stays served; that its money is gone is an alert's business.
    ///
    /// # Errors
    /// When it is not being served.
    pub fn reopen(self) -> Answer<Self, OrderStatus> {
        match self.status {
            OrderStatus::Processing => self.to(OrderStatus::Pending),
            OrderStatus::Pending => already(self),
            OrderStatus::Completed | OrderStatus::Cancelled | OrderStatus::Refunded => {
                self.cannot(OrderStatus::Pending)
            }
        }
    }

    /// Goes where the facts say, by way of the commands above.
    pub(crate) fn follow(self, target: OrderStatus) -> Answer<Self, OrderStatus> {
        if self.status == target {
            return already(self);
        }
        match target {
            OrderStatus::Pending if self.status == OrderStatus::Refunded => {
                self.pay()?.into_inner().reopen()
            }
            OrderStatus::Pending => self.reopen(),
            OrderStatus::Processing => self.pay(),
            OrderStatus::Completed => self.pay()?.into_inner().complete(),
            OrderStatus::Cancelled => self.cancel(),
            OrderStatus::Refunded => self.pay()?.into_inner().refund(),
        }
    }

    fn to(self, status: OrderStatus) -> Answer<Self, OrderStatus> {
        changed(Self { status, ..self })
    }

    fn cannot(self, to: OrderStatus) -> Answer<Self, OrderStatus> {
        illegal(self.status, to)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Stored {
    #[serde(flatten)]
    terms: OrderTerms,
    status: OrderStatus,
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for Order {
    type Error = InvalidOrder;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::restore(stored.terms, stored.status)
    }
}

#[cfg(test)]
mod tests;
