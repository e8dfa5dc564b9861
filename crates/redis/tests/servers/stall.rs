//! Redis takes what it is sent and does not answer.

use std::time::Duration;

use bayar_app::port::{Locks, RateLimits};
use bayar_testkit::servers::{PrivateRedis, Proxy};
use tokio::time::{Instant, timeout};

use crate::support::{
    PATIENCE, QUOTA, TTL, connect_up, connect_with, eventually, everything_is_away, token,
};

const TIMEOUT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_stalled_redis_costs_one_time_out_and_not_one_for_each_call() {
    let mut server = PrivateRedis::start().await;
    let helpers = connect_up(&server.url(), TIMEOUT).await;
    server.pause().await;
    let start = Instant::now();
    assert!(helpers.take("order", &token(1), TTL).await.is_err());
    for _ in 0..200 {
        everything_is_away(&helpers).await;
    }
    assert!(start.elapsed() < TIMEOUT * 20, "{:?}", start.elapsed());
}

#[tokio::test]
async fn calls_that_meet_a_stall_together_end_together() {
    let mut server = PrivateRedis::start().await;
    let helpers = connect_up(&server.url(), TIMEOUT).await;
    server.pause().await;
    let start = Instant::now();
    let mut calls = Vec::new();
    for _ in 0..300 {
        calls.push(helpers.spend("caller", QUOTA));
    }
    for answer in futures_util::future::join_all(calls).await {
        assert!(answer.is_err());
    }
    assert!(start.elapsed() < TIMEOUT * 10, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_redis_that_goes_on_is_used_again() {
    let mut server = PrivateRedis::start().await;
    let helpers = connect_up(&server.url(), TIMEOUT).await;
    for round in 0..2 {
        server.pause().await;
        assert!(helpers.take("order", &token(1), TTL).await.is_err());
        everything_is_away(&helpers).await;
        server.resume().await;
        eventually("redis is used again", async || helpers.is_up()).await;
        eventually("everything works", async || {
            helpers
                .take(&format!("round {round}"), &token(1), TTL)
                .await
                .is_ok()
        })
        .await;
    }
}

#[tokio::test]
async fn a_redis_that_is_stalled_at_the_start_is_used_when_it_goes_on() {
    let mut server = PrivateRedis::start().await;
    server.pause().await;
    let helpers = timeout(PATIENCE, connect_with(&server.url(), TIMEOUT))
        .await
        .unwrap();
    everything_is_away(&helpers).await;
    server.resume().await;
    eventually("redis is used", async || helpers.is_up()).await;
}

#[tokio::test]
async fn a_stall_while_nobody_asks_is_noticed() {
    let mut server = PrivateRedis::start().await;
    let helpers = connect_up(&server.url(), TIMEOUT).await;
    server.pause().await;
    eventually("the stall is noticed", async || !helpers.is_up()).await;
}

#[tokio::test]
async fn a_network_that_swallows_everything_is_noticed_and_got_over() {
    let server = PrivateRedis::start().await;
    let proxy = Proxy::in_front_of(&server.url()).await;
    let helpers = connect_up(&proxy.url(), TIMEOUT).await;
    proxy.stall().await;
    assert!(helpers.take("order", &token(1), TTL).await.is_err());
    everything_is_away(&helpers).await;
    proxy.pass().await;
    eventually("redis is used again", async || helpers.is_up()).await;
}
