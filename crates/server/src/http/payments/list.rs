use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use bayar_app::port::store::PaymentFilter;
use bayar_domain::PaymentStatus;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::answers::PaymentBody;
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::Refusals;
use crate::http::form::Form;
use crate::http::paging::{self, PageBody};
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// Which payments, and which part of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct ListQuery {
    /// Which page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    page: Option<u32>,
    /// How many payments a page has.
    #[param(minimum = 1, maximum = 100, default = 15)]
    per_page: Option<u32>,
    /// In this state only.
    #[param(inline)]
    status: Option<StatusName>,
    /// Created on this day (UTC) or at this time, or later.
    from: Option<String>,
    /// Created before the end of this day (UTC), or before this time.
    to: Option<String>,
    /// Of this person only. A customer may ask for their own.
    #[param(minimum = 1)]
    user_id: Option<i64>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
enum StatusName {
    Pending,
    Processing,
    UnderReview,
    Completed,
    PartiallyRefunded,
    Refunded,
    Failed,
    Cancelled,
    Expired,
}

/// A part of a list of payments.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentList {
    /// The payments of the page, newest first.
    data: Vec<PaymentBody>,
    /// Which part of the list it is.
    meta: PageBody,
    /// A sentence for people, in the language they asked for.
    message: &'static str,
}

/// The payments of the caller, newest first. Operators and applications see everybody's.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(ListQuery),
    responses((status = 200, body = PaymentList), Refusals),
)]
#[get("/v1/payments")]
pub async fn list(
    state: web::Data<State>,
    known: Known,
    request: HttpRequest,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let caller = known.reader()?;
    let mut form = Form::from_query(&request)?;
    let page = paging::page(&mut form);
    let status = form.optional_parsed::<PaymentStatus>("status", Message::FieldInvalid);
    let from = form.optional_text("from", 40);
    let from = from.and_then(|text| moment(&mut form, "from", &text, Bound::First));
    let to = form.optional_text("to", 40);
    let to = to.and_then(|text| moment(&mut form, "to", &text, Bound::Last));
    let user = form.optional_number("user_id");
    form.done()?;
    let filter = PaymentFilter {
        user,
        status,
        from,
        to,
    };
    let found = state.app.list_payments(&caller, filter, page).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(PaymentList {
            data: found.entries.iter().map(PaymentBody::stored).collect(),
            meta: PageBody::of(page, found.total),
            message: Message::Found.text(language),
        }))
}

enum Bound {
    First,
    Last,
}

/// A time, or the begin or the end of a day.
fn moment(form: &mut Form, name: &str, text: &str, bound: Bound) -> Option<DateTime<Utc>> {
    let day = || {
        let day: NaiveDate = text.parse().ok()?;
        let day = match bound {
            Bound::First => Some(day),
            Bound::Last => day.succ_opt(),
        };
        Some(day?.and_time(NaiveTime::MIN).and_utc())
    };
    let at = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let at = at.ok().or_else(day);
    if at.is_none() {
        form.refuse(name, Message::FieldInvalid, vec![]);
    }
    at
}
