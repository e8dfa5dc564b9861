//! The tables: made once, by whoever comes first.

use crate::support::{client, connect, reasons};
use bayar_app::port::store::{SchemaState, StoreError, Upkeep};
use bayar_testkit::servers::FreshDatabase;
use futures_util::future::join_all;

async fn empty_database() -> FreshDatabase {
    FreshDatabase::new("bayar-postgres, no tables", async |_| {}).await
}

const STEPS: [&str; 6] = [
    "0001_orders_and_payments",
    "0002_gateways",
    "0003_refunds",
    "0004_inbox",
    "0005_schedule",
    "0006_found_by_gateway",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_behind_and_looking_at_it_changes_nothing() {
    let database = empty_database().await;
    let store = connect(&database.url);
    for _ in 0..2 {
        let missing = STEPS.map(str::to_owned).to_vec();
        assert_eq!(store.schema().await.unwrap(), SchemaState::Behind(missing));
    }
    let query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    let tables = client(&database.url).await.query_one(query, &[]).await;
    assert_eq!(tables.unwrap().get::<_, i64>(0), 0);
    let empty = store.installation().await;
    assert!(matches!(empty, Err(StoreError::Broken(_))), "{empty:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_make_the_tables_at_once_one_makes_them() {
    let database = empty_database().await;
    let stores: Vec<_> = (0..8).map(|_| connect(&database.url)).collect();
    let taken = join_all(stores.iter().map(Upkeep::migrate)).await;
    let mut taken: Vec<_> = taken.into_iter().map(Result::unwrap).collect();
    taken.sort();
    assert_eq!(taken.pop().unwrap(), STEPS);
    assert!(taken.iter().all(Vec::is_empty));
    let words = join_all(stores.iter().map(Upkeep::installation)).await;
    let mut words = words.into_iter().map(Result::unwrap);
    let word = words.next().unwrap();
    assert!(words.all(|other| other == word));
    for store in &stores {
        assert_eq!(store.schema().await.unwrap(), SchemaState::Current);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_installations_have_two_words() {
    let (one, other) = (empty_database().await, empty_database().await);
    let (one, other) = (connect(&one.url), connect(&other.url));
    one.migrate().await.unwrap();
    other.migrate().await.unwrap();
    let words = (one.installation().await, other.installation().await);
    assert_ne!(words.0.unwrap(), words.1.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_newer_program_are_ahead_and_left_alone() {
    let database = empty_database().await;
    let store = connect(&database.url);
    store.migrate().await.unwrap();
    let insert = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";
    let client = client(&database.url).await;
    client.batch_execute(insert).await.unwrap();
    let ahead = SchemaState::Ahead(vec!["9999".to_owned()]);
    assert_eq!(store.schema().await.unwrap(), ahead);
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.schema().await.unwrap(), ahead);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_is_not_taken_and_holds_no_lock() {
    let database = empty_database().await;
    let store = connect(&database.url);
    let client = client(&database.url).await;
    client
        .batch_execute("CREATE TABLE payments (id text)")
        .await
        .unwrap();
    let Err(StoreError::Broken(reason)) = store.migrate().await else {
        panic!("it was taken");
    };
    let reason = reasons(&*reason);
    for part in [STEPS[0], "relation \"payments\" already exists"] {
        assert!(reason.contains(part), "{reason}");
    }
    let missing = STEPS.map(str::to_owned).to_vec();
    assert_eq!(store.schema().await.unwrap(), SchemaState::Behind(missing));
    client.batch_execute("DROP TABLE payments").await.unwrap();
    assert_eq!(store.migrate().await.unwrap(), STEPS);
}
