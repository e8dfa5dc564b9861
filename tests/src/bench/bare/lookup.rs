use actix_web::{App, HttpResponse, HttpServer, post, web};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use tokio::sync::OnceCell;

use super::{Place, failed, ready};
use crate::bench::Result;
use crate::bench::redis_server;

/// One connection for each worker.
struct Worker {
    redis_url: String,
    connection: OnceCell<MultiplexedConnection>,
    answer: web::Bytes,
}

pub(super) async fn serve(place: Place) -> Result<()> {
    let Place {
        redis_url, sample, ..
    } = place;
    let answer = web::Bytes::from(sample.duplicate);
    let app = move || {
        let worker = web::Data::new(Worker {
            redis_url: redis_url.clone(),
            connection: OnceCell::new(),
            answer: answer.clone(),
        });
        App::new().app_data(worker).service(ready).service(lookup)
    };
    let server = HttpServer::new(app).workers(place.workers);
    Ok(server.bind(place.address)?.run().await?)
}

#[post("/{key}")]
async fn lookup(
    worker: web::Data<Worker>,
    key: web::Path<String>,
) -> actix_web::Result<HttpResponse> {
    let connection = worker
        .connection
        .get_or_try_init(|| redis_server::connect(&worker.redis_url));
    let mut connection = connection.await.map_err(failed)?.clone();
    let found: Option<Vec<u8>> = connection.get(key.as_str()).await.map_err(failed)?;
    match found {
        Some(_) => Ok(HttpResponse::Conflict()
            .content_type("application/json")
            .body(worker.answer.clone())),
        None => Err(failed("the key is not there")),
    }
}
