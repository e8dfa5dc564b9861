//! The store is away when a webhook comes: it is not taken in, and comes again.

use bayar_sandbox::sim::book::Outcome;
use bayar_testkit::servers::Proxy;
use bayar_tests::program::Installation;

use crate::stage::{Stage, fresh_database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_stored_is_answered_503_and_comes_again() {
    let database = fresh_database().await;
    let proxy = Proxy::in_front_of(&database.url).await;
    let installation = Installation::on_postgres(&proxy.url());
    let mut stage = Stage::set(installation, Some(database)).await;
    for gateway in ["stripe", "midtrans"] {
        let order = stage.open(gateway).await;
        stage.gateways.settle().await.unwrap();
        let before = stage.attempts(&order).len();
        proxy.cut().await;
        stage.pay(&order, gateway);
        stage.gateways.settle().await.unwrap();
        let attempts = stage.attempts(&order);
        assert!(attempts.len() > before);
        for attempt in &attempts[before..] {
            assert_eq!(attempt.outcome, Outcome::Answered(503), "{attempt:?}");
        }
        proxy.pass().await;
        stage.let_retries_come().await;
        stage.must_become(&order, "completed").await;
        stage.must_have_kept(&order, 1).await;
    }
}
