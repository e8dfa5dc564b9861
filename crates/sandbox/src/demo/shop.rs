//! A small shop beside Bayar: what an application does to be paid, and nothing else.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::{App as Site, HttpResponse, HttpServer, web};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{PASSWORD, PATIENT};

/// Where the shop is found, unless somebody else is there.
const PORT: u16 = 8082;

/// What the shop sells, and through whom it can be paid.
const OFFERS: &[(i64, &str, &str, &[&str])] = &[
    (5, "5000", "PHP", &["stripe"]),
    (6, "150000", "IDR", &["stripe", "midtrans"]),
    (8, "75000", "IDR", &["midtrans", "stripe"]),
];

struct Shop {
    bayar: String,
    gateways: String,
    client: Client,
    token: Mutex<Option<String>>,
}

/// Opens the shop. Answers where it is.
pub(super) fn open(bayar: String, gateways: String) -> io::Result<(Server, SocketAddr)> {
    let shop = Arc::new(Shop {
        bayar,
        gateways,
        client: Client::new(),
        token: Mutex::new(None),
    });
    let site = move || {
        Site::new()
            .app_data(web::Data::new(Arc::clone(&shop)))
            .route("/", web::get().to(show))
            .route("/pay", web::post().to(pay))
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let server = HttpServer::new(site)
        .workers(1)
        .disable_signals()
        .listen(listener)?;
    let address = server.addrs().first().copied();
    let address = address.ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((server.run(), address))
}

impl Shop {
    /// Signs the patient in, with a form, as any shop might.
    async fn sign_in(&self) -> reqwest::Result<String> {
        let login = self.client.post(format!("{}/api/login", self.bayar));
        let login = login.form(&[("email", PATIENT), ("password", PASSWORD)]);
        let answer: Value = login.send().await?.error_for_status()?.json().await?;
        let token = answer.get("token").and_then(Value::as_str);
        Ok(token.unwrap_or_default().to_owned())
    }

    /// Asks Bayar for something, as the patient. A token is good for hours: a new one is fetched when it no longer is.
    async fn ask(&self, request: RequestBuilder) -> reqwest::Result<Value> {
        let mut token = self.token.lock().await;
        if token.is_none() {
            *token = Some(self.sign_in().await?);
        }
        let shown = token.as_deref().unwrap_or_default();
        let answer = request.bearer_auth(shown).send().await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            *token = None;
        }
        answer.json().await
    }

    async fn payments(&self) -> reqwest::Result<Vec<Value>> {
        let list = self.client.get(format!("{}/api/v1/payments", self.bayar));
        let list = self.ask(list).await?;
        let payments = list.get("data").and_then(Value::as_array);
        Ok(payments.cloned().unwrap_or_default())
    }

    /// Creates a payment, or finds the one there is. Either way Bayar says where to go on.
    async fn pay(&self, order: &Order) -> reqwest::Result<Result<String, String>> {
        let create = self.client.post(format!("{}/api/v1/payments", self.bayar));
        let create = create.json(&json!({
            "consultation_id": order.consultation,
            "amount": order.amount,
            "payment_method": order.method,
        }));
        let answer = self.ask(create).await?;
        let url = answer.pointer("/data/process_url").and_then(Value::as_str);
        Ok(match url {
            Some(url) => Ok(format!("{url}&gateway={}", order.method)),
            None => {
                let message = answer.get("message").and_then(Value::as_str);
                Err(message.unwrap_or("Bayar did not say why.").to_owned())
            }
        })
    }
}

#[derive(Debug, Deserialize)]
struct Order {
    consultation: i64,
    amount: String,
    method: String,
}

async fn pay(shop: web::Data<Arc<Shop>>, order: web::Form<Order>) -> HttpResponse {
    match shop.pay(&order).await {
        Ok(Ok(url)) => HttpResponse::SeeOther()
            .insert_header((header::LOCATION, url))
            .finish(),
        Ok(Err(message)) => page(&format!(
            "<p>{}</p><p><a href=\"/\">Back</a></p>",
            text(&message)
        )),
        Err(_) => page("<p>Bayar does not answer.</p>"),
    }
}

async fn show(shop: web::Data<Arc<Shop>>) -> HttpResponse {
    let Ok(payments) = shop.payments().await else {
        return page("<p>Bayar does not answer.</p>");
    };
    let mut body = String::from("<h2>What you owe</h2>");
    for (consultation, amount, currency, methods) in OFFERS {
        body.push_str(&format!(
            "<form method=\"post\" action=\"/pay\"><b>Consultation {consultation}</b>, {amount} {currency}
            <input type=\"hidden\" name=\"consultation\" value=\"{consultation}\">
            <input type=\"hidden\" name=\"amount\" value=\"{amount}\">"
        ));
        for method in *methods {
            body.push_str(&format!(
                " <button name=\"method\" value=\"{method}\">Pay with {method}</button>"
            ));
        }
        body.push_str("</form>");
    }
    body.push_str("<h2>Your payments</h2><table><tr><th>Payment<th>Consultation<th>Amount<th>Through<th>Status</tr>");
    for payment in &payments {
        let cell = |name: &str| match payment.get(name) {
            Some(Value::String(value)) => text(value),
            Some(Value::Null) | None => String::new(),
            Some(value) => text(&value.to_string()),
        };
        body.push_str(&format!(
            "<tr><td>{}<td>{}<td>{} {}<td>{}<td>{}</tr>",
            cell("id"),
            cell("consultation_id"),
            cell("amount"),
            cell("currency"),
            cell("payment_method"),
            cell("status"),
        ));
    }
    body.push_str(&format!(
        "</table><p><a href=\"/\">Look again</a> · <a href=\"{}\">The simulated gateways</a> · <a href=\"{}/docs\">Every call</a></p>",
        text(&shop.gateways),
        text(&shop.bayar),
    ));
    page(&body)
}

fn page(body: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>A shop with Bayar</title>
<meta name=\"viewport\" content=\"width=device-width\">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}}
form{{margin:.8rem 0}}button{{font:inherit;padding:.2rem .8rem}}td,th{{text-align:left;padding:.2rem 1rem .2rem 0}}</style>
<h1>A shop with Bayar</h1><p>You are {PATIENT}.</p>{body}</html>"
        ))
}

/// Text as HTML shows it.
fn text(plain: &str) -> String {
    plain
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
