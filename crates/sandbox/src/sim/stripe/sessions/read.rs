//! Reading sessions, and the little of them that can be changed.

use super::find;
use crate::sim::state::Put;
use crate::sim::stripe::lists;
use crate::sim::stripe::metadata::merge_metadata;
use crate::sim::stripe::model::Session;
use crate::sim::stripe::shape::{PAGING, Shape, TEXT, check, may};
use crate::sim::stripe::{Answer, Job, render};
use crate::sim::world::World;

/// `GET /v1/checkout/sessions/{id}`
pub fn retrieve(world: &World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let session = find(world, job)?;
    Ok(render::session(world, &session))
}

/// `POST /v1/checkout/sessions/{id}`
pub fn update(world: &mut World, job: &Job) -> Answer {
    check(&job.params, &[&[may("metadata", Shape::Metadata)]])?;
    let mut session = find(world, job)?;
    merge_metadata(&mut session.metadata, &job.params);
    world.put(Put::Session(Box::new(session.clone())));
    Ok(render::session(world, &session))
}

/// `GET /v1/checkout/sessions`
pub fn list(world: &World, job: &Job) -> Answer {
    const FILTERS: [crate::sim::stripe::shape::Field; 6] = [
        may("created", Shape::Range),
        may("payment_intent", TEXT),
        may("payment_link", TEXT),
        may("customer", TEXT),
        may("customer_details", Shape::Hash(&[may("email", TEXT)])),
        may("status", Shape::One(&["open", "complete", "expired"])),
    ];
    check(&job.params, &[&PAGING, &FILTERS])?;
    let params = &job.params;
    let email = params
        .below("customer_details")
        .and_then(|details| details.text("email"));
    let same = |known: &Option<String>, wanted: Option<&str>| {
        wanted.is_none_or(|wanted| known.as_deref() == Some(wanted))
    };
    let wanted = |session: &Session| {
        let status = params.text("status");
        session.livemode == job.livemode
            && same(&session.payment_intent, params.text("payment_intent"))
            && same(&session.customer, params.text("customer"))
            && same(&session.buyer_email, email)
            && params.text("payment_link").is_none()
            && status.is_none_or(|status| session.status.name() == status)
    };
    let all = world.state.stripe.sessions.newest();
    lists::page(job, "/v1/checkout/sessions", all, wanted, |session| {
        render::session(world, session)
    })
}

/// `GET /v1/checkout/sessions/{id}/line_items`
pub fn line_items(world: &World, job: &Job) -> Answer {
    check(&job.params, &[&PAGING])?;
    let session = find(world, job)?;
    let url = format!("/v1/checkout/sessions/{}/line_items", session.id);
    let lines = session.lines.iter().rev();
    lists::page(
        job,
        &url,
        lines,
        |_| true,
        |line| render::line(&session, line),
    )
}
