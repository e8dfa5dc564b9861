//! Reading charges.

use super::errors::ApiError;
use super::lists;
use super::model::Charge;
use super::render_charge;
use super::shape::{Field, PAGING, Shape, TEXT, check, may};
use super::{Answer, Job};
use crate::sim::world::World;

/// `GET /v1/charges/{id}`
pub fn retrieve(world: &World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let found = world.state.stripe.charges.get(&job.subject);
    match found.filter(|charge| charge.livemode == job.livemode) {
        Some(charge) => Ok(render_charge::charge(world, charge)),
        None => Err(ApiError::missing_object("charge", &job.subject, "id")),
    }
}

/// `GET /v1/charges`
pub fn list(world: &World, job: &Job) -> Answer {
    const FILTERS: [Field; 3] = [
        may("payment_intent", TEXT),
        may("created", Shape::Range),
        may("customer", TEXT),
    ];
    check(&job.params, &[&PAGING, &FILTERS])?;
    let intent = job.params.text("payment_intent");
    let customer = job.params.text("customer");
    let wanted = |charge: &Charge| {
        charge.livemode == job.livemode
            && customer.is_none()
            && intent.is_none_or(|intent| charge.intent == intent)
    };
    let all = world.state.stripe.charges.newest();
    lists::page(job, "/v1/charges", all, wanted, |charge| {
        render_charge::charge(world, charge)
    })
}
