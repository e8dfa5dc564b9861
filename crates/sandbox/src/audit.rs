//! Holds what Bayar has stored against the book of the simulated gateways.

use std::io::{self, Write};
use std::path::PathBuf;

use bayar_auditor::{
    Book, BookError, ClientLog, ClientLogError, Database, Ledger, LedgerError, Options,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use thiserror::Error;

use crate::sim::real_now;

/// What is to be compared, and how.
#[derive(Debug, Clone)]
pub struct Wish {
    /// A SQLite file, or the address of a Postgres database.
    pub database: String,
    /// Where the gateways' book is.
    pub book: Source,
    /// What clients were told.
    pub clients: Option<PathBuf>,
    /// The time at which is judged what is overdue; now where nothing is said.
    pub at: Option<String>,
    /// How long news of a gateway need not be known.
    pub grace_minutes: u32,
    /// Whether the answer is JSON.
    pub json: bool,
}

/// Where a book is.
#[derive(Debug, Clone)]
pub enum Source {
    /// In its file.
    File(PathBuf),
    /// With simulated gateways that run, at that address.
    Running(String),
}

/// Why nothing could be compared.
#[derive(Debug, Error)]
pub enum NoAudit {
    /// What is stored.
    #[error("what is stored cannot be read")]
    Ledger(#[from] LedgerError),
    /// The book.
    #[error("the gateways' book cannot be read")]
    Book(#[from] BookError),
    /// The gateways that run.
    #[error("no simulated gateways answer at {0}")]
    Gateways(String, #[source] reqwest::Error),
    /// What clients were told.
    #[error("what clients were told cannot be read")]
    Clients(#[from] ClientLogError),
    /// A time.
    #[error("`{0}` is no time such as 2026-11-20T08:00:00Z")]
    Time(String),
    /// Nobody hears what is said.
    #[error("nothing can be written")]
    Output(#[from] io::Error),
}

/// Compares, and says what is wrong. Answers whether nothing is.
///
/// # Errors
/// When it could not be checked.
pub async fn audit(wish: &Wish) -> Result<bool, NoAudit> {
    let at = match &wish.at {
        Some(text) => DateTime::parse_from_rfc3339(text)
            .map_err(|_| NoAudit::Time(text.clone()))?
            .to_utc(),
        None => DateTime::<Utc>::from_timestamp_millis(real_now()).unwrap_or_default(),
    };
    let options = Options {
        grace: TimeDelta::minutes(wish.grace_minutes.into()),
        ..Options::at(at)
    };
    let clients = wish.clients.as_deref().map(ClientLog::read).transpose()?;
    let database = match wish.database.starts_with("postgres") && wish.database.contains("://") {
        true => Database::Postgres(wish.database.clone()),
        false => Database::Sqlite(PathBuf::from(&wish.database)),
    };
    // The tables first: whatever they tell of has happened at the gateways by then.
    let ledger = Ledger::read(&database).await?;
    let book = match &wish.book {
        Source::File(path) => Book::read(path)?,
        Source::Running(url) => running(url).await?,
    };
    let report = bayar_auditor::audit(&ledger, &book, clients.as_ref(), &options);
    for unchecked in report.unchecked() {
        writeln!(io::stderr().lock(), "not checked: {unchecked}")?;
    }
    for waiting in report.for_people() {
        writeln!(io::stderr().lock(), "for an operator: {waiting}")?;
    }
    let text = match wish.json {
        true => serde_json::to_string_pretty(&report).map_err(io::Error::from)? + "\n",
        false => report.to_string(),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(report.is_clean())
}

async fn running(url: &str) -> Result<Book, NoAudit> {
    let away = |error| NoAudit::Gateways(url.to_owned(), error);
    // It is this machine, and unencrypted; the client wants to know how it would encrypt all the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    let answer = reqwest::get(format!("{url}/_sim/book")).await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let book: Value = answer.map_err(away)?.json().await.map_err(away)?;
    let records = book.get("records").and_then(Value::as_array);
    let lines: Vec<String> = records
        .into_iter()
        .flatten()
        .map(Value::to_string)
        .collect();
    Ok(Book::of_lines(lines.iter().map(String::as_str))?)
}
