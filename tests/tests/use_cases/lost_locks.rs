//! The lock of an order is freed by whoever may have taken it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::{Away, LockToken, Locks};
use bayar_embedded::LocalLocks;
use bayar_testkit::clock::ManualClock;
use bayar_testkit::random::SeededRandom;

use crate::stage::{Stage, new_payment};

/// Locks that take what they are asked for, and whose answer to that is lost.
struct LostAnswers {
    locks: LocalLocks,
    taken: Mutex<Vec<String>>,
}

#[async_trait]
impl Locks for LostAnswers {
    async fn take(&self, name: &str, token: &LockToken, ttl: Duration) -> Result<bool, Away> {
        if self.locks.take(name, token, ttl).await? {
            self.taken.lock().unwrap().push(name.to_owned());
        }
        Err(Away("the answer is lost".into()))
    }

    async fn release(&self, name: &str, token: &LockToken) -> Result<bool, Away> {
        self.locks.release(name, token).await
    }
}

#[tokio::test]
async fn a_lock_whose_answer_was_lost_is_free_when_the_payment_is_made() {
    let locks = Arc::new(LostAnswers {
        // Its clock stands still: no lock is freed by its time.
        locks: LocalLocks::new(Arc::new(ManualClock::default())),
        taken: Mutex::default(),
    });
    let stage = Stage::with(|wanted| wanted.locks = locks.clone()).await;
    let order = stage.order().await;

    new_payment(stage.pay(&order, "k-1").await);

    let taken = locks.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 1, "{taken:?}");
    for name in taken {
        let somebody = LockToken::draw(&SeededRandom::new(2));
        let free = locks.locks.take(&name, &somebody, Duration::from_secs(5));
        assert!(free.await.unwrap(), "{name} is still held");
    }
}
