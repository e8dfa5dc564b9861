//! What gateways post to us.

pub mod midtrans;
pub mod stripe;

use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use bayar_app::NotReceived;
use bayar_app::port::webhook::Delivery;
use bayar_domain::Gateway;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::State;
use super::access::Place;
use super::problem::{Code, Problem, ProblemBody};

/// The most a webhook may hold.
const LARGEST_WEBHOOK: usize = 512 * 1024;

/// After how many seconds a gateway may try again. Each has a table of its own.
const RETRY_AFTER: u64 = 30;

/// A webhook is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Received {
    /// Always `true`.
    received: bool,
}

/// What a gateway may be answered besides a success.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is only described by")]
enum Answers {
    /// The gateway did not send it, or it was sent too long ago.
    #[response(status = 400, content_type = "application/problem+json")]
    NotBelieved(ProblemBody),
    /// It holds more than 512 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// It cannot be stored, or no secret is configured. It is to be sent again.
    #[response(status = 503, content_type = "application/problem+json")]
    NotStored(ProblemBody),
}

/// Takes a webhook in. Only what is stored is answered with a success, and nothing is ever answered with 500,
/// after which Midtrans would try once more only.
async fn receive(
    state: &State,
    gateway: Gateway,
    request: &HttpRequest,
    place: &Place,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let body = match payload.to_bytes_limited(LARGEST_WEBHOOK).await {
        Err(_) => return Err(Code::PayloadTooLarge.into()),
        Ok(Err(error)) => return Err(unreadable(&error)),
        Ok(Ok(body)) => body,
    };
    let headers: Vec<_> = Delivery::HEADERS
        .into_iter()
        .filter_map(|name| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some((name, value.to_owned()))
        })
        .collect();
    let delivery = Delivery {
        body: &body,
        headers: &headers,
        from: &place.0,
    };
    match state.app.receive_webhook(gateway, &delivery).await {
        Ok(()) => Ok(HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(Received { received: true })),
        Err(NotReceived::NotBelieved(_)) => Err(Code::InvalidRequest.into()),
        Err(NotReceived::NotSetUp | NotReceived::NotStored(_)) => {
            Err(Problem::new(Code::ServiceUnavailable).retry_after(RETRY_AFTER))
        }
    }
}

fn unreadable(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => Code::PayloadTooLarge.into(),
        _ => Code::InvalidRequest.into(),
    }
}
