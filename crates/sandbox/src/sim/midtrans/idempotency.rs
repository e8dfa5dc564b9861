//! Idempotency keys: five minutes, only of what succeeded, one space for all endpoints.

use serde_json::json;

use super::Job;
use super::model::KeyEntry;
use crate::sim::clock::MINUTE;
use crate::sim::http::Reply;
use crate::sim::state::Put;
use crate::sim::world::World;

/// The answer of a request that succeeded before, or 202 while one runs. Otherwise the key is taken.
pub fn begin(world: &mut World, job: &Job) -> Option<(Reply, bool)> {
    let key = job.key.as_ref()?;
    let now = world.now();
    let known = world.state.midtrans.keys.get(key);
    if let Some(known) = known.filter(|known| now < known.at + 5 * MINUTE) {
        return Some((Reply::raw_json(known.status, known.body.clone()), true));
    }
    if !world.state.midtrans.in_flight.insert(key.clone()) {
        let body = json!({
            "status_code": "202",
            "status_message": "The request is still being processed",
            "id": job.request,
        });
        return Some((Reply::json(202, &body), false));
    }
    None
}

/// The request is over.
pub fn end(world: &mut World, job: &Job) {
    if let Some(key) = &job.key {
        world.state.midtrans.in_flight.remove(key);
    }
}

/// The request succeeded: this is the answer for the key.
pub fn keep(world: &mut World, job: &Job, reply: &Reply) {
    let Some(key) = job.key.clone() else {
        return;
    };
    let entry = KeyEntry {
        key,
        at: world.now(),
        status: reply.status,
        body: reply.body.clone(),
    };
    world.put(Put::MidtransKey(Box::new(entry)));
}
