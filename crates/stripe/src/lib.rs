//! The gateway port on Stripe: hosted checkout sessions.
//!
//! [`StripeGateway`] knows Stripe's words and nothing of our rules. It never decides what a payment becomes:
//! it sends what is written down, and tells what Stripe's book holds.
//!
//! Requests are put together by the types of async-stripe, so that a parameter which Stripe does not have
//! does not compile, and sent as that crate's serializer wrote them. Answers are read by small types of our own
//! (`objects`) that hold just what is needed: async-stripe refuses a whole answer because of one missing field
//! that nobody asked for, and an answer that says where money is must never be lost like that.
//!
//! For the same reason its client trait is not implemented: the one way through it is `send`, which parses an answer
//! whole or not at all and drops the bytes that do not fit. Its own clients are not used, either: they send once
//! under a key of ours, and try again only under a key that they draw.

mod amount;
mod client;
mod config;
mod gateway;
mod lists;
mod names;
mod objects;
mod pages;
mod reading;
mod requests;
pub mod webhook;

pub use config::{InvalidStripeConfig, Retries, StripeConfig, Timeouts};
pub use gateway::StripeGateway;

/// What a fuzzer throws rubbish at, and nobody else calls.
#[doc(hidden)]
pub mod for_fuzzing {
    pub use crate::amount::{from_stripe, to_stripe};
}
