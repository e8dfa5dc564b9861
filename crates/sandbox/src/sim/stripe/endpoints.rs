//! Webhook endpoints made through the API.

use serde_json::{Value, json};

use super::errors::ApiError;
use super::lists;
use super::metadata::read_metadata;
use super::model::Endpoint;
use super::shape::{Field, PAGING, Shape, TEXT, check, may, must};
use super::{Answer, Job};
use crate::sim::state::Put;
use crate::sim::world::World;

fn render(endpoint: &Endpoint) -> Value {
    json!({
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "api_version": null,
        "application": null,
        "created": endpoint.created,
        "description": endpoint.description,
        "enabled_events": endpoint.enabled_events,
        "livemode": endpoint.livemode,
        "metadata": endpoint.metadata,
        "status": "enabled",
        "url": endpoint.url,
    })
}

/// `POST /v1/webhook_endpoints`
pub fn create(world: &mut World, job: &Job) -> Answer {
    const FIELDS: [Field; 6] = [
        must("url", Shape::Url),
        must("enabled_events", Shape::List(&TEXT)),
        may("description", TEXT),
        may("metadata", Shape::Metadata),
        may("api_version", TEXT),
        may("connect", Shape::Bool),
    ];
    check(&job.params, &[&FIELDS])?;
    let endpoint = Endpoint {
        id: world.ids.object("we"),
        created: world.seconds(),
        livemode: job.livemode,
        url: job.params.owned("url").unwrap_or_default(),
        secret: format!("whsec_{}", world.ids.word(32)),
        enabled_events: job.params.texts("enabled_events"),
        description: job.params.owned("description"),
        metadata: read_metadata(&job.params),
        deleted: false,
    };
    world.put(Put::Endpoint(Box::new(endpoint.clone())));
    let mut answer = render(&endpoint);
    // The secret is told once.
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("secret".to_owned(), endpoint.secret.into());
    }
    Ok(answer)
}

fn find(world: &World, job: &Job) -> Result<Endpoint, ApiError> {
    let found = world.state.stripe.endpoints.get(&job.subject);
    let found = found.filter(|endpoint| !endpoint.deleted && endpoint.livemode == job.livemode);
    found
        .cloned()
        .ok_or_else(|| ApiError::missing_object("webhook endpoint", &job.subject, "id"))
}

/// `GET /v1/webhook_endpoints/{id}`
pub fn retrieve(world: &World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    find(world, job).map(|endpoint| render(&endpoint))
}

/// `DELETE /v1/webhook_endpoints/{id}`
pub fn delete(world: &mut World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let mut endpoint = find(world, job)?;
    endpoint.deleted = true;
    world.put(Put::Endpoint(Box::new(endpoint)));
    Ok(json!({ "id": job.subject, "object": "webhook_endpoint", "deleted": true }))
}

/// `GET /v1/webhook_endpoints`
pub fn list(world: &World, job: &Job) -> Answer {
    check(&job.params, &[&PAGING])?;
    let wanted = |endpoint: &Endpoint| !endpoint.deleted && endpoint.livemode == job.livemode;
    let all = world.state.stripe.endpoints.newest();
    lists::page(job, "/v1/webhook_endpoints", all, wanted, render)
}
