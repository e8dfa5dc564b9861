//! The auditor is held to account: whatever is made wrong on purpose it finds and names, and where nothing is wrong it
//! says nothing.
//!
//! `corruptions` plays a few orders with the program and the simulated gateways, on each store, and then spoils one
//! thing after the other. `runs` plays many orders at random and spoils nothing.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod commands;
mod corruptions;
mod door;
mod pages;
mod play;
mod returns;
mod runs;
mod scenario;
mod setup;
mod spoiling;
