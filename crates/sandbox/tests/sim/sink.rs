//! Somebody who receives webhooks.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bayar_sandbox::sim::SimConfig;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::client::Play;

/// A webhook as it came in.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn at(&self, path: &str) -> String {
        match self.json().pointer(path) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    }
}

/// Answers with the given statuses, then with 200.
pub struct Sink {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<String>>>,
    task: JoinHandle<()>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let answers: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let (heard, told) = (Arc::clone(&received), Arc::clone(&answers));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                let mut buffer = [0_u8; 4096];
                while !whole(&bytes) {
                    match stream.read(&mut buffer).await {
                        Ok(count) if count > 0 => bytes.extend(&buffer[..count]),
                        _ => break,
                    }
                }
                heard.lock().unwrap().push(parse(&bytes));
                let answer = told.lock().unwrap().pop_front();
                let answer = answer.unwrap_or_else(|| "200 OK\r\n".to_owned());
                let text = format!("HTTP/1.1 {answer}Content-Length: 0\r\n\r\n");
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        Self {
            address,
            received,
            answers,
            task,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next answers, such as `503 Busy`.
    pub fn answer(&self, statuses: &[&str]) {
        let answers = statuses.iter().map(|status| format!("{status}\r\n"));
        self.answers.lock().unwrap().extend(answers);
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The values at a path, one for each webhook.
    pub fn seen(&self, path: &str) -> Vec<String> {
        self.received()
            .iter()
            .map(|webhook| webhook.at(path))
            .collect()
    }

    /// Waits until as many have come, for at most five seconds.
    pub async fn wait_for(&self, count: usize) {
        for _ in 0..500 {
            if self.received().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {count} webhooks came", self.received().len());
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}

fn parse(bytes: &[u8]) -> Received {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    Received {
        path,
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}

/// A simulator whose webhooks of both gateways go to one sink.
pub async fn stage() -> (Play, Sink) {
    let sink = Sink::start().await;
    let mut config = SimConfig::default();
    config.stripe.webhook_url = Some(sink.url("/stripe"));
    config.midtrans.notification_url = Some(sink.url("/midtrans"));
    (Play::new(config), sink)
}

fn signature(secret: &str, time: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// The time of a signature, if one of its `v1` is of the secret.
pub fn signed(webhook: &Received, secret: &str) -> Option<i64> {
    let header = webhook.header("stripe-signature");
    let mut parts = header.split(',');
    let time = parts.next()?.strip_prefix("t=")?;
    let good = signature(secret, time, &webhook.body);
    parts
        .any(|part| part == format!("v1={good}"))
        .then(|| time.parse().unwrap())
}

/// Whether a notification verifies.
pub fn midtrans_signed(webhook: &Received) -> bool {
    let text = format!(
        "{}{}{}SB-Mid-server-simulated",
        webhook.at("/order_id"),
        webhook.at("/status_code"),
        webhook.at("/gross_amount")
    );
    webhook.at("/signature_key") == hex::encode(Sha512::digest(text))
}
