//! What is due is found among few settled payments, and among a million.

use std::time::Duration;

use bayar_app::port::store::{Which, Work};
use bayar_postgres::{PgConfig, PgStore};
use tokio_postgres::Client;

use super::beside::Beside;
use super::{Contender, median, turn};
use crate::bench::clock::now;
use crate::bench::cpu::{Meter, Processes};
use crate::bench::database::Database;
use crate::bench::figures::{Spread, whole};
use crate::bench::report::{Report, Table, ratio};
use crate::bench::stage::Stage;
use crate::bench::{Result, progress};

/// How many times as long it may take among many.
const SLOWER: f64 = 1.25;

/// How many payments are not at their end.
const UNRESOLVED: u64 = 1_000;
const CALLS: u32 = 200;
/// The server makes its plan after a few calls, and keeps it.
const WARM_UP: u32 = 20;

/// The first id of a settled payment.
const FIRST: i64 = 1_000_000_000;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Question {
    /// By whoever does due work: so many jobs as one process has hands.
    Jobs,
    /// By whoever looks at what is unresolved, and by `check-all`: a page.
    Unresolved,
    /// By the safety net: what has no job and should.
    Repair,
}

const QUESTIONS: [Question; 3] = [Question::Jobs, Question::Unresolved, Question::Repair];

impl Question {
    const fn name(self) -> &'static str {
        match self {
            Self::Jobs => "8 jobs that are due",
            Self::Unresolved => "200 payments that are unresolved",
            Self::Repair => "what is unresolved and has no job",
        }
    }

    async fn ask(self, store: &PgStore) -> Result<()> {
        // They are due again at once.
        const LEASE: Duration = Duration::from_millis(1);
        let (found, expected) = match self {
            Self::Jobs => (store.take_jobs(8, LEASE).await?.len(), 8),
            Self::Unresolved => (store.unresolved(Which::All, None, 200).await?.len(), 200),
            Self::Repair => (store.repair_jobs(200).await?.len(), 0),
        };
        if found == expected {
            Ok(())
        } else {
            Err(format!("{}: {found} in place of {expected}", self.name()).into())
        }
    }
}

/// What asking gave.
struct Asked {
    contender: Contender,
    /// Pages that were touched for one answer, once for each repetition.
    pages: Vec<f64>,
}

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let [few, many] = stage.extent.settled;
    let few = (few, world(stage, "few", few).await?);
    let many = (many, world(stage, "many", many).await?);
    let measured = compare(stage, report, [&few, &many]).await;
    let measured = few.1.close(measured).await;
    many.1.close(measured).await
}

async fn compare(
    stage: &Stage<'_>,
    report: &mut Report,
    worlds: [&(u64, Beside); 2],
) -> Result<()> {
    report.heading("What is due among settled payments");
    let mut table = Table::new([
        "",
        "settled payments",
        "p50",
        "p99",
        "p50 in relation to few",
        "pages touched",
        "used by others",
    ]);
    for question in QUESTIONS {
        let name = question.name();
        let mut asked = worlds.map(|_| Asked {
            contender: Contender::new(name),
            pages: Vec::new(),
        });
        for repetition in 0..stage.extent.repetitions {
            let number = repetition.saturating_add(1);
            progress(format_args!("round {number}: {name}"));
            for place in turn(repetition, worlds.len()) {
                if let (Some(asked), Some((_, world))) = (asked.get_mut(place), worlds.get(place)) {
                    ask(stage, &world.database, question, asked).await?;
                }
            }
        }
        let [few, many] = &asked;
        let slower = Spread::of_ratios(&many.contender.halves, &few.contender.halves);
        if let Some(slower) = slower {
            let count = whole(worlds[1].0 as f64);
            let what = format!("{name}, among {count} settled payments: p50 in relation to few");
            report.ratio_at_most(&what, SLOWER, slower);
        }
        for ((count, _), asked) in worlds.into_iter().zip(&asked) {
            let disturbed = asked.contender.disturbed(stage.setup.workers);
            report.disturbed(disturbed);
            let is_many = *count == worlds[1].0;
            let pages = Spread::of(asked.pages.iter().copied());
            table.row([
                name.to_owned(),
                whole(*count as f64),
                median(&asked.contender.halves),
                median(&asked.contender.tails),
                slower.filter(|_| is_many).map_or_else(String::new, ratio),
                pages.map_or_else(String::new, |pages| whole(pages.median)),
                format!("{:.0} %", disturbed * 100.0),
            ]);
        }
    }
    report.table(&table);
    Ok(())
}

/// Asks again and again, with a connection of its own.
async fn ask(
    stage: &Stage<'_>,
    database: &Database,
    question: Question,
    asked: &mut Asked,
) -> Result<()> {
    let mut config = PgConfig::new(&database.url);
    config.pool_size = 1;
    let before = pages_touched(&database.client).await?;
    let store = PgStore::connect(&config)?;
    for _ in 0..WARM_UP {
        question.ask(&store).await?;
    }
    let meter = Meter::default()
        .with("Postgres", Processes::WithChildren(stage.postmaster))
        .with("generator", Processes::One(std::process::id()));
    let metering = meter.begin()?;
    let mut latency = crate::bench::load::histogram()?;
    let begun = now();
    for _ in 0..CALLS {
        let sent = now();
        question.ask(&store).await?;
        crate::bench::load::record(&mut latency, sent.elapsed());
    }
    let elapsed = begun.elapsed();
    let contender = &mut asked.contender;
    let milliseconds = |share| latency.value_at_quantile(share) as f64 / 1e6;
    contender.halves.push(milliseconds(0.5));
    contender.tails.push(milliseconds(0.99));
    let calls = f64::from(CALLS);
    contender.add_rate(calls / elapsed.as_secs_f64(), calls, metering.end()?);
    // Postgres counts what a connection did at the latest when it ends.
    drop(store);
    database.until_nobody_else_is_connected().await?;
    let touched = pages_touched(&database.client).await? - before;
    asked
        .pages
        .push(touched as f64 / f64::from(CALLS + WARM_UP));
    Ok(())
}

/// How many pages of our tables and indexes were looked at since the beginning.
async fn pages_touched(client: &Client) -> Result<i64> {
    let all = "SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0))::bigint
         FROM pg_statio_user_tables";
    Ok(client.query_one(all, &[]).await?.try_get(0)?)
}

/// A database with unresolved payments that are due, and so many that are settled.
async fn world(stage: &Stage<'_>, word: &str, settled: u64) -> Result<Beside> {
    let beside = Beside::open(stage, word, UNRESOLVED + 1).await?;
    match settle(&beside, settled).await {
        Ok(()) => Ok(beside),
        Err(error) => beside.close(Err(error)).await,
    }
}

/// Has one of the payments paid, and copies its rows.
async fn settle(beside: &Beside, copies: u64) -> Result<()> {
    let client = &beside.database.client;
    let paid = client
        .query_one(
            "SELECT o.order_number, o.id, p.id, a.id FROM orders AS o JOIN payments AS p ON p.order_id = o.id
             JOIN attempts AS a ON a.payment_id = p.id ORDER BY o.id LIMIT 1",
            &[],
        )
        .await?;
    let number: String = paid.try_get(0)?;
    let (order, payment, attempt): (i64, i64, i64) =
        (paid.try_get(1)?, paid.try_get(2)?, paid.try_get(3)?);
    beside.gateways.pay(&number).await?;
    let due = "UPDATE jobs SET due_at = now() - interval '1 hour' WHERE done_at IS NULL";
    client.batch_execute(due).await?;
    let setup = beside.setup.clone().with("WORK_GATEWAY_RATE", "off");
    setup
        .run(&["schedule", "run", "check-unresolved"], "")
        .await?;
    let open = "SELECT count(*) FROM jobs WHERE done_at IS NULL
         AND ((kind = 'expire_payment' AND subject_id = $1) OR (kind = 'watch_attempt' AND subject_id = $2))";
    let open = client.query_one(open, &[&payment, &attempt]).await?;
    if open.try_get::<_, i64>(0)? != 0 {
        return Err("a payment that was paid is not settled".into());
    }
    progress(format_args!("{copies} settled payments"));
    let last = FIRST
        .saturating_add(i64::try_from(copies)?)
        .saturating_sub(1);
    // They are copies of rows that fit: no trigger has to look at them.
    client
        .batch_execute("SET session_replication_role = replica")
        .await?;
    for (table, which, changed) in [
        (
            "orders",
            format!("one.id = {order}"),
            &[
                ("id", "n"),
                ("consultation_id", "n"),
                ("order_number", "'INV202501010000-' || upper(to_hex(n))"),
                (
                    "live_payment_id",
                    "CASE WHEN one.live_payment_id IS NOT NULL THEN n END",
                ),
            ][..],
        ),
        (
            "payments",
            format!("one.id = {payment}"),
            &[("id", "n"), ("order_id", "n"), ("consultation_id", "n")],
        ),
        (
            "attempts",
            format!("one.id = {attempt}"),
            &[("id", "n"), ("payment_id", "n"), ("order_id", "n")],
        ),
        (
            "gateway_calls",
            format!("one.order_id = {order}"),
            &[
                ("key", "'copy-' || one.position || '-' || n"),
                ("order_id", "n"),
                ("subject_id", "n"),
            ],
        ),
        (
            "jobs",
            format!(
                "(one.kind = 'expire_payment' AND one.subject_id = {payment})
                 OR (one.kind = 'watch_attempt' AND one.subject_id = {attempt})"
            ),
            &[("subject_id", "n")],
        ),
    ] {
        copy(client, table, &which, changed, FIRST, last).await?;
    }
    client
        .batch_execute("SET session_replication_role = origin")
        .await?;
    // All of them are due, whatever was looked at before.
    client.batch_execute(due).await?;
    beside.database.tidy().await
}

/// Copies the rows of a table once for each number `n`, with some columns changed.
async fn copy(
    client: &Client,
    table: &str,
    which: &str,
    changed: &[(&str, &str)],
    first: i64,
    last: i64,
) -> Result<()> {
    let columns = client
        .query(
            "SELECT column_name::text FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
            &[&table],
        )
        .await?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in &columns {
        let name: String = column.try_get(0)?;
        let value = changed.iter().find(|(changed, _)| *changed == name);
        values.push(value.map_or_else(|| format!("one.{name}"), |(_, value)| (*value).to_owned()));
        names.push(name);
    }
    let (names, values) = (names.join(", "), values.join(", "));
    let copied = client
        .execute(
            &format!(
                "INSERT INTO {table} ({names}) SELECT {values}
                 FROM {table} AS one CROSS JOIN generate_series({first}, {last}) AS n WHERE {which}"
            ),
            &[],
        )
        .await?;
    if copied == 0 {
        return Err(format!("{table} has no row to copy").into());
    }
    Ok(())
}
