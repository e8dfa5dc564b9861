//! The tokens of one identity provider that the installation trusts.

mod key;
mod public_key;

use bayar_domain::UserId;
use chrono::{DateTime, Utc};
use serde_json::Value;
use thiserror::Error;

use super::jws::{self, Object, TokenError, wrong};
use super::role::Role;
use super::token::OURS;
pub use key::{ExternalKey, InvalidKey};

/// Providers put more into a token than we do.
const LONGEST: usize = 16 * 1024;

/// What is agreed with the provider.
#[derive(Debug, Clone)]
pub struct ExternalTerms {
    /// The key that its signatures are checked by. It settles the algorithm, whatever a token says.
    pub key: ExternalKey,
    /// The exact `iss` of its tokens.
    pub issuer: String,
    /// What their `aud` must be, or hold.
    pub audience: String,
    /// The claim with the user's number.
    pub user_claim: String,
    /// The claim with the user's roles there: one text, or a list of them.
    pub role_claim: Option<String>,
    /// What a role there is here. Whoever has none of them is a customer.
    pub role_map: Vec<(String, Role)>,
}

/// Why a provider cannot be trusted like this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidIssuer {
    /// The issuer is empty, or the name that our own tokens carry.
    #[error("the issuer must be the provider's own name")]
    Issuer,
    /// There is no audience, so tokens for other services would count here.
    #[error("the audience must not be empty")]
    Audience,
    /// A claim has no name.
    #[error("a claim must have a name")]
    ClaimName,
    /// A role is mapped, but there is no claim it could come from.
    #[error("a role map needs the claim that the roles are in")]
    RoleMapWithoutClaim,
    /// A person would act for everybody. Only an API key may.
    #[error("no role of a provider may be `service`")]
    ServiceRole,
}

/// What a token of the provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExternalClaims {
    /// Who signed in there.
    pub user: UserId,
    /// What they are here. Never a service.
    pub role: Role,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

/// Reads the tokens of one identity provider.
#[derive(Debug, Clone)]
pub struct ExternalIssuer(ExternalTerms);

impl ExternalIssuer {
    /// Takes what is agreed with the provider.
    ///
    /// # Errors
    /// When it would let in others, or make a person a service.
    pub fn new(terms: ExternalTerms) -> Result<Self, InvalidIssuer> {
        if terms.issuer.is_empty() || terms.issuer == OURS {
            return Err(InvalidIssuer::Issuer);
        }
        if terms.audience.is_empty() {
            return Err(InvalidIssuer::Audience);
        }
        if terms.user_claim.is_empty() || terms.role_claim.as_deref() == Some("") {
            return Err(InvalidIssuer::ClaimName);
        }
        if terms.role_claim.is_none() && !terms.role_map.is_empty() {
            return Err(InvalidIssuer::RoleMapWithoutClaim);
        }
        if terms
            .role_map
            .iter()
            .any(|(_, role)| *role == Role::Service)
        {
            return Err(InvalidIssuer::ServiceRole);
        }
        Ok(Self(terms))
    }

    /// Reads a token that the provider has signed for us and that is good now.
    ///
    /// # Errors
    /// When it is not, with the reason for the log.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<ExternalClaims, TokenError> {
        let terms = &self.0;
        let opened = jws::open(
            token,
            LONGEST,
            terms.key.algorithms(),
            |signed, signature| terms.key.verifies(signed, signature),
        )?;
        if !is_for_signing_in(&opened.header) {
            return Err(TokenError::Header);
        }
        let claims = opened.claims;
        if claims.text("iss") != Some(&terms.issuer) || !self.is_for_us(&claims) {
            return Err(TokenError::Foreign);
        }
        Ok(ExternalClaims {
            expires_at: claims.good_until(now)?,
            user: user(claims.get(&terms.user_claim)).ok_or_else(|| wrong(&terms.user_claim))?,
            role: self.role(&claims),
        })
    }

    fn is_for_us(&self, claims: &Object) -> bool {
        claims
            .get("aud")
            .is_some_and(|aud| texts(aud).any(|aud| aud == self.0.audience))
    }

    fn role(&self, claims: &Object) -> Role {
        let roles = self.0.role_claim.as_deref();
        let Some(roles) = roles.and_then(|claim| claims.get(claim)) else {
            return Role::Customer;
        };
        let is_operator = texts(roles).any(|name| {
            let mut map = self.0.role_map.iter();
            map.any(|(known, role)| known == name && *role == Role::Operator)
        });
        if is_operator {
            Role::Operator
        } else {
            Role::Customer
        }
    }
}

/// Providers sign other things too, such as the end of a session, and give them a type of their own.
fn is_for_signing_in(header: &Object) -> bool {
    const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];
    match header.get("typ") {
        None => true,
        Some(Value::String(typ)) => TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known)),
        Some(_) => false,
    }
}

/// A number from 1 up, as a number or in its one spelling as a text.
fn user(claim: Option<&Value>) -> Option<UserId> {
    match claim? {
        Value::Number(number) => UserId::new(number.as_i64()?).ok(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// One text, or those of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let one = core::slice::from_ref(value);
    value
        .as_array()
        .map_or(one, Vec::as_slice)
        .iter()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests;
