//! Errors as Stripe tells them.

use serde_json::{Map, Value, json};

use super::Job;
use crate::sim::http::Reply;

/// An error.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub status: u16,
    pub kind: &'static str,
    pub code: Option<&'static str>,
    pub message: String,
    pub param: Option<String>,
    /// More fields of the error, such as the PaymentIntent.
    pub more: Vec<(&'static str, Value)>,
    /// Whether execution had begun, so that the idempotency key keeps it.
    pub begun: bool,
    pub retry: Option<bool>,
}

impl ApiError {
    fn new(status: u16, kind: &'static str, code: Option<&'static str>, message: String) -> Self {
        Self {
            status,
            kind,
            code,
            message,
            param: None,
            more: Vec::new(),
            begun: false,
            retry: None,
        }
    }

    /// A 400 before anything was done.
    pub fn invalid(code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", code, message.into())
    }

    /// A 400 because of the state an object is in.
    pub fn state(code: Option<&'static str>, message: impl Into<String>) -> Self {
        let mut error = Self::invalid(code, message);
        error.begun = true;
        error
    }

    pub fn missing_object(what: &str, id: &str, param: &str) -> Self {
        let message = format!("No such {what}: '{id}'");
        Self::new(
            404,
            "invalid_request_error",
            Some("resource_missing"),
            message,
        )
        .param(param)
    }

    pub fn card(code: &'static str, message: &str) -> Self {
        let mut error = Self::new(402, "card_error", Some(code), message.to_owned());
        error.begun = true;
        error
    }

    pub fn unauthorized(message: &str) -> Self {
        Self::new(401, "invalid_request_error", None, message.to_owned())
    }

    pub fn idempotency(message: String) -> Self {
        let mut error = Self::new(400, "idempotency_error", None, message);
        error.retry = Some(false);
        error
    }

    pub fn in_flight(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): {key}"
        );
        let code = Some("idempotency_key_in_use");
        let mut error = Self::new(409, "idempotency_error", code, message);
        error.retry = Some(true);
        error
    }

    pub fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub fn more(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }

    /// The error without its envelope: also what `last_payment_error` holds.
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("type".to_owned(), self.kind.into());
        if let Some(code) = self.code {
            body.insert("code".to_owned(), code.into());
            let page = format!(
                "https://stripe.com/docs/error-codes/{}",
                code.replace('_', "-")
            );
            body.insert("doc_url".to_owned(), page.into());
        }
        body.insert("message".to_owned(), self.message.clone().into());
        if let Some(param) = &self.param {
            body.insert("param".to_owned(), param.clone().into());
        }
        for (name, value) in &self.more {
            body.insert((*name).to_owned(), value.clone());
        }
        Value::Object(body)
    }

    pub fn reply(&self) -> Reply {
        let mut reply = Reply::json(self.status, &json!({ "error": self.body() }));
        if let Some(retry) = self.retry {
            let retry = if retry { "true" } else { "false" };
            reply = reply.with("Stripe-Should-Retry", retry);
        }
        reply
    }
}

/// 500.
pub fn server_error(job: &Job) -> Reply {
    let message = "Sorry! There was an error while talking to one of our backends. \
                   Support has been notified.";
    let error = ApiError::new(500, "api_error", None, message.to_owned());
    super::dress(error.reply(), job)
}

/// 429.
pub fn too_many(job: &Job, lock: bool) -> Reply {
    super::dress(too_many_reply(lock), job)
}

pub fn too_many_reply(lock: bool) -> Reply {
    let (code, message) = if lock {
        (
            "lock_timeout",
            "This object cannot be accessed right now because another API request or Stripe \
             process is currently accessing it.",
        )
    } else {
        ("rate_limit", "Request rate limit exceeded.")
    };
    let kind = "invalid_request_error";
    let mut error = ApiError::new(429, kind, Some(code), message.to_owned());
    if lock {
        error.retry = Some(true);
        return error.reply();
    }
    error
        .reply()
        .with("Stripe-Rate-Limited-Reason", "global-rate")
}
