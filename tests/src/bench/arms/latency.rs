//! How long one client waits that sends one request after the other.

use super::duplicate::again;
use super::{Comparison, Contender, turn};
use crate::bench::figures::Spread;
use crate::bench::report::Report;
use crate::bench::stage::Stage;
use crate::bench::{Result, progress};

/// What the first description of the service promised, in milliseconds.
const A_CREATE: f64 = 65.0;
const A_DUPLICATE: f64 = 8.0;

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let mut contenders = ["a new payment", "the same key again"].map(Contender::new);
    for repetition in 0..stage.extent.repetitions {
        progress(format_args!(
            "one client, round {}",
            repetition.saturating_add(1)
        ));
        let again = again(stage).await?;
        for place in turn(repetition, contenders.len()) {
            let run = match place {
                0 => stage.create(1).await?,
                _ => stage.closed(&again, stage.server.id(), 1).await?,
            };
            if let Some(contender) = contenders.get_mut(place) {
                contender.add(run);
            }
        }
    }
    let [create, duplicate] = &contenders;
    for (contender, most) in [(create, A_CREATE), (duplicate, A_DUPLICATE)] {
        for (figures, share) in [(&contender.halves, "p50"), (&contender.tails, "p99")] {
            if let Some(measured) = Spread::of(figures.iter().copied()) {
                let what = format!("{}, one client: {share}", contender.name);
                report.time(&what, most, measured.median);
            }
        }
    }
    report.heading("One client");
    let mut comparison = Comparison::new(stage.setup.workers);
    // Each alone: they are not compared.
    comparison.add(1, &[create]);
    comparison.add(1, &[duplicate]);
    comparison.write(report);
    Ok(())
}
