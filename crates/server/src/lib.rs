//! A payment service in front of Stripe and Midtrans: HTTP, commands, configuration, wiring.
//!
//! The handlers decode, call one use case of `bayar-app`, and encode. Only `wiring.rs` names an adapter.

pub mod cli;
pub mod config;
pub mod http;
pub mod language;
pub mod messages;
pub mod secrets;
pub mod serve;
pub mod system;
pub mod telemetry;
pub mod wiring;
