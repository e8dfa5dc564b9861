use actix_web::{App, HttpResponse, HttpServer, post, web};
use bayar_app::port::store::{Inbox, Kept, NewWebhook};
use bayar_domain::{Gateway, Mode};
use bayar_postgres::{PgConfig, PgStore};

use super::{Place, failed, ready};
use crate::bench::{Result, events};

/// What the server keeps of the headers, with a signature as long as every other.
const HEADERS: &str = concat!(
    r#"{"content-type":"application/json","stripe-signature":"t=1763700000,v1="#,
    "00000000000000000000000000000000",
    "00000000000000000000000000000000",
    r#"","user-agent":"Stripe/1.0 (+https://stripe.com/docs/webhooks)"}"#
);

pub(super) async fn serve(place: Place) -> Result<()> {
    let mut config = PgConfig::new(place.database_url);
    config.pool_size = place.connections;
    let store = web::Data::new(PgStore::connect(&config)?);
    let app = move || {
        App::new()
            .app_data(store.clone())
            .service(ready)
            .service(keep)
    };
    let server = HttpServer::new(app).workers(place.workers);
    Ok(server.bind(place.address)?.run().await?)
}

#[post("/{number}")]
async fn keep(
    store: web::Data<PgStore>,
    number: web::Path<u64>,
    body: web::Bytes,
) -> actix_web::Result<HttpResponse> {
    let webhook = NewWebhook {
        gateway: Gateway::Stripe,
        account: None,
        mode: Mode::Test,
        key: events::name(*number),
        kind: events::KIND.to_owned(),
        headers: HEADERS.to_owned(),
        body: body.to_vec(),
    };
    match store.keep_webhook(&webhook).await {
        Ok(Kept::New(_)) => Ok(HttpResponse::Ok()
            .content_type("application/json")
            .body(r#"{"received":true}"#)),
        Ok(Kept::Known(_)) => Err(failed("an event that was there")),
        Err(error) => Err(failed(error)),
    }
}
