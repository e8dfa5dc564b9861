//! Paying at the simulated gateways, with everything that goes wrong on the way: by the gateways' own book nobody is
//! charged twice, no payment stays stuck, and nothing paid is lost. Each case runs on Postgres and on SQLite.
//!
//! The cases are named after what happens; `docs/TESTING.md` says which fault each one is about.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bank;
mod buyer;
mod collisions;
mod coming_back;
mod doubts;
mod killed;
mod late_or_twice;
mod left_over;
mod museum;
mod no_room;
mod older;
mod operators;
mod shared;
mod switching;
mod two_tabs;
