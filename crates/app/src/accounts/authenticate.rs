use thiserror::Error;

use crate::identity::ApiKey;
use crate::port::StoreError;
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

impl App {
    /// Finds out who is asking by the token or the key they show.
    ///
    /// What is written in a token is held against what is stored now:
    /// who was shut out, or has another password or role, is so from the next request on.
    ///
    /// # Errors
    /// When it proves nothing.
    pub async fn authenticate(&self, bearer: &str) -> Result<Caller, AuthenticationError> {
        if let Ok(key) = ApiKey::parse(bearer) {
            let key = self.store.api_key(&key.hash()).await?;
            return match key {
                Some(key) if key.revoked_at.is_none() => Ok(Caller::Key {
                    id: key.id,
                    name: key.name,
                    role: key.role,
                    scopes: key.scopes,
                }),
                Some(_) | None => Err(AuthenticationError::Unproved),
            };
        }
        let now = self.clock.now();
        if let Ok(claims) = self.signers.tokens.verify(bearer, now) {
            let user = self.store.user(claims.user).await?;
            return match user {
                Some(user) if self.may_sign_in(&user) && user.epoch == claims.epoch => {
                    Ok(Caller::Person {
                        id: user.id,
                        role: user.role,
                    })
                }
                Some(_) | None => Err(AuthenticationError::Unproved),
            };
        }
        let external = self.signers.external.as_ref();
        match external.map(|issuer| issuer.verify(bearer, now)) {
            Some(Ok(claims)) => Ok(Caller::Person {
                id: claims.user,
                role: claims.role,
            }),
            Some(Err(_)) | None => Err(AuthenticationError::Unproved),
        }
    }
}
