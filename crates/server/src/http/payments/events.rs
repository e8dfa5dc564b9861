use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use bayar_app::port::store::PaymentEvent;
use serde::Serialize;
use utoipa::ToSchema;

use super::answers::payment_id;
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success, time};
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// One thing that happened to a payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentEvent)]
pub struct EventBody {
    /// The payment.
    payment_id: i64,
    /// Which change it was, beginning with 1.
    version: i64,
    /// Where the payment stood before; null when it was opened.
    from: Option<&'static str>,
    /// Where it stood after.
    to: &'static str,
    /// Who did it: `user:1`, `key:1`, `command` or `system`.
    by: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

impl EventBody {
    fn new(event: &PaymentEvent) -> Self {
        Self {
            payment_id: event.payment.get(),
            version: event.version,
            from: event.from.map(|status| status.as_str()),
            to: event.to.as_str(),
            by: event.by.to_string(),
            at: time(event.at),
        }
    }
}

/// What happened to a payment, oldest first.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The payment.")),
    responses((status = 200, body = Success<Vec<EventBody>>), Refusals),
)]
#[get("/v1/payments/{id}/events")]
pub async fn events(
    state: web::Data<State>,
    known: Known,
    id: web::Path<String>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.reader()?;
    let events = state.app.payment_events(&caller, payment_id(&id)?).await?;
    let data: Vec<_> = events.iter().map(EventBody::new).collect();
    Ok(success(StatusCode::OK, data, Message::Found, language))
}
