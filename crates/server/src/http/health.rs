use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;

/// Whether the process lives.
#[derive(Debug, Serialize, ToSchema)]
struct Alive {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the process lives.
#[utoipa::path(tag = "health", responses((status = 200, body = Alive)))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "ok" })
}

/// Whether requests can be served.
#[derive(Debug, Serialize, ToSchema)]
struct Ready {
    /// `ready`, or `not_ready` without a database.
    status: &'static str,
    /// `up` or `down`.
    database: &'static str,
    /// `up`, `down`, or `none` where none is set up. Without it everything works, more slowly.
    redis: &'static str,
}

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether requests can be served.
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "Requests can be served.", body = Ready),
    (status = 503, description = "The database is not there.", body = Ready),
))]
#[get("/readyz")]
pub async fn readyz(state: web::Data<State>) -> HttpResponse {
    let now = tokio::time::timeout(PATIENCE, state.app.store().now()).await;
    let database_is_up = matches!(now, Ok(Ok(_)));
    let up_or_down = |up| if up { "up" } else { "down" };
    let ready = Ready {
        status: if database_is_up { "ready" } else { "not_ready" },
        database: up_or_down(database_is_up),
        redis: match &state.redis_is_up {
            Some(is_up) => up_or_down(is_up()),
            None => "none",
        },
    };
    if database_is_up {
        HttpResponse::Ok().json(ready)
    } else {
        HttpResponse::ServiceUnavailable().json(ready)
    }
}

/// Figures for Prometheus.
#[utoipa::path(tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
#[get("/metrics")]
pub async fn metrics(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        ))
        .body((state.metrics)())
}
