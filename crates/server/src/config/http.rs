//! How requests come in.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use super::reader::{Parsed, Reader};
use super::values::{time, whole};
use super::{Network, WebOrigin, table};

/// How requests come in.
#[derive(Debug, Clone)]
pub struct Http {
    /// What to listen on.
    pub bind: SocketAddr,
    /// How browsers and gateways reach this service, when it was set.
    pub public_url: Option<WebOrigin>,
    /// The reverse proxies that are believed about the address of a caller.
    pub trusted_proxies: Vec<Network>,
    /// The web sites whose pages may call the API.
    pub cors_origins: Vec<WebOrigin>,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How long running requests may take after the program was told to stop.
    pub shutdown_timeout: Duration,
    /// How many threads serve requests.
    pub workers: NonZeroUsize,
}

impl Http {
    pub(super) fn read(reader: &mut Reader<'_>, public_url: Option<WebOrigin>) -> Option<Self> {
        let bind = reader.value(&table::BIND_ADDRESS, bind_address);
        let trusted_proxies = reader.list(&table::TRUSTED_PROXIES, Network::parse);
        let cors_origins = reader.list(&table::CORS_ORIGINS, cors_origin);
        let longest = Duration::from_mins(10);
        let request_timeout = reader.value(
            &table::REQUEST_TIMEOUT,
            time(Duration::from_millis(100)..=longest),
        );
        let shutdown_timeout =
            reader.value(&table::SHUTDOWN_TIMEOUT, time(Duration::ZERO..=longest));
        let workers = reader.value(&table::HTTP_WORKERS, workers);

        let workers =
            workers.unwrap_or_else(|| available_parallelism().unwrap_or(NonZeroUsize::MIN));
        reader.show_default(&table::HTTP_WORKERS, workers);
        if let Some(bind) = bind {
            reader.show_default(&table::PUBLIC_URL, WebOrigin::localhost(bind.port()));
        }
        Some(Self {
            bind: bind?,
            public_url,
            trusted_proxies: trusted_proxies.unwrap_or_default(),
            cors_origins: cors_origins.unwrap_or_default(),
            request_timeout: request_timeout?,
            shutdown_timeout: shutdown_timeout?,
            workers,
        })
    }

    /// How this service is reached, given the port it listens on:
    /// port 0 in the address means one that is known only later.
    #[must_use]
    pub fn public_url(&self, port: u16) -> WebOrigin {
        let given = self.public_url.clone();
        given.unwrap_or_else(|| WebOrigin::localhost(port))
    }
}

fn bind_address(text: &str) -> Parsed<SocketAddr> {
    text.parse().map_err(|_| {
        "is not an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned()
    })
}

fn cors_origin(text: &str) -> Parsed<WebOrigin> {
    if text == "*" {
        return Err(
            "would let the pages of every web site call the API for their visitors; \
             list the sites that may, such as https://shop.example.com"
                .to_owned(),
        );
    }
    WebOrigin::parse(text)
}

fn workers(text: &str) -> Parsed<NonZeroUsize> {
    let number = whole(1..=1_024)(text)?;
    NonZeroUsize::new(number).ok_or_else(|| "is zero".to_owned())
}
