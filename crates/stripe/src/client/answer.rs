//! What an answer, or the want of one, proves about a request.
//!
//! | what happened | proves |
//! |---|---|
//! | no connection; 429 but for `lock_timeout` | it was not sent, or turned away unread |
//! | 400 to 404 in Stripe's own words, but for `idempotency_error` | it had no effect and will have none |
//! | everything else: 409, 5xx, no answer or a part of one, and whatever is not in Stripe's words | nothing |

use std::time::Duration;

use bayar_app::port::gateway::{CallError, Fault, FaultKind};
use bayar_app::port::json::Object;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use crate::names::plain_word;
use crate::objects::{lossy, object};

/// What became of one try.
#[derive(Debug)]
pub struct Judged {
    pub error: CallError,
    /// Whether another try may end otherwise.
    pub again: bool,
}

impl Judged {
    /// There is no answer, or only a part of one.
    pub fn of_failure(error: &reqwest::Error) -> Self {
        let error = if error.is_connect() {
            CallError::NotSent(Fault::of(FaultKind::Connection))
        } else if error.is_timeout() {
            CallError::Unknown(Fault::of(FaultKind::Timeout))
        } else if error.is_builder() {
            return Self::final_word(CallError::NotSent(Fault::of(FaultKind::InvalidRequest)));
        } else {
            CallError::Unknown(Fault::of(FaultKind::Connection))
        };
        Self { error, again: true }
    }

    /// There is an answer, and it is no success.
    pub fn of_answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let words = Words::read(body);
        let stored = status >= 500 && header(headers, "idempotent-replayed") == Some("true");
        let mut fault = Fault {
            kind: words
                .as_ref()
                .map_or(FaultKind::Garbage, |words| words.kind(status)),
            code: words.as_ref().and_then(Words::name),
            request_id: header(headers, "request-id").and_then(plain_word),
            retry_after: header(headers, RETRY_AFTER.as_str()).and_then(seconds),
        };
        match status {
            429 => fault.kind = FaultKind::RateLimit,
            500.. => fault.kind = FaultKind::Api,
            _ => {}
        }
        if stored {
            fault.code = Some(Fault::STORED_FAILURE.to_owned());
        }
        let again = match header(headers, "stripe-should-retry") {
            _ if stored => false,
            Some("true") => true,
            Some("false") => false,
            _ => matches!(status, 409 | 424 | 429 | 500..),
        };
        let error = match (status, &words) {
            (429, Some(words)) if !words.is("lock_timeout") => CallError::NotSent(fault),
            (400..=404, Some(words)) if !words.is_about_the_key() => CallError::Refused(fault),
            _ => CallError::Unknown(fault),
        };
        Self { error, again }
    }

    pub const fn final_word(error: CallError) -> Self {
        let again = false;
        Self { error, again }
    }

    /// What an answer says about all tries together. After an unclear one nothing that follows is proof:
    /// the earlier try may have been carried out, and what is refused may depend on the hour.
    pub fn among(self, unclear_before: bool) -> CallError {
        match self.error {
            CallError::NotSent(fault) | CallError::Refused(fault) if unclear_before => {
                CallError::Unknown(fault)
            }
            error @ (CallError::NotSent(_) | CallError::Refused(_) | CallError::Unknown(_)) => {
                error
            }
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_secs)
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(deserialize_with = "object")]
    error: Words,
}

/// What Stripe says is wrong. Its message is left where it is: it may name people.
/// What has no type is not said by Stripe.
#[derive(Deserialize)]
struct Words {
    #[serde(rename = "type")]
    class: String,
    #[serde(default, deserialize_with = "lossy")]
    code: Option<String>,
}

impl Words {
    fn read(body: &[u8]) -> Option<Self> {
        let Object::<Envelope>(envelope) = serde_json::from_slice(body).ok()?;
        Some(envelope.error)
    }

    fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    fn is_about_the_key(&self) -> bool {
        self.class == "idempotency_error" || self.is("idempotency_key_in_use")
    }

    fn name(&self) -> Option<String> {
        plain_word(self.code.as_deref().unwrap_or(&self.class))
    }

    fn kind(&self, status: u16) -> FaultKind {
        if self.is_about_the_key() {
            return FaultKind::Idempotency;
        }
        let by_code = match self.code.as_deref().unwrap_or_default() {
            "amount_too_small" | "amount_too_large" | "invalid_charge_amount" => FaultKind::Amount,
            "charge_already_refunded"
            | "charge_disputed"
            | "refund_disputed_payment"
            | "balance_insufficient"
            | "intent_invalid_state"
            | "payment_intent_unexpected_state"
            | "status_transition_invalid" => FaultKind::WrongState,
            "charge_not_refundable" => FaultKind::NotRefundable,
            "resource_missing" => FaultKind::NotFound,
            "livemode_mismatch" | "api_key_expired" => FaultKind::Authentication,
            _ => return Self::by_status(status),
        };
        // Whatever else it says: it is the key that it does not like.
        match status {
            401 | 403 => FaultKind::Authentication,
            _ => by_code,
        }
    }

    const fn by_status(status: u16) -> FaultKind {
        match status {
            401 | 403 => FaultKind::Authentication,
            402 => FaultKind::Card,
            404 => FaultKind::NotFound,
            409 | 424 => FaultKind::Api,
            _ => FaultKind::InvalidRequest,
        }
    }
}

#[cfg(test)]
mod tests;
