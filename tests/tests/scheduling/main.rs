//! Payments complete when nobody presses a button: due work, the schedule, and the commands around them, at the
//! simulated gateways, with everything that goes wrong. Each case runs on Postgres and on SQLite.
//!
//! Time is moved by making jobs due, and leases of the dead over: what counts is the clock of the store.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod book;
mod clocks;
mod commands;
mod for_ever;
mod killed;
mod lost;
mod moments;
mod overdue;
mod restored;
mod side_by_side;
mod trouble;
