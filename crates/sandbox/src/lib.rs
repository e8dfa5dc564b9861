//! A demonstration of Bayar: the real server on a database file of its own, with people and orders in it.
//!
//! It stands on what the server offers to everybody and knows no adapter.

pub mod demo;
