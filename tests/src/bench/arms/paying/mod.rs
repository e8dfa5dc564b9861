//! Paying: opening checkouts at a gateway that answers, at one that does not always, and at one that takes its time,
//! while somebody else only reads.

mod tables;

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::rate::rate;
use super::{Contender, turn};
use crate::bench::clock::nanoseconds;
use crate::bench::cpu::{Meter, Processes};
use crate::bench::figures::Spread;
use crate::bench::gateways::{Gateways, Struck};
use crate::bench::load::{Run, Schedule, Steady, Work, all, open};
use crate::bench::report::Report;
use crate::bench::server::{Server, Setup};
use crate::bench::stage::Stage;
use crate::bench::{Result, progress};

/// What is left of the throughput at least when 5 % of the gateway's requests time out.
const KEPT: f64 = 0.85;
/// How many times as long reading may take at most because of the gateway, 99 times of 100.
const SLOWER: f64 = 3.0;
/// How long it may take at most at all, in milliseconds.
const LONGEST: f64 = 1_000.0;

/// So few that each connection that waits for a gateway would be missed.
const POOL: usize = 4;
/// How long the server waits for an answer of the gateway.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most is measured with so many clients.
const CLIENTS: usize = 16;
/// The share of it that is asked for.
const SHARE: f64 = 0.6;
/// How many checkouts wait for the gateway that takes its time, and how long at least and at most.
/// At most, because a server that gives up is another thing.
const PENDING: f64 = 200.0;
const WAIT: [Duration; 2] = [Duration::from_secs(1), Duration::from_millis(1_600)];
/// Reading, in requests a second.
const READS: u32 = 50;
const READERS: usize = 64;

/// A gateway in one mood.
struct Arm {
    name: &'static str,
    faults: Vec<Value>,
    checkouts: Contender,
    reads: Contender,
    /// The longest time that reading took, in milliseconds.
    longest: f64,
    requests: u64,
    /// Answered with "not known yet".
    unknown: u64,
    /// Took as long as a time-out takes.
    long: u64,
    struck: Struck,
    /// How many checkouts were being opened, on average.
    pending: Vec<f64>,
}

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let gateways = Gateways::start().await?;
    let mut setup = stage.setup.clone();
    setup.more.extend(gateways.settings());
    setup.more.extend([
        ("DATABASE_POOL_SIZE".to_owned(), POOL.to_string()),
        (
            "GATEWAY_TIMEOUT".to_owned(),
            format!("{}s", PATIENCE.as_secs()),
        ),
    ]);
    let most = most(stage, &setup).await?;
    let server = setup.start().await?;
    let rate = rate(most, SHARE);
    let wait = Duration::from_secs_f64(PENDING / f64::from(rate)).clamp(WAIT[0], WAIT[1]);
    let mut arms = arms(wait);
    for repetition in 0..stage.extent.repetitions {
        for place in turn(repetition, arms.len()) {
            let Some(arm) = arms.get_mut(place) else {
                continue;
            };
            let (name, number) = (arm.name, repetition.saturating_add(1));
            progress(format_args!(
                "{rate} checkouts a second, round {number}: {name}"
            ));
            run(stage, &server, &gateways, rate, arm).await?;
        }
    }
    server.stop().await?;
    gateways.stop().await?;
    for arm in &arms {
        if (arm.struck.struck == 0) != arm.faults.is_empty() {
            return Err(format!("{}: {:?}", arm.name, arm.struck).into());
        }
    }
    let load = tables::Load { most, rate, wait };
    tables::write(stage, report, &arms, &load);
    Ok(())
}

fn arms(wait: Duration) -> [Arm; 3] {
    let arm = |name, faults| Arm {
        name,
        faults,
        checkouts: Contender::new(name),
        reads: Contender::new(name),
        longest: 0.0,
        requests: 0,
        unknown: 0,
        long: 0,
        struck: Struck::default(),
        pending: Vec::new(),
    };
    // Half of them after the gateway has done what it was asked for.
    let time_out = |kind| json!({ "per_mille": 25, "fault": { "kind": kind } });
    let slow =
        json!({ "times": 0, "fault": { "kind": "slow", "ms": nanoseconds(wait) / 1_000_000 } });
    [
        arm("the gateway answers at once", vec![]),
        arm(
            "5 % of its requests time out",
            vec![time_out("timeout_before"), time_out("timeout_after")],
        ),
        arm("each of its answers takes its time", vec![slow]),
    ]
}

/// How many checkouts a second the server opens at most while the gateway answers.
async fn most(stage: &mut Stage<'_>, setup: &Setup) -> Result<f64> {
    let count = stage.extent.history / 10;
    progress(format_args!("{count} checkouts, twice"));
    // The first ones are for Postgres, which does not know yet what its tables will be like, and for fresh plans after.
    let server = setup.start().await?;
    open_all(stage, &server, count).await?;
    server.stop().await?;
    let server = setup.start().await?;
    let run = open_all(stage, &server, count).await?;
    server.stop().await?;
    Ok(run.rate())
}

async fn open_all(stage: &mut Stage<'_>, server: &Server, count: u64) -> Result<Run> {
    let payments = payments(stage, count).await?;
    let work = Work {
        address: server.address,
        expected: &[200],
        write: stage.buyer.process(payments),
        numbers: 0..count,
    };
    let run = all(&work, CLIENTS, &Meter::default()).await?;
    stage.database.tidy().await?;
    Ok(run)
}

/// Opens payments of which none has a checkout yet.
async fn payments(stage: &mut Stage<'_>, count: u64) -> Result<Arc<[i64]>> {
    let numbers = stage.orders.take(stage.database, count).await?;
    let work = Work {
        address: stage.server.address,
        expected: &[201],
        write: stage.buyer.create(),
        numbers: numbers.clone(),
    };
    all(&work, CLIENTS, &Meter::default()).await?;
    let payments = stage.database.payments_for(numbers).await?;
    stage.database.tidy().await?;
    Ok(payments.into())
}

async fn run(
    stage: &mut Stage<'_>,
    server: &Server,
    gateways: &Gateways,
    rate: u32,
    arm: &mut Arm,
) -> Result<()> {
    let schedule = Schedule {
        rate,
        connections: connections(rate),
        // Nobody who waits for a time-out has an answer before it is over: until then there are too few.
        warm_up: stage.extent.warm_up.saturating_add(PATIENCE * 3 / 2),
        time: stage.extent.steady,
    };
    let whole = schedule.warm_up.saturating_add(schedule.time);
    let count = u64::from(rate).saturating_mul(whole.as_secs().saturating_add(1));
    let payments = payments(stage, count).await?;
    let checkouts = Work {
        address: server.address,
        expected: &[200, 202],
        write: stage.buyer.process(Arc::clone(&payments)),
        numbers: 0..u64::MAX,
    };
    let reading = Work {
        expected: &[200],
        write: stage.buyer.show(payments),
        ..checkouts.clone()
    };
    let beside = Schedule {
        rate: READS,
        connections: READERS,
        ..schedule
    };
    gateways.strike(&arm.faults).await?;
    let meter = stage.meter("server", server.id());
    let meter = meter.with("gateways", Processes::One(gateways.id()));
    let nobody = Meter::default();
    let (checkouts, reads) = tokio::try_join!(
        open(&checkouts, schedule, &meter),
        open(&reading, beside, &nobody),
    )?;
    let struck = gateways.struck().await?;
    arm.add(checkouts, reads.run, struck);
    Ok(())
}

/// Half as many again as wait at once, and not so many that one of them is idle for so long that it is closed.
fn connections(rate: u32) -> usize {
    let longest = WAIT[1].as_secs_f64();
    let waiting = (f64::from(rate) * longest).min(PENDING.max(f64::from(rate)));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few hundred"
    )]
    let connections = (waiting * 1.5) as usize;
    connections.max(CLIENTS)
}

impl Arm {
    fn add(&mut self, opened: Steady, reads: Run, struck: Struck) {
        let Steady { run, rate, .. } = opened;
        let quick = Quick::of(&run.latency);
        self.checkouts.halves.push(quick.milliseconds(0.5));
        self.checkouts.tails.push(quick.milliseconds(0.99));
        self.long = self.long.saturating_add(run.requests - quick.count);
        self.requests = self.requests.saturating_add(run.requests);
        self.unknown = self.unknown.saturating_add(opened.second_best);
        self.pending.push(rate * run.latency.mean() / 1e9);
        self.checkouts
            .add_rate(rate, run.requests as f64, run.spent);
        self.longest = self.longest.max(reads.milliseconds(1.0));
        self.reads.add(reads);
        self.struck.seen = self.struck.seen.saturating_add(struck.seen);
        self.struck.struck = self.struck.struck.saturating_add(struck.struck);
    }

    fn pending(&self) -> f64 {
        Spread::of(self.pending.iter().copied()).map_or(0.0, |spread| spread.median)
    }
}

/// The checkouts for which the server did not have to wait until its patience was over: the gateway answered.
struct Quick<'a> {
    latency: &'a Histogram<u64>,
    count: u64,
}

impl<'a> Quick<'a> {
    fn of(latency: &'a Histogram<u64>) -> Self {
        let end = nanoseconds(PATIENCE).saturating_sub(1);
        Self {
            latency,
            count: latency.count_between(0, end),
        }
    }

    /// The latency that this share of them did not exceed.
    fn milliseconds(&self, share: f64) -> f64 {
        let share = share * self.count as f64 / self.latency.len() as f64;
        self.latency.value_at_quantile(share) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waited_for_a_time_out_is_not_among_those_whose_gateway_answered() {
        let mut latency = Histogram::new_with_bounds(1_000, 60_000_000_000, 3).unwrap();
        latency.record_n(5_000_000, 90).unwrap();
        latency.record_n(30_000_000, 10).unwrap();
        latency.record_n(2_400_000_000, 900).unwrap();
        let quick = Quick::of(&latency);
        assert_eq!(quick.count, 100);
        assert!((quick.milliseconds(0.5) - 5.0).abs() < 0.1);
        assert!((quick.milliseconds(0.9) - 5.0).abs() < 0.1);
        assert!((quick.milliseconds(0.99) - 30.0).abs() < 0.1);
    }

    #[test]
    fn no_connection_is_idle_for_as_long_as_the_server_lets_it() {
        for rate in [5, 40, 150, 400, 2_000] {
            let connections = connections(rate) as f64;
            assert!(connections >= PENDING.min(f64::from(rate) * 1.6), "{rate}");
            assert!(connections / f64::from(rate) < 5.0, "{rate}");
        }
    }
}
