//! What a gateway proved. Facts are only ever added, and any order and repetition of them tells the same story.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::gateway::{CaptureId, DisputeId, GatewayRefundId, Reason, Source, TryId};
use crate::wire::wire_enum;
use crate::{AttemptId, Money, RefundId};

wire_enum! {
    /// What kind of thing a fact is about.
    pub enum FactKind: "kind of fact" {
        /// Money came in.
        Captured = "captured",
        /// The gateway holds money back because it suspects fraud.
        Challenged = "challenged",
        /// Money that came in was taken back by the gateway.
        Reversed = "reversed",
        /// One try to pay was declined; the checkout is still open. History, not an end.
        Declined = "declined",
        /// The checkout ended without money.
        Failed = "failed",
        /// Nobody can pay through the checkout any more.
        Expired = "expired",
        /// Money went back.
        Refunded = "refunded",
        /// The buyer's bank asks for money back.
        Disputed = "disputed",
    }
}

wire_enum! {
    /// How far a refund is at the gateway. Later steps in this list outweigh earlier ones.
    pub enum RefundStep: "refund step" {
        /// The gateway is working on it.
        Pending = "pending",
        /// The money went back.
        Succeeded = "succeeded",
        /// It did not go back, or came back to us.
        Failed = "failed",
    }
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "snake_case"))]
pub enum Proof {
    /// Money came in.
    Captured {
        /// The money.
        capture: CaptureId,
        /// How much.
        amount: Money,
    },
    /// The gateway holds money back because it suspects fraud.
    Challenged {
        /// The money.
        capture: CaptureId,
        /// How much.
        amount: Money,
    },
    /// The gateway took back money that it had captured or held.
    ///
    /// An adapter says this only where money was in: of money that never came in it says nothing.
    /// Where the money went back because we asked for it (a gateway may turn a refund of unsettled money
    /// into a cancellation) it says [`Proof::Refunded`] with our mark instead.
    Reversed {
        /// The money.
        capture: CaptureId,
    },
    /// One try to pay was declined; the checkout is still open.
    Declined {
        /// The try.
        payment_try: TryId,
        /// Why, for our own eyes.
        reason: Reason,
    },
    /// The checkout ended without money.
    Failed {
        /// Why, for our own eyes.
        reason: Reason,
    },
    /// Nobody can pay through the checkout any more.
    Expired,
    /// Money went back, is going back, or failed to.
    Refunded {
        /// The money it is taken from.
        capture: CaptureId,
        /// The gateway's name for the refund.
        refund: GatewayRefundId,
        /// How much.
        amount: Money,
        /// How far it is.
        step: RefundStep,
        /// Our own refund, where the gateway carried our mark.
        ours: Option<RefundId>,
    },
    /// A dispute holds money.
    Disputed {
        /// The money it is about.
        capture: CaptureId,
        /// The gateway's name for the dispute.
        dispute: DisputeId,
        /// How much it holds by now; nothing for a mere question, or when it was won.
        held: Money,
        /// The rank of its status in the life of a dispute. The highest one tells the truth.
        step: u32,
        /// Whether what it holds is lost: the bank has decided against us.
        #[cfg_attr(
            feature = "serde",
            serde(default, skip_serializing_if = "core::ops::Not::not")
        )]
        lost: bool,
    },
}

impl Proof {
    /// The money it is about.
    #[must_use]
    pub const fn capture(&self) -> Option<&CaptureId> {
        match self {
            Self::Captured { capture, .. }
            | Self::Challenged { capture, .. }
            | Self::Reversed { capture }
            | Self::Refunded { capture, .. }
            | Self::Disputed { capture, .. } => Some(capture),
            Self::Declined { .. } | Self::Failed { .. } | Self::Expired => None,
        }
    }
}

/// What makes two facts one, whichever door they came through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey {
    /// The account that proved it.
    pub source: Source,
    /// The kind of thing.
    pub kind: FactKind,
    /// The gateway's name for the thing, or ours where it has none.
    pub object: String,
    /// The step in the life of the thing.
    pub step: String,
}

fn told(amount: Money) -> String {
    format!("{amount} {}", amount.currency())
}

/// A fact that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidFact {
    /// No money came in or went back.
    #[error("money that moved is above zero")]
    Amount,
    /// A dispute that holds less than nothing.
    #[error("a dispute holds nothing or more")]
    Held,
}

/// Something a gateway proved about the money of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored"))]
pub struct Fact {
    attempt: AttemptId,
    source: Source,
    #[cfg_attr(feature = "serde", serde(flatten))]
    proof: Proof,
    at: DateTime<Utc>,
}

impl Fact {
    /// Takes down what a gateway proved. `at` is the gateway's time, for people: nothing is decided by it.
    ///
    /// # Errors
    /// When an amount is not one.
    pub fn new(
        attempt: AttemptId,
        source: Source,
        proof: Proof,
        at: DateTime<Utc>,
    ) -> Result<Self, InvalidFact> {
        match &proof {
            Proof::Captured { amount, .. }
            | Proof::Challenged { amount, .. }
            | Proof::Refunded { amount, .. }
                if !amount.is_positive() =>
            {
                Err(InvalidFact::Amount)
            }
            Proof::Disputed { held, .. } if held.is_negative() => Err(InvalidFact::Held),
            Proof::Captured { .. }
            | Proof::Challenged { .. }
            | Proof::Reversed { .. }
            | Proof::Declined { .. }
            | Proof::Failed { .. }
            | Proof::Expired
            | Proof::Refunded { .. }
            | Proof::Disputed { .. } => Ok(Self {
                attempt,
                source,
                proof,
                at,
            }),
        }
    }

    /// The attempt whose money it is about.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        self.attempt
    }

    /// The account that proved it.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// What it says.
    #[must_use]
    pub const fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The gateway's time.
    #[must_use]
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// What kind of thing it is about.
    #[must_use]
    pub const fn kind(&self) -> FactKind {
        match self.proof {
            Proof::Captured { .. } => FactKind::Captured,
            Proof::Challenged { .. } => FactKind::Challenged,
            Proof::Reversed { .. } => FactKind::Reversed,
            Proof::Declined { .. } => FactKind::Declined,
            Proof::Failed { .. } => FactKind::Failed,
            Proof::Expired => FactKind::Expired,
            Proof::Refunded { .. } => FactKind::Refunded,
            Proof::Disputed { .. } => FactKind::Disputed,
        }
    }

    /// What makes it the same as another fact.
    #[must_use]
    pub fn key(&self) -> FactKey {
        const ONCE: &str = "once";
        // Amounts are part of the step: should two doors ever tell two amounts, both are kept and an alert is raised.
        let (object, step) = match &self.proof {
            Proof::Captured { capture, amount } | Proof::Challenged { capture, amount } => {
                (capture.to_string(), told(*amount))
            }
            Proof::Reversed { capture } => (capture.to_string(), ONCE.to_owned()),
            Proof::Declined { payment_try, .. } => (payment_try.to_string(), ONCE.to_owned()),
            Proof::Failed { .. } | Proof::Expired => {
                (format!("attempt {}", self.attempt), ONCE.to_owned())
            }
            // One door may show our mark where another did not: both are kept, and together they tell.
            Proof::Refunded {
                refund,
                step,
                amount,
                ours,
                ..
            } => {
                let mark = ours.map(|ours| format!(" for {ours}")).unwrap_or_default();
                let step = format!("{step} {}{mark}", told(*amount));
                (refund.to_string(), step)
            }
            Proof::Disputed {
                dispute,
                step,
                held,
                lost,
                ..
            } => {
                let end = if *lost { " lost" } else { "" };
                (dispute.to_string(), format!("{step} {}{end}", told(*held)))
            }
        };
        FactKey {
            source: self.source.clone(),
            kind: self.kind(),
            object,
            step,
        }
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Stored {
    attempt: AttemptId,
    source: Source,
    #[serde(flatten)]
    proof: Proof,
    at: DateTime<Utc>,
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for Fact {
    type Error = InvalidFact;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::new(stored.attempt, stored.source, stored.proof, stored.at)
    }
}

#[cfg(test)]
mod tests;
