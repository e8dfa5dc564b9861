//! Money going back.

use thiserror::Error;

use crate::gateway::{CaptureId, Reason, TransferReference};
use crate::transition::{Answer, Transition, illegal};
use crate::wire::wire_enum;
use crate::{Money, PaymentId, RefundId, Status};

wire_enum! {
    /// Where a refund stands.
    pub enum RefundStatus: "refund status" {
        /// Asked for; no gateway was called yet.
        Requested = "requested",
        /// The gateway is working on it.
        Sent = "sent",
        /// Nobody knows whether the gateway has it. Only proof ends this.
        Unknown = "unknown",
        /// An operator has to transfer the money by hand.
        Manual = "manual",
        /// The money went back.
        Succeeded = "succeeded",
        /// The money did not go back.
        Failed = "failed",
    }
}

impl Status for RefundStatus {
    const MACHINE: &'static str = "refund";
}

impl RefundStatus {
    /// Whether the gateway has it, may have it, or will have it.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        match self {
            Self::Requested | Self::Sent | Self::Unknown => true,
            Self::Manual | Self::Succeeded | Self::Failed => false,
        }
    }
}

wire_enum! {
    /// Who wanted the money to go back.
    pub enum RefundOrigin: "refund origin" {
        /// An operator or the application.
        Requested = "requested",
        /// We ourselves, because the order had its money already.
        Surplus = "surplus",
        /// Somebody at the gateway, without us. A settlement knows these by their facts and not as its own.
        External = "external",
    }
}

wire_enum! {
    /// Why money did not go back.
    pub enum RefundFailure: "refund failure" {
        /// The gateway proved that it refused.
        Refused = "refused",
        /// It failed at the gateway, perhaps long after it seemed to succeed.
        Failed = "failed",
        /// It was not needed any more, or the gateway took its money back.
        Withdrawn = "withdrawn",
    }
}

/// Where a refund stands, with what belongs to that state only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "status", rename_all = "snake_case"))]
pub enum RefundState {
    /// Asked for; no gateway was called yet.
    Requested,
    /// The gateway is working on it.
    Sent,
    /// Nobody knows whether the gateway has it.
    Unknown,
    /// An operator has to transfer the money by hand.
    Manual,
    /// The money went back.
    Succeeded {
        /// The transfer by hand, where it was one; otherwise the gateway proved it.
        transfer: Option<TransferReference>,
    },
    /// The money did not go back.
    Failed {
        /// Why.
        // The terms beside it on the wire have a `reason` of their own.
        #[cfg_attr(feature = "serde", serde(rename = "failure"))]
        reason: RefundFailure,
    },
}

impl RefundState {
    /// The name of the state.
    #[must_use]
    pub const fn status(&self) -> RefundStatus {
        match self {
            Self::Requested => RefundStatus::Requested,
            Self::Sent => RefundStatus::Sent,
            Self::Unknown => RefundStatus::Unknown,
            Self::Manual => RefundStatus::Manual,
            Self::Succeeded { .. } => RefundStatus::Succeeded,
            Self::Failed { .. } => RefundStatus::Failed,
        }
    }
}

/// What never changes about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RefundTerms {
    /// Its id.
    pub id: RefundId,
    /// The payment the money came with.
    pub payment: PaymentId,
    /// The money it is taken from.
    pub capture: CaptureId,
    /// Who wanted it.
    pub origin: RefundOrigin,
    /// Why, for people.
    pub reason: Option<Reason>,
}

/// A refund that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a refund has an amount above zero")]
pub struct InvalidRefund;

/// A refund: money going back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored"))]
pub struct Refund {
    #[cfg_attr(feature = "serde", serde(flatten))]
    terms: RefundTerms,
    amount: Money,
    #[cfg_attr(feature = "serde", serde(flatten))]
    state: RefundState,
}

impl Refund {
    /// Asks for a refund. It is `requested`.
    ///
    /// # Errors
    /// When the amount is not above zero.
    pub fn request(terms: RefundTerms, amount: Money) -> Result<Self, InvalidRefund> {
        Self::restore(terms, amount, RefundState::Requested)
    }

    /// Loads a refund that was stored.
    ///
    /// # Errors
    /// When the amount is not above zero.
    pub fn restore(
        terms: RefundTerms,
        amount: Money,
        state: RefundState,
    ) -> Result<Self, InvalidRefund> {
        if amount.is_positive() {
            Ok(Self {
                terms,
                amount,
                state,
            })
        } else {
            Err(InvalidRefund)
        }
    }

    /// What never changes about it.
    #[must_use]
    pub const fn terms(&self) -> &RefundTerms {
        &self.terms
    }

    /// How much goes back.
    #[must_use]
    pub const fn amount(&self) -> Money {
        self.amount
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &RefundState {
        &self.state
    }

    /// The name of where it stands.
    #[must_use]
    pub const fn status(&self) -> RefundStatus {
        self.state.status()
    }

    /// The gateway has it. It may have it a second time after a first time that failed,
    /// and then it is in no operator's hands any more.
    ///
    /// # Errors
    /// When the money went back.
    pub fn send(self) -> Answer<Self, RefundStatus> {
        match self.state {
            RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Manual
            | RefundState::Failed { .. } => Ok(self.move_to(RefundState::Sent)),
            RefundState::Succeeded { .. } => self.cannot(RefundStatus::Sent),
        }
    }

    /// It is proved that it never left: no gateway has it.
    ///
    /// # Errors
    /// When a gateway may have it, or it is at its end.
    pub fn unsend(self) -> Answer<Self, RefundStatus> {
        match self.state {
            RefundState::Requested | RefundState::Sent => Ok(self.move_to(RefundState::Requested)),
            RefundState::Unknown
            | RefundState::Manual
            | RefundState::Succeeded { .. }
            | RefundState::Failed { .. } => self.cannot(RefundStatus::Requested),
        }
    }

    /// An answer of the gateway was lost. Where proof is at hand, nothing changes.
    ///
    /// # Errors
    /// When it is in an operator's hands: no gateway was called.
    pub fn lose_track(self) -> Answer<Self, RefundStatus> {
        match self.state {
            RefundState::Requested | RefundState::Sent | RefundState::Unknown => {
                Ok(self.move_to(RefundState::Unknown))
            }
            RefundState::Succeeded { .. } | RefundState::Failed { .. } => {
                Ok(Transition::AlreadyApplied(self))
            }
            RefundState::Manual => self.cannot(RefundStatus::Unknown),
        }
    }

    /// The gateway proved that the money went back. Where an operator was to transfer it by hand, there is no need to.
    pub fn succeed(self) -> Transition<Self> {
        match self.state {
            RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Manual
            | RefundState::Failed { .. } => self.move_to(RefundState::Succeeded { transfer: None }),
            RefundState::Succeeded { .. } => Transition::AlreadyApplied(self),
        }
    }

    /// The gateway proved that the money did not go back, perhaps after it had said that it did.
    ///
    /// # Errors
    /// When it is in an operator's hands, or a transfer by hand settled it.
    pub fn fail(self, reason: RefundFailure) -> Answer<Self, RefundStatus> {
        match self.state {
            RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Succeeded { transfer: None } => {
                Ok(self.move_to(RefundState::Failed { reason }))
            }
            RefundState::Failed { .. } => Ok(Transition::AlreadyApplied(self)),
            RefundState::Manual | RefundState::Succeeded { transfer: Some(_) } => {
                self.cannot(RefundStatus::Failed)
            }
        }
    }

    /// It is not needed any more, and no gateway has it. One that failed is not owed any more.
    ///
    /// # Errors
    /// When a gateway may have it, or the money went back.
    pub fn withdraw(self) -> Answer<Self, RefundStatus> {
        match self.state {
            RefundState::Requested | RefundState::Manual | RefundState::Failed { .. } => Ok(self
                .move_to(RefundState::Failed {
                    reason: RefundFailure::Withdrawn,
                })),
            RefundState::Sent | RefundState::Unknown | RefundState::Succeeded { .. } => {
                self.cannot(RefundStatus::Failed)
            }
        }
    }

    /// The gateway cannot give this money back: an operator will.
    ///
    /// # Errors
    /// When the gateway may be giving it back, or did.
    pub fn take_over(self) -> Answer<Self, RefundStatus> {
        match self.state {
            RefundState::Requested | RefundState::Failed { .. } | RefundState::Manual => {
                Ok(self.move_to(RefundState::Manual))
            }
            RefundState::Sent | RefundState::Unknown | RefundState::Succeeded { .. } => {
                self.cannot(RefundStatus::Manual)
            }
        }
    }

    /// An operator transferred the money by hand.
    ///
    /// # Errors
    /// When it was not in an operator's hands, or another transfer settled it.
    pub fn settle(self, transfer: TransferReference) -> Answer<Self, RefundStatus> {
        let settled = RefundState::Succeeded {
            transfer: Some(transfer),
        };
        match self.state {
            RefundState::Manual => Ok(self.move_to(settled)),
            RefundState::Succeeded { .. } if self.state == settled => {
                Ok(Transition::AlreadyApplied(self))
            }
            RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Succeeded { .. }
            | RefundState::Failed { .. } => self.cannot(RefundStatus::Succeeded),
        }
    }

    /// Goes where the gateway's records and our decisions say. What a hand settled is settled.
    pub(crate) fn follow(self, target: RefundState) -> Self {
        match self.state {
            RefundState::Succeeded { transfer: Some(_) } => self,
            RefundState::Succeeded { transfer: None }
            | RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Manual
            | RefundState::Failed { .. } => self.move_to(target).into_inner(),
        }
    }

    /// Whether it failed and nobody has withdrawn it since: the money did not go back though it should have.
    pub(crate) fn failed_in_earnest(&self) -> bool {
        match self.state {
            RefundState::Failed { reason } => match reason {
                RefundFailure::Refused | RefundFailure::Failed => true,
                RefundFailure::Withdrawn => false,
            },
            RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Manual
            | RefundState::Succeeded { .. } => false,
        }
    }

    /// Whether it is an automatic refund that nobody has sent: it still follows the facts.
    pub(crate) fn is_unsent_surplus(&self) -> bool {
        self.terms.origin == RefundOrigin::Surplus && self.state == RefundState::Requested
    }

    /// An automatic refund that nobody has sent goes with what is left to give back.
    pub(crate) fn resize(self, amount: Money) -> Self {
        if !self.is_unsent_surplus() {
            return self;
        }
        if amount.is_positive() {
            Self { amount, ..self }
        } else {
            Self {
                state: RefundState::Failed {
                    reason: RefundFailure::Withdrawn,
                },
                ..self
            }
        }
    }

    fn move_to(self, state: RefundState) -> Transition<Self> {
        if self.state == state {
            Transition::AlreadyApplied(self)
        } else {
            Transition::Changed(Self { state, ..self })
        }
    }

    fn cannot(self, to: RefundStatus) -> Answer<Self, RefundStatus> {
        illegal(self.status(), to)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Stored {
    #[serde(flatten)]
    terms: RefundTerms,
    amount: Money,
    #[serde(flatten)]
    state: RefundState,
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for Refund {
    type Error = InvalidRefund;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::restore(stored.terms, stored.amount, stored.state)
    }
}

#[cfg(test)]
mod tests;
