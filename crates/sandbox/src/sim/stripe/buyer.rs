//! The buyer at a checkout page: cards, 3-D Secure, banks that take their time.

use super::charging::{self, Tried};
use super::model::{IntentStatus, PaymentStatus, Session, SessionStatus, Tampered};
use super::{Cause, cards, events, intents, render};
use crate::sim::book::{Closed, Happening};
use crate::sim::faults::{Fault, Subject};
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// What the buyer sees next.
#[derive(Debug)]
pub enum Seen {
    /// It went through (or the bank is at work): back to the shop.
    Done(String),
    /// The bank wants to know who it is.
    Secure,
}

/// Why the page says no.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such session.
    #[error("there is no such session")]
    Unknown,
    /// It cannot be paid, or not in this way, as it stands.
    #[error("this cannot be done: {0}")]
    State(String),
    /// The card was declined; the page stays open.
    #[error("{0}")]
    Declined(String),
}

fn open(world: &World, id: &str) -> Result<Session, Refusal> {
    let found = world.state.stripe.sessions.get(id);
    let session = found.ok_or(Refusal::Unknown)?;
    if session.status == SessionStatus::Open {
        Ok(session.clone())
    } else {
        let state = session.status.name();
        Err(Refusal::State(format!("the session is {state}")))
    }
}

fn acted(world: &mut World, session: &Session, action: impl Into<String>) {
    world.note(Happening::BuyerActed {
        gateway: Gateway::Stripe,
        subject: session.id.clone(),
        order: Some(session.order.clone()),
        action: action.into(),
    });
}

/// A fault may be set for the moment of paying.
fn tampered(world: &mut World, session: &Session) -> Option<Tampered> {
    let subject = Subject {
        gateway: Gateway::Stripe,
        operation: "buyer.pay",
        order: Some(&session.order),
    };
    let picked = world.faults.pick(&subject);
    let Some(picked) = picked else {
        return session.tampered.clone();
    };
    world.note(Happening::FaultInjected {
        rule: picked.rule,
        fault: picked.fault.name().to_owned(),
        operation: "buyer.pay".to_owned(),
        order: Some(session.order.clone()),
    });
    match picked.fault {
        Fault::WrongAmount { amount } => Some(Tampered {
            amount: Some(amount),
            currency: None,
        }),
        Fault::WrongCurrency { currency } => Some(Tampered {
            amount: None,
            currency: Some(currency),
        }),
        _ => session.tampered.clone(),
    }
}

/// The buyer types a card.
pub fn pay_card(world: &mut World, id: &str, number: &str) -> Result<Seen, Refusal> {
    let mut session = open(world, id)?;
    if !session.method_types.iter().any(|kind| kind == "card") {
        return Err(Refusal::State("cards are not allowed here".to_owned()));
    }
    let Some(card) = cards::find(number) else {
        return Err(Refusal::Declined("Your card number is invalid.".to_owned()));
    };
    let cause = Cause::default();
    if session.payment_status == PaymentStatus::NotRequired {
        return Ok(complete(world, session, PaymentStatus::NotRequired, &cause));
    }
    let tampered = tampered(world, &session);
    let intent = intents::of_session(world, &mut session);
    match charging::card(world, &cause, intent, &card, false, tampered.as_ref()) {
        Tried::Paid(intent) => {
            let paid = status_of(intent.status);
            acted(world, &session, "paid with a card");
            Ok(complete(world, session, paid, &cause))
        }
        Tried::Action(_) => {
            session.waiting_card = Some(card.number.to_owned());
            session.tampered = tampered;
            acted(world, &session, "was sent to 3-D Secure");
            world.put(Put::Session(Box::new(session)));
            Ok(Seen::Secure)
        }
        Tried::Declined(_, error) => {
            acted(world, &session, format!("was declined: {}", error.message));
            world.put(Put::Session(Box::new(session)));
            Err(Refusal::Declined(error.message))
        }
    }
}

/// Money that is only held is not paid.
fn status_of(intent: IntentStatus) -> PaymentStatus {
    match intent {
        IntentStatus::Succeeded => PaymentStatus::Paid,
        _ => PaymentStatus::Unpaid,
    }
}

/// The buyer passes 3-D Secure, or does not.
pub fn authenticate(world: &mut World, id: &str, passed: bool) -> Result<Seen, Refusal> {
    let mut session = open(world, id)?;
    let card = session.waiting_card.take().as_deref().and_then(cards::find);
    let Some(card) = card else {
        return Err(Refusal::State("no card waits for 3-D Secure".to_owned()));
    };
    let cause = Cause::default();
    let intent = intents::of_session(world, &mut session);
    if !passed {
        let (_, error) = charging::not_shown(world, &cause, intent);
        acted(world, &session, "failed 3-D Secure");
        world.put(Put::Session(Box::new(session)));
        return Err(Refusal::Declined(error.message));
    }
    let tampered = session.tampered.clone();
    match charging::card(world, &cause, intent, &card, true, tampered.as_ref()) {
        Tried::Paid(intent) => {
            acted(world, &session, "passed 3-D Secure and paid");
            Ok(complete(world, session, status_of(intent.status), &cause))
        }
        Tried::Action(_) => Ok(Seen::Secure),
        Tried::Declined(_, error) => {
            acted(world, &session, format!("was declined: {}", error.message));
            world.put(Put::Session(Box::new(session)));
            Err(Refusal::Declined(error.message))
        }
    }
}

/// The buyer chooses a bank that takes its time: complete, and not yet paid.
pub fn pay_bank(world: &mut World, id: &str) -> Result<Seen, Refusal> {
    let mut session = open(world, id)?;
    if !session.method_types.iter().any(|kind| kind != "card") {
        return Err(Refusal::State("only cards are allowed here".to_owned()));
    }
    session.tampered = tampered(world, &session);
    let cause = Cause::default();
    let intent = intents::of_session(world, &mut session);
    charging::bank_begins(world, &cause, intent);
    acted(world, &session, "chose a bank that takes its time");
    Ok(complete(world, session, PaymentStatus::Unpaid, &cause))
}

/// The bank is done with a session: the money came, or did not.
pub fn bank_ends(world: &mut World, id: &str, came: bool) -> Result<(), Refusal> {
    let session = world.state.stripe.sessions.get(id).cloned();
    let mut session = session.ok_or(Refusal::Unknown)?;
    let cause = Cause::default();
    let intent = intents::of_session(world, &mut session);
    if intent.status != IntentStatus::Processing {
        let state = intent.status.name();
        return Err(Refusal::State(format!("the PaymentIntent is {state}")));
    }
    let tampered = session.tampered.clone();
    charging::bank_ends(world, &cause, intent, came, tampered.as_ref());
    let name = if came {
        session.payment_status = PaymentStatus::Paid;
        "checkout.session.async_payment_succeeded"
    } else {
        "checkout.session.async_payment_failed"
    };
    world.put(Put::Session(Box::new(session.clone())));
    emit(world, &cause, name, &session);
    Ok(())
}

fn emit(world: &mut World, cause: &Cause, name: &str, session: &Session) {
    let object = render::session(world, session);
    let order = Some(session.order.clone());
    events::emit(world, cause, name, object, None, order, session.livemode);
}

fn complete(world: &mut World, mut session: Session, paid: PaymentStatus, cause: &Cause) -> Seen {
    session.status = SessionStatus::Complete;
    session.payment_status = paid;
    session.waiting_card = None;
    let email = session.customer_email.clone();
    session.buyer_email = Some(email.unwrap_or_else(|| "buyer@example.com".to_owned()));
    world.put(Put::Session(Box::new(session.clone())));
    world.note(Happening::SessionClosed {
        gateway: Gateway::Stripe,
        session: session.id.clone(),
        order: session.order.clone(),
        why: Closed::Completed,
    });
    emit(world, cause, "checkout.session.completed", &session);
    Seen::Done(return_url(&session))
}

/// Where the buyer goes afterwards.
pub fn return_url(session: &Session) -> String {
    let url = session.success_url.as_ref().or(session.return_url.as_ref());
    let url = url.map(String::as_str).unwrap_or_default();
    url.replace("{CHECKOUT_SESSION_ID}", &session.id)
}

/// The buyer goes back without paying. It changes nothing.
pub fn abandon(world: &mut World, id: &str) -> Result<Option<String>, Refusal> {
    let session = world.state.stripe.sessions.get(id).cloned();
    let session = session.ok_or(Refusal::Unknown)?;
    acted(world, &session, "went back");
    Ok(session.cancel_url)
}
