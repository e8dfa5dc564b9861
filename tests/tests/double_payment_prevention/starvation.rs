//! One order that everybody wants does not stand in the way of the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bayar_testkit::servers::PrivateRedis;
use bayar_tests::program::note;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use crate::racers::{RACERS, Wish, ask};
use crate::stage::Stage;
use crate::told::Told;

const PRICE: i64 = 500_000;

/// How many other orders there are, each with one client who asks once.
const OTHERS: usize = 40;

/// Below every time-out of the program.
const LONGEST: Duration = Duration::from_secs(15);

#[tokio::test]
async fn an_order_that_everybody_wants_starves_no_other_one_on_two_servers() {
    let redis = PrivateRedis::start().await;
    let stage = Stage::on_postgres(&redis.url()).await;
    others_are_served(stage, "a hot order on two servers").await;
}

#[tokio::test]
async fn an_order_that_everybody_wants_starves_no_other_one_without_redis() {
    let mut redis = PrivateRedis::start().await;
    let stage = Stage::on_postgres(&redis.url()).await;
    redis.stop();
    others_are_served(stage, "a hot order on two servers, Redis stopped").await;
}

#[tokio::test]
async fn an_order_that_everybody_wants_starves_no_other_one_on_a_file() {
    let stage = Stage::on_sqlite().await;
    others_are_served(stage, "a hot order on SQLite").await;
}

async fn others_are_served(mut stage: Stage, name: &str) {
    let hot = stage.order(PRICE).await.consultation;
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        others.push(stage.order(PRICE).await.consultation);
    }
    let over = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicU32::new(0));
    let mut crowd = JoinSet::new();
    for number in 0..RACERS {
        let address = stage.servers[number % stage.servers.len()].address;
        let customer = stage.customer.at(address);
        let (over, asked) = (Arc::clone(&over), Arc::clone(&asked));
        crowd.spawn(async move {
            let mut connection = customer.connect().await.expect("the server listens");
            let mut opened = 0;
            for again in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let wish = wish(hot, format!("hot-{number}-{again}"));
                let told = ask(&mut connection, &wish).await;
                asked.fetch_add(1, Ordering::Relaxed);
                match told {
                    Told::New { .. } => opened += 1,
                    Told::Existing { .. } | Told::InProgress => {}
                    other => panic!("{other:?}"),
                }
            }
            opened
        });
    }
    // The crowd is there before the others come.
    bayar_tests::program::wait_until("the order is hot", async || {
        asked.load(Ordering::Relaxed) >= u32::try_from(RACERS).expect("a small number")
    })
    .await;

    let mut longest = Duration::ZERO;
    for (number, other) in others.iter().enumerate() {
        let address = stage.servers[number % stage.servers.len()].address;
        let begun = Instant::now();
        let mut connection = stage
            .customer
            .at(address)
            .connect()
            .await
            .expect("the server listens");
        let told = ask(&mut connection, &wish(*other, format!("other-{number}"))).await;
        longest = longest.max(begun.elapsed());
        assert!(matches!(told, Told::New { .. }), "{told:?}");
    }
    assert!(longest < LONGEST, "somebody waited for {longest:?}");
    over.store(true, Ordering::Relaxed);
    let opened: u32 = crowd.join_all().await.into_iter().sum();
    assert_eq!(opened, 1, "payments of the hot order");
    note(format_args!(
        "{name}: {} wishes for it, the longest wait of another order was {longest:.1?}",
        asked.load(Ordering::Relaxed)
    ));
    stage.end().await;
}

fn wish(consultation: i64, key: String) -> Wish {
    Wish {
        consultation,
        order_number: None,
        price: PRICE,
        key,
        header: "Idempotency-Key",
    }
}
