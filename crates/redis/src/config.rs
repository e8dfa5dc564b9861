use std::fmt;
use std::time::Duration;

use deadpool_redis::{Manager, Pool, Runtime};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisError, TlsCertificates,
};
use rustls::crypto::{CryptoProvider, ring};
use thiserror::Error;

/// The connection in use, and one that takes its place while the last calls leave it.
const CONNECTIONS: usize = 2;

/// Where Redis is, and how long it is waited for.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS.
    pub url: String,
    /// The certificates, in PEM, that the server's must descend from.
    /// Without them: the public authorities. They matter with TLS only.
    pub authorities: Option<Vec<u8>>,
    /// How long a command may take.
    pub command_timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
}

impl RedisConfig {
    /// A tenth of a second for a command, a second for connecting, and the public authorities.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            authorities: None,
            command_timeout: Duration::from_millis(100),
            connect_timeout: Duration::from_secs(1),
        }
    }

    /// What makes, bounds and checks connections. It opens none before it is asked.
    pub(crate) fn pool(&self) -> Result<Pool, InvalidRedisConfig> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(None); // the line has its own
        let manager = Manager::new_with_config(self.connection()?, settings)
            .map_err(InvalidRedisConfig::Url)?;
        Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(self.connect_timeout))
            .create_timeout(Some(self.connect_timeout))
            .recycle_timeout(Some(self.command_timeout))
            .build()
            .map_err(|_| InvalidRedisConfig::Pool)
    }

    fn connection(&self) -> Result<ConnectionInfo, InvalidRedisConfig> {
        let mut client = Client::open(self.url.as_str()).map_err(InvalidRedisConfig::Url)?;
        if let ConnectionAddr::TcpTls { insecure, .. } = client.get_connection_info().addr() {
            if *insecure {
                return Err(InvalidRedisConfig::Unchecked);
            }
            choose_cryptography();
            if let Some(authorities) = &self.authorities {
                let certificates = TlsCertificates {
                    client_tls: None,
                    root_cert: Some(authorities.clone()),
                };
                client = Client::build_with_tls(self.url.as_str(), certificates)
                    .map_err(InvalidRedisConfig::Authorities)?;
            }
        }
        let connection = client.get_connection_info().clone();
        // Commands are small: without this, one waits for the acknowledgement of the one before.
        let socket = connection.tcp_settings().clone().set_nodelay(true);
        Ok(connection.set_tcp_settings(socket))
    }
}

/// The TLS library refuses to guess when a build holds several implementations of its cryptography.
fn choose_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // An error says that another thread was quicker, and then there is one.
        let _ = ring::default_provider().install_default();
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("url", &"(hidden)") // it may hold a password
            .field("authorities", &self.authorities.is_some())
            .field("command_timeout", &self.command_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

/// Why a configuration cannot be used. Nothing of the URL is repeated: it may hold a password.
#[derive(Debug, Error)]
pub enum InvalidRedisConfig {
    /// The URL is not one of Redis.
    #[error("the URL is not redis://host or rediss://host")]
    Url(#[source] RedisError),
    /// The URL asks for TLS with anybody.
    #[error("the certificate of a server is always checked: the URL may not end in #insecure")]
    Unchecked,
    /// The certificates cannot be read.
    #[error("the certificates of the authorities are not in PEM")]
    Authorities(#[source] RedisError),
    /// The pool of connections cannot be made.
    #[error("the pool of connections cannot be made")]
    Pool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_urls_of_redis_are_taken() {
        for url in [
            "redis://127.0.0.1",
            "redis://127.0.0.1:6380/3",
            "redis://:p%40ss@cache.example.org:6379/0",
            "redis://user:pass@[::1]:6379",
            "rediss://cache.example.org",
        ] {
            assert!(RedisConfig::new(url).pool().is_ok(), "{url}");
        }
    }

    #[test]
    fn other_urls_are_refused_and_not_repeated() {
        for url in [
            "",
            "secret",
            "127.0.0.1:6379",
            "http://user:secret@127.0.0.1",
            "redis://",
            "redis://:secret@0.0.0.0",
            "redis://:secret@host:port",
            "redis://:secret@host/database",
            "redis://:secret/word@host",
            "rediss://:secret@host/#insecure",
            "rediss://:secret@host/#else",
        ] {
            let error = RedisConfig::new(url).pool().map(|_| ()).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("secret"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn authorities_that_are_none_are_refused() {
        let config = RedisConfig {
            authorities: Some(
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".to_vec(),
            ),
            ..RedisConfig::new("rediss://host")
        };
        assert!(matches!(
            config.pool(),
            Err(InvalidRedisConfig::Authorities(_))
        ));
    }

    #[test]
    fn a_password_is_not_shown() {
        let config = RedisConfig::new("redis://user:secret@host");
        assert!(!format!("{config:?}").contains("secret"));
    }
}
