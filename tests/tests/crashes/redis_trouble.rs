//! Redis makes things faster, and nothing depends on it.

use std::time::Duration;

use bayar_testkit::servers::PrivateRedis;
use bayar_tests::program::{Installation, Server, wait_until};
use tokio::time::Instant;

use crate::shop::{Shop, database};

async fn redis_must_be(server: &Server, state: &str) {
    let anybody = server.anybody();
    wait_until(&format!("Redis is {state}"), async || {
        let ready = anybody.get("/readyz").await.expect("an answer");
        assert_eq!(ready.status, 200, "without Redis it is ready all the same");
        ready.json()["redis"] == state
    })
    .await;
}

/// How often the server went on without Redis.
async fn fallbacks(server: &Server) -> u64 {
    let metrics = server.anybody().get("/metrics").await.unwrap();
    metrics
        .text
        .lines()
        .filter(|line| line.starts_with("bayar_redis_fallbacks_total{"))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum()
}

#[tokio::test]
async fn payments_are_opened_while_redis_stands_still() {
    const PAYMENTS: u32 = 10;
    let mut redis = PrivateRedis::start().await;
    let database = database().await;
    let installation = Installation::on_postgres(&database.url).with("REDIS_URL", &redis.url());
    let server = installation.serve().await;
    redis_must_be(&server, "up").await;
    let mut shop = Shop::open(installation, &server).await;
    let mut orders = Vec::new();
    for _ in 0..PAYMENTS {
        orders.push(shop.order(&server).await);
    }
    let before = fallbacks(&server).await;

    redis.pause().await;
    let begun = Instant::now();
    for order in &orders {
        let key = format!("still-{order}");
        let answer = shop.ask(&server, *order, &key).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text);
        shop.must_have_one_payment(&server, *order, &key).await;
    }
    let took = begun.elapsed();
    // Below what every call of Redis would take if each waited for its time-out anew on a slow machine.
    assert!(took < Duration::from_secs(30), "{took:?}");
    redis_must_be(&server, "down").await;
    assert!(fallbacks(&server).await > before);

    redis.resume().await;
    redis_must_be(&server, "up").await;
    for order in &orders {
        shop.must_have_one_payment(&server, *order, &format!("still-{order}"))
            .await;
    }
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test]
async fn a_server_starts_and_serves_without_its_redis() {
    let mut redis = PrivateRedis::start().await;
    redis.stop();
    let database = database().await;
    let installation = Installation::on_postgres(&database.url).with("REDIS_URL", &redis.url());
    let server = installation.serve().await;
    redis_must_be(&server, "down").await;
    wait_until("somebody is warned", async || {
        server
            .log()
            .lines()
            .any(|line| line.contains(r#""level":"WARN""#) && line.contains("redis"))
    })
    .await;

    let mut shop = Shop::open(installation, &server).await;
    let order = shop.order(&server).await;
    let before = fallbacks(&server).await;
    let answer = shop.ask(&server, order, "without").await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert!(fallbacks(&server).await > before, "nobody counted");
    shop.must_have_one_payment(&server, order, "without").await;

    redis.restart().await;
    redis_must_be(&server, "up").await;
    shop.must_have_one_payment(&server, order, "without").await;
    assert_eq!(server.stop().await.status.code(), Some(0));
}
