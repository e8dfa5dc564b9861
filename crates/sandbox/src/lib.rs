//! Everything to try Bayar with: a demonstration with people and orders in it, and simulated gateways.
//!
//! The demonstration stands on what the server offers to everybody and knows no adapter.
//! The simulated gateways in [`sim`] share no code with the service.

pub mod audit;
pub mod demo;
pub mod sim;
