//! Everything that is unresolved is checked, at the pace at which a gateway may be asked.

use std::time::Duration;

use tokio::time::sleep;

use super::beside::Beside;
use crate::bench::clock::now;
use crate::bench::cpu::{Processes, Spent, resident_memory};
use crate::bench::database::Database;
use crate::bench::figures::{Spread, whole};
use crate::bench::report::{Report, Table};
use crate::bench::stage::Stage;
use crate::bench::{Result, progress};

/// Requests a second that the gateway takes.
const LIMIT: u32 = 100;
/// Which share of them is made use of at least, and how far it may be exceeded.
const USED: f64 = 0.90;
const EXCEEDED: f64 = 1.05;
/// By how much memory may grow from the beginning to the end.
const GROWN: f64 = 1.10;

/// When the memory is looked at: after so many in a hundred.
const LOOKS: [u64; 3] = [5, 50, 100];

/// How all of them were checked.
struct Pass {
    limit: String,
    elapsed: Duration,
    requests: u64,
    memory: Vec<u64>,
    spent: Spent,
}

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let count = stage.extent.unresolved;
    let beside = Beside::open(stage, "checking", count).await?;
    let passes = check_twice(stage, &beside, count).await;
    let [paced, hasty] = beside.close(passes).await?;
    let rate = paced.rate() / f64::from(LIMIT);
    let name = format!("{} unresolved payments", whole(count as f64));
    if let Some(measured) = Spread::of([rate]) {
        let what = format!("checking {name}: requests at the gateway in relation to its limit");
        report.ratio(&what, USED, measured);
        let what = format!("checking {name}: by how much its limit is exceeded");
        report.ratio_at_most(&what, EXCEEDED, measured);
    }
    if let [begin, .., end] = paced.memory.as_slice() {
        let what = format!("checking {name}: memory at the end in relation to the beginning");
        if let Some(measured) = Spread::of([*end as f64 / *begin as f64]) {
            report.ratio_at_most(&what, GROWN, measured);
        }
    }
    report.heading("Checking what is unresolved");
    let mut table = Table::new([
        "`bayar schedule work`",
        "limit",
        "payments",
        "requests",
        "seconds",
        "requests a second",
        "memory after 5, 50 and 100 %",
        "processor time for each request, in µs: program",
        "Postgres",
        "gateway",
        "used by others",
    ]);
    for (what, pass) in [("in pace", &paced), ("as fast as it can", &hasty)] {
        report.disturbed(pass.disturbed(stage.setup.workers));
        table.row([
            what.to_owned(),
            pass.limit.clone(),
            whole(count as f64),
            whole(pass.requests as f64),
            format!("{:.1}", pass.elapsed.as_secs_f64()),
            format!("{:.1}", pass.rate()),
            pass.mebibytes(),
            pass.cost("program"),
            pass.cost("Postgres"),
            pass.cost("gateway"),
            format!("{:.0} %", pass.disturbed(stage.setup.workers) * 100.0),
        ]);
    }
    report.table(&table);
    Ok(())
}

async fn check_twice(stage: &Stage<'_>, beside: &Beside, count: u64) -> Result<[Pass; 2]> {
    let paced = check(stage, beside, count, format!("{LIMIT}/sec")).await?;
    let hasty = check(stage, beside, count, "off".to_owned()).await?;
    Ok([paced, hasty])
}

/// Has the program look at each of them once.
async fn check(stage: &Stage<'_>, beside: &Beside, count: u64, limit: String) -> Result<Pass> {
    let database = &beside.database;
    // As if nobody had looked yet, and all at once.
    let due = "UPDATE jobs SET due_at = now() - interval '1 hour', tries = 0, leased_until = NULL
         WHERE kind = 'watch_attempt'";
    database.client.batch_execute(due).await?;
    database.tidy().await?;
    beside.gateways.count().await?;
    progress(format_args!("{count} payments are checked, limit {limit}"));
    let setup = beside.setup.clone().with("WORK_GATEWAY_RATE", &limit);
    let begun = now();
    let mut program = setup.begin("bayar schedule work", &["schedule", "work"])?;
    let meter = stage
        .meter_without_server()
        .with("program", Processes::One(program.id()))
        .with("gateway", Processes::One(beside.gateways.id()))
        .with("generator", Processes::One(std::process::id()));
    let metering = meter.begin()?;
    let mut memory = Vec::new();
    // Ten times what it has to take: then it stands still.
    let patience = Duration::from_secs(count / 10 + 60);
    loop {
        program.still_runs()?;
        let looked_at = looked_at(database).await?;
        while let Some(share) = LOOKS.get(memory.len())
            && looked_at >= count.saturating_mul(*share) / 100
        {
            memory.push(resident_memory(program.id())?);
        }
        if looked_at >= count {
            break;
        }
        if begun.elapsed() > patience {
            let said = program.said();
            return Err(format!("{looked_at} of {count} payments are checked:\n{said}").into());
        }
        sleep(Duration::from_millis(200)).await;
    }
    let elapsed = begun.elapsed();
    let requests = beside.gateways.struck().await?.seen;
    let spent = metering.end()?;
    program.stop().await?;
    Ok(Pass {
        limit,
        elapsed,
        requests,
        memory,
        spent,
    })
}

/// How many were looked at. Nobody's turn comes again before that of all others.
async fn looked_at(database: &Database) -> Result<u64> {
    let count = "SELECT count(*) FROM jobs WHERE kind = 'watch_attempt' AND tries > 0";
    let count = database.client.query_one(count, &[]).await?;
    Ok(u64::try_from(count.try_get::<_, i64>(0)?)?)
}

impl Pass {
    fn rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    fn mebibytes(&self) -> String {
        let figures = self.memory.iter();
        let figures = figures.map(|bytes| format!("{:.1}", *bytes as f64 / (1024.0 * 1024.0)));
        format!("{} MiB", figures.collect::<Vec<_>>().join(", "))
    }

    fn cost(&self, part: &str) -> String {
        let mut parts = self.spent.parts.iter();
        let used = parts.find(|(name, _)| *name == part);
        used.map_or_else(String::new, |(_, used)| {
            whole(used.as_secs_f64() * 1e6 / self.requests as f64)
        })
    }

    fn disturbed(&self, cores: usize) -> f64 {
        self.spent.others.as_secs_f64() / (self.spent.elapsed.as_secs_f64() * cores as f64)
    }
}
