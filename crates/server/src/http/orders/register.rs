use actix_web::{HttpResponse, post, web};
use bayar_app::RegisterOrder;
use bayar_app::port::store::{ExternalRef, OrderItem};
use bayar_domain::Currency;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::{OrderBody, not_registered, registered};
use super::consultations::price;
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success};
use crate::http::form::{Form, JsonForm, incomplete};
use crate::http::payments::create::AmountRequest;
use crate::http::problem::{Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// Goods of an application.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct OrderRequest {
    /// Who pays.
    #[schema(example = 1, minimum = 1)]
    user_id: i64,
    /// The currency of every line.
    #[schema(example = "IDR")]
    currency: String,
    /// The lines.
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<LineRequest>,
    /// The application's own name for the order.
    #[schema(min_length = 1, max_length = 255, example = "cart-1")]
    external_ref: String,
    /// What it is for, in words.
    #[schema(max_length = 1000)]
    description: Option<String>,
}

/// One line of goods.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct LineRequest {
    /// What it is.
    #[schema(min_length = 1, max_length = 255, example = "Vitamin C")]
    name: String,
    /// How many of it.
    #[schema(minimum = 1, maximum = 1_000_000, example = 2)]
    quantity: u32,
    /// What one of it costs.
    #[schema(value_type = AmountRequest)]
    unit_amount: String,
}

const MOST_LINES: usize = 100;
const LARGEST_QUANTITY: u32 = 1_000_000;

/// Registers goods. The same `external_ref` again finds the order. For applications.
#[utoipa::path(
    tag = "orders",
    security(("bearer" = [])),
    request_body = OrderRequest,
    responses(
        (status = 201, description = "It is registered.", body = Success<OrderBody>),
        (status = 200, description = "It was registered before.", body = Success<OrderBody>),
        (status = 409, description = "The reference was used for something else.",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/orders")]
pub async fn register(
    state: web::Data<State>,
    known: Known,
    form: JsonForm,
    language: Language,
) -> Result<HttpResponse, Problem> {
    known.service()?;
    let wish = read(form.0)?;
    let outcome = state.app.register_order(&wish).await;
    let outcome = outcome.map_err(|error| not_registered(error, "user_id", "items"))?;
    Ok(registered(&outcome, language))
}

fn read(mut form: Form) -> Result<RegisterOrder, Problem> {
    let user = form.number("user_id");
    let currency = form.parsed::<Currency>("currency", Message::FieldNotCurrency);
    let items = form.list("items", MOST_LINES, |line| read_line(line, currency));
    let external_ref = form.parsed::<ExternalRef>("external_ref", Message::FieldInvalid);
    let description = form.optional_text("description", 1000);
    let (Some(user), Some(currency), Some(items), Some(external_ref)) =
        (user, currency, items, external_ref)
    else {
        return Err(incomplete(form));
    };
    form.done()?;
    Ok(RegisterOrder {
        user,
        currency,
        items,
        external_ref,
        description,
    })
}

fn read_line(line: &mut Form, currency: Option<Currency>) -> Option<OrderItem> {
    let name = line.text("name", 255);
    let quantity = line.number::<u32>("quantity");
    let quantity = quantity.filter(|quantity| {
        let fits = *quantity <= LARGEST_QUANTITY;
        if !fits {
            let most = vec![LARGEST_QUANTITY.to_string()];
            line.refuse("quantity", Message::FieldTooLarge, most);
        }
        fits
    });
    let unit_amount = line.amount("unit_amount");
    let unit_amount = unit_amount
        .zip(currency)
        .and_then(|(amount, currency)| price(line, "unit_amount", amount.as_str(), currency));
    Some(OrderItem {
        name: name?,
        quantity: quantity?,
        unit_amount: unit_amount?,
    })
}
