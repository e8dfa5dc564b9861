//! The simulated gateways, driven over HTTP: they do what the real ones are documented to do.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod client;
mod midtrans_refunds;
mod midtrans_snap;
mod midtrans_transactions;
mod sink;
mod stripe_events;
mod stripe_idempotency;
mod stripe_payments;
mod stripe_refunds;
mod stripe_sessions;
mod the_book;
mod the_faults;
mod the_pages;
mod the_time;
mod webhooks_and_retries;
mod webhooks_gone_wrong;
