//! A server that is killed while it writes.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{Orders, Page, PaymentFilter, Payments, Upkeep};
use bayar_embedded::{FileRole, OpenError, SqliteConfig, SqliteStore};
use bayar_testkit::builders::{AnOpening, AnOrder};
use bayar_testkit::clock::ManualClock;

use crate::common::Database;
use crate::looking::{assert_sound, assert_whole};

/// Tells the other process that it is the one to be killed, and what it writes into.
const VICTIM: &str = "BAYAR_EMBEDDED_TEST_VICTIM";
const NAME: &str = "killed::a_server_that_is_killed_leaves_a_sound_file_with_all_it_told_of";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_leaves_a_sound_file_with_all_it_told_of() {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is how this test speaks to itself in another process"
    )]
    let victim: Option<OsString> = std::env::var_os(VICTIM);
    if let Some(path) = victim {
        return write_until_killed(path.into()).await;
    }
    let database = Database::new();
    let mut told = Vec::new();
    for round in 1..=5 {
        let mut server = Server::start(&database);
        let mut payments = server.payments();
        told.extend(payments.by_ref().take(10 * round));
        let second = database.open(FileRole::Server).await.err().unwrap();
        assert!(matches!(second, OpenError::InUse(_)), "{second:?}");
        // A command in this process, while the server writes in its own.
        let command = database.open(FileRole::Command).await.unwrap();
        let order = AnOrder::of_a_cart().add(&command).await;
        let beside = AnOpening::of(&order).open(&command).await;
        told.push(beside.bill.payment.terms().id.get());
        drop(command);
        server.child.kill().unwrap();
        // What it said before it died counts, too.
        told.extend(payments);
        server.child.wait().unwrap();

        let store = database.open(FileRole::Server).await.unwrap();
        assert_sound(&database.path());
        let all = PaymentFilter::default();
        let page = Page {
            number: 1,
            size: 100_000,
        };
        let stored = store.payments(&all, page).await.unwrap();
        for payment in &stored.entries {
            assert_whole(&store, &database.path(), payment).await;
        }
        let ids = stored.entries.iter();
        let ids: Vec<_> = ids.map(|stored| stored.payment.terms().id.get()).collect();
        for id in &told {
            assert!(ids.contains(id), "payment {id} is lost");
        }
    }
}

struct Server {
    child: Child,
}

impl Server {
    fn start(database: &Database) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(VICTIM, database.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child }
    }

    /// The payments it tells of, until it is dead.
    fn payments(&mut self) -> impl Iterator<Item = i64> + use<> {
        let lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        lines.filter_map(|line| line.unwrap().strip_prefix("payment ")?.parse().ok())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dead already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn write_until_killed(path: PathBuf) {
    let store = SqliteStore::open(SqliteConfig {
        path,
        role: FileRole::Server,
        clock: Arc::new(ManualClock::default()),
        busy_timeout: Duration::from_secs(5),
    });
    let store = Arc::new(store.await.unwrap());
    store.migrate().await.unwrap();
    let writing = (0..4).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            // An end, in case nobody kills it.
            for _ in 0..10_000 {
                let id = store.reserve_order_id().await.unwrap();
                let new = AnOrder::of_a_cart().build(id);
                store.add_order(&new).await.unwrap();
                let opening = AnOpening::of(&new.order).open(&*store).await;
                let payment = opening.bill.payment.terms().id;
                // One write, so that a line is whole or not there.
                let line = format!("payment {payment}\n");
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
        })
    });
    for task in writing.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}
