//! Replacing ids by the objects they stand for.

use serde_json::Value;

use super::errors::ApiError;
use super::{Answer, Job, render, render_charge};
use crate::sim::world::World;

/// Expands what the request asks to expand.
pub fn expand(world: &World, job: &Job, mut value: Value) -> Answer {
    for path in job.params.texts("expand") {
        let names: Vec<&str> = path.split('.').collect();
        if !at(world, &mut value, &names) {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(ApiError::invalid(None, message).param("expand"));
        }
    }
    Ok(value)
}

/// Whether the path exists.
fn at(world: &World, value: &mut Value, names: &[&str]) -> bool {
    let Some((first, rest)) = names.split_first() else {
        return true;
    };
    match value {
        Value::Array(all) => all.iter_mut().all(|each| at(world, each, names)),
        Value::Object(fields) => {
            if !fields.contains_key(*first) {
                let Some(hidden) = hidden(world, fields.get("id"), first) else {
                    return false;
                };
                fields.insert((*first).to_owned(), hidden);
            }
            let Some(inner) = fields.get_mut(*first) else {
                return false;
            };
            if let Value::String(id) = inner {
                let Some(object) = object(world, id) else {
                    return false;
                };
                *inner = object;
            }
            inner.is_null() || at(world, inner, rest)
        }
        _ => false,
    }
}

/// What is only there when it is asked for.
fn hidden(world: &World, id: Option<&Value>, name: &str) -> Option<Value> {
    let id = id?.as_str()?;
    match name {
        "line_items" => {
            let session = world.state.stripe.sessions.get(id)?;
            Some(render::line_items(session))
        }
        "refunds" => {
            let charge = world.state.stripe.charges.get(id)?;
            Some(render_charge::refunds_of(world, charge))
        }
        _ => None,
    }
}

fn object(world: &World, id: &str) -> Option<Value> {
    let stripe = &world.state.stripe;
    let (prefix, _) = id.split_once('_')?;
    match prefix {
        "cs" => stripe
            .sessions
            .get(id)
            .map(|found| render::session(world, found)),
        "pi" => stripe.intents.get(id).map(render::intent),
        "ch" => stripe
            .charges
            .get(id)
            .map(|found| render_charge::charge(world, found)),
        "re" => stripe.refunds.get(id).map(render_charge::refund),
        "dp" => stripe.disputes.get(id).map(render_charge::dispute),
        "txn" => Some(render_charge::balance_transaction(world, id)),
        "cus" => Some(serde_json::json!({
            "id": id, "object": "customer", "created": 0, "livemode": false, "metadata": {},
        })),
        "pm" => Some(serde_json::json!({
            "id": id, "object": "payment_method", "type": "card", "created": 0,
            "livemode": false, "metadata": {}, "billing_details": render_charge::nobody(),
        })),
        _ => None,
    }
}
