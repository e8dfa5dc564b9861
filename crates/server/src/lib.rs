//! A payment service in front of Stripe and Midtrans: HTTP, commands, configuration, wiring.
//!
//! The handlers decode, call one use case of `bayar-app`, and encode. Only `wiring.rs` names an adapter.

pub mod cli;
pub mod config;
mod http;
mod language;
mod messages;
mod secrets;
pub mod serve;
mod system;
pub mod telemetry;
pub mod wiring;

pub use http::openapi;

/// What a fuzzer throws rubbish at, and nobody else calls.
#[doc(hidden)]
pub mod for_fuzzing {
    pub use crate::http::form::{amount_in_json, amount_in_urlencoded};
}
