use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::{Client, Run, Work, histogram, record};
use crate::bench::Result;
use crate::bench::clock::now;
use crate::bench::cpu::Meter;

/// Lets `clients` connections send every request there is, each when it has the answer to its last one.
pub(in crate::bench) async fn all(work: &Work, clients: usize, meter: &Meter) -> Result<Run> {
    let (_, clients) = Client::open(work, clients).await?;
    let mut latency = histogram()?;
    let spent = meter.begin()?;
    let begun = now();
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(send_what_is_left(client, histogram()?));
    }
    while let Some(ended) = running.join_next().await {
        latency.add(ended??)?;
    }
    let elapsed: Duration = begun.elapsed();
    Ok(Run {
        requests: latency.len(),
        sent: latency.len(),
        next: work.numbers.end,
        elapsed,
        latency,
        spent: spent.end()?,
    })
}

async fn send_what_is_left(
    mut client: Client,
    mut latency: Histogram<u64>,
) -> Result<Histogram<u64>> {
    while let Some(number) = client.number() {
        let sent = now();
        client.send(number).await?;
        record(&mut latency, sent.elapsed());
    }
    Ok(latency)
}
