use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use bayar_app::identity::{Role, Scope};
use bayar_app::port::store::{IdempotencyKey, OrderKey};
use bayar_app::{Caller, Claimant, CreateError, CreatePayment, Created, Draft};
use bayar_domain::{ConsultationId, Gateway, OrderNumber, PaymentId, PaymentStatus, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answers::{InvoiceBody, PaymentBody, TaxBody, process_url};
use super::keys::{self, RequestKey};
use crate::http::State;
use crate::http::access::{Claimed, too_many_requests};
use crate::http::body::{Refusals, Success, with_currency};
use crate::http::form::{Form, JsonForm, incomplete};
use crate::http::problem::{Code, Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// What is to be paid. Either `consultation_id` or `order_number` says for what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct CreateRequest {
    /// The consultation whose fee it is.
    #[schema(example = 5, minimum = 1)]
    consultation_id: Option<i64>,
    /// The number of the order.
    #[schema(example = "INV202507180407-3C2A")]
    order_number: Option<String>,
    /// What the buyer was shown: a number or a text, and the price of the order.
    #[schema(value_type = AmountRequest)]
    amount: String,
    /// In which currency, to be sure: it must be that of the order.
    #[schema(example = "PHP")]
    currency: Option<String>,
    /// The gateway.
    #[schema(example = "stripe", value_type = GatewayName)]
    payment_method: String,
    /// What this wish is named by, unless it stands in a header.
    #[schema(min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
    /// Who pays. An application says it; a person may say so.
    #[schema(minimum = 1)]
    user_id: Option<i64>,
}

/// An amount: a number or a text of digits with at most one point.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!(5000))]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
pub enum AmountRequest {
    /// As a number.
    Number(f64),
    /// As a text.
    Text(String),
}

/// A gateway.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
pub enum GatewayName {
    /// Stripe.
    Stripe,
    /// Midtrans.
    Midtrans,
}

/// A payment that was opened.
#[derive(Debug, Serialize, ToSchema)]
struct NewPayment {
    /// Always `new`.
    r#type: &'static str,
    /// Its id.
    payment_id: i64,
    /// The payment.
    payment: PaymentBody,
    /// Its invoice.
    invoice: InvoiceBody,
    /// Its taxes.
    taxes: Vec<TaxBody>,
    /// Where a browser goes on paying.
    process_url: String,
}

/// A payment that was there already.
#[derive(Debug, Serialize, ToSchema)]
struct ExistingPayment<'a> {
    /// Always `existing`.
    r#type: &'static str,
    /// Its id.
    payment_id: i64,
    /// Where it stands.
    status: &'static str,
    /// Whether it was made by the same key.
    same_key: bool,
    /// Where a browser goes on paying.
    process_url: &'a str,
    /// A sentence for people, in the language they asked for.
    message: &'static str,
}

/// The answer to a wish that somebody had before.
#[derive(Debug, Serialize, ToSchema)]
struct Duplicate<'a> {
    /// The payment there is.
    data: ExistingPayment<'a>,
    /// Always `Duplicate payment request detected`.
    message: &'static str,
    /// Always `duplicate_payment`.
    code: &'static str,
}

/// Either of the two answers with status 409.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is only described by")]
enum Conflict<'a> {
    Duplicate(Duplicate<'a>),
    Problem(ProblemBody),
}

/// Opens a payment for an order, exactly once.
///
/// The same key again is answered with the first answer (`Idempotency-Key`), or with 409 and the payment
/// (`X-Idempotency-Key`, or the key in the body). Another key while the order has a payment gets 409 and that payment.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "What this wish is named by. A repeat gets the first answer again."),
        ("X-Idempotency-Key" = Option<String>, Header, description = "What this wish is named by. A repeat gets 409."),
    ),
    request_body = CreateRequest,
    responses(
        (status = 201, body = Success<NewPayment>, headers(
            ("Location" = String, description = "Where the payment is."),
            ("Idempotent-Replayed" = Option<String>, description = "`true` when this was answered before."),
        )),
        (status = 409, description = "There is a payment already, or the order takes none, or somebody else works on it.",
            content((Conflict<'_> = "application/json"), (ProblemBody = "application/problem+json"))),
        Refusals,
    ),
)]
#[post("/v1/payments")]
pub async fn create(
    state: web::Data<State>,
    claimed: Claimed,
    request: HttpRequest,
    form: Result<JsonForm, actix_web::Error>,
    language: Language,
) -> Result<HttpResponse, actix_web::Error> {
    let wish = match form {
        Ok(JsonForm(form)) => {
            read(&state, &claimed.0, &request, form, language).map_err(Into::into)
        }
        Err(error) => Err(error),
    };
    let (wish, replays) = match wish {
        Ok(wish) => wish,
        Err(error) => {
            // What is wrong with a request is for nobody who is shut out.
            let confirmed = state.app.confirm(&claimed.0).await;
            confirmed.map_err(Problem::from)?;
            return Err(error);
        }
    };
    let created = state.app.create_payment(wish).await;
    Ok(match created.map_err(refusal)? {
        Created::New { payment, body } => new(payment, body, false),
        Created::Again { payment, body, .. } if replays => new(payment, body, true),
        Created::Again {
            payment,
            status,
            body,
        } => {
            let url = process_url_in(&body).unwrap_or_default();
            existing(payment, status, true, &url, language)
        }
        Created::Existing {
            payment,
            status,
            deadline,
        } => {
            let url = process_url(&state.app, payment, deadline);
            existing(payment, status, false, &url, language)
        }
    })
}

/// Reads the wish, and whether a repeat of it gets the first answer again.
fn read(
    state: &web::Data<State>,
    claimant: &Claimant,
    request: &HttpRequest,
    mut form: Form,
    language: Language,
) -> Result<(CreatePayment, bool), Problem> {
    let caller = claimant.caller();
    if !caller.has_scope(Scope::Payments) {
        return Err(Code::Forbidden.into());
    }
    let order = read_order(&mut form);
    let amount = form.amount("amount");
    let currency = form.optional_parsed("currency", Message::FieldInvalid);
    let payment_method = form.parsed::<Gateway>("payment_method", Message::FieldInvalid);
    let user = read_user(caller, &mut form);
    let RequestKey { key, replays } = keys::read(request.headers(), &mut form);
    let (Some(order), Some(amount), Some(payment_method), Some(user)) =
        (order, amount, payment_method, user)
    else {
        return Err(incomplete(form));
    };
    form.done()?;
    let key = match key {
        Some(key) => key,
        // Nobody knows this one, so nobody repeats it.
        None => IdempotencyKey::new(format!("made-{}", state.random_word()))
            .map_err(|_| Problem::new(Code::InternalError))?,
    };
    let renderer = state.clone();
    let wish = CreatePayment {
        by: claimant.clone(),
        user,
        order,
        amount,
        currency,
        payment_method,
        key,
        render: Arc::new(move |draft| render(&renderer, draft, language)),
    };
    Ok((wish, replays))
}

fn read_order(form: &mut Form) -> Option<OrderKey> {
    match (form.has("consultation_id"), form.has("order_number")) {
        (true, false) => form
            .number::<ConsultationId>("consultation_id")
            .map(OrderKey::Consultation),
        (false, true) => form
            .parsed::<OrderNumber>("order_number", Message::FieldInvalid)
            .map(OrderKey::Number),
        (false, false) => {
            form.refuse("consultation_id", Message::FieldRequired, vec![]);
            None
        }
        (true, true) => {
            form.refuse("order_number", Message::FieldUnknown, vec![]);
            None
        }
    }
}

/// Who pays: whoever asks, or whom an application asks for.
fn read_user(caller: &Caller, form: &mut Form) -> Option<UserId> {
    match caller.person() {
        Some(person) if !form.has("user_id") => Some(person),
        Some(_) => form.number("user_id"),
        None if caller.role() == Role::Service => form.number("user_id"),
        // An operator's key pays for nobody; the use case says so.
        None => form.number("user_id"),
    }
}

/// Writes the answer that is stored with the payment.
fn render(state: &State, draft: &Draft<'_>, language: Language) -> Vec<u8> {
    let Draft { order, bill } = draft;
    let terms = bill.payment.terms();
    let data = NewPayment {
        r#type: "new",
        payment_id: terms.id.get(),
        payment: PaymentBody::new(&bill.payment, order),
        invoice: InvoiceBody::new(&bill.invoice),
        taxes: bill.taxes.iter().map(TaxBody::new).collect(),
        process_url: process_url(&state.app, terms.id, terms.deadline),
    };
    let message = Message::PaymentCreated.text(language);
    serde_json::to_vec(&Success { data, message }).unwrap_or_default()
}

fn new(payment: PaymentId, body: Vec<u8>, replayed: bool) -> HttpResponse {
    let mut answer = HttpResponse::Created();
    answer
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::LOCATION, format!("/api/v1/payments/{payment}")));
    if replayed {
        answer.insert_header(("Idempotent-Replayed", "true"));
    }
    answer.body(body)
}

fn existing(
    payment: PaymentId,
    status: PaymentStatus,
    same_key: bool,
    process_url: &str,
    language: Language,
) -> HttpResponse {
    HttpResponse::Conflict()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(Duplicate {
            data: ExistingPayment {
                r#type: "existing",
                payment_id: payment.get(),
                status: status.as_str(),
                same_key,
                process_url,
                message: Message::PaymentAlreadyCreated.text(language),
            },
            message: Message::DuplicatePayment.text(language),
            code: "duplicate_payment",
        })
}

/// The address in an answer that was stored.
fn process_url_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Stored {
        data: StoredData,
    }
    #[derive(Deserialize)]
    struct StoredData {
        process_url: String,
    }
    let stored: Stored = serde_json::from_slice(body).ok()?;
    Some(stored.data.process_url)
}

fn refusal(error: CreateError) -> Problem {
    match error {
        CreateError::Unproved => Code::Unauthorized.into(),
        CreateError::KeyReused => Code::IdempotencyKeyReused.into(),
        CreateError::NotFound => Code::OrderNotFound.into(),
        CreateError::Forbidden => Code::Forbidden.into(),
        CreateError::NotPayable(_) => Code::OrderNotPayable.into(),
        CreateError::OtherCurrency(_) => {
            Problem::field("currency", Message::CurrencyMismatch, vec![])
        }
        CreateError::TooManyDecimals(currency) => Problem::field(
            "amount",
            Message::TooManyDecimals,
            vec![currency.code().to_owned(), currency.exponent().to_string()],
        ),
        CreateError::OtherPrice(_) => Problem::field("amount", Message::PriceMismatch, vec![]),
        CreateError::BelowLimit(least) => Problem::field(
            "amount",
            Message::AmountBelowLimit,
            vec![with_currency(least)],
        ),
        CreateError::AboveLimit(most) => Problem::field(
            "amount",
            Message::AmountAboveLimit,
            vec![with_currency(most)],
        ),
        CreateError::MethodNotAvailable(_) => {
            Problem::field("payment_method", Message::MethodNotAvailable, vec![])
        }
        CreateError::CurrencyNotTaken(currency) => Problem::field(
            "payment_method",
            Message::MethodRefusesCurrency,
            vec![currency.code().to_owned()],
        ),
        CreateError::WholeUnitsOnly(currency) => Problem::field(
            "amount",
            Message::TooManyDecimals,
            vec![currency.code().to_owned(), "0".to_owned()],
        ),
        CreateError::TooMany(limited) => too_many_requests(limited),
        CreateError::Trouble(trouble) => trouble.into(),
    }
}
