//! PaymentIntents.

use super::charging::{self, Tried, emit_intent};
use super::errors::ApiError;
use super::form::Params;
use super::lists;
use super::metadata::{intent_data, merge_metadata};
use super::model::{Intent, IntentData, IntentStatus, PaymentStatus, Session};
use super::shape::{Field, PAGING, Shape, TEXT, check, may, must};
use super::{Answer, Cause, Job, auth, cards, money, render};
use crate::sim::book::Happening;
use crate::sim::clock::{DAY, SECOND};
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

struct Draft {
    amount: i64,
    currency: String,
    livemode: bool,
    data: IntentData,
    method_types: Vec<String>,
    session: Option<String>,
    order: Option<String>,
    key: Option<String>,
}

fn draft(world: &mut World, cause: &Cause, draft: Draft) -> Intent {
    let id = world.ids.object("pi");
    let intent = Intent {
        created: world.seconds(),
        livemode: draft.livemode,
        amount: draft.amount,
        amount_capturable: 0,
        amount_received: 0,
        currency: draft.currency,
        status: IntentStatus::RequiresPaymentMethod,
        latest_charge: None,
        last_error: None,
        cancellation_reason: None,
        canceled_at: None,
        secret: format!("{id}_secret_{}", world.ids.word(24)),
        payment_method: None,
        return_url: None,
        method_types: draft.method_types,
        metadata: draft.data.metadata.clone(),
        data: draft.data,
        customer: None,
        session: draft.session,
        order: draft.order.unwrap_or_else(|| id.clone()),
        waiting_card: None,
        id,
    };
    world.put(Put::Intent(Box::new(intent.clone())));
    world.note(Happening::ObjectCreated {
        gateway: Gateway::Stripe,
        object: "payment_intent".to_owned(),
        id: intent.id.clone(),
        order: Some(intent.order.clone()),
        key: draft.key,
    });
    emit_intent(world, cause, "payment_intent.created", &intent);
    intent
}

/// The intent of a session: the one it has, or a new one.
pub fn of_session(world: &mut World, session: &mut Session) -> Intent {
    let known = session.payment_intent.as_deref();
    let known = known.and_then(|id| world.state.stripe.intents.get(id).cloned());
    if let Some(known) = known {
        return known;
    }
    let made = draft(
        world,
        &Cause::default(),
        Draft {
            amount: session.amount_total,
            currency: session.currency.clone(),
            livemode: session.livemode,
            data: session.intent_data.clone(),
            method_types: session.method_types.clone(),
            session: Some(session.id.clone()),
            order: Some(session.order.clone()),
            key: None,
        },
    );
    session.payment_intent = Some(made.id.clone());
    made
}

fn find(world: &World, job: &Job) -> Result<Intent, ApiError> {
    let found = world.state.stripe.intents.get(&job.subject);
    let found = found.filter(|intent| intent.livemode == job.livemode);
    found
        .cloned()
        .ok_or_else(|| ApiError::missing_object("payment_intent", &job.subject, "intent"))
}

fn wrong_state(intent: &Intent, verb: &str) -> ApiError {
    let message = format!(
        "You cannot {verb} this PaymentIntent because it has a status of {}.",
        intent.status.name()
    );
    let code = Some("payment_intent_unexpected_state");
    ApiError::state(code, message).more("payment_intent", render::intent(intent))
}

/// `POST /v1/payment_intents`
pub fn create(world: &mut World, job: &Job) -> Answer {
    const FIELDS: [Field; 21] = [
        must("amount", Shape::Int),
        must("currency", Shape::Currency),
        may("automatic_payment_methods", Shape::Any),
        may("allowed_payment_method_types", Shape::List(&TEXT)),
        may("excluded_payment_method_types", Shape::List(&TEXT)),
        may("metadata", Shape::Metadata),
        may("description", Shape::Text(1000)),
        may("receipt_email", TEXT),
        may(
            "capture_method",
            Shape::One(&["automatic", "automatic_async", "manual"]),
        ),
        may("confirm", Shape::Bool),
        may("payment_method", TEXT),
        may("payment_method_options", Shape::Any),
        may("payment_method_configuration", TEXT),
        may("return_url", Shape::Url),
        may("statement_descriptor", Shape::Text(22)),
        may("statement_descriptor_suffix", Shape::Text(22)),
        may(
            "setup_future_usage",
            Shape::One(&["off_session", "on_session"]),
        ),
        may("transfer_group", TEXT),
        may("customer", TEXT),
        may("off_session", Shape::Any),
        may("confirmation_method", Shape::One(&["automatic", "manual"])),
    ];
    const OLD: [Field; 1] = [may("payment_method_types", Shape::List(&TEXT))];
    if auth::since(&job.version, "2026-09-30") {
        check(&job.params, &[&FIELDS])?;
    } else {
        check(&job.params, &[&FIELDS, &OLD])?;
    }
    let params = &job.params;
    let amount = params.int("amount").unwrap_or_default();
    let currency = params
        .text("currency")
        .unwrap_or_default()
        .to_ascii_lowercase();
    money::check(&world.config.stripe, amount, &currency, "amount")?;
    let card = method(params)?;
    let confirm = params.flag("confirm") == Some(true);
    let intent = draft(
        world,
        &job.cause(),
        Draft {
            amount,
            currency,
            livemode: job.livemode,
            data: intent_data(Some(params)),
            method_types: vec!["card".to_owned()],
            session: None,
            order: job.order.clone(),
            key: job.key.clone(),
        },
    );
    let mut intent = Intent {
        return_url: params.owned("return_url"),
        customer: params.owned("customer"),
        ..intent
    };
    if let Some(card) = card {
        intent.payment_method = Some(card.method.to_owned());
        intent.status = IntentStatus::RequiresConfirmation;
    }
    world.put(Put::Intent(Box::new(intent.clone())));
    match card {
        Some(card) if confirm => try_card(world, job, intent, &card),
        None if confirm => Err(no_method(&intent)),
        _ => Ok(render::intent(&intent)),
    }
}

fn method(params: &Params) -> Result<Option<cards::Card>, ApiError> {
    let Some(id) = params.text("payment_method") else {
        return Ok(None);
    };
    let card = cards::find(id).filter(|_| id.starts_with("pm_"));
    let missing = || ApiError::missing_object("PaymentMethod", id, "payment_method");
    card.map(Some).ok_or_else(missing)
}

fn no_method(intent: &Intent) -> ApiError {
    let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
    let code = Some("payment_intent_unexpected_state");
    ApiError::state(code, message).more("payment_intent", render::intent(intent))
}

fn try_card(world: &mut World, job: &Job, intent: Intent, card: &cards::Card) -> Answer {
    match charging::card(world, &job.cause(), intent, card, false, None) {
        Tried::Paid(intent) | Tried::Action(intent) => Ok(render::intent(&intent)),
        Tried::Declined(intent, error) => {
            Err(error.more("payment_intent", render::intent(&intent)))
        }
    }
}

/// `GET /v1/payment_intents/{id}`
pub fn retrieve(world: &World, job: &Job) -> Answer {
    check(&job.params, &[&[may("client_secret", TEXT)]])?;
    find(world, job).map(|intent| render::intent(&intent))
}

/// `POST /v1/payment_intents/{id}`
pub fn update(world: &mut World, job: &Job) -> Answer {
    const FIELDS: [Field; 3] = [
        may("metadata", Shape::Metadata),
        may("description", Shape::Text(1000)),
        may("receipt_email", TEXT),
    ];
    check(&job.params, &[&FIELDS])?;
    let mut intent = find(world, job)?;
    merge_metadata(&mut intent.metadata, &job.params);
    if let Some(description) = job.params.owned("description") {
        intent.data.description = Some(description);
    }
    if let Some(email) = job.params.owned("receipt_email") {
        intent.data.receipt_email = Some(email);
    }
    intent.last_error = None;
    world.put(Put::Intent(Box::new(intent.clone())));
    Ok(render::intent(&intent))
}

/// `GET /v1/payment_intents`
pub fn list(world: &World, job: &Job) -> Answer {
    const FILTERS: [Field; 2] = [may("created", Shape::Range), may("customer", TEXT)];
    check(&job.params, &[&PAGING, &FILTERS])?;
    let customer = job.params.text("customer");
    let wanted = |intent: &Intent| {
        let same = customer.is_none_or(|wanted| intent.customer.as_deref() == Some(wanted));
        intent.livemode == job.livemode && same
    };
    let all = world.state.stripe.intents.newest();
    lists::page(job, "/v1/payment_intents", all, wanted, render::intent)
}

fn not_of_session(intent: &Intent, verb: &str) -> Result<(), ApiError> {
    match &intent.session {
        Some(session) if intent.status != IntentStatus::RequiresCapture => {
            let message = format!(
                "You cannot {verb} PaymentIntents created by Checkout. Expire the Checkout Session {session} instead."
            );
            let code = Some("payment_intent_unexpected_state");
            Err(ApiError::state(code, message).more("payment_intent", render::intent(intent)))
        }
        _ => Ok(()),
    }
}

/// `POST /v1/payment_intents/{id}/confirm`
pub fn confirm(world: &mut World, job: &Job) -> Answer {
    const FIELDS: [Field; 4] = [
        may("payment_method", TEXT),
        may("return_url", Shape::Url),
        may("off_session", Shape::Any),
        may("payment_method_options", Shape::Any),
    ];
    check(&job.params, &[&FIELDS])?;
    let mut intent = find(world, job)?;
    not_of_session(&intent, "confirm")?;
    let open = matches!(
        intent.status,
        IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation
    );
    if !open {
        return Err(wrong_state(&intent, "confirm"));
    }
    let given = method(&job.params)?;
    let kept = intent.payment_method.as_deref().and_then(cards::find);
    let Some(card) = given.or(kept) else {
        return Err(no_method(&intent));
    };
    if let Some(url) = job.params.owned("return_url") {
        intent.return_url = Some(url);
    }
    try_card(world, job, intent, &card)
}

/// `POST /v1/payment_intents/{id}/capture`
pub fn capture(world: &mut World, job: &Job) -> Answer {
    const FIELDS: [Field; 2] = [
        may("amount_to_capture", Shape::Int),
        may("metadata", Shape::Metadata),
    ];
    check(&job.params, &[&FIELDS])?;
    let intent = find(world, job)?;
    if intent.status != IntentStatus::RequiresCapture {
        return Err(wrong_state(&intent, "capture"));
    }
    let held = intent.latest_charge.as_deref();
    let held = held.and_then(|id| world.state.stripe.charges.get(id).cloned());
    let Some(mut charge) = held else {
        return Err(wrong_state(&intent, "capture"));
    };
    let amount = job.params.int("amount_to_capture").unwrap_or(charge.amount);
    if amount < 1 || amount > intent.amount_capturable {
        let code = Some("amount_too_large");
        let message = format!(
            "The payment could not be captured because the requested capture amount is greater than the authorized amount ({}).",
            money::shown(intent.amount_capturable, &intent.currency)
        );
        return Err(ApiError::state(code, message).param("amount_to_capture"));
    }
    charge.captured = true;
    charge.amount_captured = amount;
    let intent = charging::take(world, &job.cause(), intent, charge, "charge.captured");
    let session = intent.session.as_deref();
    let session = session.and_then(|id| world.state.stripe.sessions.get(id).cloned());
    if let Some(mut session) = session {
        session.payment_status = PaymentStatus::Paid;
        world.put(Put::Session(Box::new(session)));
    }
    Ok(render::intent(&intent))
}

/// `POST /v1/payment_intents/{id}/cancel`
pub fn cancel(world: &mut World, job: &Job) -> Answer {
    const REASONS: &[&str] = &[
        "duplicate",
        "fraudulent",
        "requested_by_customer",
        "abandoned",
    ];
    check(
        &job.params,
        &[&[may("cancellation_reason", Shape::One(REASONS))]],
    )?;
    let intent = find(world, job)?;
    not_of_session(&intent, "cancel")?;
    let done = matches!(
        intent.status,
        IntentStatus::Succeeded | IntentStatus::Canceled | IntentStatus::Processing
    );
    if done {
        return Err(wrong_state(&intent, "cancel"));
    }
    let reason = job.params.text("cancellation_reason").unwrap_or_default();
    let intent = end(world, intent, reason, &job.cause());
    Ok(render::intent(&intent))
}

/// Cancels an intent.
pub fn end(world: &mut World, mut intent: Intent, reason: &str, cause: &Cause) -> Intent {
    intent.status = IntentStatus::Canceled;
    intent.canceled_at = Some(world.seconds());
    intent.cancellation_reason = (!reason.is_empty()).then(|| reason.to_owned());
    intent.amount_capturable = 0;
    intent.waiting_card = None;
    world.put(Put::Intent(Box::new(intent.clone())));
    emit_intent(world, cause, "payment_intent.canceled", &intent);
    intent
}

/// Nobody captured what was held.
pub fn hold_is_up(world: &mut World, id: &str) {
    let Some(intent) = world.state.stripe.intents.get(id).cloned() else {
        return;
    };
    let until = intent.created * SECOND + 7 * DAY;
    if intent.status == IntentStatus::RequiresCapture && until <= world.now() {
        end(world, intent, "expired", &Cause::default());
    }
}
