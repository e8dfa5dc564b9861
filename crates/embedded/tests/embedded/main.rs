//! The contract suites of every port on what this crate makes of it, and what is true of a file beside.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is a test, where a panic is how one fails"
)]

mod backup;
mod common;
mod contract;
mod files;
mod gateways;
mod inbox;
mod killed;
mod looking;
mod migrations;
mod refunds;
mod tables;
mod times;
mod units;
mod without;
