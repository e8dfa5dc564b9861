use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use bayar_app::Trouble;
use bayar_app::port::store::{WebhookEntry, WebhookFilter, WebhookStatus};
use bayar_domain::Gateway;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, time};
use crate::http::form::Form;
use crate::http::paging::{self, PageBody};
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// Which webhooks, and which part of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct WebhookQuery {
    /// Which page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    page: Option<u32>,
    /// How many webhooks a page has.
    #[param(minimum = 1, maximum = 100, default = 15)]
    per_page: Option<u32>,
    /// In this status only.
    #[param(inline)]
    status: Option<WebhookStatusName>,
    /// Of this gateway only: `stripe` or `midtrans`.
    gateway: Option<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
enum WebhookStatusName {
    Received,
    Processed,
    Ignored,
    Unmatched,
    Parked,
    Quarantined,
}

/// A webhook that came. What it said is shown by `bayar webhooks show` only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookBody {
    id: i64,
    /// Who sent it.
    gateway: &'static str,
    /// `live` or `test`.
    mode: &'static str,
    /// The gateway's name for it, or a digest of it where it has none.
    event_id: String,
    /// What it tells, in the gateway's word.
    event_type: String,
    /// When it came.
    #[schema(format = DateTime)]
    received_at: String,
    /// Where it stands.
    status: &'static str,
    /// How often it was tried since it came, or was last replayed.
    tries: u32,
    /// When it is tried again.
    #[schema(format = DateTime)]
    next_try_at: Option<String>,
    /// When it was known what became of it.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// Why it was not processed the last time.
    fault: Option<String>,
    /// The order it is about.
    order_number: Option<String>,
}

impl From<WebhookEntry> for WebhookBody {
    fn from(entry: WebhookEntry) -> Self {
        Self {
            id: entry.id.get(),
            gateway: entry.gateway.as_str(),
            mode: entry.mode.as_str(),
            event_id: entry.key,
            event_type: entry.kind,
            received_at: time(entry.received_at),
            status: entry.status.as_str(),
            tries: entry.tries,
            next_try_at: entry.next_try_at.map(time),
            finished_at: entry.finished_at.map(time),
            fault: entry.fault,
            order_number: entry.order.map(|order| order.to_string()),
        }
    }
}

/// A part of a list of webhooks.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookList {
    /// The webhooks of the page, newest first.
    data: Vec<WebhookBody>,
    /// Which part of the list it is.
    meta: PageBody,
    /// A sentence for people, in the language they asked for.
    message: &'static str,
}

/// The webhooks that came, newest first.
#[utoipa::path(
    tag = "operations",
    security(("bearer" = [])),
    params(WebhookQuery),
    responses((status = 200, body = WebhookList), Refusals),
)]
#[get("/v1/ops/webhooks")]
pub async fn list(
    state: web::Data<State>,
    known: Known,
    request: HttpRequest,
    language: Language,
) -> Result<HttpResponse, Problem> {
    known.operator()?;
    let mut form = Form::from_query(&request)?;
    let page = paging::page(&mut form);
    let filter = WebhookFilter {
        status: form.optional_parsed::<WebhookStatus>("status", Message::FieldInvalid),
        gateway: form.optional_parsed::<Gateway>("gateway", Message::FieldInvalid),
    };
    form.done()?;
    let found = state.app.store().webhooks(&filter, page).await;
    let found = found.map_err(Trouble::from)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(WebhookList {
            data: found.entries.into_iter().map(WebhookBody::from).collect(),
            meta: PageBody::of(page, found.total),
            message: Message::Found.text(language),
        }))
}
