//! Events: snapshots of what happened, sent to every endpoint that wants them.

use serde_json::{Map, Value, json};

use super::errors::ApiError;
use super::lists;
use super::model::Event;
use super::shape::{Field, PAGING, Shape, TEXT, check, may};
use super::{Answer, Cause, Job};
use crate::sim::clock::DAY;
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::webhooks::{DeliveryState, Message};
use crate::sim::world::World;

/// Seconds for which an event can be read.
const KEPT: i64 = 30 * DAY / 1000;

/// Something happened: there is an event, and it is sent.
pub fn emit(
    world: &mut World,
    cause: &Cause,
    name: &str,
    object: Value,
    previous: Option<Value>,
    order: Option<String>,
    livemode: bool,
) {
    let mut event = Event {
        id: world.ids.object("evt"),
        created: world.seconds(),
        livemode,
        name: name.to_owned(),
        api_version: world.config.stripe.api_version.clone(),
        object,
        previous,
        request: cause.request.clone(),
        key: cause.key.clone(),
        order: order.clone(),
        deliveries: Vec::new(),
    };
    let targets = targets(world, name, livemode);
    let body = render(&event, targets.len()).to_string();
    for (url, secrets) in targets {
        let delivery = world.send(Message {
            gateway: Gateway::Stripe,
            url,
            subject: event.id.clone(),
            event: name.to_owned(),
            order: order.clone(),
            body: body.clone(),
            secrets,
        });
        event.deliveries.push(delivery);
    }
    world.put(Put::Event(Box::new(event)));
}

/// Where an event goes, and what it is signed with there.
pub fn targets(world: &World, name: &str, livemode: bool) -> Vec<(String, Vec<String>)> {
    let account = &world.config.stripe;
    let main = world.urls.stripe.clone();
    let main = main.map(|url| (url, account.webhook_secrets.clone()));
    let endpoints = world.state.stripe.endpoints.iter().filter(|endpoint| {
        let wants = |wanted: &String| wanted == "*" || wanted == name;
        endpoint.livemode == livemode
            && !endpoint.deleted
            && endpoint.enabled_events.iter().any(wants)
    });
    let made = endpoints.map(|endpoint| (endpoint.url.clone(), vec![endpoint.secret.clone()]));
    main.into_iter().chain(made).collect()
}

pub fn render(event: &Event, pending: usize) -> Value {
    let mut data = Map::new();
    data.insert("object".to_owned(), event.object.clone());
    if let Some(previous) = &event.previous {
        data.insert("previous_attributes".to_owned(), previous.clone());
    }
    json!({
        "id": event.id,
        "object": "event",
        "api_version": event.api_version,
        "created": event.created,
        "data": data,
        "livemode": event.livemode,
        "pending_webhooks": pending,
        "request": { "id": event.request, "idempotency_key": event.key },
        "type": event.name,
    })
}

/// Deliveries of an event that have not succeeded.
fn undelivered(world: &World, event: &Event) -> usize {
    let delivered = |id: &&String| {
        let delivery = world.state.deliveries.get(id);
        delivery.is_none_or(|delivery| delivery.state != DeliveryState::Delivered)
    };
    event.deliveries.iter().filter(delivered).count()
}

/// `GET /v1/events/{id}`
pub fn retrieve(world: &World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let oldest = world.seconds() - KEPT;
    let event = world.state.stripe.events.get(&job.subject);
    let event = event.filter(|event| event.created >= oldest && event.livemode == job.livemode);
    match event {
        Some(event) => Ok(render(event, undelivered(world, event))),
        None => Err(ApiError::missing_object("event", &job.subject, "id")),
    }
}

/// `GET /v1/events`
pub fn list(world: &World, job: &Job) -> Answer {
    const FILTERS: [Field; 4] = [
        may("type", TEXT),
        may("types", Shape::List(&TEXT)),
        may("created", Shape::Range),
        may("delivery_success", Shape::Bool),
    ];
    check(&job.params, &[&PAGING, &FILTERS])?;
    let params = &job.params;
    let types = params.texts("types");
    if types.len() > 20 {
        let message = "You can pass at most 20 types.";
        return Err(ApiError::invalid(None, message).param("types"));
    }
    let one = params.text("type");
    if one.is_some() && !types.is_empty() {
        let message = "You may only specify one of these parameters: type, types.";
        return Err(ApiError::invalid(Some("parameters_exclusive"), message).param("type"));
    }
    let of_type = |event: &Event| {
        let wanted = one.is_none_or(|one| match one.strip_suffix('*') {
            Some(start) => event.name.starts_with(start),
            None => event.name == one,
        });
        wanted && (types.is_empty() || types.contains(&event.name))
    };
    let success = params.flag("delivery_success");
    let wanted = |event: &Event| {
        let delivered = || undelivered(world, event) == 0;
        of_type(event)
            && event.livemode == job.livemode
            && success.is_none_or(|success| delivered() == success)
    };
    let oldest = world.seconds() - KEPT;
    let events = world.state.stripe.events.newest();
    let kept = events.take_while(|event| event.created >= oldest);
    lists::page(job, "/v1/events", kept, wanted, |event| {
        render(event, undelivered(world, event))
    })
}
