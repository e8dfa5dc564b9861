//! Many payments: how long they take, what they do to the memory of the server, and lists of them.

use super::Contender;
use crate::bench::cpu::resident_memory;
use crate::bench::figures::{Spread, whole};
use crate::bench::load::{Run, Work, all};
use crate::bench::report::{Report, Table, milliseconds, ratio};
use crate::bench::server::{Customer, Server};
use crate::bench::stage::Stage;
use crate::bench::{Result, progress};

const PER_PAGE: u64 = 15;
const CLIENTS: usize = 32;

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    // A fresh process: what it holds in the end is of these payments.
    for email in ["many@bench.test", "few@bench.test"] {
        stage.setup.add_customer(email).await?;
    }
    let server = stage.setup.start().await?;
    let many = server.sign_in("many@bench.test").await?;
    let few = server.sign_in("few@bench.test").await?;
    let payments = stage.extent.payments;
    let fewer = payments / 100;
    let before = resident_memory(server.id())?;
    progress(format_args!("{payments} payments of one customer"));
    let run = open_payments(stage, &server, &many, payments).await?;
    let after = resident_memory(server.id())?;
    open_payments(stage, &server, &few, fewer).await?;
    for (customer, expected) in [(&many, payments), (&few, fewer)] {
        let there = stage.database.payments_of(customer.id).await?;
        if there != expected {
            return Err(format!("{there} payments are there in place of {expected}").into());
        }
    }
    report.heading("Many payments");
    let mut table = Table::new(["", ""]);
    let mut row = |what: String, figure: String| table.row([what, figure]);
    let count = whole(payments as f64);
    row(
        format!("{count} payments one after the other, {CLIENTS} clients"),
        format!(
            "{:.1} s, {} a second",
            run.elapsed.as_secs_f64(),
            whole(run.rate())
        ),
    );
    row(
        "p50, p99".to_owned(),
        format!(
            "{}, {}",
            milliseconds(run.milliseconds(0.5)),
            milliseconds(run.milliseconds(0.99))
        ),
    );
    row(
        "memory of the server before (resident)".to_owned(),
        mebibytes(before),
    );
    row(
        "memory of the server after (resident)".to_owned(),
        mebibytes(after),
    );
    report.table(&table);
    lists(stage, report, &server, [(&many, payments), (&few, fewer)]).await?;
    server.stop().await
}

async fn open_payments(
    stage: &mut Stage<'_>,
    server: &Server,
    customer: &Customer,
    count: u64,
) -> Result<Run> {
    let work = Work {
        address: server.address,
        expected: &[201],
        write: customer.create(),
        numbers: stage.database.add_orders(customer.id, count).await?,
    };
    all(&work, CLIENTS, &stage.meter("server", server.id())).await
}

/// The first page and one far behind, of somebody with many payments and of somebody with few.
async fn lists(
    stage: &Stage<'_>,
    report: &mut Report,
    server: &Server,
    customers: [(&Customer, u64); 2],
) -> Result<()> {
    // In a running service this has been done by the time that somebody has this many.
    stage.database.tidy().await?;
    let [(many, most), (few, least)] = customers;
    let pages = |payments: u64| payments.div_ceil(PER_PAGE);
    let far = pages(most).min(1_000);
    let last = pages(least);
    let lists = [
        (many, most, 1),
        (few, least, 1),
        (many, most, far),
        (few, least, last),
    ];
    let mut contenders = Vec::new();
    for _ in lists {
        contenders.push(Contender::new("list"));
    }
    for repetition in 0..stage.extent.repetitions {
        progress(format_args!(
            "lists, round {}",
            repetition.saturating_add(1)
        ));
        for (contender, (customer, _, page)) in contenders.iter_mut().zip(lists) {
            let path = format!("/api/v1/payments?page={page}&per_page={PER_PAGE}");
            let work = Work {
                address: server.address,
                expected: &[200],
                write: customer.read(&path),
                numbers: 0..u64::MAX,
            };
            contender.add(stage.closed(&work, server.id(), 1).await?);
        }
    }
    let mut table = Table::new(["list", "p50", "p99", "p50 in relation to few payments"]);
    for (pair, lists) in contenders.chunks(2).zip(lists.chunks(2)) {
        let reference = pair.get(1);
        for (place, (contender, (_, payments, page))) in pair.iter().zip(lists).enumerate() {
            let ratio = reference
                .filter(|_| place == 0)
                .and_then(|reference| Spread::of_ratios(&contender.halves, &reference.halves));
            table.row([
                format!("page {page} of {} payments", whole(*payments as f64)),
                super::median(&contender.halves),
                super::median(&contender.tails),
                ratio.map_or_else(String::new, self::ratio),
            ]);
        }
    }
    report.table(&table);
    Ok(())
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}
