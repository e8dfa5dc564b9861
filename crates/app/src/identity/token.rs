//! The tokens that this service gives to people who sign in: JWTs signed by HMAC-SHA256.

use core::time::Duration;

use bayar_domain::UserId;
use chrono::{DateTime, Utc};
use serde_json::json;
use thiserror::Error;

use super::jws::{self, TokenError, wrong};
use super::mac::{MacKey, SigningKeys};
use super::role::Role;

/// Issuer and audience of our own tokens: we give them, and nobody else may take them.
pub(super) const OURS: &str = "bayar";
/// Below 256 bits, a secret is easier to find than a signature.
pub(super) const LEAST_SECRET_BYTES: usize = 32;
const LONGEST: usize = 4096;
const ALGORITHM: &str = "HS256";
const TYPE: &str = "JWT";

/// Why tokens cannot be signed like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidSigner {
    /// There is no secret.
    #[error("at least one secret is needed")]
    NoSecret,
    /// A secret is too short.
    #[error("a secret must have at least 32 bytes")]
    WeakSecret,
    /// Tokens would be good for no time, or for longer than a year.
    #[error("a token must be good for at least a second and at most 366 days")]
    Lifetime,
}

/// What a token says. Whether it still holds is for the store to say: by the epoch, the role and the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Who signed in.
    pub user: UserId,
    /// What they were then.
    pub role: Role,
    /// The epoch of their credentials. Another epoch in the store voids the token.
    pub epoch: i64,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

/// Gives out tokens, and reads those that come back.
#[derive(Debug, Clone)]
pub struct TokenSigner {
    keys: SigningKeys,
    lifetime: Duration,
}

impl TokenSigner {
    /// Takes the secrets, the newest first: it signs, all of them verify.
    ///
    /// # Errors
    /// When there is no secret, one is shorter than 32 bytes, or the lifetime is not between a second and 366 days.
    pub fn new<S: AsRef<[u8]>>(secrets: &[S], lifetime: Duration) -> Result<Self, InvalidSigner> {
        const LONGEST_LIFETIME: Duration = Duration::from_secs(366 * 24 * 60 * 60);
        if !(Duration::from_secs(1)..=LONGEST_LIFETIME).contains(&lifetime) {
            return Err(InvalidSigner::Lifetime);
        }
        let strong = |secret: &S| secret.as_ref().len() >= LEAST_SECRET_BYTES;
        if !secrets.iter().all(strong) {
            return Err(InvalidSigner::WeakSecret);
        }
        let mut keys = secrets.iter().map(|secret| MacKey::new(secret.as_ref()));
        let newest = keys.next().ok_or(InvalidSigner::NoSecret)?;
        Ok(Self {
            keys: SigningKeys::new(newest, keys.collect()),
            lifetime,
        })
    }

    /// How long a new token is good.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Gives a token to somebody who has just signed in.
    #[must_use]
    pub fn issue(&self, user: UserId, role: Role, epoch: i64, now: DateTime<Utc>) -> String {
        let now = now.timestamp();
        let header = json!({ "alg": ALGORITHM, "typ": TYPE });
        let claims = json!({
            "iss": OURS,
            "aud": OURS,
            "sub": user.to_string(),
            "role": role,
            "epoch": epoch,
            "iat": now,
            "exp": now.saturating_add_unsigned(self.lifetime.as_secs()),
        });
        let mut token = jws::encode(header.to_string());
        token.push('.');
        token.push_str(&jws::encode(claims.to_string()));
        let signature = self.keys.sign(token.as_bytes());
        token.push('.');
        token.push_str(&jws::encode(signature));
        token
    }

    /// Reads a token that is ours and good now.
    ///
    /// # Errors
    /// When it is not, with the reason for the log.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        let opened = jws::open(token, LONGEST, &[ALGORITHM], |signed, signature| {
            self.keys.verifies(signed, signature)
        })?;
        if opened.header.text("typ") != Some(TYPE) {
            return Err(TokenError::Header);
        }
        let claims = opened.claims;
        if claims.text("iss") != Some(OURS) || claims.text("aud") != Some(OURS) {
            return Err(TokenError::Foreign);
        }
        let expires_at = claims.good_until(now)?;
        let user = claims.text("sub").and_then(|id| id.parse().ok());
        let role = claims.text("role").and_then(|role| role.parse().ok());
        Ok(Claims {
            user: user.ok_or_else(|| wrong("sub"))?,
            role: role.ok_or_else(|| wrong("role"))?,
            epoch: claims.integer("epoch")?.ok_or_else(|| wrong("epoch"))?,
            expires_at,
        })
    }
}

#[cfg(test)]
mod tests;
