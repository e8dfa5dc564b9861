//! A signed token in three parts (RFC 7515, compact form), whoever signed it.
//!
//! Nothing in a token is read before its signature holds, and the algorithm is known before the token is seen.

use core::fmt;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use thiserror::Error;

/// How far the clock of who signed may be ahead of ours.
const LEEWAY_SECONDS: i64 = 60;

/// Why a token does not count. The text is for the log: a caller hears the same in every case.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It is no token at all: not three parts, not base64url, not JSON, or too long.
    #[error("it is not a token in three parts")]
    Malformed,
    /// No key of its issuer has made it.
    #[error("no known key has signed the token")]
    Forged,
    /// Its header names another algorithm or type, or asks for something unknown.
    #[error("the token's header asks for something else")]
    Header,
    /// It was issued by somebody else, or for somebody else.
    #[error("the token's issuer or audience is another")]
    Foreign,
    /// It has ended.
    #[error("the token has ended")]
    Expired,
    /// It begins later.
    #[error("the token is not good yet")]
    NotYet,
    /// A claim is missing, or is not what it should be.
    #[error("the token's claim `{0}` is missing or wrong")]
    Claim(String),
}

/// A token whose signature holds.
pub(super) struct Opened {
    pub(super) header: Object,
    pub(super) claims: Object,
}

/// Opens a token that `verifies` finds to be signed by one of `algorithms`.
///
/// Keys, addresses and key ids in the header are never looked at.
pub(super) fn open(
    token: &str,
    longest: usize,
    algorithms: &[&str],
    verifies: impl FnOnce(&[u8], &[u8]) -> bool,
) -> Result<Opened, TokenError> {
    if token.len() > longest {
        return Err(TokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
    if payload.contains('.') {
        return Err(TokenError::Malformed);
    }
    if !verifies(signed.as_bytes(), &decode(signature)?) {
        return Err(TokenError::Forged);
    }
    let header = Object::read(header)?;
    let named = header
        .text("alg")
        .is_some_and(|alg| algorithms.contains(&alg));
    if !named || header.get("crit").is_some() {
        return Err(TokenError::Header);
    }
    let claims = Object::read(payload)?;
    Ok(Opened { header, claims })
}

/// Bytes as base64url without padding.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Takes one spelling only: no padding, no white space, no bits left over.
fn decode(text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Malformed)
}

/// A JSON object that has each of its names once: of two, programs take different ones.
pub(super) struct Object(BTreeMap<String, Value>);

impl Object {
    fn read(part: &str) -> Result<Self, TokenError> {
        serde_json::from_slice(&decode(part)?).map_err(|_| TokenError::Malformed)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The value, when it is there. One that is no whole number is an error, and so is `null`.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, TokenError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong(name)),
        }
    }

    /// When the token ends, provided that it is good now.
    pub(super) fn good_until(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, TokenError> {
        let ends = self.integer("exp")?;
        let ends = ends.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let ends = ends.ok_or_else(|| wrong("exp"))?;
        let latest = now.timestamp().saturating_add(LEEWAY_SECONDS);
        for name in ["nbf", "iat"] {
            if self.integer(name)?.is_some_and(|begins| begins > latest) {
                return Err(TokenError::NotYet);
            }
        }
        if now < ends {
            Ok(ends)
        } else {
            Err(TokenError::Expired)
        }
    }
}

/// The error of a claim that is missing or wrong.
pub(super) fn wrong(claim: &str) -> TokenError {
    TokenError::Claim(claim.to_owned())
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that has each name once")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    match object.entry(name) {
                        Entry::Vacant(entry) => entry.insert(value),
                        Entry::Occupied(_) => return Err(A::Error::custom("a name comes twice")),
                    };
                }
                Ok(Object(object))
            }
        }

        deserializer.deserialize_map(Names)
    }
}
