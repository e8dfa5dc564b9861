//! A database is restored to a copy that was made some time ago, while people paid. What the gateways know comes back:
//! every payment that was captured, by the auditor's count. Each case runs on Postgres and on SQLite.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod acts;
mod copies;
mod drill;
mod late;
mod trouble;
