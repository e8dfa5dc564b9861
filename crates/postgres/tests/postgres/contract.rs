//! What every store MUST do, on Postgres.

use crate::support::Fixture;

async fn fresh() -> Fixture {
    Fixture::new().await
}

bayar_testkit::store_contract!(fresh);
