//! Idempotency keys: what a request was answered is answered again, for 24 hours.

use super::Job;
use super::errors::ApiError;
use super::model::KeyEntry;
use crate::sim::clock::DAY;
use crate::sim::http::Reply;
use crate::sim::state::Put;
use crate::sim::world::World;

fn slot(job: &Job) -> Option<(bool, String)> {
    let key = job.key.clone()?;
    Some((job.livemode, key))
}

/// The answer of a request that was served before or is being served. Otherwise the key is taken.
pub fn begin(world: &mut World, job: &Job) -> Option<(Reply, bool)> {
    let slot = slot(job)?;
    let now = world.now();
    let known = world.state.stripe.keys.get(&slot);
    if let Some(known) = known.filter(|known| now < known.at + DAY) {
        if known.path != job.path || known.params != job.params_digest {
            let message = if known.path == job.path {
                format!(
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{}' if you meant to execute a different request.",
                    known.key
                )
            } else {
                format!(
                    "Keys for idempotent requests can only be used for the same endpoint they were first used for ('{}' vs '{}'). Try using a key other than '{}' if you meant to execute a different request.",
                    job.path, known.path, known.key
                )
            };
            return Some((
                super::dress(ApiError::idempotency(message).reply(), job),
                false,
            ));
        }
        let reply = Reply::raw_json(known.status, known.body.clone())
            .with("Idempotent-Replayed", "true")
            .with("Original-Request", &known.request);
        return Some((super::dress(reply, job), true));
    }
    if !world.state.stripe.in_flight.insert(slot) {
        let key = job.key.as_deref().unwrap_or_default();
        let reply = ApiError::in_flight(key).reply();
        return Some((super::dress(reply, job), false));
    }
    None
}

/// The request is over, and the key is free unless it is kept.
pub fn end(world: &mut World, job: &Job) {
    if let Some(slot) = slot(job) {
        world.state.stripe.in_flight.remove(&slot);
    }
}

/// From now on this is the answer for the key.
pub fn keep(world: &mut World, job: &Job, reply: &Reply) {
    let Some((livemode, key)) = slot(job) else {
        return;
    };
    let entry = KeyEntry {
        key,
        livemode,
        at: world.now(),
        path: job.path.clone(),
        params: job.params_digest.clone(),
        request: job.request.clone(),
        status: reply.status,
        body: reply.body.clone(),
    };
    world.put(Put::StripeKey(Box::new(entry)));
}
