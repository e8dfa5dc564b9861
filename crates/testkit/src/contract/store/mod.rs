//! What every store MUST do.

pub mod api_keys;
pub mod attempts;
pub mod calls;
pub mod captures;
mod checkouts;
pub mod facts;
pub mod ids;
pub mod inbox;
pub mod jobs;
pub mod keys;
pub mod leases;
pub mod lists;
pub mod opening;
pub mod orders;
pub mod prices;
pub mod racing;
pub mod refund_papers;
pub mod refund_records;
pub mod refunds;
pub mod restoring;
pub mod schedule;
pub mod settling;
mod steps;
pub mod surveys;
pub mod units;
pub mod upkeep;
pub mod users;
pub mod work;

/// One test for each case of the suite of [`Store`](bayar_app::port::Store).
///
/// Takes the name of an `async fn` beside it that answers something that implements
/// [`StoreFixture`](crate::contract::StoreFixture).
#[macro_export]
macro_rules! store_contract {
    ($fresh:ident) => {
        $crate::order_cases!($fresh);
        $crate::price_cases!($fresh);
        $crate::id_cases!($fresh);
        $crate::opening_cases!($fresh);
        $crate::racing_cases!($fresh);
        $crate::key_cases!($fresh);
        $crate::survey_cases!($fresh);
        $crate::list_cases!($fresh);
        $crate::unit_cases!($fresh);
        $crate::settling_cases!($fresh);
        $crate::attempt_cases!($fresh);
        $crate::call_cases!($fresh);
        $crate::lease_cases!($fresh);
        $crate::inbox_cases!($fresh);
        $crate::fact_cases!($fresh);
        $crate::capture_cases!($fresh);
        $crate::refund_cases!($fresh);
        $crate::refund_record_cases!($fresh);
        $crate::refund_paper_cases!($fresh);
        $crate::job_cases!($fresh);
        $crate::work_cases!($fresh);
        $crate::schedule_cases!($fresh);
        $crate::user_cases!($fresh);
        $crate::api_key_cases!($fresh);
        $crate::upkeep_cases!($fresh);
        $crate::restoring_cases!($fresh);
    };
}
