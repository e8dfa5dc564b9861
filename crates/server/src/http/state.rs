use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::Random;
use bayar_app::{App, Trouble};

use super::problem::{Code, Problem};

/// What every handler has at hand.
pub struct State {
    /// The use cases.
    pub app: Arc<App>,
    /// Whose word about the caller's address is taken.
    pub trusted_proxies: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Writes the metrics down.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether the shared cache is there; nothing when none is set up.
    pub redis_is_up: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    /// For request ids, and keys of those who bring none.
    pub random: Arc<dyn Random>,
}

impl State {
    /// Waits for what goes on by itself when nobody waits any more, as long as there is still time to say so;
    /// nothing when it is not done by then.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let patience = self
            .request_timeout
            .saturating_sub(self.request_timeout / 5);
        tokio::time::timeout(patience, work).await.ok()
    }

    /// A random word of 32 hexadecimal digits.
    pub(super) fn random_word(&self) -> String {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        hex::encode(bytes)
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match &trouble {
            Trouble::Unavailable(_) => {
                tracing::warn!(error = chain(&trouble), "a request found no store");
                Self::new(Code::ServiceUnavailable).retry_after(1)
            }
            Trouble::InProgress => Self::new(Code::PaymentInProgress).retry_after(1),
            Trouble::Fault(_) => {
                tracing::error!(error = chain(&trouble), "a request found a fault");
                Self::new(Code::InternalError)
            }
        }
    }
}

/// An error with all that led to it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
