use actix_web::{HttpRequest, HttpResponse, post, web};
use bayar_domain::Gateway;

use super::{Answers, receive};
use crate::http::State;
use crate::http::access::Place;
use crate::http::problem::Problem;

/// Takes what Stripe posts: an event, signed in the header `Stripe-Signature`.
#[utoipa::path(tag = "webhooks", request_body(content = String, content_type = "application/json"), responses(Answers))]
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
#[utoipa::path(tag = "webhooks", request_body(content = String, content_type = "application/json"), responses(Answers))]
#[post("/payment/webhook")]
pub async fn other_webhook(
    state: web::Data<State>,
    request: HttpRequest,
    place: Place,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    receive(&state, Gateway::Stripe, &request, &place, payload).await
}
