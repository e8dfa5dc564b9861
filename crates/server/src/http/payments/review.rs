use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use bayar_app::ReviewPayment;
use bayar_domain::PaymentStatus;
use bayar_domain::decision::Verdict;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::{PaymentBody, not_known_yet, payment_id};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::form::{JsonForm, incomplete};
use crate::http::problem::{Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// What an operator says about money that has to be looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct ReviewRequest {
    /// Whether the money pays the order, or goes back.
    #[schema(example = "accept", value_type = DecisionName)]
    decision: String,
    /// Why, for whoever asks later.
    #[schema(
        example = "the bank confirmed the transfer",
        min_length = 1,
        max_length = 500
    )]
    reason: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
enum DecisionName {
    Accept,
    Refuse,
}

/// Ends a review. For operators.
///
/// The gateway is told where it waits for a word. Money that is refused goes back.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    request_body = ReviewRequest,
    responses(
        (status = 200, body = Success<PaymentBody>),
        (status = 202, description = "It is decided, and the gateway has not been told for certain. The payment is where `Location` says.",
            body = Success<PaymentBody>, headers(
                ("Location" = String, description = "Where the payment is."),
                ("Retry-After" = u64, description = "After how many seconds it is worth to ask again."),
            )),
        (status = 409, description = "There is nothing to review, or somebody else works on its order.",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/payments/{id}/review")]
pub async fn review(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    form: JsonForm,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.operator()?;
    let payment = payment_id(&id)?;
    let JsonForm(mut form) = form;
    let verdict = form.parsed::<Verdict>("decision", Message::FieldNotDecision);
    let reason = form.text("reason", 500);
    let (Some(verdict), Some(reason)) = (verdict, reason) else {
        return Err(incomplete(form));
    };
    form.done()?;
    let wish = ReviewPayment {
        payment,
        verdict,
        reason,
    };
    let stored = state.app.review_payment(&caller, wish).await?;
    let data = PaymentBody::stored(&stored);
    if stored.payment.status() == PaymentStatus::UnderReview {
        let message = Message::ReviewBeingPassedOn;
        return Ok(not_known_yet(payment, data, message, language));
    }
    let message = Message::PaymentReviewed;
    Ok(success(StatusCode::OK, data, message, language))
}
