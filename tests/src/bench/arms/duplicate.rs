//! The same key again, answered from Redis, beside one bare look into Redis.

use redis::AsyncCommands;

use super::{Comparison, Contender, turn};
use crate::bench::bare::Bare;
use crate::bench::cpu::Meter;
use crate::bench::load::{Work, all};
use crate::bench::report::Report;
use crate::bench::stage::{CLIENTS, Stage, numbered};
use crate::bench::{Result, progress};

/// What the server keeps at least of the throughput of one look into Redis.
const OF_ONE_LOOK: f64 = 0.75;
/// How many payments are asked for again, in turn.
pub(super) const PAYMENTS: u64 = 256;

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let bare = stage.handler(Bare::Lookup).await?;
    fill(stage).await?;
    let look = Work {
        address: bare.address,
        expected: &[409],
        write: numbered(|number| format!("/bench:{}", number % PAYMENTS)),
        numbers: 0..u64::MAX,
    };
    let mut comparison = Comparison::new(stage.setup.workers);
    for clients in CLIENTS {
        let mut ours = Contender::new("ours: the same key again");
        let mut one = Contender::new("one bare GET of Redis behind actix");
        for repetition in 0..stage.extent.repetitions {
            let number = repetition.saturating_add(1);
            progress(format_args!(
                "{clients} clients, round {number}: duplicates"
            ));
            let again = again(stage).await?;
            for place in turn(repetition, 2) {
                match place {
                    0 => ours.add(stage.closed(&again, stage.server.id(), clients).await?),
                    _ => one.add(stage.closed(&look, bare.id(), clients).await?),
                }
            }
        }
        if let Some(measured) = ours.against(&one) {
            let what =
                format!("duplicate, {clients} clients: throughput in relation to one bare GET");
            report.ratio(&what, OF_ONE_LOOK, measured);
        }
        comparison.add(clients, &[&ours, &one]);
    }
    report.heading("The same key again");
    comparison.write(report);
    bare.stop().await
}

/// Opens payments and asks for them again. They are new each time: the cache forgets after five minutes.
pub(super) async fn again(stage: &mut Stage<'_>) -> Result<Work> {
    let numbers = stage.orders.take(stage.database, PAYMENTS).await?;
    let first = Work {
        address: stage.server.address,
        expected: &[201],
        write: stage.buyer.create(),
        numbers: numbers.clone(),
    };
    all(&first, 8, &Meter::default()).await?;
    Ok(Work {
        expected: &[409],
        write: stage.buyer.create_again(numbers),
        numbers: 0..u64::MAX,
        ..first
    })
}

/// Puts into Redis, for the bare handler, what the server has put there for the first payment.
async fn fill(stage: &Stage<'_>) -> Result<()> {
    let mut redis = stage.redis.connect().await?;
    let keys: Vec<String> = redis.keys("payment:idempotency:*").await?;
    let key = keys
        .first()
        .ok_or("the server has put no answer into Redis")?;
    let value: Vec<u8> = redis.get(key).await?;
    for number in 0..PAYMENTS {
        redis
            .set::<_, _, ()>(format!("bench:{number}"), &value)
            .await?;
    }
    Ok(())
}
