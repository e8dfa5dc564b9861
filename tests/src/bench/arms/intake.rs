//! Webhooks taken in: the server, and one bare statement that keeps as much.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::sleep;

use super::{Comparison, Contender, turn};
use crate::bench::bare::Bare;
use crate::bench::clock::now;
use crate::bench::cpu::Meter;
use crate::bench::database::Database;
use crate::bench::figures::{Spread, whole};
use crate::bench::load::{Run, Work, Writer, all};
use crate::bench::report::{Report, Table};
use crate::bench::server::Server;
use crate::bench::stage::{CLIENTS, Handler, Stage};
use crate::bench::{Result, events, progress};

/// What the server keeps at least of the throughput of one bare statement.
const OF_ONE_STATEMENT: f64 = 0.75;
/// How many times as long as with it a webhook may take at most, 99 times of 100.
const SLOWER: f64 = 3.0;

const OURS: &str = "ours: `POST /stripe/webhook`";
const UNANSWERED: &str = "ours while Stripe does not answer and the work on them waits";
const BARE: &str = "one bare statement behind actix";

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    // Each keeps its webhooks apart: the server would work on those of the others too.
    let databases = [
        stage.database.another("worked").await?,
        stage.database.another("waits").await?,
        stage.database.another("bare").await?,
    ];
    let measured = compare(stage, report, &databases).await;
    for database in databases {
        database.remove().await?;
    }
    measured
}

/// Where a contender is, with its place in the run.
struct Taker<'a> {
    address: SocketAddr,
    process: u32,
    write: Writer,
    database: &'a Database,
    next: u64,
}

async fn compare(stage: &Stage<'_>, report: &mut Report, databases: &[Database; 3]) -> Result<()> {
    let [worked, waits, bare] = databases;
    let server = serve(stage, worked, "http://127.0.0.1:9").await?;
    let silence = TcpListener::bind("127.0.0.1:0").await?;
    let nobody = format!("http://{}", silence.local_addr()?);
    let busy = serve(stage, waits, &nobody).await?;
    let setup = stage.setup.with_database(&bare.url);
    setup.run(&["migrate"], "").await?;
    let handler = stage.handler_on(&bare.url, Bare::Webhook).await?;
    let mut takers = takers(&server, &busy, &handler, databases);
    for taker in &mut takers {
        warm(taker).await?;
    }
    let mut comparison = Comparison::new(stage.setup.workers);
    let mut left = Table::new([
        "left to be worked on at the end of 3 seconds",
        "clients",
        "taken in: median (least to most)",
        "left: median (least to most)",
    ]);
    for clients in CLIENTS {
        let mut contenders = [OURS, UNANSWERED, BARE].map(Contender::new);
        let (mut taken, mut undone) = (Vec::new(), Vec::new());
        for repetition in 0..stage.extent.repetitions {
            for place in turn(repetition, contenders.len()) {
                let (Some(contender), Some(taker)) =
                    (contenders.get_mut(place), takers.get_mut(place))
                else {
                    continue;
                };
                let (name, number) = (contender.name, repetition.saturating_add(1));
                progress(format_args!("{clients} clients, round {number}: {name}"));
                let run = take_in(stage, taker, clients).await?;
                if place == 0 {
                    taken.push(run.sent as f64);
                    undone.push(unworked(worked).await? as f64);
                    until_all_is_worked_on(worked).await?;
                }
                contender.add(run);
            }
        }
        let [ours, apart, one] = &contenders;
        goals(report, clients, [ours, apart], one);
        comparison.add(clients, &[ours, apart, one]);
        left.row([
            OURS.to_owned(),
            clients.to_string(),
            counted(&taken),
            counted(&undone),
        ]);
    }
    report.heading("Taking webhooks in");
    comparison.write(report);
    report.table(&left);
    for server in [server, busy] {
        server.stop().await?;
    }
    handler.stop().await
}

fn goals(report: &mut Report, clients: usize, ours: [&Contender; 2], one: &Contender) {
    let names = ["", ", Stripe does not answer"];
    for (ours, name) in ours.into_iter().zip(names) {
        let what = format!("webhooks, {clients} clients{name}");
        if let Some(measured) = ours.against(one) {
            let what = format!("{what}: throughput in relation to one bare statement");
            report.ratio(&what, OF_ONE_STATEMENT, measured);
        }
        if let Some(measured) = Spread::of_ratios(&ours.tails, &one.tails) {
            let what = format!("{what}: p99 in relation to one bare statement");
            report.ratio_at_most(&what, SLOWER, measured);
        }
    }
}

fn counted(counts: &[f64]) -> String {
    Spread::of(counts.iter().copied()).map_or_else(String::new, |counts| {
        let Spread {
            median,
            least,
            most,
        } = counts;
        format!("{} ({} to {})", whole(median), whole(least), whole(most))
    })
}

fn takers<'a>(
    server: &Server,
    busy: &Server,
    handler: &Handler,
    [worked, waits, bare]: &'a [Database; 3],
) -> [Taker<'a>; 3] {
    let ours = |server: &Server, write, database| Taker {
        address: server.address,
        process: server.id(),
        write,
        database,
        next: 0,
    };
    let path = |_| "/stripe/webhook".to_owned();
    [
        ours(server, events::post(path, events::ours), worked),
        // Whose it is has to be asked, at a gateway that does not answer.
        ours(busy, events::post(path, events::of_some_account), waits),
        Taker {
            address: handler.address,
            process: handler.id(),
            write: events::post(|number| format!("/{number}"), events::ours),
            database: bare,
            next: 0,
        },
    ]
}

/// A server of its own, which asks a gateway that is not there.
async fn serve(stage: &Stage<'_>, database: &Database, gateway: &str) -> Result<Server> {
    let setup = stage
        .setup
        .with_database(&database.url)
        .with("STRIPE_WEBHOOK_SECRET", events::SECRET)
        .with("STRIPE_API_BASE", gateway)
        .with("GATEWAY_TIMEOUT", "15s");
    setup.run(&["migrate"], "").await?;
    setup.start().await
}

/// Posts until Postgres has plans for a table that is not empty any more.
async fn warm(taker: &mut Taker<'_>) -> Result<()> {
    const ENOUGH: u64 = 2_000;
    let end = taker.next.saturating_add(ENOUGH);
    let work = work(taker, taker.next..end);
    all(&work, 8, &Meter::default()).await?;
    taker.next = end;
    taker.database.tidy().await
}

async fn take_in(stage: &Stage<'_>, taker: &mut Taker<'_>, clients: usize) -> Result<Run> {
    let work = work(taker, taker.next..u64::MAX);
    let run = stage.closed(&work, taker.process, clients).await?;
    taker.next = run.next;
    Ok(run)
}

fn work(taker: &Taker<'_>, numbers: std::ops::Range<u64>) -> Work {
    Work {
        address: taker.address,
        expected: &[200],
        write: Arc::clone(&taker.write),
        numbers,
    }
}

const UNWORKED: &str = "SELECT count(*) FROM inbox WHERE next_try_at IS NOT NULL";

async fn unworked(database: &Database) -> Result<i64> {
    let count = database.client.query_one(UNWORKED, &[]).await?;
    Ok(count.try_get(0)?)
}

async fn until_all_is_worked_on(database: &Database) -> Result<()> {
    until(database, UNWORKED, 0).await
}

async fn until(database: &Database, question: &str, expected: i64) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(120);
    let begun = now();
    loop {
        let count = database.client.query_one(question, &[]).await?;
        let count: i64 = count.try_get(0)?;
        if count == expected {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("{count} in place of {expected}: {question}").into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}
