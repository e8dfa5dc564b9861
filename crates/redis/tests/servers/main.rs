//! What becomes of the calls when Redis is away, stalls, forgets, holds garbage, refuses, or speaks TLS.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod away;
mod garbage;
mod load;
mod refusal;
mod stall;
mod support;
mod telling;
mod tls;
