//! A client that shares nothing with the simulator's own: bytes over a socket.

use std::time::Duration;

use bayar_sandbox::sim::{Handle, SimConfig, Simulator};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub const STRIPE_KEY: &str = "Bearer sk_test_simulated";
/// `SB-Mid-server-simulated:`
pub const MIDTRANS_KEY: &str = "Basic U0ItTWlkLXNlcnZlci1zaW11bGF0ZWQ6";

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// The text at a path such as `/error/code`; empty when there is none.
    pub fn at(&self, path: &str) -> String {
        match self.json().pointer(path) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    }

    pub fn ok(self) -> Self {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.body
        );
        self
    }
}

/// How a request failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection ended without an answer.
    Closed,
    /// The connection ended in the middle of the body.
    CutOff,
    /// Nothing came in time.
    TimedOut,
}

/// A simulator and somebody who talks to it.
pub struct Play {
    pub simulator: Simulator,
    pub handle: Handle,
}

impl Play {
    pub fn new(config: SimConfig) -> Self {
        let simulator = Simulator::start(config).unwrap();
        let handle = simulator.handle();
        Self { simulator, handle }
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, Failure> {
        let patience = Duration::from_secs(10);
        self.send_within(patience, method, path, headers, body)
            .await
    }

    pub async fn send_within(
        &self,
        patience: Duration,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, Failure> {
        let address = self.simulator.address();
        let talk = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut text = format!(
                "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n",
                body.len()
            );
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            text.push_str("\r\n");
            text.push_str(body);
            let _ = stream.write_all(text.as_bytes()).await;
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes).await;
            parse(&bytes)
        };
        timeout(patience, talk)
            .await
            .unwrap_or(Err(Failure::TimedOut))
    }

    /// Waits until a request with this idempotency key is being served, for at most ten seconds.
    pub async fn in_flight(&self, key: &str) {
        for _ in 0..1000 {
            if self.handle.is_in_flight(key).unwrap() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no request with the key {key} came");
    }

    /// A call to Stripe; a form when it is a POST.
    pub async fn stripe(&self, method: &str, path: &str, form: &str) -> Answer {
        self.stripe_with(method, path, form, &[]).await
    }

    pub async fn stripe_with(
        &self,
        method: &str,
        path: &str,
        form: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers = vec![
            ("Authorization", STRIPE_KEY),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(more);
        self.send(method, path, &headers, form).await.unwrap()
    }

    /// A call to Midtrans.
    pub async fn midtrans(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.midtrans_with(method, path, body, &[]).await
    }

    pub async fn midtrans_with(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers = vec![
            ("Authorization", MIDTRANS_KEY),
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
        ];
        headers.extend(more);
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(method, path, &headers, &body).await.unwrap()
    }

    /// A call to the control API.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let path = format!("/_sim/{path}");
        self.send(method, &path, &[], &body).await.unwrap()
    }

    /// An open session of an order over 5600.00 PHP; its id.
    pub async fn session(&self, order: &str) -> String {
        let made = self
            .stripe("POST", "/v1/checkout/sessions", &session_form(order))
            .await;
        made.ok().at("/id")
    }

    /// A session that was paid with a card; its id and its PaymentIntent.
    pub async fn paid_session(&self, order: &str, card: &str) -> (String, String) {
        let id = self.session(order).await;
        self.handle
            .act(bayar_sandbox::sim::Action::StripePayCard {
                session: id.clone(),
                card: card.to_owned(),
            })
            .unwrap();
        let path = format!("/v1/checkout/sessions/{id}");
        let intent = self
            .stripe("GET", &path, "")
            .await
            .ok()
            .at("/payment_intent");
        (id, intent)
    }

    /// A Snap page of an order over Rp 50,000; its token.
    pub async fn page(&self, order: &str) -> String {
        let body = page_body(order, 50_000);
        let made = self.midtrans("POST", "/snap/v1/transactions", &body).await;
        made.ok().at("/token")
    }

    /// The status of a Midtrans order or transaction.
    pub async fn status(&self, id: &str) -> Answer {
        self.midtrans("GET", &format!("/v2/{id}/status"), &Value::Null)
            .await
    }
}

pub fn session_form(order: &str) -> String {
    format!(
        "mode=payment&success_url=https%3A%2F%2Fshop.example%2Fok%3Fsid%3D%7BCHECKOUT_SESSION_ID%7D\
         &cancel_url=https://shop.example/back\
         &line_items[0][quantity]=1&line_items[0][price_data][currency]=php\
         &line_items[0][price_data][unit_amount]=560000\
         &line_items[0][price_data][product_data][name]=Order%20%26%201\
         &metadata[bayar_order]={order}&payment_intent_data[metadata][bayar_order]={order}"
    )
}

pub fn page_body(order: &str, amount: i64) -> Value {
    serde_json::json!({
        "transaction_details": { "order_id": order, "gross_amount": amount },
        "credit_card": { "secure": true },
        "callbacks": { "finish": "https://shop.example/finish" },
        "custom_field1": order,
    })
}

fn parse(bytes: &[u8]) -> Result<Answer, Failure> {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(Failure::Closed);
    };
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or(Failure::Closed)?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let is = |name: &str| headers.iter().find(|(known, _)| known == name);
    let length = is("content-length").and_then(|(_, value)| value.parse::<usize>().ok());
    if length.is_some_and(|length| body.len() < length) {
        return Err(Failure::CutOff);
    }
    let body = if is("transfer-encoding").is_some() {
        unchunk(body)
    } else {
        body.to_owned()
    };
    Ok(Answer {
        status,
        headers,
        body,
    })
}

fn unchunk(mut rest: &str) -> String {
    let mut whole = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    whole
}
