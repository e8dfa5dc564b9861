//! `bayar audit`: what is stored, held against the gateways' own books.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bayar_app::port::Clock;
use bayar_auditor::{
    ClientLog, ClientLogError, Database, Ledger, LedgerError, LiveError, LiveGateways,
    MidtransAccess, Options, StripeAccess, audit,
};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::Args;
use secrecy::ExposeSecret;
use thiserror::Error;

use super::output::{self, Failure, note};
use crate::config::{self, Config};
use crate::system::SystemClock;

#[derive(Debug, Args)]
pub struct AuditCommand {
    /// Only what happened since then: a date, or a time such as 2026-11-20T08:00:00Z
    #[arg(long, value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// Judge what is overdue as of then, and not as of now
    #[arg(long, value_parser = time)]
    at: Option<DateTime<Utc>>,
    /// For so many minutes, news of a gateway need not be known here
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10_080))]
    grace: u32,
    /// What clients were told: lines of JSON with key, at, status and body
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,
    /// How many requests a second a gateway gets
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    rate: u32,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Why nothing could be compared.
#[derive(Debug, Error)]
enum NoAudit {
    #[error("what is stored cannot be read")]
    Ledger(#[from] LedgerError),
    #[error("the gateways' books cannot be read")]
    Gateways(#[from] LiveError),
    #[error("what clients were told cannot be read")]
    Clients(#[from] ClientLogError),
}

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(20);

pub async fn run(config: &Config, command: &AuditCommand) -> Result<ExitCode, Failure> {
    let at = command.at.unwrap_or_else(|| SystemClock.now());
    let options = Options {
        grace: TimeDelta::minutes(command.grace.into()),
        ..Options::at(at)
    };
    let clients = command.clients.as_deref().map(ClientLog::read);
    let clients = clients.transpose().map_err(NoAudit::from)?;
    // The tables first: whatever they tell of has happened at the gateways by then.
    let ledger = Ledger::read(&database(config)).await;
    let ledger = ledger.map_err(NoAudit::from)?;
    let book = gateways(config, command)
        .read(&ledger, &mut |progress| note(progress))
        .await
        .map_err(NoAudit::from)?;
    let report = audit(&ledger, &book, clients.as_ref(), &options);
    for unchecked in report.unchecked() {
        note(&format!("not checked: {unchecked}"));
    }
    for waiting in report.for_people() {
        note(&format!("for an operator: {waiting}"));
    }
    if command.json {
        output::json(&report)?;
    } else {
        output::line(report.to_string().trim_end())?;
    }
    Ok(match report.is_clean() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(2),
    })
}

fn database(config: &Config) -> Database {
    match &config.database {
        config::Database::Postgres(postgres) => {
            Database::Postgres(postgres.url.expose_secret().to_owned())
        }
        config::Database::Embedded => Database::Sqlite(config.data_dir.join("bayar.sqlite")),
    }
}

fn gateways(config: &Config, command: &AuditCommand) -> LiveGateways {
    let stripe = config.gateways.stripe.as_ref().map(|stripe| StripeAccess {
        base: stripe.api_base.as_str().to_owned(),
        key: stripe.secret_key.expose_secret().to_owned(),
        mode: stripe.mode.as_str().to_owned(),
        account: stripe.account.as_ref().map(ToString::to_string),
    });
    let midtrans = config.gateways.midtrans.as_ref();
    let midtrans = midtrans.map(|midtrans| MidtransAccess {
        base: midtrans.api_base.as_str().to_owned(),
        key: midtrans.server_key.expose_secret().to_owned(),
        mode: midtrans.mode.as_str().to_owned(),
        merchant: midtrans.merchant.as_ref().map(ToString::to_string),
    });
    LiveGateways {
        stripe,
        midtrans,
        since: command.since,
        pause: Duration::from_secs(1) / command.rate,
        timeout: TIMEOUT,
    }
}

/// A day, or a time.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    let time = DateTime::parse_from_rfc3339(text);
    let time = time.map_err(|_| "is no date, and no time such as 2026-11-20T08:00:00Z");
    Ok(time?.to_utc())
}
