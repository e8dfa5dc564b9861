use actix_web::{HttpResponse, post, web};
use bayar_app::RegisterConsultation;
use bayar_domain::{Currency, Money};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::{OrderBody, not_registered, registered};
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success};
use crate::http::form::{Form, JsonForm, incomplete};
use crate::http::payments::create::AmountRequest;
use crate::http::problem::{Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// The fee of a consultation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct ConsultationRequest {
    /// The consultation.
    #[schema(example = 5, minimum = 1)]
    consultation_id: i64,
    /// Who pays.
    #[schema(example = 1, minimum = 1)]
    patient_id: i64,
    /// The fee.
    #[schema(value_type = AmountRequest)]
    amount: String,
    /// In which currency.
    #[schema(example = "PHP")]
    currency: String,
    /// What it is for, in words.
    #[schema(max_length = 1000)]
    description: Option<String>,
}

/// Registers the fee of a consultation. Another amount replaces it while nobody pays it. For applications.
#[utoipa::path(
    tag = "orders",
    security(("bearer" = [])),
    request_body = ConsultationRequest,
    responses(
        (status = 201, description = "It is registered.", body = Success<OrderBody>),
        (status = 200, description = "It was registered before; another amount replaced the old one.", body = Success<OrderBody>),
        (status = 409, description = "It was registered for somebody else or in another currency, or somebody pays it.",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/consultations")]
pub async fn register(
    state: web::Data<State>,
    known: Known,
    form: JsonForm,
    language: Language,
) -> Result<HttpResponse, Problem> {
    known.service()?;
    let wish = read(form.0)?;
    let outcome = state.app.register_consultation(&wish).await;
    let outcome = outcome.map_err(|error| not_registered(error, "patient_id", "amount"))?;
    Ok(registered(&outcome, language))
}

fn read(mut form: Form) -> Result<RegisterConsultation, Problem> {
    let consultation = form.number("consultation_id");
    let patient = form.number("patient_id");
    let amount = form.amount("amount");
    let currency = form.parsed::<Currency>("currency", Message::FieldNotCurrency);
    let price = amount
        .zip(currency)
        .and_then(|(amount, currency)| price(&mut form, "amount", amount.as_str(), currency));
    let description = form.optional_text("description", 1000);
    let (Some(consultation), Some(patient), Some(price)) = (consultation, patient, price) else {
        return Err(incomplete(form));
    };
    form.done()?;
    Ok(RegisterConsultation {
        consultation,
        patient,
        price,
        description,
    })
}

/// What an amount is worth in a currency.
pub fn price(form: &mut Form, name: &str, amount: &str, currency: Currency) -> Option<Money> {
    let price = Money::parse(amount, currency);
    if let Err(error) = &price {
        let (message, parameters) = match error {
            bayar_domain::AmountError::TooManyDecimals { .. } => (
                Message::TooManyDecimals,
                vec![currency.code().to_owned(), currency.exponent().to_string()],
            ),
            _ => (Message::FieldNotAmount, vec![]),
        };
        form.refuse(name, message, parameters);
    }
    price.ok()
}
