//! What is done to every answer on its way out, and what every request gets on its way in.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use tokio::time::Instant;
use tracing::Instrument;

use super::problem::{Code, PROBLEM_JSON, Problem};
use super::state::State;
use crate::language::Language;

/// Names a request in the log and in its answer.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names the request, bounds its time, words its errors and counts it.
pub async fn finish(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Err(Problem::new(Code::InternalError).into());
    };
    let id = given_id(request.headers()).unwrap_or_else(|| state.random_word());
    let language = language(request.headers());
    request.extensions_mut().insert(language);
    let method = request.method().clone();
    if method == Method::HEAD {
        // It is served as what it asks about; what writes answers out leaves away the body.
        request.head_mut().method = Method::GET;
    }
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        %method,
        path = request.path(),
    );
    async move {
        let outcome = match within(state.request_timeout, next.call(request)).await {
            Some(Ok(answer)) => Ok(answer.map_into_boxed_body()),
            Some(Err(error)) => Err(problem_of(&error)),
            None => {
                tracing::warn!("a request took too long");
                Err(Problem::new(Code::RequestTimeout).retry_after(1))
            }
        };
        let mut answer = match outcome {
            Ok(answer) => answer,
            Err(problem) => {
                // Where it was going is known no more.
                let status = problem.code().status();
                count(status, None, &method, began.elapsed());
                return Err(problem.worded(language, id).into());
            }
        };
        if let Some(problem) = problem_in(&answer) {
            let headers = answer.headers().clone();
            let request = answer.into_parts().0;
            answer = problem_response(request, &problem, language, &id);
            keep(&headers, answer.headers_mut());
        }
        dress(answer.headers_mut(), &id);
        let route = answer.request().match_pattern();
        count(answer.status(), route, &method, began.elapsed());
        Ok(answer)
    }
    .instrument(span)
    .await
}

async fn within<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    tokio::time::timeout(limit, future).await.ok()
}

/// Words what was refused before a request had a name: what other origins may not do.
pub async fn word_refusals(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    let Some(problem) = problem_in(&answer) else {
        return Ok(answer);
    };
    let Some(state) = answer.request().app_data::<web::Data<State>>() else {
        return Ok(answer);
    };
    let headers = answer.request().headers();
    let id = given_id(headers).unwrap_or_else(|| state.random_word());
    let mut worded = problem.answer(language(headers), &id);
    keep(answer.headers(), worded.headers_mut());
    dress(worded.headers_mut(), &id);
    Ok(answer.into_response(worded))
}

/// The problem that an answer stands for, unless it is worded already.
fn problem_in(answer: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    if let Some(error) = answer.response().error() {
        return Some(problem_of(error));
    }
    // What the framework answers by itself has no content, or one in plain text.
    let worded = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|content| {
            let content = content.as_bytes();
            let ours = ["application/json", PROBLEM_JSON, "text/html"];
            ours.iter().any(|ours| content.starts_with(ours.as_bytes()))
        });
    (!worded).then(|| Problem::new(code_of(status.as_u16())))
}

fn problem_of(error: &Error) -> Problem {
    match error.as_error::<Problem>() {
        Some(problem) => problem.clone(),
        None => Problem::new(code_of(error.as_response_error().status_code().as_u16())),
    }
}

fn code_of(status: u16) -> Code {
    match status {
        401 => Code::Unauthorized,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        413 => Code::PayloadTooLarge,
        415 => Code::UnsupportedMediaType,
        422 => Code::ValidationFailed,
        429 => Code::RateLimited,
        503 => Code::ServiceUnavailable,
        400..=499 => Code::InvalidRequest,
        _ => Code::InternalError,
    }
}

fn problem_response(
    request: actix_web::HttpRequest,
    problem: &Problem,
    language: Language,
    id: &str,
) -> ServiceResponse<BoxBody> {
    ServiceResponse::new(request, problem.answer(language, id))
}

/// Takes over what other hands wrote on an answer that is worded anew.
fn keep(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        let about_the_body = [header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name);
        if !about_the_body && !to.contains_key(name) {
            to.append(name.clone(), value.clone());
        }
    }
}

/// Names the request in its answer. Nothing of ours is to be guessed at, and no other place is told of ours.
pub(super) fn dress(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    let no_referrer = HeaderValue::from_static("no-referrer");
    headers.insert(header::REFERRER_POLICY, no_referrer);
}

/// A request id that the caller brings, when it may stand in a log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(&REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn language(headers: &HeaderMap) -> Language {
    let values = headers.get_all(header::ACCEPT_LANGUAGE);
    let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    Language::from_accept_language(&values.join(","))
}

fn count(status: StatusCode, route: Option<String>, method: &Method, took: Duration) {
    let status = status.as_u16();
    // Callers may make methods up, and each would be a figure of its own.
    let known = [&Method::GET, &Method::POST, &Method::HEAD, &Method::OPTIONS];
    let method = if known.contains(&method) {
        method.as_str()
    } else {
        "other"
    };
    let route = route.unwrap_or_else(|| "none".to_owned());
    tracing::debug!(
        status,
        route,
        ms = u64::try_from(took.as_millis()).ok(),
        "answered"
    );
    let labels = [
        ("method", method.to_owned()),
        ("route", route),
        ("status", status.to_string()),
    ];
    metrics::counter!("bayar_http_requests_total", &labels).increment(1);
    let [method, route, _] = labels;
    metrics::histogram!("bayar_http_request_seconds", &[method, route]).record(took);
}
