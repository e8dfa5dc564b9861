//! The same server, set up in another way.

use super::{Comparison, Contender, turn};
use crate::bench::redis_server::RedisServer;
use crate::bench::report::Report;
use crate::bench::server::Server;
use crate::bench::stage::{CLIENTS, Stage};
use crate::bench::{Result, progress};

/// What is left of the throughput at least while Redis is stopped.
const WITHOUT_REDIS: f64 = 0.80;

/// What is only of interest and no target is measured with so many clients.
const MANY: &[usize] = &[32];

/// With a Redis that is set up and does not run.
pub(in crate::bench) async fn without_redis(
    stage: &mut Stage<'_>,
    report: &mut Report,
) -> Result<()> {
    let program = &stage.surroundings.redis_server;
    let redis = RedisServer::start(program, stage.directory()).await?;
    let mut setup = stage.setup.clone();
    setup.redis_url = Some(redis.url.clone());
    let mut server = setup.start().await?;
    server.until_redis_is("up").await?;
    redis.stop().await?;
    server.until_redis_is("down").await?;
    let names = ["Redis stopped", "Redis running"];
    report.heading("Opening payments while Redis is stopped");
    compare(stage, report, &server, names, &CLIENTS, Some(WITHOUT_REDIS)).await?;
    server.stop().await
}

/// With limits that are counted and never reached.
pub(in crate::bench) async fn with_limits(
    stage: &mut Stage<'_>,
    report: &mut Report,
) -> Result<()> {
    let mut setup = stage.setup.clone();
    for limit in ["API", "PAYMENTS", "LOGIN", "SERVICE"] {
        let name = format!("RATE_LIMIT_{limit}");
        setup.more.push((name, "1000000/sec".to_owned()));
    }
    let server = setup.start().await?;
    let names = ["every request counted", "limits off, as everywhere else"];
    report.heading("Opening payments while requests are counted");
    compare(stage, report, &server, names, MANY, None).await?;
    server.stop().await
}

/// Without the lines about what went well.
pub(in crate::bench) async fn with_fewer_logs(
    stage: &mut Stage<'_>,
    report: &mut Report,
) -> Result<()> {
    let mut setup = stage.setup.clone();
    setup.more.push(("LOG_LEVEL".to_owned(), "warn".to_owned()));
    let server = setup.start().await?;
    let names = ["only warnings logged", "logs at `info`, as everywhere else"];
    report.heading("Opening payments with fewer logs");
    compare(stage, report, &server, names, MANY, None).await?;
    server.stop().await
}

/// Compares another server with the one of the stage.
async fn compare(
    stage: &mut Stage<'_>,
    report: &mut Report,
    other: &Server,
    names: [&'static str; 2],
    clients: &[usize],
    wanted: Option<f64>,
) -> Result<()> {
    let mut comparison = Comparison::new(stage.setup.workers);
    for &clients in clients {
        let mut contenders = names.map(Contender::new);
        for repetition in 0..stage.extent.repetitions {
            for place in turn(repetition, contenders.len()) {
                let Some(contender) = contenders.get_mut(place) else {
                    continue;
                };
                let (name, number) = (contender.name, repetition.saturating_add(1));
                progress(format_args!("{clients} clients, round {number}: {name}"));
                contender.add(match place {
                    0 => stage.create_at(other.address, other.id(), clients).await?,
                    _ => stage.create(clients).await?,
                });
            }
        }
        let [variant, usual] = &contenders;
        if let (Some(least), Some(measured)) = (wanted, variant.against(usual)) {
            let [name, reference] = names;
            let what = format!(
                "create, {clients} clients: throughput with {name} in relation to {reference}"
            );
            report.ratio(&what, least, measured);
        }
        comparison.add(clients, &[variant, usual]);
    }
    comparison.write(report);
    Ok(())
}
