use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use bayar_app::identity::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use super::answers::{PaymentBody, payment_id};
use super::refusals::gateway_is_slow;
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::problem::{Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// A payment after its gateway was asked.
#[derive(Debug, Serialize, ToSchema)]
struct RefreshedPayment {
    /// The payment as it is now.
    payment: PaymentBody,
    /// Where it stood before.
    previous_status: &'static str,
    /// Whether it stands elsewhere now.
    changed: bool,
    /// Whether the gateway was asked: nobody is, when somebody has done so a moment ago.
    asked: bool,
    /// The gateway's own word for where it stands, where it was asked and knows anything of it.
    gateway_status: Option<String>,
    /// Whether a gateway did not say all of it.
    incomplete: bool,
}

/// Asks the gateway about a payment now, and applies what it proves.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    responses(
        (status = 200, body = Success<RefreshedPayment>),
        (status = 409, description = "Somebody else works on its order.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The gateway refused to tell.",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/payments/{id}/refresh")]
pub async fn refresh(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.with_scope(Scope::Payments)?;
    let asking = state.app.refresh_payment(&caller, payment_id(&id)?);
    let refreshed = state.in_time(asking).await.ok_or_else(gateway_is_slow)??;
    let now = refreshed.payment.payment.status();
    let data = RefreshedPayment {
        payment: PaymentBody::stored(&refreshed.payment),
        previous_status: refreshed.before.as_str(),
        changed: now != refreshed.before,
        asked: refreshed.asked,
        gateway_status: refreshed.gateway_status,
        incomplete: refreshed.incomplete,
    };
    let message = Message::PaymentRefreshed;
    Ok(success(StatusCode::OK, data, message, language))
}
