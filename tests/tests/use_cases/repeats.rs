//! A repeat is told where its payment stands, whatever the cache remembers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::Created;
use bayar_app::port::store::StoredAnswer;
use bayar_app::port::{Away, CacheKey, IdempotencyCache};
use bayar_domain::PaymentStatus;
use bayar_embedded::LocalCache;
use bayar_testkit::clock::ManualClock;
use bayar_testkit::faults::Operation;

use crate::stage::{Stage, body_of, new_payment, owner};

/// A cache that does not hear when it is told to forget: a replica that lags behind, or a message that is lost.
struct LaggingCache {
    cache: LocalCache,
    /// How often it remembered an answer.
    hits: AtomicU32,
}

#[async_trait]
impl IdempotencyCache for LaggingCache {
    async fn get(&self, key: &CacheKey) -> Result<Option<StoredAnswer>, Away> {
        let found = self.cache.get(key).await?;
        self.hits.fetch_add(u32::from(found.is_some()), Relaxed);
        Ok(found)
    }

    async fn put(&self, key: &CacheKey, answer: &StoredAnswer, ttl: Duration) -> Result<(), Away> {
        self.cache.put(key, answer, ttl).await
    }

    async fn forget(&self, _: &[CacheKey]) -> Result<(), Away> {
        Err(Away("the message is lost".into()))
    }
}

#[tokio::test]
async fn a_repeat_after_a_cancel_is_told_what_the_store_knows_and_not_what_the_cache_does() {
    let cache = Arc::new(LaggingCache {
        cache: LocalCache::new(Arc::new(ManualClock::default())),
        hits: AtomicU32::new(0),
    });
    let lagging = Arc::clone(&cache);
    let stage = Stage::with(|wanted| wanted.cache = lagging).await;
    let order = stage.order().await;
    let payment = new_payment(stage.pay(&order, "k-1").await);
    let looks = stage.store.calls(Operation::Survey);
    let told = |status| Created::Again {
        payment,
        status,
        body: body_of(payment),
    };

    let before = stage.pay(&order, "k-1").await.unwrap();
    assert_eq!(before, told(PaymentStatus::Pending));
    let cancelled = stage.app.cancel_payment(&owner(&order), payment).await;
    assert!(cancelled.is_ok(), "{cancelled:?}");

    let after = stage.pay(&order, "k-1").await.unwrap();
    assert_eq!(after, told(PaymentStatus::Cancelled));
    // It was the cache that remembered the answer, both times, and one look told the rest.
    assert_eq!(cache.hits.load(Relaxed), 2);
    assert_eq!(stage.store.calls(Operation::Survey), looks + 2);
}

#[tokio::test]
async fn a_repeat_that_the_cache_has_forgotten_is_told_the_same() {
    let stage = Stage::new().await;
    let order = stage.order().await;
    let payment = new_payment(stage.pay(&order, "k-1").await);
    let cancelled = stage.app.cancel_payment(&owner(&order), payment).await;
    assert!(cancelled.is_ok(), "{cancelled:?}");
    let looks = stage.store.calls(Operation::Survey);

    let after = stage.pay(&order, "k-1").await.unwrap();

    let told = Created::Again {
        payment,
        status: PaymentStatus::Cancelled,
        body: body_of(payment),
    };
    assert_eq!(after, told);
    assert_eq!(stage.store.calls(Operation::Survey), looks + 1);
}
