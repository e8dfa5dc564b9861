//! One suite of cases for each port: what its documentation says every implementation MUST do.
//!
//! An adapter's `tests/contract.rs` says how a fresh port is made, and expands the suite into tests:
//!
//! ```text
//! use bayar_testkit::store_contract;
//!
//! async fn fresh() -> TestDatabase { .. } // implements StoreFixture
//!
//! store_contract!(fresh);
//! ```
//!
//! Each case is one test with a runtime of its own and a fixture of its own. It is told what it may do to the world
//! by [`StoreFixture`] or [`Fixture`]; everything else goes through the port.

pub mod away;
pub mod cache;
pub mod gateway;
pub mod limits;
pub mod locks;
pub mod store;
#[cfg(test)]
mod tests;
pub mod vault;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::Store;
use chrono::TimeDelta;

/// A fresh store, for one case. What it holds open ends when it is dropped.
#[async_trait]
pub trait StoreFixture: Send + Sync {
    /// The store: its tables are there, and nobody wrote into them.
    fn store(&self) -> Arc<dyn Store>;

    /// The same tables, opened once more as a second process opens them.
    async fn beside(&self) -> Arc<dyn Store>;

    /// What stands in the tables: the first column, as text, of what a query in the SQL of every store finds.
    /// It is asked where a port keeps something that only another part of the store reads, and it may change what
    /// stands there and answer with that, as no part of the store would.
    async fn texts(&self, query: &str) -> Vec<String>;

    /// Moves the clock of the store, for all that have it open.
    async fn shift_clock(&self, by: TimeDelta);
}

/// A fresh helper, for one case. What it holds open ends when it is dropped.
///
/// `P` is `dyn Locks`, `dyn IdempotencyCache`, `dyn RateLimits` or `dyn Vault`.
#[async_trait]
pub trait Fixture<P: ?Sized>: Send + Sync {
    /// The port, with nothing in it.
    fn port(&self) -> Arc<P>;

    /// Lets `time` pass, as the port sees it: moves its clock, or waits.
    async fn pass(&self, time: Duration);
}

/// What nobody has to wait for is there by then, even on a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A case that waits for what never happens fails, and does not hang.
#[doc(hidden)]
pub async fn in_time(case: impl Future<Output = ()>) {
    const AT_MOST: Duration = Duration::from_secs(180);
    let done = tokio::time::timeout(AT_MOST, case).await;
    done.expect("the case did not come to an end");
}

/// Each byte there is, once.
fn every_byte() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

/// A test for each case of a module that is called `cases`.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($fresh:ident: $($case:ident,)+) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let fixture = super::$fresh().await;
            $crate::contract::in_time(cases::$case(&fixture)).await;
        }
    )+ };
}
