//! The tables of new files, of old ones, and of those from the future.

use std::sync::Arc;

use bayar_app::port::StoreError;
use bayar_app::port::store::{SchemaState, Upkeep};
use bayar_embedded::FileRole;
use diesel::connection::SimpleConnection;

use crate::common::Database;
use crate::looking::{connect, number};

#[tokio::test]
async fn a_new_file_lacks_every_step_and_looking_makes_none() {
    let database = Database::new();
    let store = database.open(FileRole::Server).await.unwrap();
    for _ in 0..2 {
        let SchemaState::Behind(missing) = store.schema().await.unwrap() else {
            panic!("it is not behind");
        };
        assert_eq!(
            missing,
            [
                "0001_orders_and_payments",
                "0002_gateways",
                "0003_refunds",
                "0004_inbox",
                "0005_schedule",
                "0006_found_by_gateway"
            ]
        );
    }
    let tables = number(&database.path(), "SELECT count(*) FROM sqlite_master");
    assert_eq!(tables, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_make_a_new_file_at_once_one_takes_the_steps() {
    for _ in 0..5 {
        let database = Arc::new(Database::new());
        let making = (0..8).map(|_| {
            let database = Arc::clone(&database);
            tokio::spawn(async move {
                let store = database.open(FileRole::Command).await.unwrap();
                let steps = store.migrate().await.unwrap();
                (steps.len(), store.installation().await.unwrap())
            })
        });
        let mut made = Vec::new();
        for task in making.collect::<Vec<_>>() {
            made.push(task.await.unwrap());
        }
        let took_steps = made.iter().filter(|(steps, _)| *steps > 0);
        assert_eq!(took_steps.count(), 1);
        assert!(made.iter().all(|(_, word)| *word == made[0].1));
    }
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_told_apart_and_left_alone() {
    let database = Database::new();
    let store = database.open(FileRole::Server).await.unwrap();
    store.migrate().await.unwrap();
    connect(&database.path())
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')")
        .unwrap();
    let ahead = SchemaState::Ahead(vec!["9999".to_owned()]);
    assert_eq!(store.schema().await.unwrap(), ahead);
    let refused = store.migrate().await.unwrap_err();
    let StoreError::Broken(why) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.to_string().contains("9999"), "{why}");
    assert_eq!(store.schema().await.unwrap(), ahead);
}
