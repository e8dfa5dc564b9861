//! Opening payments: the server, one bare statement, the flow as first described, and pgbench.

use std::time::Duration;

use super::{Comparison, Contender, turn};
use crate::bench::bare::{Bare, PREPARE, Prepare};
use crate::bench::cpu::Processes;
use crate::bench::http::{Connection, RequestHead};
use crate::bench::load::{Run, Work, Writer};
use crate::bench::pgbench::{Numbers, PgBench};
use crate::bench::report::Report;
use crate::bench::stage::{CLIENTS, Handler, Stage, numbered};
use crate::bench::{Result, progress};

/// What the server keeps at least of the throughput of one bare statement.
const OF_ONE_STATEMENT: f64 = 0.75;
/// How many times the throughput of the flow as first described.
const OF_THE_LITERAL_FLOW: f64 = 2.0;

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let bare = stage.handler(Bare::Create).await?;
    let literal = stage.handler(Bare::Literal).await?;
    let known = stage.handler(Bare::LiteralKnown).await?;
    let pgbench = PgBench::new(
        stage.postgres_programs(),
        stage.directory(),
        &stage.database.url,
        &stage.sample,
    )?;
    let mut comparison = Comparison::new(stage.setup.workers);
    for clients in CLIENTS {
        let mut contenders = [
            Contender::new("ours: `POST /api/v1/payments`"),
            Contender::new("one bare statement behind actix"),
            Contender::new("the flow as first described, behind actix"),
            Contender::new("the same with a known caller and two lines of log"),
            Contender::new("pgbench, the same statement"),
        ];
        for repetition in 0..stage.extent.repetitions {
            for place in turn(repetition, contenders.len()) {
                let Some(contender) = contenders.get_mut(place) else {
                    continue;
                };
                let (name, number) = (contender.name, repetition.saturating_add(1));
                progress(format_args!("{clients} clients, round {number}: {name}"));
                match place {
                    0 => contender.add(stage.create(clients).await?),
                    1 => contender.add(prepared(stage, &bare, clients).await?),
                    2 => {
                        let write = numbered(|number| format!("/{number}"));
                        contender.add(literally(stage, &literal, write, clients).await?);
                    }
                    3 => {
                        let write = stage.buyer.numbered();
                        contender.add(literally(stage, &known, write, clients).await?);
                    }
                    _ => statement_alone(stage, &pgbench, clients, contender).await?,
                }
            }
        }
        let [ours, one, flow, whole, alone] = &contenders;
        let goals = [
            (one, OF_ONE_STATEMENT, "one bare statement"),
            (flow, OF_THE_LITERAL_FLOW, "the flow as first described"),
        ];
        for (other, least, name) in goals {
            let what = format!("create, {clients} clients: throughput in relation to {name}");
            if let Some(measured) = ours.against(other) {
                report.ratio(&what, least, measured);
            }
        }
        comparison.add(clients, &[ours, one, flow, whole, alone]);
    }
    report.heading("Opening payments");
    comparison.write(report);
    bare.stop().await?;
    literal.stop().await?;
    known.stop().await
}

async fn prepared(stage: &mut Stage<'_>, bare: &Handler, clients: usize) -> Result<Run> {
    let numbers = stage
        .orders
        .for_run(stage.database, stage.whole_time())
        .await?;
    let wanted = Prepare {
        first: numbers.start,
        end: numbers.end,
    };
    let mut request = Vec::new();
    RequestHead::new("POST", PREPARE).write(&mut request, "", &serde_json::to_string(&wanted)?);
    let mut connection = Connection::open(bare.address).await?;
    let answer = connection.call(&request).await?;
    if answer.status != 200 {
        return Err(format!("nothing was prepared: {}", answer.excerpt()).into());
    }
    drop(connection);
    // Its requests carry no number: it takes the next opening.
    let work = Work {
        address: bare.address,
        expected: &[201],
        write: numbered(|_| "/".to_owned()),
        numbers,
    };
    let run = stage.closed(&work, bare.id(), clients).await?;
    stage.orders.used(run.next, run.rate());
    Ok(run)
}

async fn literally(
    stage: &mut Stage<'_>,
    literal: &Handler,
    write: Writer,
    clients: usize,
) -> Result<Run> {
    let work = Work {
        address: literal.address,
        expected: &[201],
        write,
        numbers: stage
            .orders
            .for_run(stage.database, stage.whole_time())
            .await?,
    };
    let run = stage.closed(&work, literal.id(), clients).await?;
    stage.orders.used(run.next, run.rate());
    Ok(run)
}

/// pgbench has no warm-up: it runs for as long as the others with theirs.
async fn statement_alone(
    stage: &mut Stage<'_>,
    pgbench: &PgBench,
    clients: usize,
    contender: &mut Contender,
) -> Result<()> {
    let time = stage.whole_time().max(Duration::from_secs(1));
    let orders = stage.orders.for_run(stage.database, time).await?;
    let room = i64::try_from(orders.end.saturating_sub(orders.start))?;
    let taxes = i64::try_from(stage.sample.taxes.len())?;
    let numbers = Numbers {
        order: i64::try_from(orders.start)?,
        payment: stage.database.reserve("payment_ids", room).await?,
        invoice: stage.database.reserve("invoice_ids", room).await?,
        tax: stage
            .database
            .reserve("tax_record_ids", room.saturating_mul(taxes))
            .await?,
    };
    let meter = stage
        .meter_without_server()
        .with("generator", Processes::WithEnded(std::process::id()));
    let metering = meter.begin()?;
    let threads = stage.setup.workers;
    let ran = pgbench.run(clients, time, threads, numbers).await?;
    let spent = metering.end()?;
    let (opened, last) = stage.database.opened(numbers.payment, room).await?;
    if opened != ran.transactions {
        let transactions = ran.transactions;
        return Err(format!(
            "pgbench ran {transactions} statements, and {opened} payments are there"
        )
        .into());
    }
    stage.orders.used(last.saturating_add(1), ran.rate);
    contender.add_rate(ran.rate, ran.transactions as f64, spent);
    Ok(())
}
