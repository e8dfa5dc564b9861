//! Two processes of one installation: one that things happen to, and one that takes over.

use std::fs;
use std::path::PathBuf;

use bayar_auditor::{Book, Database, Ledger, Options, Report, audit};
use bayar_sandbox::sim::Rule;
use bayar_tests::program::{Server, Store, wait_until};
use bayar_tests::stage::{Ordered, Stage};
use chrono::{DateTime, TimeDelta};
use tokio_postgres::Client as Connection;

use crate::cells::{Cell, Fault};
use crate::places::Place;

/// Longer than a call is in one pair of hands.
const LEASE: u64 = 61;

/// Longer than nobody else asks a gateway about the same payment.
const TURN: u64 = 4;

pub struct Lane {
    pub stage: Stage,
    victim: Option<Server>,
    /// Where what happens to the victim is written.
    file: PathBuf,
    /// How far ahead the clock of the database is, in seconds.
    ahead: u64,
}

impl Lane {
    pub async fn new() -> Self {
        let mut stage = Stage::on_postgres().await;
        // It shall wait for the gateway until it is stopped.
        stage.installation.set("GATEWAY_TIMEOUT", "15s");
        stage.installation.set("DATABASE_POOL_SIZE", "4");
        let directory = stage.installation.data_dir();
        fs::create_dir_all(&directory).unwrap();
        Self {
            file: directory.join("happens"),
            stage,
            victim: None,
            ahead: 0,
        }
    }

    /// The process that things happen to.
    pub async fn victim(&mut self) -> &Server {
        if self.victim.is_none() {
            let file = self.file.to_str().unwrap();
            let variables = [("BAYAR_FAIL_AT", file)];
            let server = self.stage.installation.try_serve(&[], &variables).await;
            self.victim = Some(server.unwrap_or_else(|ended| panic!("{ended:?}")));
        }
        self.victim.as_ref().unwrap()
    }

    /// Has it happen to the victim, or to its request at the gateway.
    pub fn arm(&self, cell: Cell, order: &Ordered) {
        // What was not reached before must not happen now.
        assert!(!self.file.exists() && !self.reached().exists());
        match cell.place() {
            Place::Step { name, turn } => {
                fs::write(&self.file, format!("{} {name} {turn}", cell.happens())).unwrap();
            }
            Place::Request(operation) => {
                use bayar_sandbox::sim::Fault as Trouble;
                let trouble = match cell.fault {
                    // It is done, and the answer never comes.
                    Fault::Kill => Trouble::TimeoutAfter,
                    Fault::Error => Trouble::CutOff,
                    // The answer comes while nobody is awake.
                    Fault::Pause => Trouble::Slow { ms: 3000 },
                };
                let rule = Rule::next(trouble).at(operation).order(&order.number);
                self.stage.gateways.add_fault(rule).unwrap();
            }
        }
    }

    fn reached(&self) -> PathBuf {
        self.file.with_extension("reached")
    }

    /// Waits until the victim has come to the place.
    pub async fn must_come_to(&self, cell: Cell, order: &Ordered, already: usize) {
        match cell.place() {
            Place::Step { name, .. } => {
                wait_until(name, async || self.reached().exists()).await;
            }
            Place::Request(operation) => {
                wait_until(operation, async || {
                    let requests = self.requests(operation, order);
                    // It is to be done when the process dies, and not yet when it falls asleep.
                    let wanted = |served: &bool| *served || cell.fault != Fault::Kill;
                    requests.get(already).is_some_and(wanted)
                })
                .await;
            }
        }
    }

    /// The requests of a kind about an order, and whether each was answered.
    pub fn requests(&self, operation: &str, order: &Ordered) -> Vec<bool> {
        use bayar_sandbox::sim::book::Happening;
        let book = self.stage.book();
        let is_answered = |id: &str| {
            book.happenings().any(|(_, what)| {
                matches!(what, Happening::RequestAnswered { request, .. } if request == id)
            })
        };
        let asked = book.requests().filter(|(_, it)| {
            it.operation == operation && it.order.as_deref() == Some(order.number.as_str())
        });
        asked.map(|(_, it)| is_answered(&it.request)).collect()
    }

    /// Kills the victim where it is, unless it has done so itself.
    pub async fn must_die(&mut self, cell: Cell) {
        let victim = self.victim.take().unwrap();
        let ended = match cell.place() {
            Place::Step { .. } => victim.ended().await,
            Place::Request(_) => victim.kill().await,
        };
        assert!(ended.is_killed(), "{ended:?}");
        self.forget();
    }

    pub fn put_to_sleep(&self) {
        self.victim.as_ref().unwrap().pause();
    }

    pub fn wake_up(&self) {
        self.forget();
        self.victim.as_ref().unwrap().resume();
    }

    /// What was to happen has happened.
    pub fn forget(&self) {
        if self.reached().exists() {
            fs::remove_file(self.reached()).unwrap();
        }
        assert!(!self.file.exists(), "the place was never reached");
    }

    pub fn database(&self) -> &Connection {
        let Store::Postgres(connection) = &self.stage.store else {
            panic!("several processes need a server for their database");
        };
        connection
    }

    /// Moves the clock by which leases end.
    pub async fn let_leases_end(&mut self) {
        self.move_clock(LEASE).await;
    }

    /// Moves the clock so far that the gateway may be asked again.
    pub async fn let_turns_end(&mut self) {
        self.move_clock(TURN).await;
    }

    async fn move_clock(&mut self, seconds: u64) {
        self.ahead += seconds;
        let now = format!(
            "CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
             AS 'SELECT now() + interval ''{} seconds'''",
            self.ahead
        );
        self.stage.store.run(&now).await;
    }

    /// A transaction of somebody who sleeps is ended by the database, after a while.
    pub async fn let_transactions_end(&self) {
        let open = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'";
        wait_until("nobody sleeps in a transaction", async || {
            let open: i64 = self.database().query_one(open, &[]).await.unwrap().get(0);
            open == 0
        })
        .await;
    }

    /// All that is stored, but for who asked last and who signed in.
    pub async fn everything(&self) -> Vec<(String, String)> {
        let names = "SELECT table_name::text FROM information_schema.tables
            WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
                AND table_name NOT IN ('payment_reads', 'api_keys', 'users') ORDER BY 1";
        let mut stored = Vec::new();
        for row in self.database().query(names, &[]).await.unwrap() {
            let name: String = row.get(0);
            let rows = format!(
                "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {name} t"
            );
            let rows = self.database().query_one(&rows, &[]).await.unwrap();
            stored.push((name, rows.get(0)));
        }
        assert!(stored.len() > 10, "{} tables", stored.len());
        stored
    }

    /// Has the auditor look at everything, and at every piece of news, however young.
    ///
    /// What a bank has confirmed by now of refunds of earlier cells is read before: nobody here does so by himself.
    pub async fn must_be_in_order(&mut self) {
        let mut report = self.audited().await;
        for _ in 0..5 {
            let waiting = "SELECT DISTINCT payment_id FROM refunds WHERE status = 'sent'";
            let waiting = self.database().query(waiting, &[]).await.unwrap();
            if report.is_clean() || waiting.is_empty() {
                break;
            }
            self.let_turns_end().await;
            for row in waiting {
                self.stage.refresh(row.get(0)).await;
            }
            report = self.audited().await;
        }
        assert!(report.is_clean(), "the auditor: {report}");
    }

    async fn audited(&self) -> Report {
        let url = self.stage.installation.database_url().unwrap().to_owned();
        // The tables first: whatever they tell of has happened at the gateways by then.
        let ledger = Ledger::read(&Database::Postgres(url)).await.unwrap();
        let book = self.stage.book();
        let last = book.records().last().map_or(0, |line| line.real);
        let at = DateTime::from_timestamp_millis(last).unwrap()
            + TimeDelta::seconds(i64::try_from(self.ahead).unwrap());
        let lines = book.records().iter();
        let lines: Vec<_> = lines
            .map(|line| serde_json::to_string(line).unwrap())
            .collect();
        let book = Book::of_lines(lines.iter().map(String::as_str)).unwrap();
        audit(&ledger, &book, None, &Options::settled(at))
    }
}
