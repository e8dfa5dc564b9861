//! Giving money back at the simulated gateways, with everything that goes wrong on the way: by the gateways' own book
//! never more goes back than came in, one wish is one refund, and every refund has its papers.
//! Each case runs on Postgres and on SQLite.
//!
//! The cases are named after what happens; `docs/TESTING.md` says which fault each one is about.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::inconsistent_digit_grouping,
    reason = "in minor units the last two digits stand apart: 5_000_00 is 5000.00"
)]

mod stage;

mod after_all;
mod anew;
mod by_hand;
mod credits;
mod doubt;
mod limits;
mod papers;
mod racing;
mod surplus;
mod unclear;
