//! Paying: from the written intent to the proved outcome.
//!
//! The money moves at a gateway, outside any transaction of ours. So each call is written down before it is made
//! ([`plan`]), made as often as it takes under one key ([`drive`]), and what it did is read from the gateway
//! ([`learn`]). [`resolve`] does all that is left to do about an order; every door leads there.

mod book;
mod cancel;
mod confirm;
mod drive;
mod ended;
mod file;
mod glance;
mod hear;
mod inspect;
mod learn;
mod lines;
mod plan;
mod process;
mod refresh;
mod resolve;
mod review;
mod rows;
mod silent;
mod status;
mod waiting;

use bayar_domain::{Gateway, PaymentStatus};
use thiserror::Error;

pub use confirm::Confirm;
pub(crate) use hear::{Heard, Unheard};
pub use inspect::{InspectedPayment, Inspection};
pub use process::{Access, CheckoutDoor, StartCheckout};
pub use refresh::Refreshed;
pub use review::ReviewPayment;
pub use status::StatusShown;
pub(crate) use waiting::Waiting;

pub(crate) use file::AttemptFile;
pub(crate) use learn::OTHER_ACCOUNT;
pub(crate) use resolve::{Resolved, worth_reading};
pub(crate) use rows::{LeftOut, Rows, read as read_rows};

use crate::Trouble;
use crate::port::StoreError;
use crate::port::gateway::Fault;
use crate::settle::SettleError;

/// Why a payment does not go on.
#[derive(Debug, Error)]
pub enum PayError {
    /// There is no such payment.
    #[error("there is no such payment")]
    NotFound,
    /// It is somebody else's.
    #[error("the payment is somebody else's")]
    Forbidden,
    /// Its state does not allow it.
    #[error("the payment is {0}")]
    WrongState(PaymentStatus),
    /// The buyer has done what they could, and a bank is working on it.
    #[error("a bank is working on the payment")]
    BeingChecked,
    /// So little of its time is left that no checkout could be opened.
    #[error("the time of the payment is nearly over")]
    TooLate,
    /// The gateway is not set up.
    #[error("{0} is not set up")]
    MethodNotAvailable(Gateway),
    /// The gateway cannot take it.
    #[error("{0} cannot take it: {1}")]
    Unfit(Gateway, String),
    /// The gateway says that it is not paid.
    #[error("it is not paid yet")]
    NotPaidYet,
    /// What was named is not what the gateway has for this payment.
    #[error("the gateway has another transaction for this payment")]
    Mismatch,
    /// There is nothing to decide.
    #[error("there is nothing to review")]
    NothingToReview,
    /// The gateway could not be asked. Nothing has changed.
    #[error("the gateway cannot be reached: {0}")]
    Unavailable(Fault),
    /// The gateway refused. Nothing has changed.
    #[error("the gateway refused: {0}")]
    RefusedByGateway(Fault),
    /// What the gateway did is not known yet. It will be.
    #[error("the gateway has not given a clear answer")]
    Unclear,
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for PayError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<SettleError> for PayError {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::NotFound => Self::NotFound,
            SettleError::Stale => Trouble::InProgress.into(),
            SettleError::Refused(refused) => Trouble::fault(refused).into(),
            SettleError::NeedsRefundId | SettleError::DailyLimit(_) | SettleError::Outdated => {
                Trouble::fault(error).into()
            }
            SettleError::Trouble(trouble) => trouble.into(),
        }
    }
}
