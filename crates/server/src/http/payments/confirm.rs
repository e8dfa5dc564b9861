use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use bayar_app::PayError;
use bayar_app::identity::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answers::{PaymentBody, payment_id};
use super::refusals::gateway_is_slow;
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::form::{JsonForm, incomplete};
use crate::http::problem::{Code, Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// What somebody says a payment was paid by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct ConfirmRequest {
    /// The gateway's name for the transaction, or for its checkout.
    #[schema(
        example = "pi_3MtwBwLkdIwHu7ix28a3tqPa",
        min_length = 1,
        max_length = 255
    )]
    transaction_id: String,
    /// A receipt. It proves nothing and is not kept: the one that is answered is the gateway's.
    #[schema(min_length = 1, max_length = 2048)]
    receipt_url: Option<String>,
}

/// A payment that is proved to be paid.
#[derive(Debug, Serialize, ToSchema)]
struct Confirmed {
    /// The payment.
    payment: PaymentBody,
    /// Always `completed`.
    status: &'static str,
    /// The gateway's receipt, where it was just read.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_url: Option<String>,
}

/// Says that a payment is paid. The gateway is asked about our own checkout, and what was named has to agree.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    request_body = ConfirmRequest,
    responses(
        (status = 200, body = Success<Confirmed>),
        (status = 409, description = "The gateway says that it is not paid, or the payment is in another state.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The gateway refused to tell.",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/payments/{id}/confirm")]
pub async fn confirm(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    form: JsonForm,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.with_scope(Scope::Payments)?;
    let payment = payment_id(&id)?;
    let JsonForm(mut form) = form;
    let transaction = form.text("transaction_id", 255);
    let _ = form.optional_text("receipt_url", 2048);
    let Some(transaction) = transaction else {
        return Err(incomplete(form));
    };
    form.done()?;
    let asking = state.app.confirm_payment(&caller, payment, &transaction);
    let confirmed = state.in_time(asking).await.ok_or_else(gateway_is_slow)?;
    let outcome = match &confirmed {
        Ok(_) => "paid".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::info!(payment_id = %payment, outcome, "Payment verification result");
    let confirmed = confirmed.map_err(|error| match error {
        PayError::WrongState(_) => Code::PaymentNotConfirmable.into(),
        error => Problem::from(error),
    })?;
    let data = Confirmed {
        payment: PaymentBody::stored(&confirmed.payment),
        status: confirmed.payment.payment.status().as_str(),
        receipt_url: confirmed.receipt_url,
    };
    let message = Message::PaymentConfirmed;
    Ok(success(StatusCode::OK, data, message, language))
}
