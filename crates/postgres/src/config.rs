use std::fmt;
use std::time::Duration;

use bayar_app::port::Source;
use thiserror::Error;

/// How to reach the server, and how long to wait for what.
#[derive(Clone)]
pub struct PgConfig {
    /// Where the server is: `postgres://user:password@host:port/database?sslmode=...`.
    ///
    /// `sslmode` is one of
    /// - `disable`: never encrypted. What is meant when the host is this machine;
    /// - `prefer`: encrypted when the server can;
    /// - `require`, `verify-ca`, `verify-full`: encrypted or not at all. What is meant for every other host.
    ///
    /// Wherever a connection is encrypted, the certificate of the server is verified and its host name as well:
    /// against the roots this system trusts, or those in the PEM file that `sslrootcert` names.
    pub url: String,
    /// How many connections there are at most. Beyond 16, requests wait for the server instead of for a connection.
    pub pool_size: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long to wait for a connection while all of them are in use.
    pub wait_timeout: Duration,
    /// How long the server may work on one statement.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a row that somebody else holds.
    pub lock_timeout: Duration,
}

impl PgConfig {
    /// The server at `url`, with 12 connections that are made within 5 s and waited for 3 s,
    /// statements of 10 s at most, and locks waited for 3 s.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 12,
            connect_timeout: Duration::from_secs(5),
            wait_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(3),
        }
    }
}

impl fmt::Debug for PgConfig {
    /// Without the URL: it holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgConfig")
            .field("pool_size", &self.pool_size)
            .field("connect_timeout", &self.connect_timeout)
            .field("wait_timeout", &self.wait_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

/// A configuration that no store can be made of. No message holds the URL or a part of it that could be secret.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The URL cannot be read.
    #[error("the database URL cannot be read")]
    Url(#[source] Source),
    /// It is no URL of a Postgres server.
    #[error("a database URL begins with postgres:// or postgresql://")]
    Scheme,
    /// It does not say where the server is.
    #[error("the database URL names no host")]
    NoHost,
    /// `sslmode` is none that is known.
    #[error("sslmode is `{0}`, and not one of disable, prefer, require, verify-ca and verify-full")]
    SslMode(String),
    /// The file that `sslrootcert` names cannot be read.
    #[error("the certificates in `{path}` cannot be read")]
    RootFile {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: Source,
    },
    /// There is nothing to verify a certificate against.
    #[error(
        "this system trusts no certificates: install them (on Debian, ca-certificates) or name a file with sslrootcert"
    )]
    NoRoots,
    /// The encryption cannot be set up.
    #[error("the encryption cannot be set up")]
    Tls(#[source] Source),
    /// There are no connections, or no time for anything.
    #[error("{0} must be above zero")]
    Zero(&'static str),
    /// Connections need a runtime to live on.
    #[error("there is no runtime that connections could live on")]
    NoRuntime,
    /// The pool cannot be made.
    #[error("the pool of connections cannot be made")]
    Pool(#[source] Source),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PgStore;

    #[test]
    fn no_text_shows_the_password() {
        for url in [
            "postgres://bayar:hush-hush@db.example/bayar?sslmode=hmm",
            "postgres://bayar:hush-hush@db.example/bayar?nothing=known",
            "postgres://bayar:hush-hush@db.example:port/bayar",
            "postgres://bayar:hush-hush@/bayar",
            "pgsql://bayar:hush-hush@db.example/bayar",
            "postgres://bayar:hush-hush@localhost/bayar",
        ] {
            let config = PgConfig::new(url);
            let made = PgStore::connect(&config);
            let reasons = match &made {
                Ok(_) => String::new(),
                Err(error) => crate::error::Chain(error).to_string(),
            };
            for text in [format!("{config:?}"), format!("{made:?}"), reasons] {
                assert!(!text.contains("hush"), "{text}");
            }
        }
    }
}
