//! How requests reach Stripe: one connection pool, one key per request, few tries, and no guess about what became of them.

mod answer;
mod pause;

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::gateway::{CallError, Fault, FaultKind, Request};
use bayar_app::port::json::Object;
use bayar_app::port::store::CallKey;
use bayar_app::port::{Random, pace};
use bayar_domain::Gateway;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, redirect, retry};
use rustls::crypto::{CryptoProvider, ring};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use stripe_client_core::{RequestBuilder, StripeMethod, VERSION};
use tokio::time::Instant;

use self::answer::Judged;
use crate::{InvalidStripeConfig, Retries, StripeConfig, Timeouts};

/// Before each path.
pub const ROOT: &str = "/v1";

const USER_AGENT: &str = concat!("bayar/", env!("CARGO_PKG_VERSION"));

/// More than any list that we ask for.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// A connection to Stripe under one key.
pub struct Client {
    http: reqwest::Client,
    base: String,
    timeouts: Timeouts,
    retries: Retries,
    random: Arc<dyn Random>,
}

impl Client {
    pub fn new(
        config: &StripeConfig,
        random: Arc<dyn Random>,
    ) -> Result<Self, InvalidStripeConfig> {
        config.check()?;
        choose_cryptography();
        let bearer = format!("Bearer {}", config.secret_key.expose_secret());
        let mut bearer = HeaderValue::try_from(bearer).map_err(|_| InvalidStripeConfig::Key)?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        let version =
            HeaderValue::try_from(VERSION.as_str()).map_err(|_| InvalidStripeConfig::Version)?;
        headers.insert("stripe-version", version);
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(USER_AGENT)
            .connect_timeout(config.timeouts.connect)
            // Stripe never sends us elsewhere: whoever does is not to be given the key.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .build()
            .map_err(InvalidStripeConfig::Client)?;
        Ok(Self {
            http,
            base: config.api_base.clone(),
            timeouts: config.timeouts,
            retries: config.retries,
            random,
        })
    }

    /// Asks for something. It changes nothing, and needs no key.
    pub async fn get<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CallError> {
        let answer = self.insist(&request, None).await?;
        parse(&answer)
    }

    /// Sends a request that is written down, under its key.
    pub async fn post(&self, stored: &Request, key: &CallKey) -> Result<Vec<u8>, CallError> {
        let unsendable = || CallError::NotSent(Fault::of(FaultKind::InvalidRequest));
        let path = stored.path.strip_prefix(ROOT).ok_or_else(unsendable)?;
        let mut request = RequestBuilder::new(StripeMethod::Post, path);
        request.body = Some(stored.body.clone());
        self.insist(&request, Some(key)).await
    }

    /// Tries a request until its end is known, or for as long as there is patience.
    async fn insist(
        &self,
        request: &RequestBuilder,
        key: Option<&CallKey>,
    ) -> Result<Vec<u8>, CallError> {
        let mut deadline = Instant::now() + self.retries.budget;
        let mut tried = 0_u32;
        let mut unclear_before = false;
        loop {
            deadline += pace::turn(Gateway::Stripe).await;
            let left = deadline.saturating_duration_since(Instant::now());
            let within = self.timeouts.total.min(left);
            let judged = match self.try_once(request, key, within).await {
                Ok(answer) => return Ok(answer),
                Err(judged) => judged,
            };
            tried = tried.saturating_add(1);
            tracing::warn!(
                error = %judged.error,
                gateway_request_id = judged.error.fault().request_id,
                tried,
                "Stripe did not carry out a request"
            );
            let pause = pause::before_next(&self.retries, tried, &judged, &*self.random);
            let in_time = Instant::now() + pause < deadline;
            if !judged.again || tried > self.retries.at_most || !in_time {
                return Err(judged.among(unclear_before));
            }
            unclear_before |= matches!(judged.error, CallError::Unknown(_));
            tokio::time::sleep(pause).await;
        }
    }

    async fn try_once(
        &self,
        request: &RequestBuilder,
        key: Option<&CallKey>,
        within: Duration,
    ) -> Result<Vec<u8>, Judged> {
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let query = request.query.as_deref().filter(|query| !query.is_empty());
        let separator = if query.is_some() { "?" } else { "" };
        let (base, path) = (&self.base, &request.path);
        let url = format!("{base}{ROOT}{path}{separator}{}", query.unwrap_or_default());
        let mut sending = self.http.request(method, url).timeout(within);
        if let Some(key) = key {
            sending = sending.header("idempotency-key", key.as_str());
        }
        if let Some(body) = &request.body {
            sending = sending
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.clone());
        }
        let response = sending
            .send()
            .await
            .map_err(|error| Judged::of_failure(&error))?;
        let status = response.status();
        let headers = response.headers().clone();
        let answer = collect(response).await?;
        if status.is_success() {
            Ok(answer)
        } else {
            Err(Judged::of_answer(status.as_u16(), &headers, &answer))
        }
    }
}

/// Reads an answer. What is wrong with it is not told: it may quote what no log may have.
pub fn parse<T: DeserializeOwned>(answer: &[u8]) -> Result<T, CallError> {
    let read = serde_json::from_slice(answer).map(|Object(answer)| answer);
    read.map_err(|_| garbage("unreadable_answer"))
}

/// An answer that cannot be understood.
pub fn garbage(code: &str) -> CallError {
    CallError::Unknown(Fault::of(FaultKind::Garbage).with_code(code))
}

async fn collect(mut response: Response) -> Result<Vec<u8>, Judged> {
    let mut answer = Vec::new();
    loop {
        let chunk = response.chunk().await;
        match chunk.map_err(|error| Judged::of_failure(&error))? {
            Some(chunk) if answer.len().saturating_add(chunk.len()) <= LONGEST_ANSWER => {
                answer.extend_from_slice(&chunk);
            }
            Some(_) => return Err(Judged::final_word(garbage("endless_answer"))),
            None => return Ok(answer),
        }
    }
}

/// The TLS library refuses to guess when a build holds several implementations of its cryptography.
fn choose_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // An error says that another thread was quicker, and then there is one.
        let _ = ring::default_provider().install_default();
    }
}
