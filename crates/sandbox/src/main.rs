//! The program `bayar-sandbox`: see `make run`.

use std::path::PathBuf;
use std::process::ExitCode;

use bayar_sandbox::{audit, demo, sim};
use clap::{Args, Parser, Subcommand};

/// Bayar to try out, and the gateways it is tried with.
#[derive(Debug, Parser)]
#[command(name = "bayar-sandbox", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a demonstration: Bayar on a SQLite file, simulated gateways, and a small shop. This is what is done
    /// when nothing is said.
    Demo,
    /// Serve simulated gateways only, for an application or another Bayar to speak to.
    Gateways(Gateways),
    /// Hold what Bayar has stored against the book of the simulated gateways. Leaves with 0 when nothing is wrong,
    /// with 2 when something is, and with 1 when it could not be checked.
    Audit(Audit),
}

#[derive(Debug, Args)]
struct Audit {
    /// The SQLite file, or the address of the Postgres database.
    #[arg(long, default_value = "data/demo/bayar.sqlite")]
    database: String,
    /// The file of the gateways' book. Without it, the gateways that run are asked for it.
    #[arg(long)]
    book: Option<PathBuf>,
    /// Where the gateways run.
    #[arg(long, default_value = "http://127.0.0.1:8081")]
    gateways: String,
    /// What clients were told: lines of JSON with key, at, status and body.
    #[arg(long)]
    clients: Option<PathBuf>,
    /// Judge what is overdue as of then, such as 2026-11-20T08:00:00Z, and not as of now.
    #[arg(long)]
    at: Option<String>,
    /// For so many minutes, news of a gateway need not be known here.
    #[arg(long, default_value_t = 10)]
    grace: u32,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Gateways {
    /// The port on the loopback address; 0 takes a free one.
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// The file of the gateways' own book. Without it, nothing is kept.
    #[arg(long)]
    book: Option<PathBuf>,
    /// Where a browser finds the hosted pages, when it is not this machine.
    #[arg(long)]
    public_url: Option<String>,
    /// The secret key of Stripe that is taken.
    #[arg(long, default_value = demo::STRIPE_KEY)]
    stripe_secret_key: String,
    /// What Stripe's webhooks are signed with. May be given several times: each one signs.
    #[arg(long, default_values_t = [demo::STRIPE_WEBHOOK_SECRET.to_owned()])]
    stripe_webhook_secret: Vec<String>,
    /// Where Stripe's webhooks go.
    #[arg(long)]
    stripe_webhook_url: Option<String>,
    /// The server key of Midtrans that is taken.
    #[arg(long, default_value = demo::MIDTRANS_KEY)]
    midtrans_server_key: String,
    /// Where Midtrans' notifications go.
    #[arg(long)]
    midtrans_notification_url: Option<String>,
    /// Where ids and chances come from.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        None | Some(Command::Demo) => Box::pin(demo::run())
            .await
            .map_err(|error| demo::told(&error)),
        Some(Command::Gateways(gateways)) => {
            let served = sim::serve(gateways.into()).await;
            served.map_err(|error| demo::told(&error))
        }
        Some(Command::Audit(wish)) => {
            let audited = audit::audit(&wish.into()).await;
            match audited {
                Ok(true) => Ok(()),
                Ok(false) => return ExitCode::from(2),
                Err(error) => Err(demo::told(&error)),
            }
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            demo::complain(&error);
            ExitCode::FAILURE
        }
    }
}

impl From<Audit> for audit::Wish {
    fn from(told: Audit) -> Self {
        Self {
            database: told.database,
            book: match told.book {
                Some(path) => audit::Source::File(path),
                None => audit::Source::Running(told.gateways),
            },
            clients: told.clients,
            at: told.at,
            grace_minutes: told.grace,
            json: told.json,
        }
    }
}

impl From<Gateways> for sim::ServeArgs {
    fn from(told: Gateways) -> Self {
        Self {
            port: told.port,
            book: told.book,
            public_url: told.public_url,
            stripe_secret_key: Some(told.stripe_secret_key),
            stripe_webhook_secrets: told.stripe_webhook_secret,
            stripe_webhook_url: told.stripe_webhook_url,
            midtrans_server_key: Some(told.midtrans_server_key),
            midtrans_notification_url: told.midtrans_notification_url,
            seed: told.seed,
        }
    }
}
