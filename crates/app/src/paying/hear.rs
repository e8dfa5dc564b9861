//! Follows a hint of a gateway: reads the attempt that it is about.

use bayar_domain::gateway::AccountRef;
use bayar_domain::{Gateway, Mode};

use super::learn::{LearnError, Learned};
use crate::App;
use crate::port::gateway::{Door, Fault};
use crate::port::store::{Actor, AttemptPlace};
use crate::settle::SettleError;
use crate::trouble::Trouble;

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nobody has paid, and somebody still may.
    NothingYet,
    /// Money came in, or nobody can pay any more.
    Settled,
}

/// Why nothing was heard.
#[derive(Debug)]
pub(crate) enum Unheard {
    /// The hint is of another account than the attempt, or play money where real money moves.
    OtherAccount,
    /// The gateway did not say.
    Gateway(Fault),
    /// Somebody else works on the order.
    Busy,
    /// Something is wrong, or away.
    Trouble(Trouble),
}

impl From<SettleError> for Unheard {
    fn from(error: SettleError) -> Self {
        match error.into_trouble() {
            Trouble::InProgress => Self::Busy,
            trouble @ (Trouble::Unavailable(_) | Trouble::Fault(_)) => Self::Trouble(trouble),
        }
    }
}

impl From<LearnError> for Unheard {
    fn from(error: LearnError) -> Self {
        match error {
            LearnError::Gateway(error) => Self::Gateway(error.fault().clone()),
            LearnError::Settle(error) => error.into(),
        }
    }
}

impl App {
    /// Reads an attempt of which a gateway said that something happened to it, and does what follows.
    pub(crate) async fn hear(
        &self,
        place: AttemptPlace,
        gateway: Gateway,
        mode: Mode,
        account: Option<&AccountRef>,
    ) -> Result<Heard, Unheard> {
        let AttemptPlace { order, attempt } = place;
        let seen = self.look(order).await?;
        let source = seen.settlement.attempt(attempt);
        let source = source.map(|attempt| attempt.terms().source.clone());
        let is_its_own = source.is_some_and(|source| {
            source.gateway == gateway
                && source.mode == mode
                && account.is_none_or(|account| source.account == *account)
        });
        if !is_its_own {
            return Err(Unheard::OtherAccount);
        }
        let Learned {
            reading, planned, ..
        } = self.learn(order, attempt, Actor::System).await?;
        self.work(order, planned).await?;
        self.follow_up(order).await?;
        Ok(match reading.door {
            Door::Paid | Door::Shut => Heard::Settled,
            Door::Absent | Door::Open | Door::Waiting | Door::Overdue => Heard::NothingYet,
        })
    }
}
