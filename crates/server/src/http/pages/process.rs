use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use bayar_app::{Access, CheckoutDoor, PayError, StartCheckout};
use bayar_domain::{Gateway, PaymentId, PaymentStatus};

use super::page::{Page, Tone};
use super::{Lead, answer, no_session, query_value};
use crate::http::State;
use crate::http::access::Place;
use crate::http::payments::create::GatewayName;
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// After how many seconds a page that waits for a checkout is loaded again.
const RELOAD: u64 = 5;
/// The same where a bank is working on the payment.
const LATER: u64 = 60;

/// Leads a buyer to where they pay.
///
/// The ticket stands in the address that comes with every payment. It is good until the payment's deadline,
/// and for nothing else.
#[utoipa::path(
    tag = "pages",
    params(
        ("id" = i64, Path, description = "The payment."),
        ("ticket" = Option<String>, Query, description = "The ticket of the payment."),
        ("gateway" = Option<GatewayName>, Query, description = "The gateway; the one chosen last where nothing is said."),
    ),
    responses(
        (status = 202, description = "Nobody knows yet; the page loads again by itself.", body = String, content_type = "text/html"),
        (status = 303, description = "The checkout is where `Location` says.", headers(
            ("Location" = String, description = "Where the buyer pays."),
        )),
        (status = 401, description = "There is no ticket.", body = String, content_type = "text/html"),
        (status = 403, description = "The ticket is not that of the payment, or no longer good.", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such payment.", body = String, content_type = "text/html"),
        (status = 409, description = "The payment takes no money any more, or a bank is working on it; then the page loads again by itself.", body = String, content_type = "text/html"),
        (status = 422, description = "The gateway is not set up, or does not take the amount.", body = String, content_type = "text/html"),
        (status = 429, description = "Too many requests.", body = String, content_type = "text/html"),
        (status = 500, description = "Something is wrong here.", body = String, content_type = "text/html"),
        (status = 502, description = "The gateway refused.", body = String, content_type = "text/html"),
        (status = 503, description = "The gateway cannot be asked now.", body = String, content_type = "text/html"),
    ),
)]
#[get("/payment/{id}/process")]
pub async fn process(
    state: web::Data<State>,
    request: HttpRequest,
    place: Place,
    id: web::Path<String>,
    language: Language,
) -> HttpResponse {
    answer(&state, &place, language, lead(&state, &request, &id)).await
}

async fn lead(state: &State, request: &HttpRequest, id: &str) -> Result<Lead, Problem> {
    let ticket = query_value(request, "ticket");
    let allowed = ticket
        .as_deref()
        .and_then(|ticket| state.app.payment_of_ticket(ticket).ok());
    let wanted = id.parse::<PaymentId>().ok();
    let Some(payment) = allowed.filter(|allowed| wanted == Some(*allowed)) else {
        return Ok(Lead::Page(no_session(ticket.as_deref())));
    };
    let gateway = match query_value(request, "gateway").map(|name| name.parse::<Gateway>()) {
        Some(Err(_)) => return Err(Problem::field("gateway", Message::FieldInvalid, vec![])),
        Some(Ok(gateway)) => Some(gateway),
        None => None,
    };
    let wish = StartCheckout {
        payment,
        gateway,
        access: Access::Ticket,
    };
    match state.in_time(state.app.start_checkout(wish)).await {
        Some(Ok(CheckoutDoor::Open { session, .. })) => Ok(Lead::Away(session.url)),
        Some(Ok(CheckoutDoor::Unknown { .. })) | None => Ok(Lead::Page(being_prepared())),
        Some(Err(PayError::BeingChecked)) => Ok(Lead::Page(being_checked())),
        Some(Err(PayError::WrongState(status))) => Ok(Lead::Page(ended(status))),
        Some(Err(PayError::TooLate)) => Ok(Lead::Page(ended(PaymentStatus::Expired))),
        Some(Err(error)) => Err(error.into()),
    }
}

const fn being_prepared() -> Page {
    Page {
        reload: Some(RELOAD),
        may_try_again: true,
        retry_after: Some(RELOAD),
        ..Page::new(
            StatusCode::ACCEPTED,
            Tone::Wait,
            Message::CheckoutBeingPrepared,
        )
    }
}

/// The page for a payment that a bank is working on.
const fn being_checked() -> Page {
    Page {
        words: Some(Message::PaymentBeingChecked),
        reload: Some(LATER),
        retry_after: Some(LATER),
        ..Page::new(StatusCode::CONFLICT, Tone::Wait, Message::PageBeingChecked)
    }
}

/// The page for a payment that takes no money any more.
const fn ended(status: PaymentStatus) -> Page {
    let (tone, title, words) = match status {
        PaymentStatus::Completed | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
            (Tone::Good, Message::PagePaid, Message::PagePaidWords)
        }
        PaymentStatus::UnderReview => (
            Tone::Wait,
            Message::PageBeingChecked,
            Message::PageBeingCheckedWords,
        ),
        PaymentStatus::Pending
        | PaymentStatus::Processing
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled
        | PaymentStatus::Expired => (Tone::Bad, Message::PageOver, Message::PaymentNotPayable),
    };
    Page {
        words: Some(words),
        ..Page::new(StatusCode::CONFLICT, tone, title)
    }
}
