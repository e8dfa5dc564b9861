use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};

use super::answers::{InvoiceBody, payment_id};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// The invoice of a payment.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    responses((status = 200, body = Success<InvoiceBody>), Refusals),
)]
#[get("/v1/payments/{id}/invoice")]
pub async fn invoice(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.reader()?;
    let invoice = state.app.payment_invoice(&caller, payment_id(&id)?).await?;
    let data = InvoiceBody::new(&invoice);
    Ok(success(StatusCode::OK, data, Message::Found, language))
}
