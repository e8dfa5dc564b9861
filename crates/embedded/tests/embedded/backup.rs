//! Copies, made while the store serves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bayar_app::port::store::{Page, PaymentFilter, Payments, SchemaState, Upkeep};
use bayar_embedded::{BackupError, Existing, FileRole, SqliteConfig, SqliteStore};
use bayar_testkit::builders::{AnOpening, AnOrder};

use crate::common::Database;
use crate::looking::{assert_sound, assert_whole};

const ALL: Page = Page {
    number: 1,
    size: 100_000,
};

async fn a_store() -> (Database, Arc<SqliteStore>) {
    let database = Database::new();
    let store = database.open(FileRole::Server).await.unwrap();
    store.migrate().await.unwrap();
    (database, Arc::new(store))
}

async fn open_a_payment(store: &SqliteStore) {
    let order = AnOrder::of_a_cart().add(store).await;
    AnOpening::of(&order).open(store).await;
}

async fn opened(database: &Database, path: &Path) -> SqliteStore {
    SqliteStore::open(SqliteConfig {
        path: path.to_owned(),
        role: FileRole::Server,
        clock: database.clock.clone(),
        busy_timeout: Duration::from_secs(5),
    })
    .await
    .unwrap()
}

fn names_in(database: &Database) -> Vec<String> {
    let files = std::fs::read_dir(database.file(".")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_payments_are_opened_is_sound_and_whole() {
    let (database, store) = a_store().await;
    let enough = Arc::new(AtomicBool::new(false));
    let writing = {
        let (store, enough) = (Arc::clone(&store), Arc::clone(&enough));
        tokio::spawn(async move {
            let mut written = 0_u64;
            while !enough.load(Ordering::Relaxed) {
                open_a_payment(&store).await;
                written += 1;
            }
            written
        })
    };
    let mut totals = Vec::new();
    for round in 0..5 {
        let copy = database.file(format!("copy-{round}.db"));
        store.backup(&copy, Existing::Keep).await.unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let rights = std::fs::metadata(&copy).unwrap().permissions().mode();
            assert_eq!(rights & 0o777, 0o600);
        }
        assert_sound(&copy);
        let copied = opened(&database, &copy).await;
        assert_eq!(copied.schema().await.unwrap(), SchemaState::Current);
        let installation = copied.installation().await.unwrap();
        assert_eq!(installation, store.installation().await.unwrap());
        let payments = copied.payments(&PaymentFilter::default(), ALL).await;
        let payments = payments.unwrap();
        for payment in &payments.entries {
            assert_whole(&copied, &copy, payment).await;
        }
        totals.push(payments.total);
        // The copy can be worked with.
        open_a_payment(&copied).await;
    }
    enough.store(true, Ordering::Relaxed);
    let written = writing.await.unwrap();
    assert!(totals.is_sorted(), "{totals:?}");
    assert!(totals.iter().all(|total| *total <= written), "{totals:?}");
    // Otherwise nothing was written meanwhile.
    assert!(totals[0] < totals[4], "{totals:?}");
    let partial = names_in(&database);
    assert!(partial.iter().all(|name| !name.contains("partial")));
}

#[tokio::test]
async fn a_file_that_is_there_is_kept_unless_it_is_told_otherwise() {
    let (database, store) = a_store().await;
    let copy = database.file("copy.db");
    std::fs::write(&copy, "precious").unwrap();
    let refused = store.backup(&copy, Existing::Keep).await.unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "precious");
    store.backup(&copy, Existing::Replace).await.unwrap();
    assert_sound(&copy);
}

#[tokio::test]
async fn a_copy_never_takes_the_place_of_the_database() {
    let (database, store) = a_store().await;
    open_a_payment(&store).await;
    let link = database.file("link");
    #[cfg(unix)]
    std::os::unix::fs::symlink(database.file("."), &link).unwrap();
    #[cfg(not(unix))]
    std::fs::create_dir(&link).unwrap();
    for name in [
        "bayar.db",
        "bayar.db-wal",
        "bayar.db-shm",
        "bayar.db-journal",
        "bayar.db.lock",
        "./link/bayar.db",
    ] {
        let place = database.file(name);
        let refused = store.backup(&place, Existing::Replace).await.unwrap_err();
        assert!(matches!(refused, BackupError::Itself(_)), "{refused:?}");
    }
    open_a_payment(&store).await;
    assert_sound(&database.path());
}

#[tokio::test]
async fn a_copy_that_cannot_be_made_leaves_nothing() {
    let (database, store) = a_store().await;
    let nowhere = database.file("missing/copy.db");
    let refused = store.backup(&nowhere, Existing::Keep).await.unwrap_err();
    assert!(matches!(refused, BackupError::File(..)), "{refused:?}");
    // A directory that is not empty cannot be replaced: that shows at the very end.
    let taken = database.file("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("precious"), "").unwrap();
    let refused = store.backup(&taken, Existing::Replace).await.unwrap_err();
    assert!(matches!(refused, BackupError::File(..)), "{refused:?}");
    let mut names = names_in(&database);
    names.sort();
    let expected = [
        "bayar.db",
        "bayar.db-shm",
        "bayar.db-wal",
        "bayar.db.lock",
        "taken",
    ];
    assert_eq!(names, expected);
}
