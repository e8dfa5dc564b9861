//! What orders look like in answers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use bayar_app::port::store::StoredOrder;
use bayar_app::{OrderError, RegisterError, Registered};
use bayar_domain::{OrderKind, OrderNumber};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::body::{amount, success, time};
use crate::http::problem::{Code, Problem};
use crate::language::Language;
use crate::messages::Message;

/// An order: what is paid for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderBody {
    /// Its number.
    order_number: String,
    /// What it is about: `consultation`, `checkout`, `direct` or `credits`.
    kind: &'static str,
    /// The consultation whose fee it is, where it is one.
    consultation_id: Option<i64>,
    /// The application's own name for it.
    external_ref: Option<String>,
    /// Who pays.
    user_id: i64,
    /// Its price.
    amount: String,
    /// In which currency.
    currency: &'static str,
    /// Where it stands.
    status: &'static str,
    /// What it is for, in words.
    description: Option<String>,
    /// What is in it.
    items: Vec<ItemBody>,
    /// The payment that is under way or paid.
    live_payment_id: Option<i64>,
    /// When it was registered.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// One line of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderItem)]
pub struct ItemBody {
    /// What it is.
    name: String,
    /// How many of it.
    quantity: u32,
    /// What one of it costs.
    unit_amount: String,
}

impl OrderBody {
    /// An order that is stored.
    pub fn new(stored: &StoredOrder) -> Self {
        let terms = stored.order.terms();
        let (kind, consultation_id) = match terms.kind {
            OrderKind::Consultation { consultation_id } => {
                ("consultation", Some(consultation_id.get()))
            }
            OrderKind::Checkout => ("checkout", None),
            OrderKind::Direct => ("direct", None),
            OrderKind::Credits { .. } => ("credits", None),
        };
        let reference = stored.external_ref.as_ref();
        Self {
            order_number: terms.number.to_string(),
            kind,
            consultation_id,
            external_ref: reference.map(|reference| reference.as_str().to_owned()),
            user_id: terms.owner.get(),
            amount: amount(terms.price),
            currency: terms.price.currency().code(),
            status: stored.order.status().as_str(),
            description: stored.description.clone(),
            items: stored
                .items
                .iter()
                .map(|item| ItemBody {
                    name: item.name.clone(),
                    quantity: item.quantity,
                    unit_amount: amount(item.unit_amount),
                })
                .collect(),
            live_payment_id: stored.live_payment.map(|id| id.get()),
            created_at: time(terms.created_at),
            updated_at: time(stored.updated_at),
        }
    }
}

/// The answer to a registration.
pub fn registered(registered: &Registered, language: Language) -> HttpResponse {
    let (status, stored, message) = match registered {
        Registered::New(stored) => (StatusCode::CREATED, stored, Message::OrderRegistered),
        Registered::Same(stored) => (StatusCode::OK, stored, Message::OrderAlreadyRegistered),
        Registered::Repriced(stored) => (StatusCode::OK, stored, Message::PriceReplaced),
    };
    success(status, OrderBody::new(stored), message, language)
}

/// The answer with an order as it is now.
pub fn order(stored: &StoredOrder, message: Message, language: Language) -> HttpResponse {
    success(StatusCode::OK, OrderBody::new(stored), message, language)
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound => Code::OrderNotFound.into(),
            OrderError::Forbidden => Code::Forbidden.into(),
            OrderError::LivePayment => Code::OrderHasLivePayment.into(),
            OrderError::NotRepriceable(_) => Code::OrderNotRepriceable.into(),
            OrderError::NotCancellable(_) => Code::OrderNotCancellable.into(),
            OrderError::NotCompletable(_) => Code::OrderNotCompletable.into(),
            OrderError::Trouble(trouble) => trouble.into(),
        }
    }
}

/// The answer to an order that is not registered.
/// `user_field` and `amount_field` are where who pays and how much were asked for.
pub fn not_registered(error: RegisterError, user_field: &str, amount_field: &str) -> Problem {
    match error {
        RegisterError::UnknownUser => Problem::field(user_field, Message::UserNotFound, vec![]),
        RegisterError::AmountNotTaken(price) => Problem::field(
            amount_field,
            Message::AmountNotTaken,
            vec![amount(price), price.currency().code().to_owned()],
        ),
        RegisterError::TooMuch => Problem::field(amount_field, Message::FieldInvalid, vec![]),
        RegisterError::Otherwise(_) => Code::OrderExistsOtherwise.into(),
        RegisterError::Order(error) => error.into(),
    }
}

/// The number of an order in a path. What is no number is nothing that exists.
pub fn order_number(text: &str) -> Result<OrderNumber, Problem> {
    text.parse().map_err(|_| Code::OrderNotFound.into())
}
