//! Where the simulated gateways post to: it takes a webhook in as the program's own routes do.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{HttpRequest, HttpResponse, HttpServer, web};
use bayar_app::port::webhook::Delivery;
use bayar_app::{App, NotReceived};
use bayar_domain::Gateway;
use bayar_sandbox::sim::WebhookUrls;

pub struct Door {
    address: SocketAddr,
    server: ServerHandle,
}

impl Door {
    pub fn open(app: &Arc<App>) -> Self {
        let app = Arc::clone(app);
        let server = HttpServer::new(move || {
            let app = web::Data::from(Arc::clone(&app));
            actix_web::App::new()
                .app_data(app)
                .route("/{gateway}", web::post().to(take))
        });
        let server = server.workers(1).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            address,
            server: handle,
        }
    }

    pub fn urls(&self) -> WebhookUrls {
        let address = self.address;
        WebhookUrls {
            stripe: Some(format!("http://{address}/stripe")),
            midtrans: Some(format!("http://{address}/midtrans")),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // It stops by itself once it was told to.
        drop(self.server.stop(false));
    }
}

async fn take(
    app: web::Data<App>,
    gateway: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let gateway: Gateway = gateway.parse().unwrap();
    let headers: Vec<_> = Delivery::HEADERS
        .into_iter()
        .filter_map(|name| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some((name, value.to_owned()))
        })
        .collect();
    let delivery = Delivery {
        body: &body,
        headers: &headers,
        from: "127.0.0.1",
    };
    match app.receive_webhook(gateway, &delivery).await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(NotReceived::NotBelieved(_)) => HttpResponse::BadRequest().finish(),
        Err(NotReceived::NotSetUp | NotReceived::NotStored(_)) => {
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}
