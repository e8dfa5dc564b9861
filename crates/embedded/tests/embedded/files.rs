//! The file: who may open it.

use std::time::{Duration, Instant};

use bayar_app::port::StoreError;
use bayar_app::port::store::{Opened, Orders, Payments, Units, Upkeep};
use bayar_embedded::{FileRole, OpenError, SqliteConfig, SqliteStore};
use bayar_testkit::builders::{AnOpening, AnOrder};

use crate::common::Database;

#[tokio::test]
async fn a_file_has_one_server_at_a_time() {
    let database = Database::new();
    let first = database.open(FileRole::Server).await.unwrap();
    let second = database.open(FileRole::Server).await;
    let refusal = second.err().unwrap();
    assert!(matches!(refusal, OpenError::InUse(_)), "{refusal:?}");
    let refusal = refusal.to_string();
    assert!(refusal.starts_with("another server has the database open"));
    assert!(refusal.ends_with("bayar.db.lock"), "{refusal}");
    drop(first);
    database.open(FileRole::Server).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_has_one_server_under_whatever_name() {
    let database = Database::new();
    let _first = database.open(FileRole::Server).await.unwrap();
    let other_name = database.file("other.db");
    std::os::unix::fs::symlink(database.path(), &other_name).unwrap();
    let second = SqliteStore::open(SqliteConfig {
        path: other_name,
        role: FileRole::Server,
        clock: database.clock.clone(),
        busy_timeout: Duration::from_secs(5),
    });
    let refusal = second.await.err().unwrap();
    assert!(matches!(refusal, OpenError::InUse(_)), "{refusal:?}");
}

#[tokio::test]
async fn a_command_works_beside_the_server_and_they_see_each_other() {
    let database = Database::new();
    let server = database.open(FileRole::Server).await.unwrap();
    server.migrate().await.unwrap();
    let command = database.open(FileRole::Command).await.unwrap();
    let order = AnOrder::of_a_cart().add(&command).await;
    let opening = AnOpening::of(&order).open(&server).await;
    let id = opening.bill.payment.terms().id;
    assert!(command.payment(id).await.unwrap().is_some());
    let again = AnOpening::of(&order).build(&command).await;
    assert_eq!(command.open_payment(&again).await.unwrap(), Opened::No);
}

#[tokio::test]
async fn a_command_does_not_wait_for_the_server_without_end() {
    const PATIENCE: Duration = Duration::from_millis(200);
    let database = Database::new();
    let server = database.open(FileRole::Server).await.unwrap();
    server.migrate().await.unwrap();
    let order = AnOrder::of_a_cart().add(&server).await;
    let command = database.open_patiently(FileRole::Command, PATIENCE);
    let command = command.await.unwrap();
    let new = AnOrder::of_a_cart().reserve(&command).await;

    let unit = server.begin(order.terms().id).await.unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "it measures how long a call really takes"
    )]
    let start = Instant::now();
    let late = command.add_order(&new).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    assert!(start.elapsed() >= PATIENCE, "it did not wait");
    // Reading waits for nobody.
    assert!(command.schema().await.is_ok());
    drop(unit);
    command.add_order(&new).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn everything_new_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let database = Database::new();
    let path = database.file("made/on/the/way/bayar.db");
    let store = SqliteStore::open(SqliteConfig {
        path: path.clone(),
        role: FileRole::Server,
        clock: database.clock.clone(),
        busy_timeout: Duration::from_secs(5),
    });
    let store = store.await.unwrap();
    store.migrate().await.unwrap();
    let rights = |path: &std::path::Path| {
        let metadata = std::fs::metadata(path).unwrap();
        metadata.permissions().mode() & 0o777
    };
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = database.file(format!("made/on/the/way/bayar.db{suffix}"));
        assert_eq!(rights(&file), 0o600, "{suffix}");
    }
    let directories = path.ancestors().skip(1).take(4);
    for directory in directories {
        assert_eq!(rights(directory), 0o700, "{}", directory.display());
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    let database = Database::new();
    let something = "something else, long enough to have a header of its own".repeat(20);
    std::fs::write(database.path(), &something).unwrap();
    let refusal = database.open(FileRole::Server).await.err().unwrap();
    assert!(matches!(refusal, OpenError::Database(..)), "{refusal:?}");
    assert_eq!(std::fs::read_to_string(database.path()).unwrap(), something);
}

#[tokio::test]
async fn a_directory_is_no_database() {
    let database = Database::new();
    std::fs::create_dir(database.path()).unwrap();
    assert!(database.open(FileRole::Server).await.is_err());
}
