use actix_web::{HttpRequest, HttpResponse, post, web};
use bayar_domain::Gateway;

use super::{Answers, Received, receive};
use crate::http::State;
use crate::http::access::Place;
use crate::http::problem::Problem;

/// Takes what Midtrans posts: a notification, signed in its `signature_key`.
#[utoipa::path(
    tag = "webhooks",
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 200, description = "It is stored, also when it came before or tells of nothing we act on.",
            body = Received),
        Answers,
    ),
)]
#[post("/midtrans/notification")]
pub async fn notification(
    state: web::Data<State>,
    request: HttpRequest,
    place: Place,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    receive(&state, Gateway::Midtrans, &request, &place, payload).await
}
