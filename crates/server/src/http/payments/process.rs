use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use bayar_app::identity::Scope;
use bayar_app::{Access, CheckoutDoor, StartCheckout};
use bayar_domain::Gateway;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answers::{not_known_yet, payment_id};
use super::create::GatewayName;
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success, time};
use crate::http::form::OptionalForm;
use crate::http::problem::{Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// How somebody wants to pay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct ProcessRequest {
    /// The gateway; the one chosen last where nothing is said.
    #[schema(example = "stripe", value_type = Option<GatewayName>)]
    gateway: Option<String>,
}

/// Where a buyer can pay.
#[derive(Debug, Serialize, ToSchema)]
struct Checkout {
    /// Where the buyer goes.
    checkout_url: String,
    /// The gateway.
    gateway: &'static str,
    /// Until when somebody can pay there.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The number of the checkout: no other has it.
    attempt: i64,
}

/// A checkout of which nobody knows yet.
#[derive(Debug, Serialize, ToSchema)]
struct UnknownCheckout {
    /// The payment.
    payment_id: i64,
}

/// Opens a checkout for a payment, or finds the one that is open.
///
/// For the owner and their application. Another gateway than before first closes the checkout that is open.
/// When nobody knows yet what the gateway did, the answer is 202: ask again after `Retry-After`.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    request_body = Option<ProcessRequest>,
    responses(
        (status = 200, body = Success<Checkout>),
        (status = 202, description = "Nobody knows yet. The same call tells later, and the payment is where `Location` says.",
            body = Success<UnknownCheckout>, headers(
                ("Location" = String, description = "Where the payment is."),
                ("Retry-After" = u64, description = "After how many seconds it is worth to ask again."),
            )),
        (status = 409, description = "The payment takes no money any more, a bank is working on it (`payment_being_checked`), or somebody else works on its order.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The gateway refused. Nothing is open.",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/payments/{id}/process")]
pub async fn process(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    form: OptionalForm,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.with_scope(Scope::Payments)?;
    let payment = payment_id(&id)?;
    let OptionalForm(mut form) = form;
    let gateway = form.optional_parsed::<Gateway>("gateway", Message::FieldInvalid);
    form.done()?;
    let wish = StartCheckout {
        payment,
        gateway,
        access: Access::Caller(caller),
    };
    match state.in_time(state.app.start_checkout(wish)).await {
        Some(Ok(CheckoutDoor::Open {
            attempt,
            gateway,
            session,
        })) => {
            let data = Checkout {
                expires_at: time(session.expires_at),
                checkout_url: session.url,
                gateway: gateway.as_str(),
                attempt: attempt.get(),
            };
            let message = Message::CheckoutOpen;
            Ok(success(StatusCode::OK, data, message, language))
        }
        Some(Ok(CheckoutDoor::Unknown { .. })) | None => {
            let payment_id = payment.get();
            let data = UnknownCheckout { payment_id };
            let message = Message::CheckoutBeingPrepared;
            Ok(not_known_yet(payment, data, message, language))
        }
        Some(Err(error)) => Err(error.into()),
    }
}
