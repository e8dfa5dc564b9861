use actix_web::{HttpResponse, get, http::header, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::access::Known;
use super::body::{Refusals, Success, amount};
use super::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// A gateway that is set up.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentMethodBody {
    /// Its name, as it is asked for when a payment is created.
    payment_method: &'static str,
    /// What it takes.
    currencies: Vec<CurrencyBody>,
}

/// How much a payment may be in a currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurrencyBody {
    /// The currency.
    currency: &'static str,
    /// The least.
    least: String,
    /// The most.
    most: String,
}

/// The gateways that are set up, with what they take.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    responses((status = 200, body = Success<Vec<PaymentMethodBody>>), Refusals),
)]
#[get("/v1/payment-methods")]
pub async fn list(
    state: web::Data<State>,
    known: Known,
    language: Language,
) -> Result<HttpResponse, Problem> {
    known.reader()?;
    let methods = state.app.payment_methods();
    let data: Vec<_> = methods
        .iter()
        .map(|method| PaymentMethodBody {
            payment_method: method.gateway.as_str(),
            currencies: method
                .limits
                .iter()
                .map(|range| CurrencyBody {
                    currency: range.currency().code(),
                    least: amount(range.least()),
                    most: amount(range.most()),
                })
                .collect(),
        })
        .collect();
    let message = Message::Found.text(language);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, max-age=3600"))
        .insert_header((header::VARY, "Accept-Language, Authorization"))
        .json(Success { data, message }))
}
