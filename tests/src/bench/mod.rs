//! How fast it is, measured side by side with what it could be at best and with what it replaces.
//!
//! `make bench` runs it; `docs/PERFORMANCE.md` says how it measures and what it found.
#![expect(
    clippy::float_arithmetic,
    reason = "ratios and rates of a measurement; no money is computed here"
)]

mod arms;
mod bare;
mod child;
mod clock;
mod cpu;
mod database;
mod describe;
mod disk;
mod events;
mod figures;
mod gateways;
mod http;
mod load;
mod machine;
mod orders;
mod pgbench;
mod redis_server;
mod report;
mod server;
mod stage;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, fs, io};

use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use bare::Bare;
use database::Database;
use report::Report;
use stage::Stage;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures the server beside a Postgres and a Redis of its own.
#[derive(Debug, Parser)]
#[command(name = "bayar-bench")]
pub struct Arguments {
    /// A short run for trying out: its figures mean little, and the document stays as it is.
    #[arg(long)]
    quick: bool,
    /// Only these parts: the rest of the document stays as it is.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Be one of the handlers that the server is compared with.
    #[command(hide = true, subcommand)]
    Bare(Bare),
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Opening payments, beside one bare statement, the flow as first described, and pgbench.
    Create,
    /// The same key again, beside one bare look into Redis.
    Duplicate,
    /// Opening payments while Redis is stopped.
    Redis,
    /// Opening payments while requests are counted.
    Limits,
    /// Opening payments while only warnings are logged.
    Logs,
    /// Latency of one client.
    Latency,
    /// Latency at fixed rates.
    Rate,
    /// 100,000 payments: memory, and lists of them.
    Volume,
    /// Opening checkouts at gateways that answer, time out, or take their time.
    Paying,
    /// Webhooks taken in, beside one bare statement.
    Intake,
    /// 10,000 unresolved payments checked at the pace that a gateway is asked.
    Checking,
    /// What is due, found among few settled payments and among a million.
    Due,
    /// From the start of the program to its first answers.
    Startup,
}

/// What the environment says: where the servers are.
#[derive(Debug)]
pub struct Surroundings {
    /// A superuser's URL of a Postgres server.
    pub postgres_url: String,
    /// The directory of the Postgres programs.
    pub postgres_programs: PathBuf,
    /// The program `redis-server`.
    pub redis_server: PathBuf,
    /// The document that is written.
    pub document: PathBuf,
}

/// How long and how often.
#[derive(Debug, Clone, Copy)]
struct Extent {
    repetitions: usize,
    warm_up: Duration,
    time: Duration,
    /// Of a run at a fixed rate.
    steady: Duration,
    orders: u64,
    /// Payments that are there before anything is measured.
    history: u64,
    payments: u64,
    starts: usize,
    /// Payments with a checkout that nobody has paid.
    unresolved: u64,
    /// Payments that are at their end, few and many.
    settled: [u64; 2],
}

impl Extent {
    const FULL: Self = Self {
        repetitions: 5,
        warm_up: Duration::from_millis(500),
        time: Duration::from_secs(3),
        steady: Duration::from_secs(10),
        orders: 1_000_000,
        history: 20_000,
        payments: 100_000,
        starts: 10,
        unresolved: 10_000,
        settled: [1_000, 1_000_000],
    };
    const QUICK: Self = Self {
        repetitions: 2,
        warm_up: Duration::from_millis(200),
        time: Duration::from_secs(1),
        steady: Duration::from_secs(2),
        orders: 100_000,
        history: 5_000,
        payments: 2_000,
        starts: 3,
        unresolved: 500,
        settled: [100, 10_000],
    };
}

impl Arguments {
    /// Does what they ask for.
    ///
    /// # Errors
    /// When something could not be measured as it was meant to be. No figure is written then.
    pub fn run(self, surroundings: impl FnOnce() -> Result<Surroundings>) -> Result<()> {
        match self.role {
            Some(Role::Bare(bare)) => bare.serve(),
            None => {
                // One thread: the generator leaves the other processors to what is measured.
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                let surroundings = surroundings()?;
                runtime.block_on(measure(self, surroundings))
            }
        }
    }

    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Ends early when it is told to; whatever was started ends with it.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let interrupted = || "interrupted".into();
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => Err(interrupted()),
        _ = terminated.recv() => Err(interrupted()),
        _ = hung_up.recv() => Err(interrupted()),
    }
}

async fn measure(arguments: Arguments, surroundings: Surroundings) -> Result<()> {
    let extent = if arguments.quick {
        Extent::QUICK
    } else {
        Extent::FULL
    };
    if cfg!(debug_assertions) && !arguments.quick {
        return Err("a debug build is only good for --quick: use `make bench`".into());
    }
    let database = Database::create(&surroundings.postgres_url).await?;
    let measured = Box::pin(unless_interrupted(act(
        &arguments,
        &surroundings,
        extent,
        &database,
    )))
    .await;
    database.remove().await?;
    let report = measured?;
    io::Write::write_all(&mut io::stdout(), report.markdown().as_bytes())?;
    if arguments.quick {
        progress(format_args!("a short run: the document stays as it is"));
        return Ok(());
    }
    let document = fs::read_to_string(&surroundings.document)?;
    let document = if arguments.only.is_empty() {
        report::splice(&document, &report.markdown())?
    } else {
        report::splice_parts(&document, &report)?
    };
    fs::write(&surroundings.document, document)?;
    Ok(())
}

async fn act(
    arguments: &Arguments,
    surroundings: &Surroundings,
    extent: Extent,
    database: &Database,
) -> Result<Report> {
    let mut stage = Stage::set(surroundings, extent, database).await?;
    let mut report = Report::default();
    // Parts stand in the document beside others, and say themselves when they were measured.
    if arguments.only.is_empty() || arguments.quick {
        describe::describe(&stage, &mut report).await?;
    }
    let (stage, written) = (&mut stage, &mut report);
    if arguments.wants(Part::Create) {
        arms::create::measure(stage, written).await?;
    }
    if arguments.wants(Part::Duplicate) {
        arms::duplicate::measure(stage, written).await?;
    }
    if arguments.wants(Part::Redis) {
        arms::variant::without_redis(stage, written).await?;
    }
    if arguments.wants(Part::Limits) {
        arms::variant::with_limits(stage, written).await?;
    }
    if arguments.wants(Part::Logs) {
        arms::variant::with_fewer_logs(stage, written).await?;
    }
    if arguments.wants(Part::Latency) {
        arms::latency::measure(stage, written).await?;
    }
    if arguments.wants(Part::Rate) {
        arms::rate::measure(stage, written).await?;
    }
    if arguments.wants(Part::Volume) {
        arms::volume::measure(stage, written).await?;
    }
    if arguments.wants(Part::Paying) {
        arms::paying::measure(stage, written).await?;
    }
    if arguments.wants(Part::Intake) {
        Box::pin(arms::intake::measure(stage, written)).await?;
    }
    if arguments.wants(Part::Checking) {
        Box::pin(arms::checking::measure(stage, written)).await?;
    }
    if arguments.wants(Part::Due) {
        Box::pin(arms::due::measure(stage, written)).await?;
    }
    if arguments.wants(Part::Startup) {
        arms::startup::measure(stage, written).await?;
    }
    Ok(report)
}

/// Says how far it is. The figures themselves go to standard output.
fn progress(message: fmt::Arguments<'_>) {
    // Nobody may be listening.
    let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("bench: {message}\n"));
}
