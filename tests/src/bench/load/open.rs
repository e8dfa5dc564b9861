use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use super::{Client, Run, TOO_FEW, Work, histogram, record};
use crate::bench::Result;
use crate::bench::clock::now;
use crate::bench::cpu::Meter;

/// When requests are to be sent.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Schedule {
    /// Requests a second.
    pub(in crate::bench) rate: u32,
    /// How many may be on their way at once. A request that finds none free waits, and its waiting counts.
    pub(in crate::bench) connections: usize,
    /// For how long, before anything is measured.
    pub(in crate::bench) warm_up: Duration,
    /// For how long, measured.
    pub(in crate::bench) time: Duration,
}

/// What requests at their times gave.
#[derive(Debug)]
pub(in crate::bench) struct Steady {
    pub(in crate::bench) run: Run,
    /// By how much the generator itself was late, in nanoseconds: that is part of every latency.
    pub(in crate::bench) late: Histogram<u64>,
    /// Answers a second, of those that came in the measured time, whenever their requests were due.
    /// Waiting for the last ones is no part of it.
    pub(in crate::bench) rate: f64,
    /// How many measured requests got a right answer that is not the best one.
    pub(in crate::bench) second_best: u64,
}

/// Sends requests at their times.
pub(in crate::bench) async fn open(
    work: &Work,
    schedule: Schedule,
    meter: &Meter,
) -> Result<Steady> {
    let (next, clients) = Client::open(work, schedule.connections).await?;
    let first = work.numbers.start;
    let times = Times {
        begin: now(),
        interval: Duration::from_secs(1)
            .checked_div(schedule.rate)
            .ok_or("no rate is no schedule")?,
        warm_up: count(schedule.rate, schedule.warm_up),
        all: count(
            schedule.rate,
            schedule.warm_up.saturating_add(schedule.time),
        ),
        time: schedule.time,
    };
    let due = Arc::new(Semaphore::new(0));
    let ringing = Arc::downgrade(&due);
    let connections = schedule.connections;
    let bell = spawn_blocking(move || ring(times, &ringing, connections));
    let mut running = JoinSet::new();
    for client in clients {
        let due = Arc::clone(&due);
        running.spawn(send_what_is_due(client, due, first, times, Tally::new()?));
    }
    let measured_from = times.of(times.warm_up);
    tokio::time::sleep_until(measured_from.into()).await;
    let spent = meter.begin()?;
    let mut tally = Tally::new()?;
    // Who is overloaded takes longer than planned; who takes that long has stalled for good.
    let patience = schedule.time.saturating_mul(3) + Duration::from_secs(30);
    let all = async {
        while let Some(ended) = running.join_next().await {
            tally.add(&ended??)?;
        }
        Result::Ok(())
    };
    let ended = timeout(patience, all).await;
    drop(due);
    ended.map_err(|_| "the server does not answer any more")??;
    let elapsed = measured_from.elapsed();
    let spent = spent.end()?;
    // Each client has looked once more for something to send.
    let end = first.saturating_add(times.all);
    let next = next.load(Ordering::Relaxed).min(end);
    Ok(Steady {
        rate: tally.in_time as f64 / schedule.time.as_secs_f64(),
        second_best: tally.second_best,
        run: Run {
            requests: tally.latency.len(),
            sent: next.saturating_sub(first),
            next,
            elapsed,
            latency: tally.latency,
            spent,
        },
        late: bell.await??,
    })
}

/// The times at which requests are to be sent.
#[derive(Debug, Clone, Copy)]
struct Times {
    begin: Instant,
    interval: Duration,
    /// How many requests are not measured.
    warm_up: u64,
    /// How many requests there are.
    all: u64,
    /// How long the measured part is.
    time: Duration,
}

/// What clients count.
struct Tally {
    latency: Histogram<u64>,
    in_time: u64,
    second_best: u64,
}

impl Tally {
    fn new() -> Result<Self> {
        Ok(Self {
            latency: histogram()?,
            in_time: 0,
            second_best: 0,
        })
    }

    fn add(&mut self, other: &Self) -> Result<()> {
        self.latency.add(&other.latency)?;
        self.in_time = self.in_time.saturating_add(other.in_time);
        self.second_best = self.second_best.saturating_add(other.second_best);
        Ok(())
    }
}

impl Times {
    fn of(&self, index: u64) -> Instant {
        let seconds = self.interval.as_secs_f64();
        let after = Duration::from_secs_f64(seconds * index as f64);
        self.begin.checked_add(after).unwrap_or(self.begin)
    }
}

fn count(rate: u32, time: Duration) -> u64 {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    u64::from(rate).saturating_mul(milliseconds) / 1_000
}

/// Says at its time that a request is due. In a thread of its own: the timers of the runtime are exact to a
/// millisecond, which is more than many a request takes.
fn ring(times: Times, due: &Weak<Semaphore>, clients: usize) -> Result<Histogram<u64>> {
    let mut late = histogram()?;
    for index in 0..times.all {
        let time = times.of(index);
        loop {
            let wait = time.saturating_duration_since(now());
            if wait.is_zero() {
                break;
            }
            thread::park_timeout(wait);
        }
        let Some(due) = due.upgrade() else {
            return Ok(late);
        };
        if index >= times.warm_up {
            record(&mut late, time.elapsed());
        }
        due.add_permits(1);
    }
    // So that each client wakes once more and sees that there is nothing left.
    if let Some(due) = due.upgrade() {
        due.add_permits(clients);
    }
    Ok(late)
}

async fn send_what_is_due(
    mut client: Client,
    due: Arc<Semaphore>,
    first: u64,
    times: Times,
    mut tally: Tally,
) -> Result<Tally> {
    loop {
        due.acquire().await?.forget();
        let number = client.number().ok_or(TOO_FEW)?;
        let index = number.saturating_sub(first);
        if index >= times.all {
            return Ok(tally);
        }
        let is_best = client.send(number).await?;
        let since = times.of(times.warm_up);
        let answered = now().checked_duration_since(since);
        if answered.is_some_and(|after| after < times.time) {
            tally.in_time = tally.in_time.saturating_add(1);
        }
        if index >= times.warm_up {
            record(&mut tally.latency, times.of(index).elapsed());
            tally.second_best = tally.second_best.saturating_add(u64::from(!is_best));
        }
    }
}
