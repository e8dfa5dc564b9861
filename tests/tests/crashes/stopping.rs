//! A server that is told to stop finishes what it has begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bayar_tests::program::{Installation, Store, wait_until};
use tokio::task::JoinSet;

use crate::shop::{Shop, ask, database};

#[tokio::test]
async fn a_request_that_runs_when_the_server_is_told_to_stop_is_answered() {
    let database = database().await;
    let installation = Installation::on_postgres(&database.url)
        .with("DATABASE_STATEMENT_TIMEOUT_MS", "60000")
        .with("DATABASE_LOCK_TIMEOUT_MS", "60000");
    let server = installation.serve().await;
    let mut shop = Shop::open(installation, &server).await;
    let order = shop.order(&server).await;
    let Store::Postgres(in_the_way) = shop.installation.store().await else {
        panic!("it is not Postgres");
    };
    let Store::Postgres(beside) = shop.installation.store().await else {
        panic!("it is not Postgres");
    };
    in_the_way
        .batch_execute("BEGIN; SELECT FROM orders FOR UPDATE")
        .await
        .unwrap();
    let customer = shop.customer(&server);
    let asking = tokio::spawn(async move { ask(&customer, order, "running").await });
    wait_until("the request waits for the order", async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waiting = beside.query_one(waiting, &[]).await;
        waiting.unwrap().get::<_, i64>(0) == 1
    })
    .await;

    server.terminate();
    let newcomer = server.anybody();
    wait_until("nobody new is let in", async || {
        newcomer.connect().await.is_err()
    })
    .await;
    assert!(!asking.is_finished(), "it was answered too early");
    in_the_way.batch_execute("COMMIT").await.unwrap();
    let answer = asking.await.unwrap().expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
    let ended = server.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);

    let book = shop.book(order).await;
    book.must_be_whole();
    assert_eq!(book.payments.len(), 1);
}

#[tokio::test]
async fn whoever_gets_no_answer_from_a_stopping_server_has_no_payment() {
    const CLIENTS: usize = 20;
    const ORDERS: usize = 400;
    let installation = Installation::on_sqlite();
    installation.migrate();
    let server = installation.serve().await;
    let mut shop = Shop::open(installation, &server).await;
    let mut orders = Vec::new();
    for _ in 0..ORDERS {
        orders.push(shop.order(&server).await);
    }
    let answered = Arc::new(AtomicU32::new(0));
    let mut clients = JoinSet::new();
    for part in orders.chunks(ORDERS / CLIENTS) {
        let (customer, part) = (shop.customer(&server), part.to_vec());
        let answered = Arc::clone(&answered);
        clients.spawn(async move {
            let mut payments = Vec::new();
            for order in part {
                let Ok(answer) = ask(&customer, order, &format!("stop-{order}")).await else {
                    break;
                };
                assert_eq!(answer.status, 201, "{}", answer.text);
                payments.push(answer.number("/data/payment_id"));
                answered.fetch_add(1, Ordering::Relaxed);
            }
            payments
        });
    }
    wait_until("some payments are there", async || {
        answered.load(Ordering::Relaxed) >= 40
    })
    .await;
    let ended = server.stop().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    let mut told: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    told.sort_unstable();
    assert!(told.len() < ORDERS, "it was told to stop too late");

    let book = shop.installation.store_of_the_dead().await.all().await;
    book.must_be_whole();
    let mut stored: Vec<_> = book.payments.iter().map(|payment| payment.id).collect();
    stored.sort_unstable();
    assert_eq!(
        stored, told,
        "payments that are stored, and those that were answered"
    );
}
