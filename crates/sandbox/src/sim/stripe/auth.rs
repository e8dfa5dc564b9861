//! Who asks, and in which version.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::errors::ApiError;
use crate::sim::config::StripeAccount;
use crate::sim::http::Incoming;

/// The key of a request: a bearer token, or the user name of HTTP Basic.
fn key(incoming: &Incoming) -> Option<String> {
    let header = incoming.header("authorization")?;
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(rest.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, _) = text.split_once(':')?;
    Some(user.to_owned())
}

/// Whether the key is a live one, if it is a good one.
pub fn livemode(account: &StripeAccount, incoming: &Incoming) -> Result<bool, ApiError> {
    let Some(key) = key(incoming).filter(|key| !key.is_empty()) else {
        return Err(ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        ));
    };
    if !account.secret_keys.contains(&key) {
        let end = key.len().saturating_sub(4);
        let shown = key.get(end..).unwrap_or_default();
        let message = format!("Invalid API Key provided: ****{shown}");
        return Err(ApiError::unauthorized(&message));
    }
    Ok(key.starts_with("sk_live_") || key.starts_with("rk_live_"))
}

/// The version the answer is rendered in.
pub fn version(account: &StripeAccount, incoming: &Incoming) -> Result<String, ApiError> {
    let Some(version) = incoming.header("stripe-version") else {
        return Ok(account.api_version.clone());
    };
    let (date, name) = version.split_once('.').unwrap_or((version, ""));
    let digits = |part: Option<&str>, length: usize| {
        part.is_some_and(|part| {
            part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let mut parts = date.split('-');
    let sound = digits(parts.next(), 4)
        && digits(parts.next(), 2)
        && digits(parts.next(), 2)
        && parts.next().is_none()
        && name.bytes().all(|byte| byte.is_ascii_lowercase());
    if sound {
        Ok(version.to_owned())
    } else {
        let message = format!("Invalid Stripe API version: {version}");
        Err(ApiError::invalid(None, message))
    }
}

/// Whether a version is at least as new as a date.
pub fn since(version: &str, date: &str) -> bool {
    version.get(..10).is_some_and(|known| known >= date)
}
