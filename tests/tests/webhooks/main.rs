//! Webhooks of the simulated gateways, with everything that happens to them on the way: payments complete by them
//! alone, nothing but what a gateway proves changes one, and no webhook that was taken in is ever lost.
//! Each case runs on Postgres and on SQLite.
//!
//! `docs/TESTING.md` says which fault each one is about.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod stage;

mod astray;
mod commands;
mod forged;
mod in_time;
mod killed;
mod museum;
mod store_away;
mod wrong_clock;
