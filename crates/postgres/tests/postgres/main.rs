//! The store on Postgres: what every store must do, and what is true of this one.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod connections;
mod contract;
mod gateways;
mod inbox;
mod migrations;
mod opening;
mod refunds;
mod rows;
mod support;
mod tls;
mod units;
