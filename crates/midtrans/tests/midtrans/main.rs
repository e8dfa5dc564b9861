//! The adapter against a server that answers what a test has written down.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod answering;
mod checking;
mod closing;
mod opening;
mod reading;
mod refunding;
mod secrecy;
mod speaking;
mod support;
