//! What is stored, read as it stands at one moment.

mod postgres;
mod rows;
mod sqlite;
mod tls;

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use thiserror::Error;

pub(crate) use self::rows::*;

/// Where the tables are.
#[derive(Clone)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A Postgres server, by its URL.
    Postgres(String),
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            // It holds a password.
            Self::Postgres(_) => f.debug_tuple("Postgres").finish_non_exhaustive(),
        }
    }
}

/// Why the tables cannot be read.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The file.
    #[error("the file {0} cannot be opened for reading")]
    Open(PathBuf, #[source] diesel::ConnectionError),
    /// A statement on a file.
    #[error("the table {0} cannot be read")]
    Sqlite(&'static str, #[source] diesel::result::Error),
    /// The address of a server.
    #[error("the address of the database cannot be used: {0}")]
    Address(String),
    /// The certificates a server is held against.
    #[error("the certificates to verify the database with cannot be read: {0}")]
    Certificates(String),
    /// A server.
    #[error("the database server does not answer as it should")]
    Postgres(#[from] tokio_postgres::Error),
    /// A row is not what was expected.
    #[error("a row of {table} cannot be read")]
    Row {
        /// Its table.
        table: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// The work was given up.
    #[error("reading was cut short")]
    CutShort,
}

/// One table of the database, as rows.
pub(crate) trait Row: DeserializeOwned {
    const TABLE: &'static str;
    const COLUMNS: &'static [Column];
}

/// A column, and how it is brought into JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    name: &'static str,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Plain,
    Text,
    Bytes,
}

impl Column {
    pub const fn plain(name: &'static str) -> Self {
        let how = How::Plain;
        Self { name, how }
    }

    /// A number that JSON might round.
    pub const fn text(self) -> Self {
        let how = How::Text;
        Self { how, ..self }
    }

    /// Bytes that are text.
    pub const fn bytes(self) -> Self {
        let how = How::Bytes;
        Self { how, ..self }
    }
}

/// What is stored.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) word: String,
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) payments: Vec<PaymentRow>,
    pub(crate) invoices: Vec<InvoiceRow>,
    pub(crate) taxes: Vec<TaxRow>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) decisions: Vec<DecisionRow>,
    pub(crate) keys: Vec<KeyRow>,
    pub(crate) outbox: Vec<OutboxRow>,
    pub(crate) jobs: Vec<JobRow>,
    pub(crate) attempts: Vec<AttemptRow>,
    pub(crate) calls: Vec<CallRow>,
    pub(crate) facts: Vec<FactRow>,
    pub(crate) captures: Vec<CaptureRow>,
    pub(crate) primaries: Vec<PrimaryRow>,
    pub(crate) refunds: Vec<RefundRow>,
    /// Nothing where the tables of these are not there yet.
    pub(crate) returns: Option<Returns>,
    pub(crate) inbox: Vec<InboxRow>,
    pub(crate) schedule: Vec<RunRow>,
}

/// The papers of money that went back, and what else follows from it.
#[derive(Debug, Clone)]
pub(crate) struct Returns {
    pub notes: Vec<CreditNoteRow>,
    pub external: Vec<ExternalRefundRow>,
    pub accounts: Vec<CreditAccountRow>,
    pub entries: Vec<CreditEntryRow>,
    pub alerts: Vec<AlertRow>,
    pub refund_events: Vec<RefundEventRow>,
}

impl Ledger {
    /// Reads all of it, as it stands at one moment. Nothing is ever written.
    ///
    /// # Errors
    /// When the database cannot be reached, or its tables are not those of Bayar.
    pub async fn read(database: &Database) -> Result<Self, LedgerError> {
        match database {
            Database::Sqlite(path) => {
                let path = path.clone();
                let reading = tokio::task::spawn_blocking(move || sqlite::read(&path));
                reading.await.map_err(|_| LedgerError::CutShort)?
            }
            Database::Postgres(url) => postgres::read(url).await,
        }
    }

    /// Reads all of it through a connection, in whatever transaction that has open.
    ///
    /// # Errors
    /// When the server does not answer, or its tables are not those of Bayar.
    pub async fn read_through(client: &tokio_postgres::Client) -> Result<Self, LedgerError> {
        postgres::read_all(client).await
    }
}

fn parse<T: Row>(rows: impl IntoIterator<Item = String>) -> Result<Vec<T>, LedgerError> {
    let parse = |row: String| {
        serde_json::from_str(&row).map_err(|source| LedgerError::Row {
            table: T::TABLE,
            source,
        })
    };
    rows.into_iter().map(parse).collect()
}

/// Reads every table by `$read`, which is a macro of one type; a newer one by `$newer`, which finds nothing in a table
/// that is not there yet. `$has_returns` says whether those of [`Returns`] are there.
macro_rules! read_every_table {
    ($read:ident, $newer:ident, $has_returns:expr) => {
        $crate::ledger::Ledger {
            word: $read!($crate::ledger::InstallationRow)
                .pop()
                .map(|row| row.word)
                .unwrap_or_default(),
            orders: $read!($crate::ledger::OrderRow),
            payments: $read!($crate::ledger::PaymentRow),
            invoices: $read!($crate::ledger::InvoiceRow),
            taxes: $read!($crate::ledger::TaxRow),
            events: $read!($crate::ledger::EventRow),
            decisions: $read!($crate::ledger::DecisionRow),
            keys: $read!($crate::ledger::KeyRow),
            outbox: $read!($crate::ledger::OutboxRow),
            jobs: $read!($crate::ledger::JobRow),
            attempts: $read!($crate::ledger::AttemptRow),
            calls: $read!($crate::ledger::CallRow),
            facts: $read!($crate::ledger::FactRow),
            captures: $read!($crate::ledger::CaptureRow),
            primaries: $read!($crate::ledger::PrimaryRow),
            refunds: $read!($crate::ledger::RefundRow),
            returns: if $has_returns {
                Some($crate::ledger::Returns {
                    notes: $read!($crate::ledger::CreditNoteRow),
                    external: $read!($crate::ledger::ExternalRefundRow),
                    accounts: $read!($crate::ledger::CreditAccountRow),
                    entries: $read!($crate::ledger::CreditEntryRow),
                    alerts: $read!($crate::ledger::AlertRow),
                    refund_events: $read!($crate::ledger::RefundEventRow),
                })
            } else {
                None
            },
            inbox: $newer!($crate::ledger::InboxRow),
            schedule: $newer!($crate::ledger::RunRow),
        }
    };
}
use read_every_table;
