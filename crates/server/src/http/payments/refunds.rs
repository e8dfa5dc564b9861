use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};

use super::answers::payment_id;
use super::refund_answers::RefundBody;
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// What went back of a payment, and what is to go back, oldest first: also what somebody made at the gateway.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    responses((status = 200, body = Success<Vec<RefundBody>>), Refusals),
)]
#[get("/v1/payments/{id}/refunds")]
pub async fn refunds(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.reader()?;
    let found = state.app.refunds_of(&caller, payment_id(&id)?).await?;
    let data = RefundBody::all(&found);
    Ok(success(StatusCode::OK, data, Message::Found, language))
}
