//! What is true of the store on a file, beside what every store must do.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is a test, where a panic is how one fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod backup;
mod files;
mod gateways;
mod killed;
mod looking;
mod migrations;
mod tables;
mod times;
mod units;
