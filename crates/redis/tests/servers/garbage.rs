//! Redis forgets everything, or holds what we never wrote.

use std::time::Duration;

use bayar_app::port::{IdempotencyCache, Locks, RateLimits, Vault};
use bayar_testkit::servers::PrivateRedis;
use redis::AsyncCommands;

use crate::support::{QUOTA, TTL, answer, connect, eventually, everything_works, key, look, token};

#[tokio::test]
async fn flushed_data_are_not_there_and_everything_works() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    assert!(helpers.take("order", &token(1), TTL).await.unwrap());
    IdempotencyCache::put(&helpers, &key("wish"), &answer(), TTL)
        .await
        .unwrap();
    Vault::put(&helpers, "kept", b"sealed", TTL).await.unwrap();
    for _ in 0..QUOTA.limit {
        assert!(helpers.spend("caller", QUOTA).await.unwrap().allowed);
    }
    let () = redis::cmd("FLUSHALL")
        .query_async(&mut redis)
        .await
        .unwrap();
    assert!(!helpers.release("order", &token(1)).await.unwrap());
    assert_eq!(
        IdempotencyCache::get(&helpers, &key("wish")).await.unwrap(),
        None
    );
    assert_eq!(Vault::get(&helpers, "kept").await.unwrap(), None);
    assert!(helpers.spend("caller", QUOTA).await.unwrap().allowed);
    everything_works(&helpers, "after").await;
}

#[tokio::test]
async fn a_forgotten_script_is_sent_again() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    for round in 0..3 {
        let () = redis::cmd("SCRIPT")
            .arg("FLUSH")
            .query_async(&mut redis)
            .await
            .unwrap();
        everything_works(&helpers, &format!("round {round}")).await;
    }
}

#[tokio::test]
async fn garbage_in_the_cache_is_a_miss_and_is_removed() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let key = key("wish");
    let garbage = [
        &b""[..],
        b"\x01",
        b"{\"json\":true}",
        &[1; 40],
        &[0; 100],
        &[255; 100],
    ];
    for bytes in garbage {
        let () = redis.set(key.as_str(), bytes).await.unwrap();
        assert_eq!(IdempotencyCache::get(&helpers, &key).await.unwrap(), None);
        eventually("the garbage is removed", async || {
            !exists(&mut redis, key.as_str()).await
        })
        .await;
    }
}

#[tokio::test]
async fn another_type_in_the_cache_is_a_miss_and_is_removed() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let key = key("wish");
    let () = redis.rpush(key.as_str(), "item").await.unwrap();
    assert_eq!(IdempotencyCache::get(&helpers, &key).await.unwrap(), None);
    eventually("the list is removed", async || {
        !exists(&mut redis, key.as_str()).await
    })
    .await;
    assert!(helpers.is_up());
}

#[tokio::test]
async fn an_answer_replaces_another_type() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let key = key("wish");
    let () = redis.rpush(key.as_str(), "item").await.unwrap();
    IdempotencyCache::put(&helpers, &key, &answer(), TTL)
        .await
        .unwrap();
    assert_eq!(
        IdempotencyCache::get(&helpers, &key).await.unwrap(),
        Some(answer())
    );
}

#[tokio::test]
async fn another_type_in_the_vault_is_not_there_and_is_replaced() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let () = redis.rpush("kept", "item").await.unwrap();
    assert_eq!(Vault::get(&helpers, "kept").await.unwrap(), None);
    Vault::put(&helpers, "kept", b"sealed", TTL).await.unwrap();
    let sealed = Vault::get(&helpers, "kept").await.unwrap();
    assert_eq!(sealed.as_deref(), Some(b"sealed".as_slice()));
}

#[tokio::test]
async fn a_lock_under_another_type_is_held_by_somebody_else() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let () = redis.rpush("order", token(1).as_str()).await.unwrap();
    assert!(!helpers.take("order", &token(1), TTL).await.unwrap());
    assert!(!helpers.release("order", &token(1)).await.unwrap());
    assert!(exists(&mut redis, "order").await);
}

#[tokio::test]
async fn what_is_not_a_count_is_replaced_by_one() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let garbage = [
        "",
        "many",
        "-5",
        "1.5",
        "1e3",
        "007",
        " 7",
        "99999999999999999999",
    ];
    for text in garbage {
        let () = redis.set("caller", text).await.unwrap();
        helpers.give_back("caller", QUOTA).await.unwrap();
        for remaining in [2, 1, 0] {
            let spent = helpers.spend("caller", QUOTA).await.unwrap();
            assert!(spent.allowed, "{text:?}");
            assert_eq!(spent.remaining, remaining, "{text:?}");
        }
        assert!(
            !helpers.spend("caller", QUOTA).await.unwrap().allowed,
            "{text:?}"
        );
    }
    let () = redis.del("caller").await.unwrap();
    let () = redis.rpush("caller", "item").await.unwrap();
    helpers.give_back("caller", QUOTA).await.unwrap();
    assert_eq!(helpers.spend("caller", QUOTA).await.unwrap().remaining, 2);
}

#[tokio::test]
async fn a_count_without_an_end_gets_one_and_keeps_its_units() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    for (spent, allowed) in [(1, true), (2, true), (3, false), (4_000_000_000_u64, false)] {
        let () = redis.set("caller", spent).await.unwrap();
        let answer = helpers.spend("caller", QUOTA).await.unwrap();
        assert_eq!(answer.allowed, allowed, "after {spent}");
        assert_eq!(answer.resets_in, QUOTA.window, "after {spent}");
        let left: i64 = redis.pttl("caller").await.unwrap();
        assert!((1..=60_000).contains(&left), "{left} ms left");
    }
}

#[tokio::test]
async fn a_window_that_is_too_long_is_cut() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let () = redis.pset_ex("caller", 3, 86_400_000).await.unwrap();
    let answer = helpers.spend("caller", QUOTA).await.unwrap();
    assert!(!answer.allowed);
    assert_eq!(answer.resets_in, QUOTA.window);
}

#[tokio::test]
async fn nothing_is_kept_without_an_end() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    helpers.take("order", &token(1), TTL).await.unwrap();
    IdempotencyCache::put(&helpers, &key("wish"), &answer(), TTL)
        .await
        .unwrap();
    Vault::put(&helpers, "kept", b"sealed", TTL).await.unwrap();
    helpers.spend("caller", QUOTA).await.unwrap();
    helpers.give_back("caller", QUOTA).await.unwrap();
    let keys: Vec<String> = redis.keys("*").await.unwrap();
    assert_eq!(keys.len(), 4);
    for key in keys {
        let left: i64 = redis.pttl(&key).await.unwrap();
        assert!((1..=60_000).contains(&left), "{key}: {left} ms left");
    }
}

#[tokio::test]
async fn an_entry_without_any_time_is_not_kept_and_takes_the_old_one_away() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    Vault::put(&helpers, "kept", b"old", TTL).await.unwrap();
    Vault::put(&helpers, "kept", b"new", Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(Vault::get(&helpers, "kept").await.unwrap(), None);
}

#[tokio::test]
async fn names_are_the_keys_as_they_stand() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    helpers.take("a lock", &token(1), TTL).await.unwrap();
    helpers.spend("a limit", QUOTA).await.unwrap();
    Vault::put(&helpers, "an entry", b"sealed", TTL)
        .await
        .unwrap();
    IdempotencyCache::put(&helpers, &key("wish"), &answer(), TTL)
        .await
        .unwrap();
    for name in ["a lock", "a limit", "an entry", key("wish").as_str()] {
        assert!(exists(&mut redis, name).await, "{name}");
    }
}

async fn exists(redis: &mut redis::aio::MultiplexedConnection, key: &str) -> bool {
    redis.exists(key).await.unwrap()
}
