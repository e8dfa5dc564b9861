//! What is left when the program dies, loses its database or its Redis, or is told to stop:
//! all of a payment or nothing of it, and the same request again finds the one payment.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod fail_points;
mod lost_connections;
mod redis_trouble;
mod shop;
mod starting;
mod stopping;
