use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Semaphore;

use crate::identity::{Email, PasswordHash, Role, Verified};
use crate::port::StoreError;
use crate::port::store::{Standing, User};
use crate::{App, Trouble};

/// Each password that is checked takes 19 MiB and a core for some 20 ms: more at once would only wait for each other.
static CHECKS: Semaphore = Semaphore::const_new(4);

/// Somebody who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// What they prove it with from now on.
    pub token: String,
    /// How long.
    pub lifetime: Duration,
    /// Who.
    pub user: User,
}

/// Why somebody did not sign in.
#[derive(Debug, Error)]
pub enum LoginError {
    /// The address or the password is wrong, or the account is shut. Which of them is not said.
    #[error("the address or the password is wrong")]
    Wrong,
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl App {
    /// Signs somebody in.
    ///
    /// # Errors
    /// When the address or the password is wrong: it takes as long as when it is right.
    pub async fn login(
        self: &Arc<Self>,
        email: &str,
        password: String,
    ) -> Result<SignedIn, LoginError> {
        let known = match Email::new(email) {
            Ok(email) => self.store.user_by_email(&email).await?,
            Err(_) => None,
        };
        let (user, hash) = known.map_or_else(
            || (None, PasswordHash::decoy()),
            |(user, hash)| (Some(user), hash),
        );
        let random = Arc::clone(&self.random);
        let old = hash.clone();
        let permit = CHECKS.acquire().await.map_err(Trouble::fault)?;
        let checked = tokio::task::spawn_blocking(move || {
            // Held to the end of the work: whoever goes away meanwhile makes no room for more.
            let _permit = permit;
            let verified = hash.verify(&password);
            let better = match verified {
                Verified::YesButOld => PasswordHash::new(&password, &*random).ok(),
                Verified::Yes | Verified::No => None,
            };
            (verified, better)
        });
        let (verified, better) = checked.await.map_err(Trouble::fault)?;
        let user = match (verified, user) {
            (Verified::Yes | Verified::YesButOld, Some(user))
                if self.may_sign_in(user.standing()) =>
            {
                user
            }
            _ => return Err(LoginError::Wrong),
        };
        if let Some(better) = better {
            self.store.rehash_password(user.id, &old, &better).await?;
        }
        let tokens = &self.signers.tokens;
        let token = tokens.issue(user.id, user.role, user.epoch, self.clock.now());
        tracing::info!(user_id = %user.id, "somebody signed in");
        Ok(SignedIn {
            token,
            lifetime: tokens.lifetime(),
            user,
        })
    }

    /// Where an identity provider knows the customers, only operators have accounts here:
    /// a number must not mean two people.
    pub(super) fn may_sign_in(&self, account: Standing) -> bool {
        let is_here = !self.settings.people_are_external || account.role == Role::Operator;
        !account.disabled && is_here
    }
}
