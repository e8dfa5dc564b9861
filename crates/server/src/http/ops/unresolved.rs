use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use bayar_app::Trouble;
use bayar_app::port::store::{UnresolvedPayment, Which};
use bayar_domain::PaymentId;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, amount, time};
use crate::http::form::Form;
use crate::http::paging;
use crate::http::problem::Problem;
use crate::language::Language;
use crate::messages::Message;

/// Which part of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct UnresolvedQuery {
    /// Only payments after this one.
    #[param(minimum = 1)]
    after: Option<i64>,
    /// How many payments at most.
    #[param(minimum = 1, maximum = 100, default = 15)]
    limit: Option<u32>,
}

/// Payments that are not at their end.
#[derive(Debug, Serialize, ToSchema)]
struct UnresolvedList {
    /// The payments, oldest first.
    data: Vec<UnresolvedBody>,
    /// Where the list goes on.
    meta: UnresolvedMeta,
    /// A sentence for people, in the language they asked for.
    message: &'static str,
}

/// A payment that is not at its end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnresolvedPayment)]
struct UnresolvedBody {
    /// Its id.
    payment_id: i64,
    /// The number of its order.
    order_number: String,
    /// Where its order stands.
    order_status: &'static str,
    /// Where it stands.
    status: &'static str,
    /// The gateway that was chosen last.
    payment_method: &'static str,
    /// What the buyer pays.
    amount: String,
    /// In which currency.
    currency: &'static str,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it counts as not paid in time.
    #[schema(format = DateTime)]
    deadline: String,
    /// How long ago it was created.
    age_seconds: i64,
}

/// Where a list goes on.
#[derive(Debug, Serialize, ToSchema)]
struct UnresolvedMeta {
    /// What to ask for next with `after`; nothing when the list is at its end.
    next_after: Option<i64>,
}

const LARGEST: u32 = 100;

/// The payments that are not at their end, oldest first, with their age. For operators.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(UnresolvedQuery),
    responses((status = 200, body = UnresolvedList), Refusals),
)]
#[get("/v1/ops/unresolved")]
pub async fn unresolved(
    state: web::Data<State>,
    known: Known,
    request: HttpRequest,
    language: Language,
) -> Result<HttpResponse, Problem> {
    known.operator()?;
    let mut form = Form::from_query(&request)?;
    let after: Option<PaymentId> = form.optional_number("after");
    let limit = paging::at_most(&mut form, "limit", LARGEST).unwrap_or(15);
    form.done()?;
    let store = state.app.store();
    let found = store.unresolved(Which::All, after, limit).await;
    let found = found.map_err(Trouble::from)?;
    let now = store.now().await.map_err(Trouble::from)?;
    let is_full = u32::try_from(found.len()) == Ok(limit);
    let last = found.last().filter(|_| is_full);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(UnresolvedList {
            meta: UnresolvedMeta {
                next_after: last.map(|last| last.payment.payment.terms().id.get()),
            },
            data: found.iter().map(|payment| body(payment, now)).collect(),
            message: Message::Found.text(language),
        }))
}

fn body(found: &UnresolvedPayment, now: DateTime<Utc>) -> UnresolvedBody {
    let payment = &found.payment.payment;
    let terms = payment.terms();
    UnresolvedBody {
        payment_id: terms.id.get(),
        order_number: found.payment.order_number.to_string(),
        order_status: found.order_status.as_str(),
        status: payment.status().as_str(),
        payment_method: payment.payment_method().as_str(),
        amount: amount(terms.amount),
        currency: terms.amount.currency().code(),
        created_at: time(terms.created_at),
        deadline: time(terms.deadline),
        age_seconds: (now - terms.created_at).num_seconds().max(0),
    }
}
