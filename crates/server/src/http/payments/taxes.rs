use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};

use super::answers::{TaxBody, payment_id};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// The taxes on a payment.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    responses((status = 200, body = Success<Vec<TaxBody>>), Refusals),
)]
#[get("/v1/payments/{id}/taxes")]
pub async fn taxes(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.reader()?;
    let taxes = state.app.payment_taxes(&caller, payment_id(&id)?).await?;
    let data: Vec<_> = taxes.iter().map(TaxBody::new).collect();
    Ok(success(StatusCode::OK, data, Message::Found, language))
}
