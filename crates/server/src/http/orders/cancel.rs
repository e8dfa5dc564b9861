use actix_web::{HttpResponse, post, web};

use super::answers::{OrderBody, order, order_number};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success};
use crate::http::problem::{Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// Calls an order off. Twice does it once. For applications and operators.
#[utoipa::path(
    tag = "orders",
    security(("bearer" = [])),
    params(("number" = String, Path, description = "The number of the order.")),
    responses(
        (status = 200, body = Success<OrderBody>),
        (status = 409, description = "It is paid, or has a payment that has to be called off first.",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/orders/{number}/cancel")]
pub async fn cancel(
    state: web::Data<State>,
    known: Known,
    number: web::Path<String>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.runs_orders()?;
    let number = order_number(&number)?;
    let stored = state.app.cancel_order(&caller, &number).await?;
    Ok(order(&stored, Message::OrderCancelled, language))
}
