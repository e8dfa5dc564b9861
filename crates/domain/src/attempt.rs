//! One checkout session of a payment at one gateway.
//!
//! An attempt that has ended only ever moves up this list, whatever news comes late and in whichever order:
//! closed, expired, failed, paid. Only a proved reversal takes `paid` back, to `failed`.

use thiserror::Error;

use crate::gateway::{CaptureId, Session, Source};
use crate::transition::{Answer, Transition, already, changed, illegal};
use crate::wire::wire_enum;
use crate::{AttemptId, PaymentId, Status};

wire_enum! {
    /// Where an attempt stands.
    pub enum AttemptStatus: "attempt status" {
        /// The gateway is being asked for a session.
        Creating = "creating",
        /// The buyer can pay.
        Open = "open",
        /// Nobody knows whether the gateway has a session. Only proof ends this.
        Unknown = "unknown",
        /// The session must go; the gateway has not yet said that it did.
        Closing = "closing",
        /// Money came in.
        Paid = "paid",
        /// The gateway ended it without money.
        Failed = "failed",
        /// Its time ran out.
        Expired = "expired",
        /// We had it closed.
        Closed = "closed",
    }
}

impl Status for AttemptStatus {
    const MACHINE: &'static str = "attempt";
}

impl AttemptStatus {
    /// Whether somebody might still pay through it. A payment has one such attempt at most.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Creating | Self::Open | Self::Unknown | Self::Closing => true,
            Self::Paid | Self::Failed | Self::Expired | Self::Closed => false,
        }
    }
}

/// Where an attempt stands, with what belongs to that state only.
///
/// The session stays with an attempt after its end, because late money is looked for there.
/// It is missing where the gateway never told us about one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "status", rename_all = "snake_case"))]
pub enum AttemptState {
    /// The gateway is being asked for a session.
    Creating,
    /// The buyer can pay.
    Open {
        /// Where.
        session: Session,
    },
    /// Nobody knows whether the gateway has a session.
    Unknown {
        /// The session, where one was seen before.
        session: Option<Session>,
    },
    /// The session must go.
    Closing {
        /// The session, where one is known.
        session: Option<Session>,
    },
    /// Money came in.
    Paid {
        /// The money.
        capture: CaptureId,
        /// The session, where one is known.
        session: Option<Session>,
    },
    /// The gateway ended it without money.
    Failed {
        /// The session, where one is known.
        session: Option<Session>,
    },
    /// Its time ran out.
    Expired {
        /// The session, where one is known.
        session: Option<Session>,
    },
    /// We had it closed.
    Closed {
        /// The session, where one is known.
        session: Option<Session>,
    },
}

impl AttemptState {
    /// The name of the state.
    #[must_use]
    pub const fn status(&self) -> AttemptStatus {
        match self {
            Self::Creating => AttemptStatus::Creating,
            Self::Open { .. } => AttemptStatus::Open,
            Self::Unknown { .. } => AttemptStatus::Unknown,
            Self::Closing { .. } => AttemptStatus::Closing,
            Self::Paid { .. } => AttemptStatus::Paid,
            Self::Failed { .. } => AttemptStatus::Failed,
            Self::Expired { .. } => AttemptStatus::Expired,
            Self::Closed { .. } => AttemptStatus::Closed,
        }
    }

    /// The session, where one is known.
    #[must_use]
    pub const fn session(&self) -> Option<&Session> {
        match self {
            Self::Creating => None,
            Self::Open { session } => Some(session),
            Self::Unknown { session }
            | Self::Closing { session }
            | Self::Paid { session, .. }
            | Self::Failed { session }
            | Self::Expired { session }
            | Self::Closed { session } => session.as_ref(),
        }
    }

    fn into_session(self) -> Option<Session> {
        match self {
            Self::Creating => None,
            Self::Open { session } => Some(session),
            Self::Unknown { session }
            | Self::Closing { session }
            | Self::Paid { session, .. }
            | Self::Failed { session }
            | Self::Expired { session }
            | Self::Closed { session } => session,
        }
    }

    fn with_session(self, found: Session) -> Self {
        let session = Some(found.clone());
        match self {
            Self::Creating | Self::Open { .. } | Self::Unknown { .. } => {
                Self::Open { session: found }
            }
            Self::Closing { .. } => Self::Closing { session },
            Self::Paid { capture, .. } => Self::Paid { capture, session },
            Self::Failed { .. } => Self::Failed { session },
            Self::Expired { .. } => Self::Expired { session },
            Self::Closed { .. } => Self::Closed { session },
        }
    }
}

/// What never changes about an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AttemptTerms {
    /// Its id.
    pub id: AttemptId,
    /// The payment it tries to settle.
    pub payment: PaymentId,
    /// The account of the gateway that is asked. Facts of any other account are not about this attempt.
    pub source: Source,
}

/// The gateway gave two different sessions for one attempt. Their names are not for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("attempt {0} has another session already")]
pub struct SecondSession(pub AttemptId);

/// An attempt: one checkout session at one gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Attempt {
    #[cfg_attr(feature = "serde", serde(flatten))]
    terms: AttemptTerms,
    #[cfg_attr(feature = "serde", serde(flatten))]
    state: AttemptState,
}

impl Attempt {
    /// Writes down that a gateway will be asked for a session. It is `creating`.
    #[must_use]
    pub const fn begin(terms: AttemptTerms) -> Self {
        Self::restore(terms, AttemptState::Creating)
    }

    /// Loads an attempt that was stored. Every state is possible for every attempt.
    #[must_use]
    pub const fn restore(terms: AttemptTerms, state: AttemptState) -> Self {
        Self { terms, state }
    }

    /// What never changes about it.
    #[must_use]
    pub const fn terms(&self) -> &AttemptTerms {
        &self.terms
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &AttemptState {
        &self.state
    }

    /// The name of where it stands.
    #[must_use]
    pub const fn status(&self) -> AttemptStatus {
        self.state.status()
    }

    /// The gateway told us about the session. An attempt that must go or has ended only learns its session.
    ///
    /// # Errors
    /// When another session is known: one key opens one session, so something is badly wrong.
    pub fn opened(self, session: Session) -> Result<Transition<Self>, SecondSession> {
        match self.state.session() {
            Some(known) if known.reference != session.reference => {
                Err(SecondSession(self.terms.id))
            }
            Some(_) | None => {
                let state = self.state.clone().with_session(session);
                Ok(self.move_to(state))
            }
        }
    }

    /// An answer of the gateway was lost. Where the session must go or proof of its end is at hand, nothing changes.
    pub fn lose_track(self) -> Transition<Self> {
        match self.state {
            AttemptState::Creating | AttemptState::Open { .. } | AttemptState::Unknown { .. } => {
                let state = AttemptState::Unknown {
                    session: self.state.clone().into_session(),
                };
                self.move_to(state)
            }
            AttemptState::Closing { .. }
            | AttemptState::Paid { .. }
            | AttemptState::Failed { .. }
            | AttemptState::Expired { .. }
            | AttemptState::Closed { .. } => Transition::AlreadyApplied(self),
        }
    }

    /// The session must go. Where it has ended there is nothing to do.
    pub fn close(self) -> Transition<Self> {
        match self.state {
            AttemptState::Creating | AttemptState::Open { .. } | AttemptState::Unknown { .. } => {
                let state = AttemptState::Closing {
                    session: self.state.clone().into_session(),
                };
                self.move_to(state)
            }
            AttemptState::Closing { .. }
            | AttemptState::Paid { .. }
            | AttemptState::Failed { .. }
            | AttemptState::Expired { .. }
            | AttemptState::Closed { .. } => Transition::AlreadyApplied(self),
        }
    }

    /// Money came in: from every state, for money is never refused.
    pub fn pay(self, capture: CaptureId) -> Transition<Self> {
        let session = self.state.clone().into_session();
        self.move_to(AttemptState::Paid { capture, session })
    }

    /// The gateway ended it without money.
    ///
    /// # Errors
    /// When money came in: only a reversal takes that back.
    pub fn fail(self) -> Answer<Self, AttemptStatus> {
        match self.state {
            AttemptState::Creating
            | AttemptState::Open { .. }
            | AttemptState::Unknown { .. }
            | AttemptState::Closing { .. }
            | AttemptState::Expired { .. }
            | AttemptState::Closed { .. } => changed(self.failed()),
            AttemptState::Failed { .. } => already(self),
            AttemptState::Paid { .. } => illegal(self.status(), AttemptStatus::Failed),
        }
    }

    /// The gateway took its money back. News of a reversal may come before news of the money itself.
    pub fn reverse(self) -> Transition<Self> {
        match self.state {
            AttemptState::Failed { .. } => Transition::AlreadyApplied(self),
            AttemptState::Creating
            | AttemptState::Open { .. }
            | AttemptState::Unknown { .. }
            | AttemptState::Closing { .. }
            | AttemptState::Paid { .. }
            | AttemptState::Expired { .. }
            | AttemptState::Closed { .. } => Transition::Changed(self.failed()),
        }
    }

    /// The gateway proved that nobody can pay through it any more: `closed` where we asked for that,
    /// `expired` otherwise. Where more is known already, nothing changes.
    pub fn expire(self) -> Transition<Self> {
        match self.state {
            AttemptState::Creating | AttemptState::Open { .. } | AttemptState::Unknown { .. } => {
                let session = self.state.clone().into_session();
                self.move_to(AttemptState::Expired { session })
            }
            AttemptState::Closing { session } => Transition::Changed(Self {
                terms: self.terms,
                state: AttemptState::Closed { session },
            }),
            AttemptState::Paid { .. }
            | AttemptState::Failed { .. }
            | AttemptState::Expired { .. }
            | AttemptState::Closed { .. } => Transition::AlreadyApplied(self),
        }
    }

    fn failed(self) -> Self {
        Self {
            terms: self.terms,
            state: AttemptState::Failed {
                session: self.state.into_session(),
            },
        }
    }

    fn move_to(self, state: AttemptState) -> Transition<Self> {
        if self.state == state {
            Transition::AlreadyApplied(self)
        } else {
            Transition::Changed(Self { state, ..self })
        }
    }
}

#[cfg(test)]
mod tests;
