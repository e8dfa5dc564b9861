//! What calls cost.

use std::sync::Arc;

use bayar_app::port::{IdempotencyCache, Locks, RateLimits, Vault};
use bayar_testkit::servers::PrivateRedis;
use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;

use crate::support::{QUOTA, TTL, answer, connect, eventually, key, look, token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_one_connection() {
    let server = PrivateRedis::start().await;
    let helpers = Arc::new(connect(&server.url()).await);
    let mut redis = look(&server.url()).await;
    let before = info(&mut redis, "stats", "total_connections_received").await;
    let tasks = (0..500).map(|number| {
        let helpers = Arc::clone(&helpers);
        tokio::spawn(async move { helpers.spend(&format!("caller {number}"), QUOTA).await })
    });
    for spent in join_all(tasks).await {
        assert!(spent.unwrap().unwrap().allowed);
    }
    let after = info(&mut redis, "stats", "total_connections_received").await;
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_finds_redis_away_does_not_connect_as_a_crowd() {
    let mut server = PrivateRedis::start().await;
    let helpers = Arc::new(connect(&server.url()).await);
    server.stop();
    let tasks = (0..500).map(|_| {
        let helpers = Arc::clone(&helpers);
        tokio::spawn(async move { helpers.spend("caller", QUOTA).await })
    });
    for spent in join_all(tasks).await {
        assert!(spent.unwrap().is_err());
    }
    server.restart().await;
    eventually("redis is found again", async || helpers.is_up()).await;
    let mut redis = look(&server.url()).await;
    let connections = info(&mut redis, "stats", "total_connections_received").await;
    // The kit's own, the helpers', this one, and room for one that the server did not answer in time.
    assert!(connections <= 6, "{connections} connections");
}

#[tokio::test]
async fn a_call_is_one_command() {
    const CALLS: u64 = 20;
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    for _ in 0..CALLS {
        helpers.take("order", &token(1), TTL).await.unwrap();
        helpers.release("order", &token(1)).await.unwrap();
        helpers.spend("caller", QUOTA).await.unwrap();
        helpers.give_back("caller", QUOTA).await.unwrap();
        IdempotencyCache::put(&helpers, &key("wish"), &answer(), TTL)
            .await
            .unwrap();
        IdempotencyCache::get(&helpers, &key("wish")).await.unwrap();
        Vault::put(&helpers, "kept", b"sealed", TTL).await.unwrap();
        Vault::get(&helpers, "kept").await.unwrap();
        helpers.forget(&[key("wish"), key("other")]).await.unwrap();
        helpers.remove("kept").await.unwrap();
    }
    let scripts = 3;
    // A script that is not there yet is asked for by its hash, and then sent.
    assert_eq!(calls(&mut redis, "evalsha").await, 3 * CALLS);
    assert_eq!(calls(&mut redis, "eval").await, scripts);
    assert_eq!(calls(&mut redis, "script|load").await, 0);
    assert_eq!(calls(&mut redis, "unlink").await, CALLS);
    // Those within the scripts are counted too: a release deletes, and the first unit sets.
    assert_eq!(calls(&mut redis, "set").await, 3 * CALLS + 1);
    assert_eq!(calls(&mut redis, "del").await, 2 * CALLS);
    assert_eq!(calls(&mut redis, "get").await, 2 * CALLS + 3 * CALLS);
}

async fn calls(redis: &mut MultiplexedConnection, command: &str) -> u64 {
    let name = format!("cmdstat_{command}");
    let stats = info_text(redis, "commandstats").await;
    let Some(stat) = value(&stats, &name) else {
        return 0;
    };
    let (calls, _) = stat.trim_start_matches("calls=").split_once(',').unwrap();
    calls.parse().unwrap()
}

async fn info(redis: &mut MultiplexedConnection, section: &str, name: &str) -> u64 {
    let text = info_text(redis, section).await;
    value(&text, name).unwrap().parse().unwrap()
}

async fn info_text(redis: &mut MultiplexedConnection, section: &str) -> String {
    let mut info = redis::cmd("INFO");
    info.arg(section);
    info.query_async(redis).await.unwrap()
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|pair| pair.0 == name).map(|pair| pair.1.trim())
}
