//! The adapter against a server that says what each test wants it to say.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod account;
mod answers;
mod fixtures;
mod lists;
mod opening;
mod reading;
mod returning;
mod secrecy;
mod server;
mod taken_back;
mod unclear;
