use bayar_domain::UserId;
use thiserror::Error;

use crate::identity::ApiKey;
use crate::port::StoreError;
use crate::port::store::Standing;
use crate::{App, Caller, Trouble};

/// Why somebody is not who they say.
#[derive(Debug, Error)]
pub enum AuthenticationError {
    /// Nothing proves it. Why is not said.
    #[error("nothing proves who is asking")]
    Unproved,
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for AuthenticationError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Who shows a proof that was genuine when it was given out. Whether it still holds is for the store to say.
#[derive(Debug, Clone)]
pub struct Claimant {
    caller: Caller,
    /// The epoch that a token of ours was given out in. Nothing else has to be confirmed.
    epoch: Option<i64>,
}

impl Claimant {
    /// Somebody about whom nothing is left to be confirmed.
    #[must_use]
    pub const fn known(caller: Caller) -> Self {
        let epoch = None;
        Self { caller, epoch }
    }

    /// Who it is, if the proof still holds. What a person may do is stored, whatever their token says.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whose account decides whether the proof still holds, where one does.
    pub(crate) fn account(&self) -> Option<UserId> {
        self.epoch.and(self.caller.person())
    }

    /// Whose requests are counted together. Whoever shows a token that is void uses up nothing of its owner's.
    pub(crate) fn counted_as(&self) -> String {
        let actor = self.caller.actor();
        match self.epoch {
            Some(epoch) => format!("{actor}@{epoch}"),
            None => actor.to_string(),
        }
    }
}

impl App {
    /// Finds out who is asking by the token or the key they show, as far as these tell.
    ///
    /// Nothing may be done or told before it is confirmed, by [`App::confirm`] or by what the store says on the way.
    ///
    /// # Errors
    /// When it proves nothing.
    pub async fn claim(&self, bearer: &str) -> Result<Claimant, AuthenticationError> {
        if let Ok(key) = ApiKey::parse(bearer) {
            let key = self.store.api_key(&key.hash()).await?;
            return match key {
                Some(key) if key.revoked_at.is_none() => Ok(Claimant {
                    caller: Caller::Key {
                        id: key.id,
                        name: key.name,
                        role: key.role,
                        scopes: key.scopes,
                    },
                    epoch: None,
                }),
                Some(_) | None => Err(AuthenticationError::Unproved),
            };
        }
        let now = self.clock.now();
        if let Ok(claims) = self.signers.tokens.verify(bearer, now) {
            return Ok(Claimant {
                caller: Caller::Person {
                    id: claims.user,
                    role: claims.role,
                },
                epoch: Some(claims.epoch),
            });
        }
        let external = self.signers.external.as_ref();
        match external.map(|issuer| issuer.verify(bearer, now)) {
            Some(Ok(claims)) => Ok(Claimant {
                caller: Caller::Person {
                    id: claims.user,
                    role: claims.role,
                },
                epoch: None,
            }),
            Some(Err(_)) | None => Err(AuthenticationError::Unproved),
        }
    }

    /// Holds what is written in a token against what is stored now:
    /// who was shut out, or has another password or role, is so from the next request on.
    ///
    /// # Errors
    /// When the proof holds no more.
    pub async fn confirm(&self, claimant: &Claimant) -> Result<Caller, AuthenticationError> {
        let standing = match claimant.account() {
            Some(person) => self.store.user(person).await?.map(|user| user.standing()),
            None => None,
        };
        self.confirmed(claimant, standing)
            .ok_or(AuthenticationError::Unproved)
    }

    /// Who it is, if the proof still holds as the account of its owner stands.
    pub(crate) fn confirmed(
        &self,
        claimant: &Claimant,
        standing: Option<Standing>,
    ) -> Option<Caller> {
        match (&claimant.caller, claimant.epoch) {
            (Caller::Person { id, .. }, Some(epoch)) => {
                let standing = standing?;
                let holds = standing.epoch == epoch && self.may_sign_in(standing);
                holds.then_some(Caller::Person {
                    id: *id,
                    role: standing.role,
                })
            }
            (caller, _) => Some(caller.clone()),
        }
    }
}
