use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use bayar_app::{PayError, StatusShown};
use bayar_domain::Gateway;
use utoipa::{IntoParams, IntoResponses};

use super::page::{Page, Tone};
use super::{Lead, answer, no_session, query_value};
use crate::http::State;
use crate::http::access::Place;
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// What a buyer who comes back is shown.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is only described by")]
enum ReturnPages {
    /// Where the payment stands.
    #[response(status = 200, content_type = "text/html")]
    Shown(String),
    /// There is no ticket.
    #[response(status = 401, content_type = "text/html")]
    NoTicket(String),
    /// The ticket is not ours.
    #[response(status = 403, content_type = "text/html")]
    NotOurs(String),
    /// Somebody else works on the order.
    #[response(status = 409, content_type = "text/html")]
    InProgress(String),
    /// Too many requests.
    #[response(status = 429, content_type = "text/html")]
    TooMany(String),
    /// Something is wrong here.
    #[response(status = 500, content_type = "text/html")]
    Broken(String),
    /// The service cannot answer now.
    #[response(status = 503, content_type = "text/html")]
    Unavailable(String),
}

/// After how many seconds the page of a buyer who has just paid is loaded again.
const SOON: u64 = 10;
/// The same where a person or a bank looks at the money.
const LATER: u64 = 60;

/// What a request for the page brings along.
type Arrival = (web::Data<State>, HttpRequest, Place, Language);

/// What gateways leave in the address.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described by")]
struct ReturnQuery {
    /// The ticket that went along to the gateway.
    ticket: Option<String>,
}

/// Tells a buyer who comes back from Stripe where their payment stands.
///
/// The gateway is asked. What stands in the address proves nothing but which payment it is about.
#[utoipa::path(tag = "pages", params(ReturnQuery), responses(ReturnPages))]
#[get("/checkout/stripe/return")]
pub async fn stripe(arrival: Arrival) -> HttpResponse {
    show(arrival, Gateway::Stripe).await
}

/// Tells a buyer who comes back from Stripe where their payment stands, at the address of direct checkouts.
#[utoipa::path(tag = "pages", params(ReturnQuery), responses(ReturnPages))]
#[get("/direct-checkout/stripe/return")]
pub async fn stripe_direct(arrival: Arrival) -> HttpResponse {
    show(arrival, Gateway::Stripe).await
}

/// Tells a buyer who comes back from Midtrans where their payment stands.
#[utoipa::path(tag = "pages", params(ReturnQuery), responses(ReturnPages))]
#[get("/checkout/midtrans/finish")]
pub async fn midtrans(arrival: Arrival) -> HttpResponse {
    show(arrival, Gateway::Midtrans).await
}

async fn show((state, request, place, language): Arrival, from: Gateway) -> HttpResponse {
    let shown = lead(&state, &request, from);
    answer(&state, &place, language, shown).await
}

async fn lead(state: &State, request: &HttpRequest, from: Gateway) -> Result<Lead, Problem> {
    let ticket = query_value(request, "ticket");
    let turned_back = query_value(request, "back").is_some();
    let shown = match &ticket {
        Some(ticket) => state.in_time(state.app.returned(ticket)).await,
        None => Some(Err(PayError::NotFound)),
    };
    let called = match from {
        Gateway::Stripe => "Stripe return called",
        Gateway::Midtrans => "Midtrans return called",
    };
    match shown {
        Some(Ok((payment, shown))) => {
            tracing::info!(payment_id = %payment, turned_back, ?shown, "{called}");
            Ok(Lead::Page(page(shown, turned_back)))
        }
        Some(Err(PayError::NotFound)) => {
            tracing::info!(has_ticket = ticket.is_some(), "{called}");
            Ok(Lead::Page(no_session(ticket.as_deref())))
        }
        Some(Err(error)) => Err(error.into()),
        None => Ok(Lead::Page(Page {
            reload: Some(SOON),
            ..Page::new(StatusCode::OK, Tone::Wait, Message::PageBeingChecked)
        })),
    }
}

const fn page(shown: StatusShown, turned_back: bool) -> Page {
    let (tone, title, words, reload) = match (shown, turned_back) {
        (StatusShown::Paid, _) => (Tone::Good, Message::PagePaid, Message::PagePaidWords, None),
        (StatusShown::Refunded, _) => (
            Tone::Good,
            Message::PageRefunded,
            Message::PageRefundedWords,
            None,
        ),
        (StatusShown::BeingChecked, _) => (
            Tone::Wait,
            Message::PageBeingChecked,
            Message::PageBeingCheckedWords,
            Some(LATER),
        ),
        (StatusShown::WithTheBank, _) => (
            Tone::Wait,
            Message::PageBeingChecked,
            Message::PaymentBeingChecked,
            Some(LATER),
        ),
        (StatusShown::NotYetPaid, false) => (
            Tone::Wait,
            Message::PageNotYetPaid,
            Message::PageNotYetPaidWords,
            Some(SOON),
        ),
        (StatusShown::NotYetPaid, true) => (
            Tone::Wait,
            Message::PageNotYetPaid,
            Message::PageTurnedBackWords,
            None,
        ),
        (StatusShown::Over, _) => (Tone::Bad, Message::PageOver, Message::WhereToGetHelp, None),
    };
    Page {
        words: Some(words),
        reload,
        ..Page::new(StatusCode::OK, tone, title)
    }
}
