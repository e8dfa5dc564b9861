//! The HTTP API, against the real application: every test starts a server on a database file of its own.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and what helps it too"
)]

mod bodies;
mod cors;
mod created;
mod credentials;
mod documents;
mod gone_clients;
mod idempotency;
mod key_owners;
mod key_places;
mod languages;
mod limits;
mod lists;
mod logins;
mod order_of_checks;
mod orders;
mod pages;
mod paying;
mod paying_fields;
mod payment_amounts;
mod payment_fields;
mod payments;
mod plumbing;
mod refund_fields;
mod registration_fields;
mod roles;
mod routes;
mod support;
mod webhooks;
