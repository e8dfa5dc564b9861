//! Orders: register what is to be paid, call it off, say that it was served.

mod find;
mod register;
mod serve;

use bayar_domain::{Money, OrderStatus};
use thiserror::Error;

pub use register::{RegisterConsultation, RegisterOrder, Registered};

use crate::Trouble;
use crate::port::StoreError;

/// Why an order cannot be shown, or does not move.
#[derive(Debug, Error)]
pub enum OrderError {
    /// There is no such order.
    #[error("there is no such order")]
    NotFound,
    /// It is somebody else's.
    #[error("the order is somebody else's")]
    Forbidden,
    /// It has a payment that is under way or paid.
    #[error("the order has a live payment")]
    LivePayment,
    /// Its price stays.
    #[error("an order that is {0} keeps its price")]
    NotRepriceable(OrderStatus),
    /// It is not called off.
    #[error("an order that is {0} cannot be called off")]
    NotCancellable(OrderStatus),
    /// It was not served.
    #[error("an order that is {0} cannot be completed")]
    NotCompletable(OrderStatus),
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why an order is not registered as it was asked to be.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// There is no such person.
    #[error("there is no such user")]
    UnknownUser,
    /// The amount is too small or too large, or its currency is not taken.
    #[error("an order cannot cost {} {}", .0, .0.currency())]
    AmountNotTaken(Money),
    /// Its lines sum up to more than can be counted.
    #[error("the order costs more than can be counted")]
    TooMuch,
    /// It was registered otherwise, in something that never changes.
    #[error("the order was registered with another {0}")]
    Otherwise(&'static str),
    /// The order that was registered before does not move.
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl From<StoreError> for OrderError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        Self::Order(error.into())
    }
}

impl From<Trouble> for RegisterError {
    fn from(trouble: Trouble) -> Self {
        Self::Order(trouble.into())
    }
}
