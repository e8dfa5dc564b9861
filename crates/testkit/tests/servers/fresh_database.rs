use std::io::{self, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bayar_testkit::servers::{FreshDatabase, postgres_url};

use super::support::{PATIENCE, connect, count, part, the_test_again};

async fn make_table(url: &str) {
    connect(url)
        .await
        .batch_execute("CREATE TABLE coins (worth bigint NOT NULL)")
        .await
        .unwrap();
}

/// A label that the server has not seen, also where it outlives this run.
async fn new_label() -> String {
    let row = connect(&postgres_url())
        .await
        .query_one("SELECT gen_random_uuid()::text", &[])
        .await
        .unwrap();
    row.get(0)
}

#[tokio::test]
async fn fresh_databases_are_migrated_and_share_nothing() {
    let label = new_label().await;
    let one = FreshDatabase::new(&label, make_table).await;
    let other = FreshDatabase::new(&label, make_table).await;
    let in_one = connect(&one.url).await;

    in_one
        .batch_execute("INSERT INTO coins VALUES (25)")
        .await
        .unwrap();

    assert_eq!(count(&in_one, "SELECT count(*) FROM coins").await, 1);
    let in_other = connect(&other.url).await;
    assert_eq!(count(&in_other, "SELECT count(*) FROM coins").await, 0);
}

#[tokio::test]
async fn other_migrations_have_another_template() {
    let with_coins = FreshDatabase::new(&new_label().await, make_table).await;
    let empty = FreshDatabase::new(&new_label().await, async |_: &str| {}).await;

    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'coins'";
    assert_eq!(count(&connect(&with_coins.url).await, tables).await, 1);
    assert_eq!(count(&connect(&empty.url).await, tables).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_migrations_run_once_for_all_tasks() {
    let label = new_label().await;
    let runs = Arc::new(AtomicUsize::new(0));

    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (label, runs) = (label.clone(), Arc::clone(&runs));
            tokio::spawn(async move {
                let database = FreshDatabase::new(&label, async |url: &str| {
                    runs.fetch_add(1, Ordering::SeqCst);
                    make_table(url).await;
                })
                .await;
                count(&connect(&database.url).await, "SELECT count(*) FROM coins").await
            })
        })
        .collect();

    for task in tasks {
        assert_eq!(task.await.unwrap(), 0);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_migrations_run_once_for_all_processes() {
    if let Some(label) = part() {
        let database = FreshDatabase::new(&label, async |url: &str| {
            writeln!(io::stdout(), "MIGRATED").unwrap();
            make_table(url).await;
        })
        .await;
        let rows = count(&connect(&database.url).await, "SELECT count(*) FROM coins").await;
        writeln!(io::stdout(), "ROWS {rows}").unwrap();
        return;
    }
    let label = new_label().await;
    let name = "fresh_database::the_migrations_run_once_for_all_processes";

    let processes: Vec<_> = (0..4)
        .map(|_| {
            the_test_again(name, &label)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let outputs: Vec<String> = processes
        .into_iter()
        .map(|process| String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap())
        .collect();

    let said = |words: &str| outputs.iter().filter(|said| said.contains(words)).count();
    assert_eq!(said("ROWS 0"), 4, "{outputs:?}");
    assert_eq!(said("MIGRATED"), 1, "{outputs:?}");
}

#[tokio::test]
async fn migrations_that_fail_leave_no_template() {
    let label = new_label().await;
    let same_label = label.clone();

    let failed = tokio::spawn(async move {
        FreshDatabase::new(&same_label, async |url: &str| {
            make_table(url).await;
            panic!("the second migration fails");
        })
        .await;
    })
    .await;

    assert!(failed.unwrap_err().is_panic());
    let database = FreshDatabase::new(&label, make_table).await;
    let client = connect(&database.url).await;
    assert_eq!(count(&client, "SELECT count(*) FROM coins").await, 0);
}

#[tokio::test]
async fn migrations_may_leave_their_connection_open() {
    let mut kept = None;

    let database = FreshDatabase::new(&new_label().await, async |url: &str| {
        let client = connect(url).await;
        client
            .batch_execute("CREATE TABLE coins (worth bigint NOT NULL)")
            .await
            .unwrap();
        kept = Some(client);
    })
    .await;

    let client = connect(&database.url).await;
    assert_eq!(count(&client, "SELECT count(*) FROM coins").await, 0);
    assert!(kept.unwrap().batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn a_dropped_database_is_gone_although_somebody_is_connected() {
    let database = FreshDatabase::new(&new_label().await, make_table).await;
    let client = connect(&database.url).await;
    let name: String = client
        .query_one("SELECT current_database()::text", &[])
        .await
        .unwrap()
        .get(0);

    drop(database);

    let left = connect(&postgres_url())
        .await
        .query("SELECT FROM pg_database WHERE datname = $1", &[&name])
        .await
        .unwrap();
    assert!(left.is_empty());
    let closed = tokio::time::timeout(PATIENCE, client.batch_execute("SELECT 1")).await;
    assert!(closed.unwrap().is_err());
}
