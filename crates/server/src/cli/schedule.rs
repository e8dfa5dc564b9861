//! `bayar schedule`: what runs at its hour, and doing it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::{App, Entry, PlannedRun, RunError};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Subcommand;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::output::{self, Failure, note};

#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Say what runs when, and what the last run came to
    List {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Run what is due, for cron; with a name, run that now
    Run {
        /// What to run: check-unresolved, cleanup-expired, read-events or sweep-book
        #[arg(value_parser = entry)]
        name: Option<Entry>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Do all work that is due, and keep the schedule, until it is stopped
    Work,
}

fn entry(name: &str) -> Result<Entry, String> {
    Entry::named(name).ok_or_else(|| {
        let names = Entry::ALL.map(Entry::name).join(" or ");
        format!("there is {names}")
    })
}

/// An entry as it is told.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    cron: &'static str,
    time_zone: &'static str,
    next_run: DateTime<Utc>,
    last_run: Option<DateTime<Utc>>,
    last_result: Option<String>,
    last_failed: bool,
    running: bool,
}

/// A run as it is told.
#[derive(Debug, Serialize)]
struct Ran {
    name: &'static str,
    result: String,
    failed: bool,
}

pub async fn run(
    app: &Arc<App>,
    command: ScheduleCommand,
    patience: Duration,
) -> Result<ExitCode, Failure> {
    match command {
        ScheduleCommand::List { json } => list(app, json).await?,
        ScheduleCommand::Run { name, json } => return run_now(app, name, json).await,
        ScheduleCommand::Work => work(app, patience).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, json: bool) -> Result<(), Failure> {
    let zone = app.settings().work.zone;
    let planned = app.schedule().await?;
    let rows: Vec<Row> = planned.into_iter().map(|run| row(run, zone)).collect();
    if json {
        return Ok(output::json(&rows)?);
    }
    let local = |at: DateTime<Utc>| {
        at.with_timezone(&zone)
            .format("%Y-%m-%d %H:%M:%S %Z")
            .to_string()
    };
    let rows = rows.into_iter().map(|row| {
        let result = row.last_result.unwrap_or_else(|| "-".to_owned());
        [
            row.name.to_owned(),
            row.cron.to_owned(),
            local(row.next_run),
            row.last_run.map_or_else(|| "-".to_owned(), local),
            if row.running {
                "running".to_owned()
            } else if row.last_failed {
                format!("failed: {result}")
            } else {
                result
            },
        ]
    });
    Ok(output::table(
        ["Name", "Cron", "Next Run", "Last Run", "Last Result"],
        rows.collect(),
    )?)
}

fn row(PlannedRun { entry, stored }: PlannedRun, zone: Tz) -> Row {
    Row {
        name: entry.name(),
        cron: entry.cron(),
        time_zone: zone.name(),
        next_run: stored.due_at,
        last_run: stored.began_at,
        last_result: stored.result,
        last_failed: stored.has_failed,
        running: stored.is_running,
    }
}

async fn run_now(app: &Arc<App>, name: Option<Entry>, json: bool) -> Result<ExitCode, Failure> {
    let ran = match name {
        None => app.run_due().await?,
        Some(entry) => match app.run_now(entry).await {
            Ok(outcome) => vec![(entry, outcome)],
            Err(RunError::Elsewhere) => {
                note("another process is at it");
                if json {
                    output::json(&[(); 0])?;
                }
                return Ok(ExitCode::SUCCESS);
            }
            Err(error) => return Err(error.into()),
        },
    };
    let ran: Vec<_> = ran
        .into_iter()
        .map(|(entry, outcome)| Ran {
            name: entry.name(),
            result: outcome.result,
            failed: outcome.has_failed,
        })
        .collect();
    if json {
        output::json(&ran)?;
    } else if ran.is_empty() {
        note("nothing is due");
    } else {
        ran.iter()
            .try_for_each(|ran| output::line(format!("{}: {}", ran.name, ran.result)))?;
    }
    Ok(if ran.iter().any(|ran| ran.failed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn work(app: &Arc<App>, patience: Duration) -> Result<(), Failure> {
    let (stop, stopped) = watch::channel(false);
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let working = app.do_due_work(stopped);
    tokio::pin!(working);
    tokio::select! {
        () = &mut working => return Ok(()),
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    // Nobody else has to be told.
    let _ = stop.send(true);
    if tokio::time::timeout(patience, working).await.is_err() {
        tracing::warn!("work was left where it stood; whoever comes next takes it over");
    }
    Ok(())
}
