//! Asks, no faster than it is told to, and again where the gateway is in trouble.

use std::time::Duration;

use serde_json::Value;

use super::LiveError;

/// How often something is asked for again, and how long the first pause is; each one after it is twice as long.
const AGAIN: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Http {
    client: reqwest::Client,
    pause: Duration,
}

/// How somebody says who they are.
#[derive(Clone, Copy)]
pub(super) enum Key<'a> {
    Bearer(&'a str),
    Basic(&'a str),
}

impl Http {
    pub fn new(pause: Duration, timeout: Duration) -> Result<Self, LiveError> {
        // Somebody may have installed a provider before us: then theirs serves.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .timeout(timeout)
            // The key goes where it was meant to go and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(LiveError::Setup)?;
        Ok(Self { client, pause })
    }

    /// Asks for something that is there. Answers nothing where it is not.
    pub async fn get(
        &self,
        gateway: &'static str,
        base: &str,
        path: &str,
        query: &[(&str, String)],
        key: Key<'_>,
    ) -> Result<Option<Value>, LiveError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 0;
        loop {
            tokio::time::sleep(self.pause).await;
            let pairs: Vec<_> = query
                .iter()
                .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
                .collect();
            let url = match pairs.is_empty() {
                true => format!("{base}{path}"),
                false => format!("{base}{path}?{}", pairs.join("&")),
            };
            let asking = self.client.get(url).header("accept", "application/json");
            let asking = match key {
                Key::Bearer(key) => asking.bearer_auth(key),
                Key::Basic(key) => asking.basic_auth(key, Some("")),
            };
            let answer = asking.send().await;
            let again = match &answer {
                Ok(answer) => answer.status().as_u16() == 429 || answer.status().is_server_error(),
                Err(_) => true,
            };
            if again && tries < AGAIN {
                tries += 1;
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2);
                continue;
            }
            let away = |source: reqwest::Error| LiveError::Away {
                gateway,
                source: source.without_url(),
            };
            let answer = answer.map_err(away)?;
            let status = answer.status();
            if status.as_u16() == 404 {
                return Ok(None);
            }
            if !status.is_success() {
                return Err(LiveError::Refused {
                    gateway,
                    status: status.as_str().to_owned(),
                    path: path.to_owned(),
                });
            }
            return answer.json().await.map(Some).map_err(away);
        }
    }
}

/// Everything but letters, digits and a few harmless signs by its number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
