//! What every store MUST do, on Postgres.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use support::Fixture;

async fn fresh() -> Fixture {
    Fixture::new().await
}

bayar_testkit::store_contract!(fresh);
