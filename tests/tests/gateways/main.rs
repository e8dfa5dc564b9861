//! What every gateway must do, done by our adapters against the simulator.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod clock;
mod midtrans;
mod stripe;
mod trouble;
