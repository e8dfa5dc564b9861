//! Giving money back: never more than came in, never twice for one wish, and with its papers.
//!
//! A refund, the reservation of its money and the call that carries it are written in one transaction
//! ([`order`]); then the call is made like every other one, and where the refund stands is told from what is stored
//! ([`told`]). What a gateway cannot give back by a request is an operator's to transfer ([`hand`]).

mod hand;
mod order;
mod read;
mod told;

use bayar_domain::refund::RefundFailure;
use bayar_domain::{Currency, Money, PaymentStatus, RefundId, RefundStatus};
use chrono::{DateTime, Utc};
use thiserror::Error;

pub use order::RefundPayment;
pub use read::{ExternalShown, RefundShown, RefundsOfPayment};
pub use told::Progress;

use crate::accounts::AuthenticationError;
use crate::port::StoreError;
use crate::port::gateway::Fault;
use crate::port::store::{StoredPayment, StoredRefund};
use crate::trouble::Trouble;

/// A refund that was asked for.
#[derive(Debug, Clone)]
pub struct Refunded {
    /// The payment as it is now.
    pub payment: StoredPayment,
    /// The refund as it is now.
    pub refund: StoredRefund,
    /// How far it is.
    pub progress: Progress,
    /// Whether the same wish was made before.
    pub again: bool,
}

/// Why money does not go back.
#[derive(Debug, Error)]
pub enum RefundError {
    /// Nothing proves any more who is asking.
    #[error("nothing proves who is asking")]
    Unproved,
    /// Whoever asks may not give money back.
    #[error("the caller may not give money back")]
    Forbidden,
    /// There is no such payment, or no such refund.
    #[error("there is no such thing")]
    NotFound,
    /// The payment has no money that could go back.
    #[error("a payment that is {0} has no money to give back")]
    NotRefundable(PaymentStatus),
    /// More should go back than there is.
    #[error("at most {} {} can be given back", .available, .available.currency())]
    Exceeds {
        /// What can be given back.
        available: Money,
    },
    /// The credits that the money bought were used.
    #[error("{needed} credits would go and {balance} are there")]
    InsufficientCredits {
        /// How many would go.
        needed: i64,
        /// How many are there.
        balance: i64,
    },
    /// Nothing should go back.
    #[error("a refund is an amount above zero")]
    InvalidAmount,
    /// The amount has more decimals than the currency.
    #[error("an amount in {} has at most {} decimals", .0, .0.exponent())]
    TooManyDecimals(Currency),
    /// The gateway takes whole units of the currency only.
    #[error("only whole {0} are given back that way")]
    WholeUnitsOnly(Currency),
    /// The key was used for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The caller has given back too much today.
    #[error("only {} {} are left for today", .left, .left.currency())]
    DailyLimit {
        /// What may still go back today.
        left: Money,
    },
    /// The gateway cannot give this money back: an operator has to transfer it, and it is kept for that.
    #[error("refund {refund} has to be transferred by hand")]
    NeedsManualTransfer {
        /// The refund.
        refund: RefundId,
    },
    /// The refund failed: the money did not go back.
    #[error("refund {refund} failed: {reason}")]
    Failed {
        /// The refund.
        refund: RefundId,
        /// Why.
        reason: RefundFailure,
        /// What the gateway said, where it is known.
        fault: Option<String>,
    },
    /// Where the refund stands does not allow it.
    #[error("the refund is {0}")]
    WrongState(RefundStatus),
    /// The gateway may still tell what became of the refund.
    #[error("the gateway has until {until} to tell what became of it")]
    TooEarly {
        /// Until when it is waited for.
        until: DateTime<Utc>,
    },
    /// The money pays the order by now: it does not have to go back.
    #[error("the money does not have to go back")]
    NothingDue,
    /// The gateway cannot be asked. Nothing has changed.
    #[error("the gateway cannot be reached: {0}")]
    Unavailable(Fault),
    /// Something went wrong; [`Trouble::InProgress`] is for trying again at once.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for RefundError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<AuthenticationError> for RefundError {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Unproved => Self::Unproved,
            AuthenticationError::Trouble(trouble) => Self::Trouble(trouble),
        }
    }
}
