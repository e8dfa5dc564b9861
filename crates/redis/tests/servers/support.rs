//! What the tests share.

use std::sync::Once;
use std::time::Duration;

use bayar_app::port::store::{
    IdempotencyKey, Installation, KeyOwner, KeyScope, RequestHash, Route, StoredAnswer,
};
use bayar_app::port::{CacheKey, IdempotencyCache, LockToken, Locks, Quota, RateLimits, Vault};
use bayar_domain::PaymentId;
use bayar_redis::{RedisConfig, RedisHelpers};
use bayar_testkit::contract::away;
use bayar_testkit::random::SeededRandom;
use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, sleep};

pub const TTL: Duration = Duration::from_secs(60);
pub const QUOTA: Quota = Quota {
    limit: 3,
    window: TTL,
};

/// Long enough that a busy machine is not taken for a Redis that is away.
pub const PATIENCE: Duration = Duration::from_secs(10);
const BOUND: Duration = Duration::from_secs(30);

pub async fn connect(url: &str) -> RedisHelpers {
    connect_with(url, PATIENCE).await
}

/// Up, also on a machine that is too busy for the first attempt.
pub async fn connect_up(url: &str, command_timeout: Duration) -> RedisHelpers {
    let helpers = connect_with(url, command_timeout).await;
    eventually("redis is found", async || helpers.is_up()).await;
    helpers
}

pub async fn connect_with(url: &str, command_timeout: Duration) -> RedisHelpers {
    let config = RedisConfig {
        command_timeout,
        ..RedisConfig::new(url)
    };
    open(&config).await
}

/// Every test connects by this, those that read the log and those that do not.
pub async fn open(config: &RedisConfig) -> RedisHelpers {
    let_every_line_be_heard();
    RedisHelpers::connect(config).await.unwrap()
}

/// Sees to it that a line is told to whoever listens, whichever test came by its place in the program first.
///
/// `tracing` asks once, at the first line from a place, whether anybody wants to hear of it, and remembers the answer
/// for all threads until the next subscriber comes. While there is one subscriber only, it asks the one of the thread
/// that it is in: of a test that does not listen that is nobody, and from then on the test next to it, which does,
/// hears nothing. Where every thread has a subscriber that wants what the listening ones want, the answer is the same
/// in all of them. It has to be there before the first line: an answer may be on its way while a subscriber comes.
fn let_every_line_be_heard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let nowhere = tracing_subscriber::fmt().with_writer(std::io::sink);
        tracing::subscriber::set_global_default(nowhere.finish()).unwrap();
    });
}

/// A connection of the test's own, to look behind the scene.
pub async fn look(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Waits until `holds`, and fails when that takes too long.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < BOUND, "never: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

pub async fn everything_is_away(helpers: &RedisHelpers) {
    assert!(!helpers.is_up());
    away::locks_are_away(helpers).await;
    away::the_cache_is_away(helpers).await;
    away::the_limits_are_away(helpers).await;
    away::the_vault_is_away(helpers).await;
}

/// Everything works, on names of its own.
pub async fn everything_works(helpers: &RedisHelpers, names: &str) {
    assert!(helpers.is_up());
    let token = token(1);
    assert!(helpers.take(names, &token, TTL).await.unwrap());
    assert!(helpers.release(names, &token).await.unwrap());
    let key = key(names);
    IdempotencyCache::put(helpers, &key, &answer(), TTL)
        .await
        .unwrap();
    let cached = IdempotencyCache::get(helpers, &key).await.unwrap();
    assert_eq!(cached, Some(answer()));
    helpers.forget(&[key]).await.unwrap();
    let counted = format!("{names}:counted");
    assert!(helpers.spend(&counted, QUOTA).await.unwrap().allowed);
    helpers.give_back(&counted, QUOTA).await.unwrap();
    let kept = format!("{names}:kept");
    Vault::put(helpers, &kept, b"sealed", TTL).await.unwrap();
    let sealed = Vault::get(helpers, &kept).await.unwrap();
    assert_eq!(sealed.as_deref(), Some(b"sealed".as_slice()));
    helpers.remove(&kept).await.unwrap();
}

pub fn token(seed: u64) -> LockToken {
    LockToken::draw(&SeededRandom::new(seed))
}

pub fn key(name: &str) -> CacheKey {
    let scope = KeyScope {
        owner: KeyOwner::User(7.try_into().unwrap()),
        route: Route::CreatePayment,
        key: IdempotencyKey::new(name).unwrap(),
    };
    CacheKey::new(&Installation::new("installation1").unwrap(), &scope)
}

pub fn answer() -> StoredAnswer {
    StoredAnswer {
        request: RequestHash::of(&["order"]),
        payment: PaymentId::new(100).unwrap(),
        body: br#"{"payment_id":100}"#.to_vec(),
    }
}
