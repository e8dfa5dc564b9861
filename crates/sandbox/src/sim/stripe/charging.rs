//! Taking money, or failing to: what happens to a PaymentIntent when a card or a bank is tried.

use serde_json::Value;

use super::cards::Card;
use super::errors::ApiError;
use super::model::{Charge, ChargeStatus, Intent, IntentStatus, Method, RefundHabit, Tampered};
use super::{Cause, disputes, events, render, render_charge};
use crate::sim::book::Happening;
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// What came of a try.
#[derive(Debug)]
pub enum Tried {
    /// The money is there, or held.
    Paid(Intent),
    /// The buyer has to show who they are.
    Action(Intent),
    Declined(Intent, ApiError),
}

pub fn emit_intent(world: &mut World, cause: &Cause, name: &str, intent: &Intent) {
    let object = render::intent(intent);
    let order = Some(intent.order.clone());
    events::emit(world, cause, name, object, None, order, intent.livemode);
}

pub fn emit_charge(
    world: &mut World,
    cause: &Cause,
    name: &str,
    charge: &Charge,
    previous: Option<Value>,
) {
    let object = render_charge::charge(world, charge);
    let order = Some(charge.order.clone());
    events::emit(world, cause, name, object, previous, order, charge.livemode);
}

/// Tries a card. `shown`: the buyer has passed 3-D Secure.
pub fn card(
    world: &mut World,
    cause: &Cause,
    mut intent: Intent,
    card: &Card,
    shown: bool,
    tampered: Option<&Tampered>,
) -> Tried {
    intent.payment_method = Some(world.ids.object("pm"));
    intent.last_error = None;
    if card.secure && !shown {
        intent.status = IntentStatus::RequiresAction;
        intent.waiting_card = Some(card.number.to_owned());
        world.put(Put::Intent(Box::new(intent.clone())));
        emit_intent(world, cause, "payment_intent.requires_action", &intent);
        return Tried::Action(intent);
    }
    intent.waiting_card = None;
    match card.decline {
        Some(decline) => {
            let mut error = ApiError::card(decline.code, decline.message);
            error = error.more("decline_code", decline.reason.into());
            let charge = charge(world, &intent, card.as_method(), ChargeStatus::Failed);
            let charge = Charge {
                failure_code: Some(decline.code.to_owned()),
                failure_message: Some(decline.message.to_owned()),
                decline_code: Some(decline.reason.to_owned()),
                ..charge
            };
            error = error.more("charge", charge.id.clone().into());
            let intent = fail(world, cause, intent, Some(charge), &error);
            Tried::Declined(intent, error)
        }
        None => {
            let charge = charge(world, &intent, card.as_method(), ChargeStatus::Succeeded);
            let charge = Charge {
                refunds: card.refunds,
                ..charge
            };
            let intent = succeed(world, cause, intent, charge, tampered);
            if let Some(reason) = card.dispute {
                disputes::open(world, cause, &intent, reason, None);
            }
            Tried::Paid(intent)
        }
    }
}

/// The buyer did not pass 3-D Secure.
pub fn not_shown(world: &mut World, cause: &Cause, mut intent: Intent) -> (Intent, ApiError) {
    let message = "We are unable to authenticate your payment method. Please choose a different \
                   payment method and try again.";
    let error = ApiError::card("payment_intent_authentication_failure", message);
    intent.waiting_card = None;
    let intent = fail(world, cause, intent, None, &error);
    (intent, error)
}

/// A bank begins to work; the money comes later, or does not.
pub fn bank_begins(world: &mut World, cause: &Cause, mut intent: Intent) -> Intent {
    let pending = charge(world, &intent, Method::Bank, ChargeStatus::Pending);
    intent.status = IntentStatus::Processing;
    intent.last_error = None;
    intent.payment_method = Some(world.ids.object("pm"));
    intent.latest_charge = Some(pending.id.clone());
    world.put(Put::Charge(Box::new(pending)));
    world.put(Put::Intent(Box::new(intent.clone())));
    emit_intent(world, cause, "payment_intent.processing", &intent);
    intent
}

/// The bank is done.
pub fn bank_ends(
    world: &mut World,
    cause: &Cause,
    intent: Intent,
    came: bool,
    tampered: Option<&Tampered>,
) -> Intent {
    let pending = intent.latest_charge.as_deref();
    let pending = pending.and_then(|id| world.state.stripe.charges.get(id).cloned());
    let Some(pending) = pending else {
        return intent;
    };
    if came {
        let charge = Charge {
            status: ChargeStatus::Succeeded,
            captured: true,
            ..pending
        };
        return succeed(world, cause, intent, charge, tampered);
    }
    let message = "The bank could not process this payment.";
    let error = ApiError::card("payment_intent_payment_attempt_failed", message);
    let charge = Charge {
        status: ChargeStatus::Failed,
        failure_code: error.code.map(str::to_owned),
        failure_message: Some(message.to_owned()),
        ..pending
    };
    fail(world, cause, intent, Some(charge), &error)
}

fn charge(world: &mut World, intent: &Intent, method: Method, status: ChargeStatus) -> Charge {
    Charge {
        id: world.ids.object("ch"),
        created: world.seconds(),
        livemode: intent.livemode,
        amount: intent.amount,
        amount_captured: 0,
        currency: intent.currency.clone(),
        status,
        captured: status == ChargeStatus::Succeeded && !intent.manual(),
        disputed: false,
        locked: false,
        intent: intent.id.clone(),
        failure_code: None,
        failure_message: None,
        decline_code: None,
        method,
        receipt_email: intent.data.receipt_email.clone(),
        description: intent.data.description.clone(),
        metadata: intent.metadata.clone(),
        order: intent.order.clone(),
        refunds: RefundHabit::Succeed,
    }
}

fn fail(
    world: &mut World,
    cause: &Cause,
    mut intent: Intent,
    charge: Option<Charge>,
    error: &ApiError,
) -> Intent {
    if let Some(charge) = charge {
        intent.latest_charge = Some(charge.id.clone());
        world.put(Put::Charge(Box::new(charge.clone())));
        emit_charge(world, cause, "charge.failed", &charge, None);
    }
    intent.status = IntentStatus::RequiresPaymentMethod;
    intent.payment_method = None;
    intent.last_error = Some(error.body());
    world.put(Put::Intent(Box::new(intent.clone())));
    emit_intent(world, cause, "payment_intent.payment_failed", &intent);
    intent
}

fn succeed(
    world: &mut World,
    cause: &Cause,
    mut intent: Intent,
    mut charge: Charge,
    tampered: Option<&Tampered>,
) -> Intent {
    if let Some(amount) = tampered.and_then(|tampered| tampered.amount) {
        charge.amount = amount;
        intent.amount = amount;
    }
    if let Some(currency) = tampered.and_then(|tampered| tampered.currency.clone()) {
        charge.currency.clone_from(&currency);
        intent.currency = currency;
    }
    intent.latest_charge = Some(charge.id.clone());
    if intent.manual() {
        intent.status = IntentStatus::RequiresCapture;
        intent.amount_capturable = charge.amount;
        world.put(Put::Charge(Box::new(charge.clone())));
        world.put(Put::Intent(Box::new(intent.clone())));
        emit_charge(world, cause, "charge.succeeded", &charge, None);
        let name = "payment_intent.amount_capturable_updated";
        emit_intent(world, cause, name, &intent);
        return intent;
    }
    charge.amount_captured = charge.amount;
    take(world, cause, intent, charge, "charge.succeeded")
}

/// The money is taken.
pub fn take(
    world: &mut World,
    cause: &Cause,
    mut intent: Intent,
    charge: Charge,
    name: &str,
) -> Intent {
    intent.status = IntentStatus::Succeeded;
    intent.amount_capturable = 0;
    intent.amount_received = charge.amount_captured;
    intent.last_error = None;
    world.put(Put::Charge(Box::new(charge.clone())));
    world.put(Put::Intent(Box::new(intent.clone())));
    world.note(Happening::Captured {
        gateway: Gateway::Stripe,
        capture: intent.id.clone(),
        session: intent.session.clone(),
        order: intent.order.clone(),
        amount: charge.amount_captured,
        currency: charge.currency.clone(),
    });
    emit_charge(world, cause, name, &charge, None);
    emit_intent(world, cause, "payment_intent.succeeded", &intent);
    intent
}
