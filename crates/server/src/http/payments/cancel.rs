use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use bayar_app::identity::Scope;

use super::answers::{PaymentBody, payment_id};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::problem::{Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// Calls a payment off, and frees its order for another one. Twice does it once.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    responses(
        (status = 200, body = Success<PaymentBody>),
        (status = 409, description = "The payment is paid, or ended in another way, or somebody else works on its order.",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/payments/{id}/cancel")]
pub async fn cancel(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.with_scope(Scope::Payments)?;
    let stored = state.app.cancel_payment(&caller, payment_id(&id)?).await?;
    let data = PaymentBody::stored(&stored);
    Ok(success(
        StatusCode::OK,
        data,
        Message::PaymentCancelled,
        language,
    ))
}
