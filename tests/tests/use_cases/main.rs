//! Use cases on a store, a cache and locks that fail when they are told to: what is answered, and what is left.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod books;
mod intake;
mod lost_locks;
mod repeats;
mod stage;
mod unsure_writes;
