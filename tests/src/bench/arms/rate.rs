//! Latency when requests come at a fixed rate, counted from the time at which each was to be sent.

use super::duplicate::again;
use crate::bench::figures::whole;
use crate::bench::load::{Schedule, Steady, Work, open};
use crate::bench::report::{Report, Table, milliseconds};
use crate::bench::stage::Stage;
use crate::bench::{Result, progress};

/// The shares of what 8 clients get through at most.
const SHARES: [f64; 3] = [0.25, 0.5, 0.75];
/// More than ever are in use at once, unless the server stalls.
const CONNECTIONS: usize = 64;

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let mut table = Table::new([
        "",
        "requests a second",
        "share of what 8 clients get through",
        "p50",
        "p99",
        "p99.9",
        "most",
        "generator late, p99",
    ]);
    let most = stage.create(8).await?.rate();
    for share in SHARES {
        let rate = rate(most, share);
        progress(format_args!("{rate} new payments a second"));
        let schedule = schedule(stage, rate);
        let time = schedule.warm_up.saturating_add(schedule.time);
        let work = Work {
            address: stage.server.address,
            expected: &[201],
            write: stage.buyer.create(),
            numbers: stage.orders.for_run(stage.database, time).await?,
        };
        let ran = open(&work, schedule, &stage.meter("server", stage.server.id())).await?;
        stage.orders.used(ran.run.next, 0.0);
        add(&mut table, "a new payment", rate, share, &ran);
    }
    let work = again(stage).await?;
    let most = stage.closed(&work, stage.server.id(), 8).await?.rate();
    for share in SHARES {
        let rate = rate(most, share);
        progress(format_args!("{rate} duplicates a second"));
        let work = again(stage).await?;
        let schedule = schedule(stage, rate);
        let ran = open(&work, schedule, &stage.meter("server", stage.server.id())).await?;
        add(&mut table, "the same key again", rate, share, &ran);
    }
    report.heading("Requests at a fixed rate");
    report.table(&table);
    Ok(())
}

fn schedule(stage: &Stage<'_>, rate: u32) -> Schedule {
    Schedule {
        rate,
        connections: CONNECTIONS,
        warm_up: stage.extent.warm_up,
        time: stage.extent.steady,
    }
}

pub(super) fn rate(most: f64, share: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "nobody answers 2^32 requests a second"
    )]
    let rate = (most * share) as u32;
    rate.max(1)
}

fn add(table: &mut Table, name: &str, rate: u32, share: f64, Steady { run, late, .. }: &Steady) {
    let late = std::time::Duration::from_nanos(late.value_at_quantile(0.99));
    table.row([
        name.to_owned(),
        whole(f64::from(rate)),
        format!("{:.0} %", share * 100.0),
        milliseconds(run.milliseconds(0.5)),
        milliseconds(run.milliseconds(0.99)),
        milliseconds(run.milliseconds(0.999)),
        milliseconds(run.milliseconds(1.0)),
        milliseconds(late.as_secs_f64() * 1e3),
    ]);
}
