//! The store is away when a webhook comes: it is not taken in, and comes again.

use bayar_sandbox::sim::book::Outcome;
use bayar_testkit::servers::Proxy;
use bayar_tests::program::Installation;

use crate::stage::{Ordered, Stage, fresh_database};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_read_only_database_cannot_take_is_answered_503_and_comes_again() {
    let mut stage = Stage::on_postgres().await;
    let order = stage.open("midtrans").await;
    stage.gateways.settle().await.unwrap();
    close_for_writing(&stage, "on").await;
    let before = stage.attempts(&order).len();
    stage.pay(&order, "midtrans");
    must_be_turned_away(&stage, &order, before).await;
    close_for_writing(&stage, "off").await;
    stage.let_retries_come().await;
    stage.must_become(&order, "completed").await;
    stage.must_have_kept(&order, 1).await;
}

/// Whoever is connected is sent away, and comes back as somebody who may only read, or may write again.
async fn close_for_writing(stage: &Stage, closed: &str) {
    stage
        .store
        .run(&format!(
            "DO $$ BEGIN EXECUTE format(
                'ALTER DATABASE %I SET default_transaction_read_only = {closed}', current_database());
            END $$;
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ))
        .await;
}

async fn must_be_turned_away(stage: &Stage, order: &Ordered, before: usize) {
    stage.gateways.settle().await.unwrap();
    let attempts = stage.attempts(order);
    assert!(attempts.len() > before);
    for attempt in &attempts[before..] {
        assert_eq!(attempt.outcome, Outcome::Answered(503), "{attempt:?}");
    }
}

mod without_room {
    use super::must_be_turned_away;
    use crate::stage::{Stage, on_both_stores};
    use bayar_tests::program::Store;

    on_both_stores! {
        what_a_full_disk_cannot_take_is_answered_503_and_comes_again,
    }

    async fn what_a_full_disk_cannot_take_is_answered_503_and_comes_again(mut stage: Stage) {
        let (full, room) = match &stage.store {
            Store::Postgres(_) => (
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    RAISE EXCEPTION 'could not extend file \"base/5/16501\": No space left on device'
                        USING ERRCODE = 'disk_full';
                END $$;
                CREATE TRIGGER no_room BEFORE INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION no_room()",
                "DROP TRIGGER no_room ON inbox",
            ),
            Store::Sqlite(_) => (
                "CREATE TRIGGER no_room BEFORE INSERT ON inbox BEGIN
                    SELECT RAISE(ABORT, 'database or disk is full'); END",
                "DROP TRIGGER no_room",
            ),
        };
        let order = stage.open("midtrans").await;
        stage.gateways.settle().await.unwrap();
        stage.store.run(full).await;
        let before = stage.attempts(&order).len();
        stage.pay(&order, "midtrans");
        must_be_turned_away(&stage, &order, before).await;
        stage.store.run(room).await;
        stage.let_retries_come().await;
        stage.must_become(&order, "completed").await;
        stage.must_have_kept(&order, 1).await;
    }
}
