//! Disputes.

use super::errors::ApiError;
use super::lists;
use super::metadata::merge_metadata;
use super::model::{Dispute, Intent, Metadata};
use super::shape::{Field, PAGING, Shape, TEXT, check, may};
use super::{Answer, Cause, Job, events, render_charge};
use crate::sim::book::{DisputeStep, Happening};
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// A bank disputes a payment. The reason `inquiry` moves no money.
pub fn open(
    world: &mut World,
    cause: &Cause,
    intent: &Intent,
    reason: &str,
    amount: Option<i64>,
) -> Option<Dispute> {
    let charge = intent.latest_charge.as_deref()?;
    let mut charge = world.state.stripe.charges.get(charge)?.clone();
    let inquiry = reason == "inquiry";
    let dispute = Dispute {
        id: world.ids.object("dp"),
        created: world.seconds(),
        livemode: intent.livemode,
        amount: amount.unwrap_or(charge.amount_captured),
        currency: charge.currency.clone(),
        charge: charge.id.clone(),
        intent: intent.id.clone(),
        status: if inquiry {
            "warning_needs_response".to_owned()
        } else {
            "needs_response".to_owned()
        },
        reason: if inquiry { "general" } else { reason }.to_owned(),
        evidence: None,
        submissions: 0,
        metadata: Metadata::new(),
        order: intent.order.clone(),
    };
    charge.disputed = true;
    charge.locked = !inquiry;
    world.put(Put::Charge(Box::new(charge)));
    world.put(Put::Dispute(Box::new(dispute.clone())));
    let step = if inquiry {
        DisputeStep::Inquiry
    } else {
        DisputeStep::Opened
    };
    note(world, &dispute, step);
    emit(world, cause, "charge.dispute.created", &dispute);
    if !inquiry {
        emit(world, cause, "charge.dispute.funds_withdrawn", &dispute);
    }
    Some(dispute)
}

fn note(world: &mut World, dispute: &Dispute, step: DisputeStep) {
    world.note(Happening::Dispute {
        gateway: Gateway::Stripe,
        dispute: dispute.id.clone(),
        capture: dispute.intent.clone(),
        order: dispute.order.clone(),
        amount: dispute.amount,
        step,
    });
}

fn emit(world: &mut World, cause: &Cause, name: &str, dispute: &Dispute) {
    let object = render_charge::dispute(dispute);
    let order = Some(dispute.order.clone());
    events::emit(world, cause, name, object, None, order, dispute.livemode);
}

/// Whether a dispute has come to its end.
pub fn is_over(dispute: &Dispute) -> bool {
    matches!(dispute.status.as_str(), "won" | "lost" | "warning_closed")
}

/// A dispute comes to its end.
pub fn end(world: &mut World, cause: &Cause, mut dispute: Dispute, won: bool) -> Dispute {
    let inquiry = dispute.status.starts_with("warning");
    let (status, step) = match (inquiry, won) {
        (true, _) => ("warning_closed", DisputeStep::Closed),
        (false, true) => ("won", DisputeStep::Won),
        (false, false) => ("lost", DisputeStep::Lost),
    };
    dispute.status = status.to_owned();
    world.put(Put::Dispute(Box::new(dispute.clone())));
    if let Some(mut charge) = world.state.stripe.charges.get(&dispute.charge).cloned() {
        charge.locked = status == "lost";
        world.put(Put::Charge(Box::new(charge)));
    }
    note(world, &dispute, step);
    emit(world, cause, "charge.dispute.closed", &dispute);
    if status == "won" {
        emit(world, cause, "charge.dispute.funds_reinstated", &dispute);
    }
    dispute
}

fn find(world: &World, job: &Job) -> Result<Dispute, ApiError> {
    let found = world.state.stripe.disputes.get(&job.subject);
    let found = found.filter(|dispute| dispute.livemode == job.livemode);
    found
        .cloned()
        .ok_or_else(|| ApiError::missing_object("dispute", &job.subject, "dispute"))
}

/// `GET /v1/disputes/{id}`
pub fn retrieve(world: &World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    find(world, job).map(|dispute| render_charge::dispute(&dispute))
}

fn must_be_open(dispute: &Dispute) -> Result<(), ApiError> {
    if is_over(dispute) {
        let message = "This dispute is already closed";
        return Err(ApiError::state(Some("status_transition_invalid"), message));
    }
    Ok(())
}

/// `POST /v1/disputes/{id}`
pub fn update(world: &mut World, job: &Job) -> Answer {
    const FIELDS: [Field; 3] = [
        may("evidence", Shape::Any),
        may("submit", Shape::Bool),
        may("metadata", Shape::Metadata),
    ];
    check(&job.params, &[&FIELDS])?;
    let mut dispute = find(world, job)?;
    must_be_open(&dispute)?;
    merge_metadata(&mut dispute.metadata, &job.params);
    let evidence = job.params.below("evidence");
    if let Some(text) = evidence.and_then(|evidence| evidence.owned("uncategorized_text")) {
        dispute.evidence = Some(text);
    }
    let submit = job.params.flag("submit") == Some(true);
    if submit {
        dispute.submissions += 1;
        if dispute.status == "needs_response" {
            dispute.status = "under_review".to_owned();
        }
    }
    world.put(Put::Dispute(Box::new(dispute.clone())));
    emit(world, &job.cause(), "charge.dispute.updated", &dispute);
    let decided = match dispute.evidence.as_deref() {
        Some("winning_evidence") => Some(true),
        Some("losing_evidence") => Some(false),
        _ => None,
    };
    if let (true, Some(won)) = (submit, decided) {
        dispute = end(world, &job.cause(), dispute, won);
    }
    Ok(render_charge::dispute(&dispute))
}

/// `POST /v1/disputes/{id}/close`
pub fn close(world: &mut World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let dispute = find(world, job)?;
    must_be_open(&dispute)?;
    let dispute = end(world, &job.cause(), dispute, false);
    Ok(render_charge::dispute(&dispute))
}

/// `GET /v1/disputes`
pub fn list(world: &World, job: &Job) -> Answer {
    const FILTERS: [Field; 3] = [
        may("payment_intent", TEXT),
        may("charge", TEXT),
        may("created", Shape::Range),
    ];
    check(&job.params, &[&PAGING, &FILTERS])?;
    let intent = job.params.text("payment_intent");
    let charge = job.params.text("charge");
    let wanted = |dispute: &Dispute| {
        dispute.livemode == job.livemode
            && intent.is_none_or(|intent| dispute.intent == intent)
            && charge.is_none_or(|charge| dispute.charge == charge)
    };
    let all = world.state.stripe.disputes.newest();
    lists::page(job, "/v1/disputes", all, wanted, render_charge::dispute)
}
