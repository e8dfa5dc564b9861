//! Fakes, builders, a movable clock, contract suites and private servers, for tests.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this crate is for tests, where a panic is how one fails"
)]

pub mod away;
pub mod builders;
pub mod clock;
pub mod contract;
pub mod faults;
pub mod random;
pub mod servers;
pub mod without;
