use actix_web::{HttpResponse, get, web};

use super::answers::{OrderBody, order, order_number};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success};
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// An order.
#[utoipa::path(
    tag = "orders",
    security(("bearer" = [])),
    params(("number" = String, Path, description = "The number of the order.")),
    responses((status = 200, body = Success<OrderBody>), Refusals),
)]
#[get("/v1/orders/{number}")]
pub async fn get(
    state: web::Data<State>,
    known: Known,
    number: web::Path<String>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.reader()?;
    let number = order_number(&number)?;
    let stored = state.app.order(&caller, &number).await?;
    Ok(order(&stored, Message::Found, language))
}
