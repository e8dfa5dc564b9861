//! Whatever becomes of the one who waits: a transaction is whole or never happened, and the writer is free again.

use std::path::PathBuf;
use std::sync::mpsc;

use bayar_testkit::clock::ManualClock;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use tokio::task::JoinHandle;

use super::*;

/// Far longer than anything here takes.
const SOON: Duration = Duration::from_secs(30);

struct OneTable {
    directory: PathBuf,
    writer: Arc<Pool>,
}

impl OneTable {
    async fn new(name: &str) -> Self {
        Self::with_patience(name, SOON).await
    }

    async fn with_patience(name: &str, patience: Duration) -> Self {
        let name = format!("bayar-embedded-pool-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let file = DatabaseFile::prepare(&directory.join("bayar.db"), patience).unwrap();
        let clock = Arc::new(ManualClock::default());
        let writer = Arc::new(Pool::new(file, Access::Write, 1, clock, patience));
        let table = "CREATE TABLE numbers (number integer NOT NULL UNIQUE, filling blob) STRICT";
        let made = writer.run(move |connection, _| Ok(connection.batch_execute(table)?));
        made.await.unwrap();
        Self { directory, writer }
    }

    async fn numbers(&self) -> Vec<i64> {
        let all = self.writer.run(|connection, _| {
            let numbers = sql::<BigInt>("SELECT number FROM numbers ORDER BY number");
            Ok(numbers.load(connection)?)
        });
        tokio::time::timeout(SOON, all).await.unwrap().unwrap()
    }

    /// A transaction that adds a number, says so, and ends when it is told to.
    fn adding(
        &self,
        number: i64,
    ) -> (
        JoinHandle<Result<(), Failure>>,
        mpsc::Receiver<()>,
        mpsc::Sender<()>,
    ) {
        let (told, added) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let writer = Arc::clone(&self.writer);
        let adding = tokio::spawn(async move {
            let adding = writer.run(move |connection, _| {
                add(connection, number)?;
                told.send(()).unwrap();
                // Also when nobody is left who could tell.
                let _ = ends.recv();
                Ok(())
            });
            adding.await
        });
        (adding, added, end)
    }
}

impl Drop for OneTable {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn add(connection: &mut SqliteConnection, number: i64) -> Result<(), Failure> {
    let insert = format!("INSERT INTO numbers (number) VALUES ({number})");
    Ok(connection.batch_execute(&insert)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_nobody_waits_for_any_more_is_done_whole() {
    let table = OneTable::new("left").await;
    let (adding, added, end) = table.adding(1);
    added.recv_timeout(SOON).unwrap();
    adding.abort();
    assert!(adding.await.unwrap_err().is_cancelled());
    end.send(()).unwrap();
    assert_eq!(table.numbers().await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_nobody_waits_for_before_its_turn_is_never_begun() {
    let table = OneTable::new("never").await;
    let (first, first_added, end_first) = table.adding(1);
    first_added.recv_timeout(SOON).unwrap();
    let (second, second_added, _end) = table.adding(2);
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    end_first.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(table.numbers().await, [1]);
    assert!(second_added.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_too_long_is_told_that_it_is_busy() {
    let table = OneTable::with_patience("busy", Duration::from_millis(50)).await;
    let (adding, added, end) = table.adding(1);
    added.recv_timeout(SOON).unwrap();
    let late = table.writer.run(|connection, _| add(connection, 2)).await;
    let late = StoreError::from(late.unwrap_err());
    assert!(matches!(late, StoreError::Unavailable(_)), "{late:?}");
    end.send(()).unwrap();
    adding.await.unwrap().unwrap();
    assert_eq!(table.numbers().await, [1]);
}

#[tokio::test]
async fn work_that_fails_leaves_nothing() {
    let table = OneTable::new("fails").await;
    let failing = table.writer.run(|connection, _| {
        add(connection, 1)?;
        add(connection, 2)?;
        add(connection, 2)
    });
    assert!(failing.await.unwrap_err().is_clash());
    assert_eq!(table.numbers().await, [0_i64; 0]);
}

#[tokio::test]
async fn work_that_panics_leaves_nothing_and_frees_the_writer() {
    let table = OneTable::new("panics").await;
    let writer = Arc::clone(&table.writer);
    let panicking = tokio::spawn(async move {
        let work = writer.run(|connection, _| -> Result<(), Failure> {
            add(connection, 1)?;
            panic!("as it must")
        });
        work.await
    });
    assert!(panicking.await.unwrap_err().is_panic());
    assert_eq!(table.numbers().await, [0_i64; 0]);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_never_happened() {
    let table = OneTable::new("dropped").await;
    for _ in 0..3 {
        let begun = table.writer.begin(|connection, _| add(connection, 1));
        let (transaction, ()) = begun.await.unwrap();
        drop(transaction);
        assert_eq!(table.numbers().await, [0_i64; 0]);
    }
}

#[tokio::test]
async fn a_full_disk_is_away_and_room_makes_it_work_again() {
    let table = OneTable::new("full").await;
    let filling = || {
        table.writer.run(|connection, _| {
            add(connection, 1)?;
            let fill = "INSERT INTO numbers VALUES (2, zeroblob(10000000))";
            Ok(connection.batch_execute(fill)?)
        })
    };
    let room = |pages: u32| {
        table.writer.run(move |connection, _| {
            Ok(connection.batch_execute(&format!("PRAGMA max_page_count = {pages}"))?)
        })
    };
    room(100).await.unwrap();
    let full = StoreError::from(filling().await.unwrap_err());
    assert!(matches!(full, StoreError::Unavailable(_)), "{full:?}");
    assert_eq!(table.numbers().await, [0_i64; 0]);
    room(1_000_000).await.unwrap();
    filling().await.unwrap();
    assert_eq!(table.numbers().await, [1, 2]);
}

#[tokio::test]
async fn another_process_that_writes_makes_it_busy() {
    let table = OneTable::with_patience("other", Duration::from_millis(50)).await;
    let mut other = table.writer.file.connect(Access::Write).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let late = table.writer.run(|connection, _| add(connection, 1)).await;
    let late = StoreError::from(late.unwrap_err());
    assert!(matches!(late, StoreError::Unavailable(_)), "{late:?}");
    add(&mut other, 2).unwrap();
    other.batch_execute("COMMIT").unwrap();
    let next = table.writer.run(|connection, _| add(connection, 3));
    next.await.unwrap();
    assert_eq!(table.numbers().await, [2, 3]);
}

#[tokio::test]
async fn the_time_of_a_transaction_has_no_more_than_six_decimals() {
    let table = OneTable::new("time").await;
    let at = DateTime::from_timestamp(1_752_811_620, 123_456_789).unwrap();
    let clock = Arc::new(ManualClock::at(at));
    let file = table.writer.file.clone();
    let pool = Arc::new(Pool::new(file, Access::Read, 1, clock, SOON));
    let now = pool.run(|_, now| Ok(now)).await.unwrap();
    assert_eq!(now.timestamp_subsec_nanos(), 123_456_000);
}
