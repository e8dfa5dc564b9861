use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use bayar_app::PayError;
use bayar_app::identity::Scope;

use super::answers::{PaymentBody, not_known_yet, payment_id};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::problem::{Code, Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// Calls a payment off, and frees its order for another one. Twice does it once.
///
/// A checkout that is open is closed at its gateway first. While nobody knows whether it is, the answer is 202:
/// the same call again finds out.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    responses(
        (status = 200, body = Success<PaymentBody>),
        (status = 202, description = "The gateway has not said yet that nobody can pay it any more.",
            body = Success<PaymentBody>, headers(
                ("Location" = String, description = "Where the payment is."),
                ("Retry-After" = u64, description = "After how many seconds it is worth to ask again."),
            )),
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
    let id = payment_id(&id)?;
    match state.in_time(state.app.cancel_payment(&caller, id)).await {
        Some(Ok(stored)) => {
            let data = PaymentBody::stored(&stored);
            let message = Message::PaymentCancelled;
            Ok(success(StatusCode::OK, data, message, language))
        }
        Some(Err(PayError::Unclear)) | None => {
            let stored = state.app.payment(&caller, id).await?;
            let data = PaymentBody::stored(&stored);
            let message = Message::PaymentBeingCancelled;
            Ok(not_known_yet(id, data, message, language))
        }
        Some(Err(PayError::WrongState(_))) => Err(Code::PaymentNotCancellable.into()),
        Some(Err(error)) => Err(error.into()),
    }
}
