//! What is said about paying.

use std::time::Duration;

use super::{Arm, CLIENTS, KEPT, LONGEST, PATIENCE, POOL, READS, SLOWER};
use crate::bench::arms::median;
use crate::bench::figures::{Spread, whole};
use crate::bench::report::{Report, Table, milliseconds, ratio};
use crate::bench::stage::Stage;

/// What was asked for.
pub(super) struct Load {
    /// Checkouts a second at most.
    pub(super) most: f64,
    /// Checkouts a second.
    pub(super) rate: u32,
    /// How long the gateway takes that takes its time.
    pub(super) wait: Duration,
}

pub(super) fn write(stage: &Stage<'_>, report: &mut Report, arms: &[Arm; 3], load: &Load) {
    let [usual, failing, slow] = arms;
    goals(report, usual, failing, slow, load.wait);
    report.heading("Paying");
    report.table(&conditions(load));
    let mut checkouts = Table::new([
        "`POST /api/v1/payments/{id}/process`",
        "asked for, a second",
        "opened or 202, a second: median (least to most)",
        "in relation to the first",
        "answered 202",
        "requests at the gateway struck",
        "checkouts of 2 s and more",
        "p50 of the others",
        "p99 of the others",
        "waiting at once",
        "used by others",
    ]);
    let mut reads = Table::new([
        "`GET /api/v1/payments/{id}` beside it",
        "asked for, a second",
        "p50",
        "p99",
        "most",
        "p99 in relation to the first",
    ]);
    for (place, arm) in arms.iter().enumerate() {
        let disturbed = arm.checkouts.disturbed(stage.setup.workers);
        report.disturbed(disturbed);
        let compared = |ours: Option<Spread>| {
            let ours = ours.filter(|_| place > 0);
            ours.map_or_else(String::new, ratio)
        };
        checkouts.row([
            arm.name.to_owned(),
            load.rate.to_string(),
            rates(&arm.checkouts.rates),
            compared(arm.checkouts.against(&usual.checkouts)),
            share(arm.unknown, arm.requests),
            share(arm.struck.struck, arm.struck.seen),
            share(arm.long, arm.requests),
            median(&arm.checkouts.halves),
            median(&arm.checkouts.tails),
            whole(arm.pending()),
            format!("{:.0} %", disturbed * 100.0),
        ]);
        reads.row([
            arm.name.to_owned(),
            READS.to_string(),
            median(&arm.reads.halves),
            median(&arm.reads.tails),
            milliseconds(arm.longest),
            compared(Spread::of_ratios(&arm.reads.tails, &usual.reads.tails)),
        ]);
    }
    report.table(&checkouts);
    report.table(&reads);
}

fn goals(report: &mut Report, usual: &Arm, failing: &Arm, slow: &Arm, wait: Duration) {
    if let Some(kept) = failing.checkouts.against(&usual.checkouts) {
        let what = "paying: checkouts opened or answered 202 a second, beside 5 % time-outs in relation to none";
        report.ratio(what, KEPT, kept);
    }
    let pending = whole(slow.pending());
    let moods = [
        (failing, "5 % time-outs".to_owned()),
        (
            slow,
            format!("{pending} checkouts that wait {} ms each", wait.as_millis()),
        ),
    ];
    for (arm, mood) in &moods {
        if let Some(slower) = Spread::of_ratios(&arm.reads.tails, &usual.reads.tails) {
            let what = format!("reading beside {mood}: p99 in relation to a gateway that answers");
            report.ratio_at_most(&what, SLOWER, slower);
        }
        let what = format!("reading beside {mood}: the longest time of all");
        report.time(&what, LONGEST, arm.longest);
    }
}

fn conditions(load: &Load) -> Table {
    let mut table = Table::new(["", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row(
        &format!("checkouts a second at most: {CLIENTS} clients, the gateway answers at once"),
        whole(load.most),
    );
    row("connections to Postgres", POOL.to_string());
    row(
        "how long the server waits for the gateway",
        format!("{} s", PATIENCE.as_secs()),
    );
    row(
        "how long the gateway takes that takes its time",
        format!("{} ms", load.wait.as_millis()),
    );
    table
}

fn rates(rates: &[f64]) -> String {
    Spread::of(rates.iter().copied()).map_or_else(String::new, |rates| {
        let Spread {
            median,
            least,
            most,
        } = rates;
        format!("{median:.1} ({least:.1} to {most:.1})")
    })
}

/// Of nothing there is no share.
fn share(part: u64, of: u64) -> String {
    if of == 0 {
        return String::new();
    }
    format!("{:.1} %", part as f64 / of as f64 * 100.0)
}
