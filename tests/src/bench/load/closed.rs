use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Client, Run, TOO_FEW, Work, histogram, record};
use crate::bench::Result;
use crate::bench::clock::now;
use crate::bench::cpu::Meter;

const WARM_UP: u8 = 0;
const MEASURED: u8 = 1;
const OVER: u8 = 2;

/// Lets `clients` connections send one request after the other.
///
/// What is answered within `time`, after `warm_up`, is measured.
pub(in crate::bench) async fn closed(
    work: &Work,
    clients: usize,
    warm_up: Duration,
    time: Duration,
    meter: &Meter,
) -> Result<Run> {
    let (next, clients) = Client::open(work, clients).await?;
    let phase = Arc::new(AtomicU8::new(WARM_UP));
    let mut running = JoinSet::new();
    for client in clients {
        let latency = histogram()?;
        running.spawn(send_until_it_is_over(client, Arc::clone(&phase), latency));
    }
    unless_one_fails(&mut running, warm_up).await?;
    let spent = meter.begin()?;
    let begun = now();
    phase.store(MEASURED, Ordering::Relaxed);
    unless_one_fails(&mut running, time).await?;
    phase.store(OVER, Ordering::Relaxed);
    let elapsed = begun.elapsed();
    let spent = spent.end()?;
    let mut latency = histogram()?;
    while let Some(ended) = running.join_next().await {
        latency.add(ended??)?;
    }
    let next = next.load(Ordering::Relaxed);
    Ok(Run {
        requests: latency.len(),
        sent: next.saturating_sub(work.numbers.start),
        next,
        elapsed,
        latency,
        spent,
    })
}

/// Waits. Clients end by themselves only when something is wrong, and that ends the run at once.
async fn unless_one_fails(
    running: &mut JoinSet<Result<Histogram<u64>>>,
    time: Duration,
) -> Result<()> {
    tokio::select! {
        () = sleep(time) => Ok(()),
        Some(ended) = running.join_next() => {
            ended??;
            Err("a client ended before its time".into())
        }
    }
}

async fn send_until_it_is_over(
    mut client: Client,
    phase: Arc<AtomicU8>,
    mut latency: Histogram<u64>,
) -> Result<Histogram<u64>> {
    while phase.load(Ordering::Relaxed) != OVER {
        let number = client.number().ok_or(TOO_FEW)?;
        let sent = now();
        client.send(number).await?;
        // Also what was sent in the warm-up: as many stand half-way at the end.
        if phase.load(Ordering::Relaxed) == MEASURED {
            record(&mut latency, sent.elapsed());
        }
    }
    Ok(latency)
}
