//! The gateway port on Midtrans: Snap pages to pay on, the Core API to ask and to act.
//!
//! Midtrans has its own ideas, and this crate is the only one that knows them:
//! amounts are whole rupiah, times are those of Jakarta without saying so, the HTTP status is often 200 where
//! the body says otherwise, a page that nobody chose a method on is unknown to the Core API,
//! and a notification proves nothing but that somebody once had one.
//!
//! One attempt has one `order_id`: the key it was opened by. It is made of the installation and the attempt,
//! so that it can be told when the database has forgotten it. What carries it and our fields of that page is ours.
//!
//! It never moves money by itself, keeps nothing, and decides nothing: it reads and tells.

mod account;
mod answer;
mod close;
mod config;
mod fault;
mod gateway;
mod http;
mod names;
pub mod notification;
mod open;
mod read;
mod refund;
mod rupiah;
mod time;
mod wire;

pub use config::{MidtransConfig, Retries, SetupError, Timeouts};
pub use gateway::MidtransGateway;

/// What a fuzzer throws rubbish at, and nobody else calls.
#[doc(hidden)]
pub mod for_fuzzing {
    pub use crate::rupiah::{asked, read};
}
