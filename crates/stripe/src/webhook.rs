//! Whether a notification comes from Stripe.

mod reader;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use thiserror::Error;

pub use reader::StripeWebhooks;

/// How far the time of a notification may be from ours, both ways.
pub const TOLERANCE: Tolerance = Tolerance(TimeDelta::seconds(300));

/// A time that is above zero: without one, an old notification could be sent again by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance(TimeDelta);

impl Tolerance {
    /// Takes a time above zero.
    #[must_use]
    pub fn new(time: TimeDelta) -> Option<Self> {
        (time > TimeDelta::zero()).then_some(Self(time))
    }
}

/// Why a notification is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// No secret is configured, and nothing unsigned is believed.
    #[error("no secret is configured")]
    NoSecret,
    /// The header is not one of Stripe's.
    #[error("the signature cannot be read")]
    Malformed,
    /// It was signed too long ago, or in the future.
    #[error("the signature is too old or too new")]
    Stale,
    /// No secret of ours made it.
    #[error("the signature is not Stripe's")]
    Mismatch,
}

/// Checks a notification: `body` to the last byte as it came, with the header `Stripe-Signature`.
///
/// Any of our secrets may have made any of its signatures: while a secret is being changed there are two of each.
/// The secret is used as it is written, `whsec_` included.
///
/// # Errors
/// Says why it is not believed. Whoever sent it is not to be told.
pub fn verify(
    body: &[u8],
    header: &str,
    secrets: &[SecretString],
    now: DateTime<Utc>,
    tolerance: Tolerance,
) -> Result<(), SignatureError> {
    if secrets.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let (signed_at, signatures) = read(header).ok_or(SignatureError::Malformed)?;
    let known = secrets
        .iter()
        .any(|secret| made(secret, signed_at, body, &signatures));
    if !known {
        return Err(SignatureError::Mismatch);
    }
    let at = signed_at
        .parse()
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(SignatureError::Malformed)?;
    if now.signed_duration_since(at).abs() <= tolerance.0 {
        Ok(())
    } else {
        Err(SignatureError::Stale)
    }
}

/// The time, as it was written, and the signatures of the one scheme that counts.
fn read(header: &str) -> Option<(&str, Vec<Vec<u8>>)> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            // The first one was signed, or none.
            Some(("t", value)) => time = time.or(Some(value)),
            Some(("v1", value)) => signatures.extend(hex::decode(value).ok()),
            Some(_) => {}
            None => return None,
        }
    }
    let time = time.filter(|time| time.bytes().all(|byte| byte.is_ascii_digit()))?;
    (!time.is_empty() && !signatures.is_empty()).then_some((time, signatures))
}

fn made(secret: &SecretString, signed_at: &str, body: &[u8], signatures: &[Vec<u8>]) -> bool {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    mac.update(signed_at.as_bytes());
    mac.update(b".");
    mac.update(body);
    // `verify_slice` takes the same time wherever the two differ.
    signatures
        .iter()
        .any(|signature| mac.clone().verify_slice(signature).is_ok())
}

#[cfg(test)]
mod tests;
