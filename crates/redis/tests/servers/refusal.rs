//! Redis is there and does not do what it is asked for.

use bayar_app::port::{Locks, RateLimits, Vault};
use bayar_testkit::servers::PrivateRedis;
use redis::aio::MultiplexedConnection;

use crate::support::{
    QUOTA, TTL, connect, eventually, everything_is_away, everything_works, look, token,
};

#[tokio::test]
async fn a_redis_without_room_is_away_for_what_needs_room_only() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    Vault::put(&helpers, "kept", b"sealed", TTL).await.unwrap();
    assert!(helpers.take("held", &token(1), TTL).await.unwrap());
    configure(&mut redis, "maxmemory", "1").await;
    assert!(helpers.take("order", &token(1), TTL).await.is_err());
    assert!(helpers.spend("caller", QUOTA).await.is_err());
    assert!(Vault::put(&helpers, "new", b"sealed", TTL).await.is_err());
    assert!(Vault::get(&helpers, "kept").await.unwrap().is_some());
    helpers.remove("kept").await.unwrap();
    assert!(helpers.is_up());
    configure(&mut redis, "maxmemory", "0").await;
    everything_works(&helpers, "after").await;
}

#[tokio::test]
async fn a_redis_that_may_no_longer_be_written_is_looked_for_anew() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let before = connections(&mut redis).await;
    let mut follow = redis::cmd("REPLICAOF");
    follow.arg("127.0.0.1").arg(1);
    let () = follow.query_async(&mut redis).await.unwrap();
    assert!(helpers.spend("caller", QUOTA).await.is_err());
    everything_is_away(&helpers).await;
    let mut lead = redis::cmd("REPLICAOF");
    lead.arg("NO").arg("ONE");
    let () = lead.query_async(&mut redis).await.unwrap();
    eventually("redis is used again", async || helpers.is_up()).await;
    everything_works(&helpers, "after").await;
    assert!(connections(&mut redis).await > before);
}

#[tokio::test]
async fn a_redis_that_wants_a_password_serves_those_who_know_it() {
    let server = PrivateRedis::start().await;
    let mut redis = look(&server.url()).await;
    configure(&mut redis, "requirepass", "k@t/a laluan").await;

    let stranger = connect(&server.url()).await;
    everything_is_away(&stranger).await;
    let liar = connect(&with_password(&server, "guess")).await;
    everything_is_away(&liar).await;
    let helpers = connect(&with_password(&server, "k%40t%2Fa%20laluan")).await;
    everything_works(&helpers, "known").await;

    configure(&mut redis, "requirepass", "").await;
    eventually("the stranger is let in", async || stranger.is_up()).await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_away() {
    let server = PrivateRedis::start().await;
    let url = server.url().replace("/0", "/4711");
    everything_is_away(&connect(&url).await).await;
}

#[tokio::test]
async fn databases_are_apart() {
    let server = PrivateRedis::start().await;
    let first = connect(&server.url()).await;
    let second = connect(&server.url().replace("/0", "/1")).await;
    assert!(first.take("order", &token(1), TTL).await.unwrap());
    assert!(second.take("order", &token(2), TTL).await.unwrap());
}

async fn configure(redis: &mut MultiplexedConnection, name: &str, value: &str) {
    let mut set = redis::cmd("CONFIG");
    let set = set.arg("SET").arg(name).arg(value);
    let () = set.query_async(redis).await.unwrap();
}

fn with_password(server: &PrivateRedis, password: &str) -> String {
    server
        .url()
        .replace("redis://", &format!("redis://:{password}@"))
}

async fn connections(redis: &mut MultiplexedConnection) -> u64 {
    let mut info = redis::cmd("INFO");
    let stats: String = info.arg("stats").query_async(redis).await.unwrap();
    let mut lines = stats.lines();
    let count = lines.find_map(|line| line.strip_prefix("total_connections_received:"));
    count.unwrap().parse().unwrap()
}
