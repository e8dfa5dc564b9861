//! The servers that tests run against: a database of one's own on the shared Postgres server,
//! a Postgres or a Redis of one's own that can be stopped, and a proxy that loses connections.
//!
//! `scripts/with-servers` starts the shared servers and says by environment variables where they are.
//! A test that cannot have its server panics and says why: it is never skipped.

mod fresh_database;
mod port;
mod private_postgres;
mod private_redis;
mod proxy;

pub use fresh_database::FreshDatabase;
pub use private_postgres::{PrivatePostgres, give_away, succeed};
pub use private_redis::PrivateRedis;
pub use proxy::Proxy;

/// The URL of the shared Postgres server, of a role that may create databases.
#[must_use]
pub fn postgres_url() -> String {
    variable("BAYAR_TEST_POSTGRES_URL")
}

/// The URL of the shared Redis server. Other tests use it at the same time.
#[must_use]
pub fn redis_url() -> String {
    variable("BAYAR_TEST_REDIS_URL")
}

fn variable(name: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the servers are started outside of the test"
    )]
    let value = std::env::var(name);
    value.unwrap_or_else(|_| {
        panic!("{name} is not set: run `make test`, or `scripts/with-servers cargo test ...`")
    })
}
