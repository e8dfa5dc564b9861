//! The simulated Stripe: the API under `/v1`, and the buyer's side of it.

mod account;
mod auth;
pub mod buyer;
mod cards;
mod charges;
mod charging;
pub mod disputes;
mod endpoints;
pub mod errors;
pub mod events;
mod expand;
pub mod form;
pub mod idempotency;
pub mod intents;
mod lists;
mod metadata;
pub mod model;
mod money;
pub mod refunds;
pub mod render;
mod render_charge;
mod route;
mod search;
pub mod sessions;
mod shape;

use serde_json::Value;

use self::errors::ApiError;
use self::form::Params;
pub use self::money::shown;
pub use self::render_charge::refunded;
pub use self::route::Operation;
use super::book::{Happening, Request};
use super::faults::Fault;
use super::gateway::Gateway;
use super::http::{Incoming, Reply};
use super::world::World;

/// A request that was understood.
#[derive(Debug)]
pub struct Job {
    pub operation: Operation,
    /// The id in the path.
    pub subject: String,
    pub path: String,
    pub params: Params,
    pub params_digest: String,
    pub key: Option<String>,
    pub livemode: bool,
    pub version: String,
    pub request: String,
    pub order: Option<String>,
}

/// Who caused a change: a request, or nobody.
#[derive(Debug, Clone, Default)]
pub struct Cause {
    pub request: Option<String>,
    pub key: Option<String>,
}

impl Job {
    pub fn cause(&self) -> Cause {
        Cause {
            request: Some(self.request.clone()),
            key: self.key.clone(),
        }
    }
}

/// What one account may see of another's mode is nothing.
pub type Answer = Result<Value, ApiError>;

/// Adds the headers every answer has.
pub fn dress(reply: Reply, job: &Job) -> Reply {
    let reply = reply
        .with("Request-Id", &job.request)
        .with("Stripe-Version", &job.version);
    match &job.key {
        Some(key) => reply.with("Idempotency-Key", key),
        None => reply,
    }
}

/// Looks at a request: who asks, and for what.
pub fn plan(world: &mut World, incoming: &Incoming) -> Result<Job, Reply> {
    let request = world.ids.object("req");
    let refuse = |error: ApiError| Err(error.reply().with("Request-Id", &request));
    let livemode = match auth::livemode(&world.config.stripe, incoming) {
        Ok(livemode) => livemode,
        Err(error) => return refuse(error),
    };
    let version = match auth::version(&world.config.stripe, incoming) {
        Ok(version) => version,
        Err(error) => return refuse(error),
    };
    let Some((operation, subject)) = route::find(incoming) else {
        let message = format!(
            "Unrecognized request URL ({}: {}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
            incoming.method, incoming.path
        );
        let mut error = ApiError::invalid(None, message);
        error.status = 404;
        return refuse(error);
    };
    if let Some(account) = incoming.header("stripe-account")
        && account != world.config.stripe.account
    {
        let message = format!("The provided key does not have access to account '{account}'");
        let mut error = ApiError::invalid(Some("account_invalid"), message);
        error.status = 403;
        return refuse(error);
    }
    let text = match parameters(incoming) {
        Ok(text) => text,
        Err(error) => return refuse(error),
    };
    let params = Params::parse(text);
    let key = (incoming.method == "POST").then(|| incoming.header("idempotency-key"));
    let key = key.flatten().filter(|key| !key.is_empty());
    if key.is_some_and(|key| key.len() > 255) {
        let message = "Idempotency keys can be at most 255 characters long.";
        return refuse(ApiError::invalid(None, message));
    }
    let mut job = Job {
        operation,
        subject: subject.to_owned(),
        path: incoming.path.clone(),
        params_digest: params.digest(),
        params,
        key: key.map(str::to_owned),
        livemode,
        version,
        request,
        order: None,
    };
    job.order = order_of(world, &job);
    world.note(Happening::RequestReceived(Request {
        request: job.request.clone(),
        gateway: Gateway::Stripe,
        operation: operation.name().to_owned(),
        method: incoming.method.clone(),
        path: incoming.path.clone(),
        order: job.order.clone(),
        key: job.key.clone(),
        params: job.params_digest.clone(),
    }));
    if too_fast(world) {
        return Err(dress(errors::too_many_reply(false), &job));
    }
    Ok(job)
}

fn parameters(incoming: &Incoming) -> Result<&str, ApiError> {
    if incoming.method != "POST" {
        return Ok(&incoming.query);
    }
    let kind = incoming.header("content-type").unwrap_or_default();
    if !incoming.body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
        let message = "Invalid request (check that your POST content type is \
                       application/x-www-form-urlencoded). If you have any questions, we can \
                       help at https://support.stripe.com/.";
        return Err(ApiError::invalid(None, message));
    }
    Ok(incoming.text())
}

fn too_fast(world: &mut World) -> bool {
    let Some(limit) = world.config.stripe.requests_per_second else {
        return false;
    };
    let second = world.seconds();
    let rate = &mut world.state.stripe.rate;
    if rate.0 != second {
        *rate = (second, 0);
    }
    rate.1 += 1;
    rate.1 > limit
}

/// The order a request is about, as far as it can be told.
fn order_of(world: &World, job: &Job) -> Option<String> {
    let stripe = &world.state.stripe;
    let from_metadata = |params: &Params| {
        let metadata = params.below("metadata")?;
        metadata.owned(&world.config.stripe.order_key)
    };
    let by_id = |id: &str| {
        let session = stripe.sessions.get(id).map(|session| &session.order);
        let intent = stripe.intents.get(id).map(|intent| &intent.order);
        let charge = stripe.charges.get(id).map(|charge| &charge.order);
        let refund = stripe.refunds.get(id).map(|refund| &refund.order);
        let dispute = stripe.disputes.get(id).map(|dispute| &dispute.order);
        let event = stripe.events.get(id).and_then(|event| event.order.as_ref());
        let found = session
            .or(intent)
            .or(charge)
            .or(refund)
            .or(dispute)
            .or(event);
        found.cloned()
    };
    let named = ["payment_intent", "charge"];
    let named = named.iter().filter_map(|name| job.params.text(name));
    by_id(&job.subject)
        .or_else(|| from_metadata(&job.params))
        .or_else(|| {
            job.params
                .below("payment_intent_data")
                .and_then(from_metadata)
        })
        .or_else(|| named.filter_map(by_id).next())
        .or_else(|| job.params.owned("client_reference_id"))
}

/// Does what a request asks for, and keeps the answer for its key.
pub fn run(world: &mut World, job: &Job, twist: Option<&Fault>) -> Reply {
    let depth = |path: &String| path.split('.').count() > 4;
    let deep = job.params.texts("expand").into_iter().find(depth);
    let done = match deep {
        Some(path) => {
            let message = format!("You cannot expand more than 4 levels of a property ({path})");
            Err(ApiError::invalid(None, message).param("expand"))
        }
        None => route::dispatch(world, job, twist),
    };
    let done = done.and_then(|value| expand::expand(world, job, value));
    let (reply, begun) = match &done {
        Ok(value) => (Reply::json(200, value), true),
        Err(error) => (error.reply(), error.begun),
    };
    if begun {
        idempotency::keep(world, job, &reply);
    }
    idempotency::end(world, job);
    dress(reply, job)
}
