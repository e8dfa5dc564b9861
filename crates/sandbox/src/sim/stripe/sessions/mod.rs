//! Checkout Sessions.

mod create;
mod read;

pub use self::create::create;
pub use self::read::{line_items, list, retrieve, update};

use super::errors::ApiError;
use super::model::{IntentStatus, Session, SessionStatus};
use super::shape::check;
use super::{Answer, Cause, Job, events, intents, render};
use crate::sim::book::{Closed, Happening};
use crate::sim::clock::SECOND;
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// The session of a request, if it is of the same mode.
fn find(world: &World, job: &Job) -> Result<Session, ApiError> {
    let found = world.state.stripe.sessions.get(&job.subject);
    let found = found.filter(|session| session.livemode == job.livemode);
    found.cloned().ok_or_else(|| {
        let id = &job.subject;
        ApiError::missing_object("checkout.session", id, "session")
    })
}

/// `POST /v1/checkout/sessions/{id}/expire`
pub fn expire(world: &mut World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let session = find(world, job)?;
    if session.status != SessionStatus::Open {
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {}.",
            session.status.name()
        );
        return Err(ApiError::state(None, message));
    }
    let session = end(world, session, Closed::Cancelled, &job.cause());
    Ok(render::session(world, &session))
}

/// The time of a session is up.
pub fn time_is_up(world: &mut World, id: &str) {
    let Some(session) = world.state.stripe.sessions.get(id).cloned() else {
        return;
    };
    let open = session.status == SessionStatus::Open;
    if open && session.expires_at * SECOND <= world.now() {
        end(world, session, Closed::Expired, &Cause::default());
    }
}

/// The time of a session is up, whatever the clock says. Whether it was open.
pub fn expire_now(world: &mut World, id: &str) -> bool {
    let session = world.state.stripe.sessions.get(id).cloned();
    match session.filter(|session| session.status == SessionStatus::Open) {
        Some(session) => {
            end(world, session, Closed::Expired, &Cause::default());
            true
        }
        None => false,
    }
}

fn end(world: &mut World, mut session: Session, why: Closed, cause: &Cause) -> Session {
    session.status = SessionStatus::Expired;
    session.waiting_card = None;
    world.put(Put::Session(Box::new(session.clone())));
    world.note(Happening::SessionClosed {
        gateway: Gateway::Stripe,
        session: session.id.clone(),
        order: session.order.clone(),
        why,
    });
    // What was tried on the page cannot be finished any more.
    let intent = session.payment_intent.as_deref();
    let intent = intent.and_then(|id| world.state.stripe.intents.get(id).cloned());
    if let Some(intent) = intent
        && matches!(
            intent.status,
            IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresAction
        )
    {
        intents::end(world, intent, "automatic", cause);
    }
    let object = render::session(world, &session);
    let order = Some(session.order.clone());
    events::emit(
        world,
        cause,
        "checkout.session.expired",
        object,
        None,
        order,
        session.livemode,
    );
    session
}
