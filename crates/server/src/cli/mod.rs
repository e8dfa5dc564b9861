//! The commands. Results go to standard output, messages to standard error.

mod audit;
mod backup;
mod check;
mod check_all;
mod check_status;
mod cleanup;
mod explain;
mod keys;
mod output;
mod people;
mod progress;
mod rebuild;
mod refunds;
mod schedule;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use bayar_domain::OrderNumber;
use clap::{Parser, Subcommand};

use crate::config::{Config, Environment};
use crate::serve::{ServeOptions, serve};
use crate::telemetry;
use crate::wiring::{self, Purpose, Tables, Wired};

use output::{Failure, note};

/// A payment service in front of Stripe and Midtrans.
///
/// Settings are environment variables, and the file .env when there is one: see `.env.example`,
/// and `bayar config check` for what they come to. Without any, everything is kept in a SQLite file in ./data.
#[derive(Debug, Parser)]
#[command(name = "bayar", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP API until told to stop
    Serve {
        /// Leave due work, the schedule and old rows to another process
        #[arg(long)]
        no_scheduler: bool,
        /// Bring the database up to date first
        #[arg(long)]
        migrate: bool,
    },
    /// Bring the database up to date
    Migrate {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Copy the SQLite file, also while Bayar serves
    Backup {
        /// Where to
        file: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Hold what is stored against the gateways' own books
    ///
    /// It only reads: the database in one read-only transaction, and the gateways' lists. What is wrong is told with
    /// all that happened to the order. Leaves with 0 when nothing is wrong, with 2 when something is, and with 1 when
    /// it could not be checked.
    Audit(audit::AuditCommand),
    /// People with an account here
    #[command(subcommand)]
    Users(people::UsersCommand),
    /// Keys of applications
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Payments
    #[command(subcommand)]
    Payments(PaymentsCommand),
    /// Money going back
    #[command(subcommand)]
    Refunds(refunds::RefundsCommand),
    /// What gateways posted
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// What runs at its hour, and work that is due
    #[command(subcommand)]
    Schedule(schedule::ScheduleCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say what every setting comes to, and whether the database, Redis and the gateways answer
    Check {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum PaymentsCommand {
    /// Ask the gateways about an order, and apply what they prove
    ///
    /// Leaves with 0 when all agree, with 2 when something was or would be fixed, and with 1 when it is not known.
    CheckStatus {
        /// The number of the order, such as INV202507180407-3C2A
        order: OrderNumber,
        /// Change nothing: say what would be fixed
        #[arg(long)]
        dry_run: bool,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask the gateways about every order with a payment that is not at its end
    ///
    /// Leaves with 0 when all agree, with 2 when something was or would be fixed, and with 1 when it is not known.
    CheckAll {
        /// Apply what the gateways prove
        #[arg(long)]
        fix: bool,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// End the payments whose time is over: at their gateways first, and here after
    CleanupExpired {
        /// Change nothing: say which there are
        #[arg(long)]
        dry_run: bool,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// After a restored backup: bring back what the gateways know and the database has forgotten
    ///
    /// To be run before anything else runs on the restored database, serve included. It may be run again.
    /// Leaves with 0 when nothing was lost, with 2 when something was or would be brought back, and with 1 when
    /// something is not back or not known.
    Rebuild(rebuild::RebuildCommand),
    /// Tell everything that is known about an order
    Explain {
        /// The number of the order, such as INV202507180407-3C2A
        order: OrderNumber,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}

/// Reads the command line and does what it says.
pub async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // Clap would leave with 2, and that is how commands say that something was fixed.
            return match error.use_stderr() {
                true => ExitCode::FAILURE,
                false => ExitCode::SUCCESS,
            };
        }
    };
    match dispatch(cli.command).await {
        Ok(code) => code,
        Err(failure) => {
            note(&format!("bayar: {failure}"));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Config(ConfigCommand::Check { json }) => return check::check(json).await,
        Command::Serve {
            no_scheduler,
            migrate,
        } => {
            let config = configuration()?;
            let _log = telemetry::start_log(&config.logging)?;
            arm_failpoint();
            let options = ServeOptions {
                tables: if migrate {
                    Tables::Migrate
                } else {
                    Tables::MustFit
                },
                scheduler: !no_scheduler,
            };
            serve(&config, options, async |_, _| ()).await?;
        }
        Command::Migrate { json } => {
            let config = configuration()?;
            let steps = wiring::open_store(&config).await?.migrate().await?;
            if json {
                output::json(&serde_json::json!({ "applied": steps }))?;
            } else if steps.is_empty() {
                note("the database is up to date");
            } else {
                steps.iter().try_for_each(output::line)?;
            }
        }
        Command::Backup { file, force } => {
            let config = configuration()?;
            backup::back_up(&config, &file, force).await?;
        }
        Command::Audit(command) => return audit::run(&configuration()?, &command).await,
        Command::Users(command) => people::run(&wired().await?.app, command).await?,
        Command::Webhooks(command) => webhooks::run(&wired().await?.app, command).await?,
        Command::Keys(command) => keys::run(&wired().await?.app, command).await?,
        Command::Payments(PaymentsCommand::CheckStatus {
            order,
            dry_run,
            json,
        }) => {
            let wired = wired().await?;
            return check_status::check_status(&wired.app, &order, dry_run, json).await;
        }
        Command::Payments(PaymentsCommand::CheckAll { fix, json }) => {
            return check_all::check_all(&wired().await?.app, fix, json).await;
        }
        Command::Payments(PaymentsCommand::CleanupExpired { dry_run, json }) => {
            return cleanup::cleanup_expired(&wired().await?.app, dry_run, json).await;
        }
        Command::Payments(PaymentsCommand::Rebuild(command)) => {
            arm_failpoint();
            return rebuild::run(&wired().await?.app, &command).await;
        }
        Command::Schedule(command) => {
            let config = configuration()?;
            let _log = telemetry::start_log(&config.logging)?;
            arm_failpoint();
            let port = config.http.bind.port();
            let wired = wiring::wire(&config, port, Purpose::Command, Tables::MustFit).await?;
            return schedule::run(&wired.app, command, config.http.shutdown_timeout).await;
        }
        Command::Payments(PaymentsCommand::Explain { order, json }) => {
            explain::explain(&wired().await?.app, &order, json).await?;
        }
        Command::Refunds(command) => refunds::run(&wired().await?.app, command).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The configuration. Warnings are told.
fn configuration() -> Result<Config, Failure> {
    let (config, warnings) = Config::load(&Environment::from_process())?;
    for warning in warnings {
        note(&format!("warning: {warning}"));
    }
    Ok(config)
}

/// Everything that a command beside a server needs.
async fn wired() -> Result<Wired, Failure> {
    let config = configuration()?;
    let port = config.http.bind.port();
    Ok(wiring::wire(&config, port, Purpose::Command, Tables::MustFit).await?)
}

/// Tests let something happen to the process at a step. No build that serves can do that.
#[cfg(feature = "failpoints")]
#[expect(
    clippy::disallowed_methods,
    reason = "they are no settings of the program"
)]
fn arm_failpoint() {
    if let Ok(name) = std::env::var("BAYAR_KILL_AT") {
        bayar_app::failpoint::arm(name);
    }
    if let Ok(file) = std::env::var("BAYAR_FAIL_AT") {
        bayar_app::failpoint::arm_by_file(file.into());
    }
}

#[cfg(not(feature = "failpoints"))]
const fn arm_failpoint() {}
