//! The private servers, and what the tests use to disturb them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod fresh_database;
mod private_postgres;
mod private_redis;
mod proxy;
mod support;
mod with_servers;
