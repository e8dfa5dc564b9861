//! Pages for buyers: plain, without scripts, and in their language.
//!
//! Whoever holds a ticket sees them, so none of them says what was bought, by whom, or for how much.

mod page;
pub mod process;
pub mod returned;

use std::future::Future;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use self::page::{Link, Page, Tone};
use super::access::{Place, too_many_requests};
use super::problem::{Code, Problem};
use super::state::State;
use crate::language::Language;
use crate::messages::Message;

/// Where a browser is led.
enum Lead {
    /// To a page of ours.
    Page(Page),
    /// To a gateway.
    Away(String),
}

/// Answers a browser. Whatever goes wrong is told on a page.
async fn answer(
    state: &State,
    place: &Place,
    language: Language,
    work: impl Future<Output = Result<Lead, Problem>>,
) -> HttpResponse {
    let back = Link {
        address: &state.app.settings().public_url,
        words: Message::GoBack,
    };
    let limited = state.app.limits().stranger(&place.0).await;
    let lead = match limited.filter(|limited| !limited.spent.allowed) {
        Some(limited) => Err(too_many_requests(limited)),
        None => work.await,
    };
    match lead {
        Ok(Lead::Page(page)) => page.answer(language, back),
        Ok(Lead::Away(address)) => {
            redirect(&address).unwrap_or_else(|problem| page_of(&problem).answer(language, back))
        }
        Err(problem) => page_of(&problem).answer(language, back),
    }
}

fn redirect(address: &str) -> Result<HttpResponse, Problem> {
    let address = HeaderValue::from_str(address).map_err(|error| {
        tracing::error!(%error, "the gateway named an address that leads nowhere");
        Problem::new(Code::InternalError)
    })?;
    let mut answer = HttpResponse::SeeOther();
    answer
        .insert_header((header::LOCATION, address))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(answer.finish())
}

fn page_of(problem: &Problem) -> Page {
    let status = problem.code().status();
    Page {
        words: Some(problem.message()),
        may_try_again: problem.pause().is_some() || status.is_server_error(),
        retry_after: problem.pause(),
        ..Page::new(status, Tone::Bad, Message::PageFailed)
    }
}

/// The page for who holds no ticket, or one that is none of ours or no longer good.
fn no_session(ticket: Option<&str>) -> Page {
    let status = match ticket {
        None => StatusCode::UNAUTHORIZED,
        Some(_) => StatusCode::FORBIDDEN,
    };
    Page {
        words: Some(Message::WhereToGetHelp),
        ..Page::new(status, Tone::Bad, Message::SessionNotValid)
    }
}

/// A value of the address, when it stands there once. Gateways add values of their own.
fn query_value(request: &HttpRequest, name: &str) -> Option<String> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?;
    let mut values = pairs
        .into_inner()
        .into_iter()
        .filter(|(key, _)| key == name);
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn ticket(uri: &str) -> Option<String> {
        let request = TestRequest::with_uri(uri).to_http_request();
        query_value(&request, "ticket")
    }

    #[test]
    fn a_ticket_is_found_among_what_gateways_add() {
        for uri in [
            "/?ticket=abc",
            "/?order_id=1&ticket=abc&status_code=200&transaction_status=settlement",
            "/?a=1&a=2&ticket=abc",
        ] {
            assert_eq!(ticket(uri).as_deref(), Some("abc"), "{uri}");
        }
        for uri in ["/", "/?ticket", "/?Ticket=abc", "/?ticket=a&ticket=b"] {
            assert_ne!(ticket(uri).as_deref(), Some("abc"), "{uri}");
        }
        assert_eq!(ticket("/?ticket=a&ticket=b"), None);
    }
}
