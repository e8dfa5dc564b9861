use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};

use super::answers::{OrderBody, order_number, refusal};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::problem::{Code, Problem};
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
    let stored = state.app.order(&caller, &number).await;
    let stored =
        stored.map_err(|error| refusal(error, Code::OrderNotPayable, "user_id", "amount"))?;
    Ok(success(
        StatusCode::OK,
        OrderBody::new(&stored),
        Message::Found,
        language,
    ))
}
