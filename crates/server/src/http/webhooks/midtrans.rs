use actix_web::{HttpRequest, HttpResponse, post, web};
use bayar_domain::Gateway;

use super::{Answers, receive};
use crate::http::State;
use crate::http::access::Place;
use crate::http::problem::Problem;

/// Takes what Midtrans posts: a notification, signed in its `signature_key`.
#[utoipa::path(tag = "webhooks", request_body(content = String, content_type = "application/json"), responses(Answers))]
#[post("/midtrans/notification")]
pub async fn notification(
    state: web::Data<State>,
    request: HttpRequest,
    place: Place,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    receive(&state, Gateway::Midtrans, &request, &place, payload).await
}
