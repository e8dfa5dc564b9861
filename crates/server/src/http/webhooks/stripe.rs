use actix_web::{HttpRequest, HttpResponse, post, web};
use bayar_domain::Gateway;

use super::{Answers, Received, receive};
use crate::http::State;
use crate::http::access::Place;
use crate::http::problem::Problem;

/// Takes what Stripe posts: an event, signed in the header `Stripe-Signature`.
#[utoipa::path(
    tag = "webhooks",
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 200, description = "It is stored, also when it came before or tells of nothing we act on.",
            body = Received),
        Answers,
    ),
)]
#[post("/stripe/webhook")]
pub async fn webhook(
    state: web::Data<State>,
    request: HttpRequest,
    place: Place,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    receive(&state, Gateway::Stripe, &request, &place, payload).await
}

/// The same under another address.
#[utoipa::path(
    tag = "webhooks",
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 200, description = "It is stored, also when it came before or tells of nothing we act on.",
            body = Received),
        Answers,
    ),
)]
#[post("/payment/webhook")]
pub async fn other_webhook(
    state: web::Data<State>,
    request: HttpRequest,
    place: Place,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    receive(&state, Gateway::Stripe, &request, &place, payload).await
}
