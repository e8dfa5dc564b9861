//! Refunds as people meet them: an operator and an application over HTTP, and an operator at the command line,
//! with the real program and the simulated gateways. Each case runs on Postgres and on SQLite.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../paying/stage.rs"]
#[allow(dead_code, reason = "some of it is for tests about paying only")]
mod stage;

mod commands;
mod doors;
mod killed;
