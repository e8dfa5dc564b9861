//! Nobody is charged twice: races for one order, by many clients at the processes of the real program.
//!
//! There are 500 rounds of 50 clients. `BAYAR_RACE_ROUNDS` asks for another number.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod checks;
mod racers;
mod rounds;
mod stage;
mod starvation;
mod tally;
mod told;

use std::time::Duration;

use bayar_testkit::servers::PrivateRedis;
use bayar_tests::program::wait_until;
use tokio::time::sleep;

use rounds::run_rounds;
use stage::Stage;

/// How many of the rounds a variant runs.
fn share(percent: u32) -> u32 {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the tests says how long they take"
    )]
    let asked = std::env::var("BAYAR_RACE_ROUNDS");
    let rounds: u32 = asked.map_or(500, |rounds| rounds.parse().expect("a number of rounds"));
    (rounds * percent).div_ceil(100)
}

#[tokio::test]
async fn two_servers_open_one_payment_for_an_order() {
    let redis = PrivateRedis::start().await;
    let mut stage = Stage::on_postgres(&redis.url()).await;
    stage.redis_must_be("up").await;
    run_rounds(&mut stage, share(30)).await;
    stage.redis_must_be("up").await;
    stage.leave("two servers with Redis").await;
}

#[tokio::test]
async fn two_servers_without_redis_open_one_payment_for_an_order() {
    let mut redis = PrivateRedis::start().await;
    let mut stage = Stage::on_postgres(&redis.url()).await;
    stage.redis_must_be("up").await;
    redis.stop();
    run_rounds(&mut stage, share(20)).await;
    stage.redis_must_be("down").await;
    stage.leave("two servers, Redis stopped").await;
}

#[tokio::test]
async fn two_servers_whose_redis_forgets_everything_open_one_payment_for_an_order() {
    let redis = PrivateRedis::start().await;
    let mut stage = Stage::on_postgres(&redis.url()).await;
    stage.redis_must_be("up").await;
    let mut flushed = 0;
    let forgetting = async {
        loop {
            redis.flush().await;
            flushed += 1;
            sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = run_rounds(&mut stage, share(20)) => {}
        () = forgetting => {}
    }
    assert!(flushed > 1, "Redis forgot nothing");
    stage.leave("two servers, Redis flushed").await;
}

#[tokio::test]
async fn a_server_on_a_file_opens_one_payment_for_an_order() {
    let mut stage = Stage::on_sqlite().await;
    run_rounds(&mut stage, share(30)).await;
    stage.leave("one server on SQLite").await;
}

impl Stage {
    /// Waits until every server knows how Redis is.
    async fn redis_must_be(&self, state: &str) {
        for server in &self.servers {
            let anybody = server.anybody();
            wait_until(&format!("Redis is {state}"), async || {
                let ready = anybody.get("/readyz").await.expect("an answer");
                ready.json()["redis"] == state
            })
            .await;
        }
    }
}
