//! What is the same about every answer.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use bayar_domain::Money;
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::future::{Ready, ready};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::problem::ProblemBody;
use crate::language::Language;
use crate::messages::Message;

/// A success: what was asked for, and a sentence for people.
#[derive(Debug, Serialize, ToSchema)]
pub struct Success<T> {
    /// What was asked for.
    pub data: T,
    /// A sentence for people, in the language they asked for.
    pub message: &'static str,
}

/// Answers with `data`.
pub fn success<T: Serialize>(
    status: StatusCode,
    data: T,
    message: Message,
    language: Language,
) -> HttpResponse {
    let message = message.text(language);
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(Success { data, message })
}

impl FromRequest for Language {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let language = request.extensions().get::<Self>().copied();
        ready(Ok(language.unwrap_or_default()))
    }
}

/// An amount as it goes out: `5000.00`.
pub fn amount(money: Money) -> String {
    money.to_string()
}

/// An amount as people read it: `5000.00 PHP`.
pub fn with_currency(money: Money) -> String {
    format!("{} {}", amount(money), money.currency())
}

/// A time as it goes out: `2024-01-15T10:30:00Z`.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// What every endpoint may answer besides what it says itself.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is only described by")]
pub enum Refusals {
    /// The request cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    InvalidRequest(ProblemBody),
    /// Nothing proves who is asking.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemBody),
    /// The caller may not do this.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// There is no such thing.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// The request is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// The request is in another format.
    #[response(status = 415, content_type = "application/problem+json")]
    OtherFormat(ProblemBody),
    /// Fields of the request are wrong.
    #[response(status = 422, content_type = "application/problem+json")]
    Wrong(ProblemBody),
    /// Too many requests. `Retry-After` says how many seconds to wait.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemBody),
    /// The service cannot answer now. `Retry-After` says how many seconds to wait.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody),
}
