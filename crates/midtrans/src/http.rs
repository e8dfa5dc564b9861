//! Speaks to Midtrans: one request, sent again while that helps and there is time.

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::gateway::{CallError, Fault, FaultKind};
use bayar_app::port::{Random, pace};
use bayar_domain::Gateway;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use crate::config::{Retries, SetupError, Timeouts};
use crate::wire::Body;

/// An answer that could be read, and that is no trouble of the gateway's own.
pub struct Answer {
    /// The code in the body, or the HTTP status where there is none: the status alone is often 200 for a refusal.
    pub code: u16,
    /// What it says.
    pub body: Body,
    /// The gateway's number of the request.
    pub request_id: Option<String>,
    /// Whether an earlier try may have had the effect that this answer knows nothing of.
    pub was_unclear: bool,
}

impl Answer {
    /// Whether the body has the code. An answer without it may be anybody's.
    pub const fn says_code(&self) -> bool {
        self.body.status_code.is_some()
    }
}

/// A request.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub method: &'a Method,
    pub url: &'a str,
    /// Sent as it is.
    pub body: Option<&'a str>,
    /// The `Idempotency-Key`. Midtrans remembers it for five minutes, across all its end points.
    pub key: Option<&'a str>,
}

pub struct Client {
    inner: reqwest::Client,
    server_key: SecretString,
    timeouts: Timeouts,
    retries: Retries,
    random: Arc<dyn Random>,
}

/// An answer larger than this is none of Midtrans'.
const LARGEST: usize = 1 << 20;

impl Client {
    /// `server_key` has no blanks around it.
    pub fn new(
        server_key: SecretString,
        timeouts: Timeouts,
        retries: Retries,
        random: Arc<dyn Random>,
    ) -> Result<Self, SetupError> {
        // Somebody may have installed a provider before us: then theirs serves.
        drop(rustls::crypto::ring::default_provider().install_default());
        let inner = reqwest::Client::builder()
            .connect_timeout(timeouts.connect)
            // The key goes where it was meant to go and nowhere else.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(SetupError::Client)?;
        Ok(Self {
            inner,
            server_key,
            timeouts,
            retries,
            random,
        })
    }

    /// Sends it until there is an answer, or no more time.
    pub async fn send(&self, ask: Ask<'_>) -> Result<Answer, CallError> {
        let mut start = Instant::now();
        let mut was_unclear = false;
        let mut tries = 0;
        loop {
            start += pace::turn(Gateway::Midtrans).await;
            let left = self.timeouts.budget.saturating_sub(start.elapsed());
            let trouble = match self.once(ask, left.min(self.timeouts.answer)).await {
                Ok(answer) => {
                    return Ok(Answer {
                        was_unclear,
                        ..answer
                    });
                }
                Err(trouble) => trouble,
            };
            was_unclear |= matches!(trouble, CallError::Unknown(_));
            let pause = self.pause(tries);
            let left = self.timeouts.budget.saturating_sub(start.elapsed());
            let is_limit = trouble.fault().kind == FaultKind::RateLimit;
            if is_limit || tries >= self.retries.most || pause >= left {
                // What was unclear once stays so, however the last try ended.
                return Err(match trouble {
                    CallError::NotSent(fault) if was_unclear => CallError::Unknown(fault),
                    other => other,
                });
            }
            tracing::debug!(fault = %trouble.fault(), "midtrans is asked again");
            tokio::time::sleep(pause).await;
            tries = tries.saturating_add(1);
        }
    }

    async fn once(&self, ask: Ask<'_>, within: Duration) -> Result<Answer, CallError> {
        let response = self
            .request(ask, within)
            .send()
            .await
            .map_err(|error| trouble(&error))?;
        let status = response.status();
        let retry_after = number_in(&response, header::RETRY_AFTER.as_str());
        let request_id = plain(header_of(&response, "x-request-id"));
        let bytes = whole(response).await?;
        let fault = |kind, code: u16| Fault {
            kind,
            code: Some(code.to_string()),
            request_id: request_id.clone(),
            retry_after: retry_after.map(Duration::from_secs),
        };
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(CallError::NotSent(fault(FaultKind::RateLimit, 429)));
        }
        let Ok(body) = Body::read(&bytes) else {
            let kind = if status.is_server_error() {
                FaultKind::Api
            } else {
                FaultKind::Garbage
            };
            return Err(CallError::Unknown(fault(kind, status.as_u16())));
        };
        let code = body
            .status_code
            .as_deref()
            .and_then(|code| code.parse().ok())
            .unwrap_or(status.as_u16());
        // A second request under the key of one that still runs. A refusal has this code too, and tells a status.
        let is_at_work = status == StatusCode::ACCEPTED
            && ask.key.is_some()
            && body.transaction_status.is_none();
        match code {
            429 => Err(CallError::NotSent(fault(FaultKind::RateLimit, code))),
            500.. => Err(CallError::Unknown(fault(FaultKind::Api, code))),
            _ if is_at_work => Err(CallError::Unknown(fault(FaultKind::Idempotency, 202))),
            _ => Ok(Answer {
                code,
                request_id: request_id.or_else(|| plain(body.id.as_deref())),
                body,
                was_unclear: false,
            }),
        }
    }

    fn request(&self, ask: Ask<'_>, within: Duration) -> RequestBuilder {
        let mut request = self
            .inner
            .request(ask.method.clone(), ask.url)
            .basic_auth(self.server_key.expose_secret(), None::<&str>)
            .header(header::ACCEPT, "application/json")
            .timeout(within);
        if let Some(key) = ask.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = ask.body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.to_owned());
        }
        request
    }

    /// Between the half and the whole of the pause, so that many who wait do not come back at once.
    fn pause(&self, tries: u32) -> Duration {
        let longest = self
            .retries
            .pause
            .saturating_mul(2_u32.saturating_pow(tries.min(16)));
        let half = longest / 2;
        let mut drawn = [0];
        self.random.fill(&mut drawn);
        let [drawn] = drawn;
        half + half / 255 * u32::from(drawn)
    }
}

async fn whole(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| {
        // The answer had begun, so the request had arrived.
        CallError::Unknown(trouble(&error).fault().clone())
    })? {
        if bytes.len().saturating_add(chunk.len()) > LARGEST {
            return Err(CallError::Unknown(Fault::of(FaultKind::Garbage)));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The error itself is not kept: it holds the address, and that may hold the name of a page.
fn trouble(error: &reqwest::Error) -> CallError {
    if error.is_builder() {
        CallError::NotSent(Fault::of(FaultKind::InvalidRequest))
    } else if error.is_connect() {
        CallError::NotSent(Fault::of(FaultKind::Connection))
    } else if error.is_timeout() {
        CallError::Unknown(Fault::of(FaultKind::Timeout))
    } else {
        CallError::Unknown(Fault::of(FaultKind::Connection))
    }
}

fn header_of<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

fn number_in(response: &Response, name: &str) -> Option<u64> {
    header_of(response, name)?.trim().parse().ok()
}

/// A number of a request, where it looks like one.
fn plain(text: Option<&str>) -> Option<String> {
    const LONGEST: usize = 64;
    let text = text?;
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    (is_plain && (1..=LONGEST).contains(&text.len())).then(|| text.to_owned())
}
