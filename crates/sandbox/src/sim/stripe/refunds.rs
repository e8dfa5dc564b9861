//! Refunds.

use serde_json::json;

use super::charging::emit_charge;
use super::errors::ApiError;
use super::lists;
use super::metadata::{merge_metadata, read_metadata};
use super::model::{Charge, ChargeStatus, Metadata, Refund, RefundHabit, RefundStatus};
use super::render_charge::{self, refunded};
use super::shape::{Field, PAGING, Shape, TEXT, check, may};
use super::{Answer, Cause, Job, events, money};
use crate::sim::book::{By, Happening, RefundStep};
use crate::sim::clock::millis;
use crate::sim::faults::Fault;
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

const REASONS: &[&str] = &["duplicate", "fraudulent", "requested_by_customer"];

/// `POST /v1/refunds`
pub fn create(world: &mut World, job: &Job, twist: Option<&Fault>) -> Answer {
    const FIELDS: [Field; 8] = [
        may("payment_intent", TEXT),
        may("charge", TEXT),
        may("amount", Shape::Int),
        may("reason", Shape::One(REASONS)),
        may("metadata", Shape::Metadata),
        may("instructions_email", TEXT),
        may("refund_application_fee", Shape::Bool),
        may("reverse_transfer", Shape::Bool),
    ];
    check(&job.params, &[&FIELDS])?;
    let params = &job.params;
    let charge = charge_of(world, job)?;
    if params.int("amount").is_some_and(|amount| amount < 1) {
        let message = "Invalid positive integer";
        let code = Some("parameter_invalid_integer");
        return Err(ApiError::invalid(code, message).param("amount"));
    }
    let amount = refundable(world, &charge, params.int("amount"))?;
    let habit = match twist {
        Some(Fault::RefundPends) => RefundHabit::Pend,
        Some(Fault::RefundFails | Fault::RefundRefused) => RefundHabit::Fail,
        Some(Fault::RefundFailsLater) => RefundHabit::FailLater,
        _ => charge.refunds,
    };
    let draft = Draft {
        amount,
        reason: params.owned("reason"),
        metadata: read_metadata(params),
        habit,
        by: By::Api,
    };
    let refund = make(world, &job.cause(), &charge, draft);
    Ok(render_charge::refund(&refund))
}

fn charge_of(world: &World, job: &Job) -> Result<Charge, ApiError> {
    let stripe = &world.state.stripe;
    let (intent, charge) = (job.params.text("payment_intent"), job.params.text("charge"));
    match (intent, charge) {
        (None, None) => {
            let message = "One of the following params should be provided for this request: \
                           payment_intent or charge.";
            Err(ApiError::invalid(Some("parameter_missing"), message))
        }
        (Some(id), _) => {
            let found = stripe.intents.get(id);
            let found = found.filter(|intent| intent.livemode == job.livemode);
            let missing = || ApiError::missing_object("payment_intent", id, "payment_intent");
            let intent = found.ok_or_else(missing)?;
            let charge = intent.latest_charge.as_deref();
            let charge = charge.and_then(|id| stripe.charges.get(id));
            let paid = charge.filter(|charge| charge.status == ChargeStatus::Succeeded);
            paid.cloned().ok_or_else(|| {
                let message = format!(
                    "This PaymentIntent ({id}) does not have a successful charge to refund."
                );
                ApiError::state(Some("payment_intent_unexpected_state"), message)
            })
        }
        (None, Some(id)) => {
            let found = stripe.charges.get(id);
            let found = found.filter(|charge| charge.livemode == job.livemode);
            let missing = || ApiError::missing_object("charge", id, "charge");
            found.cloned().ok_or_else(missing)
        }
    }
}

/// The amount of a refund, if there can be one.
fn refundable(world: &World, charge: &Charge, wanted: Option<i64>) -> Result<i64, ApiError> {
    if charge.status != ChargeStatus::Succeeded || !charge.captured {
        let message = format!(
            "Charge {} cannot be refunded: it is not captured.",
            charge.id
        );
        return Err(ApiError::state(Some("charge_not_refundable"), message));
    }
    if charge.locked {
        let message = format!(
            "Charge {} has been charged back; cannot issue a refund.",
            charge.id
        );
        return Err(ApiError::state(Some("charge_disputed"), message));
    }
    let left = charge.amount_captured - refunded(world, charge);
    if left <= 0 {
        let message = format!("Charge {} has already been refunded.", charge.id);
        return Err(ApiError::state(Some("charge_already_refunded"), message));
    }
    let amount = wanted.unwrap_or(left);
    if amount > left {
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            money::shown(amount, &charge.currency),
            money::shown(left, &charge.currency)
        );
        return Err(ApiError::state(Some("amount_too_large"), message).param("amount"));
    }
    Ok(amount)
}

struct Draft {
    amount: i64,
    reason: Option<String>,
    metadata: Metadata,
    habit: RefundHabit,
    by: By,
}

fn make(world: &mut World, cause: &Cause, charge: &Charge, draft: Draft) -> Refund {
    let later = world.now() + millis(world.config.stripe.refund_delay);
    let (status, next) = match draft.habit {
        RefundHabit::Succeed => (RefundStatus::Succeeded, None),
        RefundHabit::Pend => (
            RefundStatus::Pending,
            Some((later, RefundStatus::Succeeded)),
        ),
        RefundHabit::FailLater => (RefundStatus::Succeeded, Some((later, RefundStatus::Failed))),
        RefundHabit::Fail => (RefundStatus::Failed, None),
    };
    let failed = status == RefundStatus::Failed;
    let refund = Refund {
        id: world.ids.object("re"),
        created: world.seconds(),
        livemode: charge.livemode,
        amount: draft.amount,
        currency: charge.currency.clone(),
        charge: charge.id.clone(),
        intent: charge.intent.clone(),
        status,
        reason: draft.reason,
        failure_reason: failed.then(|| "declined".to_owned()),
        metadata: draft.metadata,
        order: charge.order.clone(),
        by_dashboard: draft.by == By::Dashboard,
        next,
    };
    world.put(Put::Refund(Box::new(refund.clone())));
    world.note(Happening::ObjectCreated {
        gateway: Gateway::Stripe,
        object: "refund".to_owned(),
        id: refund.id.clone(),
        order: Some(refund.order.clone()),
        key: cause.key.clone(),
    });
    note(world, &refund);
    emit(world, cause, "refund.created", &refund);
    if failed {
        emit(world, cause, "refund.failed", &refund);
        return refund;
    }
    let before = refunded(world, charge) - refund.amount;
    let previous = json!({ "amount_refunded": before });
    emit_charge(world, cause, "charge.refunded", charge, Some(previous));
    refund
}

fn note(world: &mut World, refund: &Refund) {
    world.note(Happening::Refund {
        gateway: Gateway::Stripe,
        refund: refund.id.clone(),
        capture: refund.intent.clone(),
        order: refund.order.clone(),
        amount: refund.amount,
        status: match refund.status {
            RefundStatus::Pending | RefundStatus::RequiresAction => RefundStep::Pending,
            RefundStatus::Succeeded => RefundStep::Succeeded,
            RefundStatus::Failed => RefundStep::Failed,
            RefundStatus::Canceled => RefundStep::Canceled,
        },
        by: if refund.by_dashboard {
            By::Dashboard
        } else {
            By::Api
        },
    });
}

fn emit(world: &mut World, cause: &Cause, name: &str, refund: &Refund) {
    let object = render_charge::refund(refund);
    let order = Some(refund.order.clone());
    events::emit(world, cause, name, object, None, order, refund.livemode);
}

/// A refund moves on: by itself, or because somebody says so.
pub fn set_status(
    world: &mut World,
    cause: &Cause,
    mut refund: Refund,
    to: RefundStatus,
) -> Refund {
    let from = refund.status;
    refund.status = to;
    refund.next = None;
    if to == RefundStatus::Failed {
        refund.failure_reason = Some("expired_or_canceled_card".to_owned());
    }
    world.put(Put::Refund(Box::new(refund.clone())));
    note(world, &refund);
    let object = render_charge::refund(&refund);
    let order = Some(refund.order.clone());
    let previous = Some(json!({ "status": from.name() }));
    let live = refund.livemode;
    if to == RefundStatus::Failed {
        emit(world, cause, "refund.failed", &refund);
    }
    let named = ["refund.updated", "charge.refund.updated"];
    for name in named {
        let (object, previous) = (object.clone(), previous.clone());
        events::emit(world, cause, name, object, previous, order.clone(), live);
    }
    refund
}

/// The time of a refund's next step has come.
pub fn move_on(world: &mut World, id: &str) {
    let Some(refund) = world.state.stripe.refunds.get(id).cloned() else {
        return;
    };
    if let Some((at, to)) = refund.next
        && at <= world.now()
    {
        set_status(world, &Cause::default(), refund, to);
    }
}

/// Somebody refunds a PaymentIntent at the dashboard.
pub fn from_dashboard(
    world: &mut World,
    intent: &str,
    amount: Option<i64>,
) -> Result<Refund, ApiError> {
    let stripe = &world.state.stripe;
    let found = stripe.intents.get(intent);
    let charge = found.and_then(|intent| intent.latest_charge.as_deref());
    let charge = charge.and_then(|id| stripe.charges.get(id)).cloned();
    let missing = || ApiError::missing_object("payment_intent", intent, "payment_intent");
    let charge = charge.ok_or_else(missing)?;
    let amount = refundable(world, &charge, amount)?;
    let draft = Draft {
        amount,
        reason: Some("requested_by_customer".to_owned()),
        metadata: Metadata::new(),
        habit: charge.refunds,
        by: By::Dashboard,
    };
    Ok(make(world, &Cause::default(), &charge, draft))
}

fn find(world: &World, job: &Job) -> Result<Refund, ApiError> {
    let found = world.state.stripe.refunds.get(&job.subject);
    let found = found.filter(|refund| refund.livemode == job.livemode);
    found
        .cloned()
        .ok_or_else(|| ApiError::missing_object("refund", &job.subject, "refund"))
}

/// `GET /v1/refunds/{id}`
pub fn retrieve(world: &World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    find(world, job).map(|refund| render_charge::refund(&refund))
}

/// `POST /v1/refunds/{id}`
pub fn update(world: &mut World, job: &Job) -> Answer {
    check(&job.params, &[&[may("metadata", Shape::Metadata)]])?;
    let mut refund = find(world, job)?;
    merge_metadata(&mut refund.metadata, &job.params);
    world.put(Put::Refund(Box::new(refund.clone())));
    Ok(render_charge::refund(&refund))
}

/// `POST /v1/refunds/{id}/cancel`
pub fn cancel(world: &mut World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let refund = find(world, job)?;
    if refund.status != RefundStatus::RequiresAction {
        let message = format!(
            "Refunds can be canceled only in status requires_action; this one is {}.",
            refund.status.name()
        );
        return Err(ApiError::state(Some("status_transition_invalid"), message));
    }
    let refund = set_status(world, &job.cause(), refund, RefundStatus::Canceled);
    Ok(render_charge::refund(&refund))
}

/// `GET /v1/refunds`
pub fn list(world: &World, job: &Job) -> Answer {
    const FILTERS: [Field; 3] = [
        may("payment_intent", TEXT),
        may("charge", TEXT),
        may("created", Shape::Range),
    ];
    check(&job.params, &[&PAGING, &FILTERS])?;
    let intent = job.params.text("payment_intent");
    let charge = job.params.text("charge");
    let wanted = |refund: &Refund| {
        refund.livemode == job.livemode
            && intent.is_none_or(|intent| refund.intent == intent)
            && charge.is_none_or(|charge| refund.charge == charge)
    };
    let all = world.state.stripe.refunds.newest();
    lists::page(job, "/v1/refunds", all, wanted, render_charge::refund)
}
