//! How fast gateways are asked by those who can wait.
//!
//! Work that nobody waits for runs inside [`in_turn`]; whatever asks a gateway in there waits for its turn before
//! each request. Where nobody set a pace, people wait, and nothing is held back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bayar_domain::Gateway;
use tokio::time::Instant;

/// Gives turns to ask a gateway.
#[async_trait]
pub trait Turns: Send + Sync {
    /// Waits until the gateway may be asked once more.
    async fn next(&self, gateway: Gateway);
}

tokio::task_local! {
    static PACE: Pace;
}

#[derive(Clone)]
struct Pace {
    turns: Arc<dyn Turns>,
    waited: Arc<Mutex<Waited>>,
}

#[derive(Default)]
struct Waited {
    before: Duration,
    since: Option<Instant>,
}

/// Does something that has to wait for its turn before each request. A task that it spawns has no pace of its own.
pub async fn in_turn<F: Future>(turns: Arc<dyn Turns>, doing: F) -> F::Output {
    let waited = Arc::default();
    PACE.scope(Pace { turns, waited }, doing).await
}

/// Waits for the turn to send one request, where there is a pace. Answers how long that took.
///
/// Who speaks to a gateway MUST call it before each request, each repetition included.
pub async fn turn(gateway: Gateway) -> Duration {
    let Ok(pace) = PACE.try_with(Clone::clone) else {
        return Duration::ZERO;
    };
    let waiting = Waiting::begin(&pace.waited);
    pace.turns.next(gateway).await;
    waiting.since.elapsed()
}

/// How long has been waited for turns by now, this moment included: nobody is too slow who waits for a turn.
#[must_use]
pub fn waited() -> Duration {
    let waited = |pace: &Pace| {
        let waited = pace.waited.lock().unwrap_or_else(PoisonError::into_inner);
        let now = waited.since.map(|since| since.elapsed());
        waited.before.saturating_add(now.unwrap_or_default())
    };
    PACE.try_with(waited).unwrap_or_default()
}

/// Counts the time, also of a wait that is given up.
struct Waiting<'a> {
    waited: &'a Mutex<Waited>,
    since: Instant,
}

impl<'a> Waiting<'a> {
    fn begin(waited: &'a Mutex<Waited>) -> Self {
        let since = Instant::now();
        waited.lock().unwrap_or_else(PoisonError::into_inner).since = Some(since);
        Self { waited, since }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        waited.since = None;
        waited.before = waited.before.saturating_add(self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use tokio::sync::Semaphore;

    use super::*;

    /// Gives the turns that it was given.
    struct Given(Semaphore);

    #[async_trait]
    impl Turns for Given {
        async fn next(&self, _: Gateway) {
            self.0.acquire().await.unwrap().forget();
        }
    }

    /// Lets the shortest time pass that can be told from none.
    fn let_time_pass() {
        let before = Instant::now();
        while Instant::now() == before {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn work_waits_for_its_turn_and_its_wait_is_counted() {
        let turns = Arc::new(Given(Semaphore::new(0)));
        let asking = async {
            assert_eq!(waited(), Duration::ZERO);
            let giving = async {
                let_time_pass();
                turns.0.add_permits(1);
            };
            let (first, ()) = tokio::join!(turn(Gateway::Stripe), giving);
            assert!(first > Duration::ZERO);
            let whole = waited();
            assert!(whole >= first, "{whole:?}, {first:?}");
            let_time_pass();
            assert_eq!(waited(), whole);
        };
        in_turn(Arc::clone(&turns) as Arc<dyn Turns>, asking).await;
    }

    #[tokio::test]
    async fn a_wait_is_counted_while_it_lasts_and_when_it_is_given_up() {
        let asking = async {
            let lasting = {
                let mut turn = pin!(turn(Gateway::Stripe));
                assert!(poll!(&mut turn).is_pending());
                let begun = waited();
                let_time_pass();
                let lasting = waited();
                assert!(lasting > begun, "{lasting:?}, {begun:?}");
                lasting
            };
            let whole = waited();
            assert!(whole >= lasting, "{whole:?}, {lasting:?}");
            let_time_pass();
            assert_eq!(waited(), whole);
        };
        in_turn(Arc::new(Given(Semaphore::new(0))), asking).await;
    }

    #[tokio::test]
    async fn whom_people_wait_for_waits_for_no_turn() {
        assert_eq!(turn(Gateway::Stripe).await, Duration::ZERO);
        assert_eq!(waited(), Duration::ZERO);
    }
}
