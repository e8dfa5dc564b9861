//! What payments and their papers look like in answers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use bayar_app::App;
use bayar_app::ReadError;
use bayar_app::port::store::StoredPayment;
use bayar_domain::{Invoice, Order, OrderKind, Payment, PaymentId, TaxRecord};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::body::{amount, success, time};
use crate::http::problem::{Code, Problem};
use crate::language::Language;
use crate::messages::Message;

/// A payment: one try to settle one order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentBody {
    /// Its id.
    id: i64,
    /// Who pays.
    user_id: i64,
    /// The number of its order.
    order_number: String,
    /// The consultation whose fee it is, where it is one.
    consultation_id: Option<i64>,
    /// What the buyer pays.
    amount: String,
    /// In which currency.
    currency: &'static str,
    /// The gateway that was chosen last.
    payment_method: &'static str,
    /// Where it stands.
    status: &'static str,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl PaymentBody {
    /// A payment that is being opened.
    pub fn new(payment: &Payment, order: &Order) -> Self {
        let order = order.terms();
        let consultation = match order.kind {
            OrderKind::Consultation { consultation_id } => Some(consultation_id.get()),
            OrderKind::Checkout | OrderKind::Direct | OrderKind::Credits { .. } => None,
        };
        let updated_at = payment.terms().created_at;
        Self::of(payment, order.number.to_string(), consultation, updated_at)
    }

    /// A payment that is stored.
    pub fn stored(stored: &StoredPayment) -> Self {
        Self::of(
            &stored.payment,
            stored.order_number.to_string(),
            stored.consultation.map(|id| id.get()),
            stored.updated_at,
        )
    }

    fn of(
        payment: &Payment,
        order_number: String,
        consultation_id: Option<i64>,
        updated_at: DateTime<Utc>,
    ) -> Self {
        let terms = payment.terms();
        Self {
            id: terms.id.get(),
            user_id: terms.user.get(),
            order_number,
            consultation_id,
            amount: amount(terms.amount),
            currency: terms.amount.currency().code(),
            payment_method: payment.payment_method().as_str(),
            status: payment.status().as_str(),
            created_at: time(terms.created_at),
            updated_at: time(updated_at),
        }
    }
}

/// The invoice of a payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceBody {
    /// Its id.
    id: i64,
    /// The payment it is the paper of.
    payment_id: i64,
    /// Its number, for people.
    invoice_number: String,
    /// What it asks for.
    amount: String,
    /// In which currency.
    currency: &'static str,
    /// Where it stands.
    status: &'static str,
    /// When it was issued.
    #[schema(format = DateTime)]
    issued_at: String,
}

impl InvoiceBody {
    /// An invoice.
    pub fn new(invoice: &Invoice) -> Self {
        let terms = invoice.terms();
        Self {
            id: terms.id.get(),
            payment_id: terms.payment.get(),
            invoice_number: terms.number.to_string(),
            amount: amount(terms.amount),
            currency: terms.amount.currency().code(),
            status: invoice.status().as_str(),
            issued_at: time(terms.issued_at),
        }
    }
}

/// One tax on a payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxRecord)]
pub struct TaxBody {
    /// Its id.
    id: i64,
    /// The payment it is on.
    payment_id: i64,
    /// Its name.
    tax_type: String,
    /// How much is taken, such as `0.12`.
    rate: String,
    /// How much it is.
    tax_amount: String,
    /// Where it stands.
    status: &'static str,
}

impl TaxBody {
    /// A tax.
    pub fn new(tax: &TaxRecord) -> Self {
        let terms = tax.terms();
        Self {
            id: terms.id.get(),
            payment_id: terms.payment.get(),
            tax_type: terms.line.tax_type.to_string(),
            rate: terms.line.rate.to_string(),
            tax_amount: amount(terms.line.amount),
            status: tax.status().as_str(),
        }
    }
}

/// Where a browser goes on paying. Whoever has the address can do that and nothing else, until the deadline.
pub fn process_url(app: &App, payment: PaymentId, deadline: DateTime<Utc>) -> String {
    let public_url = &app.settings().public_url;
    let ticket = app.tickets().issue(payment, deadline);
    format!("{public_url}/payment/{payment}/process?ticket={ticket}")
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound => Code::PaymentNotFound.into(),
            ReadError::Forbidden => Code::Forbidden.into(),
            ReadError::Trouble(trouble) => trouble.into(),
        }
    }
}

/// The answer while nobody knows yet what a gateway did. The payment is where it will be told.
pub fn not_known_yet<T: Serialize>(
    payment: PaymentId,
    data: T,
    message: Message,
    language: Language,
) -> HttpResponse {
    let place = format!("/api/v1/payments/{payment}");
    accepted(&place, data, message, language)
}

/// The answer to what is written down and not known to be done. It will be told at `place`.
pub fn accepted<T: Serialize>(
    place: &str,
    data: T,
    message: Message,
    language: Language,
) -> HttpResponse {
    let mut answer = success(StatusCode::ACCEPTED, data, message, language);
    if let Ok(place) = HeaderValue::from_str(place) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    let pause = HeaderValue::from(LOOK_AGAIN);
    answer.headers_mut().insert(header::RETRY_AFTER, pause);
    answer
}

/// After how many seconds it is worth to look again.
const LOOK_AGAIN: u64 = 5;

/// The id of a payment in a path. What is no id is nothing that exists.
pub fn payment_id(text: &str) -> Result<PaymentId, Problem> {
    text.parse().map_err(|_| Code::PaymentNotFound.into())
}
