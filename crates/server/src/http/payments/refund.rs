use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, post, web};
use bayar_app::identity::Scope;
use bayar_app::port::store::IdempotencyKey;
use bayar_app::{AmountText, Caller, Claimant, Progress, RefundPayment};
use bayar_domain::RefundStatus;
use bayar_domain::gateway::Reason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answers::{PaymentBody, accepted, payment_id};
use super::create::AmountRequest;
use super::keys::{self, RequestKey};
use super::refund_answers::RefundBody;
use super::refusals::gateway_is_slow;
use crate::http::State;
use crate::http::access::Known;
use crate::http::body::{Refusals, Success, success};
use crate::http::form::{Form, JsonForm, incomplete};
use crate::http::problem::{Code, Problem, ProblemBody};
use crate::language::Language;
use crate::messages::Message;

/// How much of a payment goes back, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct RefundRequest {
    /// How much: a number or a text. All that is left when nothing is said.
    #[schema(value_type = Option<AmountRequest>)]
    amount: Option<String>,
    /// Why, for whoever asks later. The buyer may read it.
    #[schema(example = "the doctor was ill", min_length = 1, max_length = 255)]
    reason: String,
    /// What this wish is named by, unless it stands in a header.
    #[schema(min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
}

/// A refund that was asked for.
#[derive(Debug, Serialize, ToSchema)]
struct RefundedBody {
    /// The payment as it is now.
    payment: PaymentBody,
    /// The refund as it is now.
    refund: RefundBody,
    /// How much goes back with it.
    refund_amount: String,
}

/// Gives money of a payment back, wholly or in part. For those whom `REFUND_ROLES` names.
///
/// A key is needed, and it belongs to its refund for ever: the same request under it moves no more money, and is told
/// where the refund stands now. All refunds of a payment together never exceed what came in.
#[utoipa::path(
    tag = "payments",
    security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The payment."),
        ("Idempotency-Key" = Option<String>, Header, description = "What this wish is named by, unless it stands in another place."),
        ("X-Idempotency-Key" = Option<String>, Header, description = "The same."),
    ),
    request_body = RefundRequest,
    responses(
        (status = 200, description = "The money went back, or the gateway has taken it on.",
            body = Success<RefundedBody>, headers(
                ("Idempotent-Replayed" = Option<String>, description = "`true` when the same was asked for before."),
            )),
        (status = 202, description = "Nobody knows yet what the gateway did. The same call tells later, and the refunds of the payment are where `Location` says.",
            body = Success<RefundedBody>, headers(
                ("Location" = String, description = "Where the refunds of the payment are."),
                ("Retry-After" = u64, description = "After how many seconds it is worth to ask again."),
                ("Idempotent-Replayed" = Option<String>, description = "`true` when the same was asked for before."),
            )),
        (status = 409, description = "There is not so much to give back (`refund_exceeds_payment`), its credits were used (`insufficient_credits`), \
            it has to be transferred by hand (`refund_needs_manual_transfer`), the payment has no money (`payment_not_refundable`), \
            the caller has given back too much today (`refund_daily_limit`), it failed (`refund_failed`), \
            or somebody else works on its order (`payment_in_progress`).",
            body = ProblemBody, content_type = "application/problem+json"),
        Refusals,
    ),
)]
#[post("/v1/payments/{id}/refund")]
pub async fn refund(
    state: web::Data<State>,
    known: Known,
    request: HttpRequest,
    id: web::Path<String>,
    form: Result<JsonForm, actix_web::Error>,
    language: Language,
) -> Result<HttpResponse, actix_web::Error> {
    let caller = refunder(&state, known)?;
    let payment = payment_id(&id)?;
    let JsonForm(form) = form?;
    let (amount, reason, key) = read(&request, form)?;
    let wish = RefundPayment {
        by: Claimant::known(caller),
        payment,
        amount,
        reason,
        key,
    };
    let refunding = state.in_time(state.app.refund(wish)).await;
    let refunded = refunding
        .ok_or_else(gateway_is_slow)?
        .map_err(Problem::from)?;
    let id = refunded.refund.refund.terms().id;
    let shown = state.app.find_refund(id).await.map_err(Problem::from)?;
    let body = RefundBody::ours(&shown);
    let data = RefundedBody {
        payment: PaymentBody::stored(&refunded.payment),
        refund_amount: body.amount().to_owned(),
        refund: body,
    };
    let mut answer = match refunded.progress {
        Progress::Done => {
            let message = match shown.stored.refund.status() {
                RefundStatus::Succeeded => Message::PaymentRefunded,
                RefundStatus::Requested
                | RefundStatus::Sent
                | RefundStatus::Unknown
                | RefundStatus::Manual
                | RefundStatus::Failed => Message::RefundOnItsWay,
            };
            success(StatusCode::OK, data, message, language)
        }
        Progress::Pending => {
            let place = format!("/api/v1/payments/{payment}/refunds");
            accepted(&place, data, Message::RefundBeingMade, language)
        }
    };
    if refunded.again {
        let replayed = HeaderName::from_static("idempotent-replayed");
        let yes = HeaderValue::from_static("true");
        answer.headers_mut().insert(replayed, yes);
    }
    Ok(answer)
}

/// Somebody who may give money back, as far as their key reaches and the settings say.
fn refunder(state: &State, known: Known) -> Result<Caller, Problem> {
    let caller = known.with_scope(Scope::Refunds)?;
    let roles = &state.app.settings().refunds.roles;
    if roles.contains(&caller.role()) {
        Ok(caller)
    } else {
        Err(Code::Forbidden.into())
    }
}

/// Reads how much goes back, why, and what the wish is named by.
fn read(
    request: &HttpRequest,
    mut form: Form,
) -> Result<(Option<AmountText>, Reason, IdempotencyKey), Problem> {
    let amount = form.optional_amount("amount");
    let reason = read_reason(&mut form);
    let RequestKey { key, .. } = keys::read(request.headers(), &mut form);
    let Some(reason) = reason else {
        return Err(incomplete(form));
    };
    form.done()?;
    let key = key.ok_or(Code::IdempotencyKeyRequired)?;
    Ok((amount, reason, key))
}

/// Blanks are no reason.
fn read_reason(form: &mut Form) -> Option<Reason> {
    let text = form.text("reason", LONGEST_REASON)?;
    let reason = Reason::new(text.trim()).ok();
    if reason.is_none() {
        form.refuse("reason", Message::FieldRequired, vec![]);
    }
    reason
}

const LONGEST_REASON: usize = 255;
