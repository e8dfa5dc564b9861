//! The crash matrix: every operation that moves money, stopped at every point of it, in every way, at both gateways.
//!
//! Each cell runs on the real program, with two processes on one Postgres and a simulated gateway. One of them is
//! stopped; the other one is asked to refresh, and asked for the same again. Then the state has to be the truth by the
//! gateway's own book, the client has to get the one result, and the auditor has to find nothing.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod cells;
mod lane;
mod places;
mod play;
mod run;
mod subject;
mod table;
