//! Refunds as people meet them: an operator and an application over HTTP, and an operator at the command line,
//! with the real program and the simulated gateways. Each case runs on Postgres and on SQLite.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod commands;
mod doors;
mod killed;
