//! Follows what a gateway's book says: reads the attempt that it is about.

use bayar_domain::gateway::Source;

use super::schedule::Entry;
use super::serve::is_shared;
use crate::App;
use crate::paying::{Heard, Unheard};
use crate::port::store::{AttemptPlace, RunLease};
use crate::trouble::Trouble;

/// After so many attempts in a row of which it does not tell, it is the gateway that is in trouble and no attempt.
const MOST_SILENT: u32 = 3;

/// What came of reading an attempt.
pub(super) enum Followed {
    /// It was read.
    Read {
        heard: Heard,
        /// Whether more is proved about its order than before.
        is_new: bool,
    },
    /// It has to be read again.
    Unread,
    /// The attempt is another account's than the one whose book tells of it: nothing will change that.
    Foreign,
    /// The gateway is in trouble: nothing else will be read now.
    Away(String),
}

/// How many attempts in a row their gateway did not tell of.
#[derive(Default)]
pub(super) struct Silence(u32);

impl Silence {
    /// Whether the gateway is in trouble, after it told of an attempt or not.
    pub fn after(&mut self, is_silent: bool) -> bool {
        self.0 = match is_silent {
            true => self.0.saturating_add(1),
            false => 0,
        };
        self.0 >= MOST_SILENT
    }
}

impl App {
    /// Reads an attempt. One that cannot be read holds up no other.
    pub(super) async fn follow_book(
        &self,
        about: AttemptPlace,
        source: &Source,
        silence: &mut Silence,
    ) -> Result<Followed, Trouble> {
        let (gateway, mode) = (source.gateway, source.mode);
        let AttemptPlace { order, attempt } = about;
        let known = self.facts_known(about).await?;
        let heard = self.hear(about, gateway, mode, Some(&source.account)).await;
        let is_silent = matches!(&heard, Err(Unheard::Gateway(fault)) if is_shared(fault.kind));
        let is_away = silence.after(is_silent);
        match heard {
            Ok(heard) => {
                let is_new = self.facts_known(about).await? > known;
                Ok(Followed::Read { heard, is_new })
            }
            Err(Unheard::Gateway(fault)) if is_away => Ok(Followed::Away(fault.to_string())),
            Err(Unheard::Gateway(fault)) => {
                tracing::warn!(%order, %attempt, %fault, "what happened cannot be read yet");
                Ok(Followed::Unread)
            }
            Err(Unheard::OtherAccount) => {
                tracing::error!(%order, %attempt, "an attempt of another account is told of: an operator has to look");
                Ok(Followed::Foreign)
            }
            Err(Unheard::Busy) => Ok(Followed::Unread),
            Err(Unheard::Trouble(trouble @ Trouble::Unavailable(_))) => Err(trouble),
            Err(Unheard::Trouble(trouble)) => {
                tracing::error!(error = %trouble, %order, %attempt, "what happened cannot be applied: an operator has to look");
                Ok(Followed::Unread)
            }
        }
    }

    /// Writes down how far a run has come, unless somebody took it over.
    pub(super) async fn keep_cursor(
        &self,
        entry: Entry,
        lease: &RunLease,
        text: &str,
    ) -> Result<(), Trouble> {
        let kept = self.store.keep_cursor(entry.name(), lease.epoch, text);
        match kept.await? {
            true => Ok(()),
            false => Err(Trouble::InProgress),
        }
    }

    /// How much is proved about an order, if that can be told.
    async fn facts_known(&self, about: AttemptPlace) -> Result<Option<usize>, Trouble> {
        match self.facts_of(about).await {
            Ok(known) => Ok(Some(known)),
            Err(trouble @ Trouble::Unavailable(_)) => Err(trouble),
            Err(_) => Ok(None),
        }
    }
}
