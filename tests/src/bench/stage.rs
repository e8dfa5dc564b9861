//! Everything that every part of a measurement needs: the servers, somebody who pays, orders to pay.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::bare::{Bare, Place, Sample, SampleTax};
use super::child::{Program, Scratch, free_port};
use super::cpu::{Meter, Processes};
use super::database::Database;
use super::http::{Connection, RequestHead};
use super::load::{Run, Work, Writer, all, closed};
use super::machine::cores;
use super::orders::Orders;
use super::redis_server::RedisServer;
use super::server::{Customer, Server, Setup, beside_this_program};
use super::{Extent, Result, Surroundings, progress};

/// How many connections to Postgres the server has, and whatever it is compared with.
pub(super) const POOL: usize = 16;

/// How many clients there are where throughput is measured.
pub(super) const CLIENTS: [usize; 2] = [8, 32];

pub(super) struct Stage<'a> {
    pub(super) extent: Extent,
    pub(super) scratch: Scratch,
    pub(super) surroundings: &'a Surroundings,
    pub(super) database: &'a Database,
    pub(super) postmaster: u32,
    pub(super) redis: RedisServer,
    pub(super) setup: Setup,
    pub(super) server: Server,
    pub(super) buyer: Customer,
    pub(super) orders: Orders,
    pub(super) sample: Sample,
    /// How often the log was flushed for each payment of a single client.
    pub(super) flushes: f64,
}

/// A handler that the server is compared with.
pub(super) struct Handler {
    program: Program,
    pub(super) address: SocketAddr,
}

impl<'a> Stage<'a> {
    pub(super) async fn set(
        surroundings: &'a Surroundings,
        extent: Extent,
        database: &'a Database,
    ) -> Result<Self> {
        let scratch = Scratch::new()?;
        let redis = RedisServer::start(&surroundings.redis_server, scratch.path()).await?;
        let setup = Setup {
            program: beside_this_program("bayar")?,
            directory: scratch.path().to_owned(),
            database_url: database.url.clone(),
            redis_url: Some(redis.url.clone()),
            workers: cores()?,
            more: vec![("DATABASE_POOL_SIZE".to_owned(), POOL.to_string())],
        };
        setup.run(&["migrate"], "").await?;
        database.check().await?;
        setup.add_customer("buyer@bench.test").await?;
        let server = setup.start().await?;
        let buyer = server.sign_in("buyer@bench.test").await?;
        let mut orders = Orders::add(database, buyer.id, extent.orders).await?;
        let sample = sample(&server, &buyer, database, &mut orders).await?;
        let history = orders.take(database, extent.history).await?;
        open_history(&server, &buyer, history).await?;
        database.tidy().await?;
        // Postgres counts what a connection did at the latest when it ends.
        server.stop().await?;
        database.until_nobody_else_is_connected().await?;
        let flushes = database.flushes().await?;
        let server = setup.start().await?;
        let mut stage = Self {
            extent,
            scratch,
            surroundings,
            database,
            postmaster: database.postmaster().await?,
            redis,
            setup,
            server,
            buyer,
            orders,
            sample,
            flushes: 0.0,
        };
        stage.flushes = stage.see_that_commits_are_flushed(flushes).await?;
        Ok(stage)
    }

    /// A setting of one connection could make commits cheaper than the settings of the server show.
    /// `before` is how many flushes there had been.
    async fn see_that_commits_are_flushed(&mut self, before: u64) -> Result<f64> {
        progress(format_args!("are commits flushed to the disk?"));
        let run = self.create(1).await?;
        let expected = before.saturating_add(run.sent);
        let flushed = self.database.flushes_once_counted(expected).await?;
        let flushes = flushed.saturating_sub(before) as f64 / run.sent as f64;
        if flushes < 0.9 {
            let complaint = format!(
                "{flushes:.2} flushes for each payment: payments are answered before they are on the disk"
            );
            return Err(complaint.into());
        }
        Ok(flushes)
    }

    /// Everybody who takes part when the server is asked.
    pub(super) fn meter(&self, name: &'static str, process: u32) -> Meter {
        self.meter_without_server()
            .with(name, Processes::One(process))
            .with("generator", Processes::One(std::process::id()))
    }

    /// Postgres and Redis.
    pub(super) fn meter_without_server(&self) -> Meter {
        Meter::default()
            .with("Postgres", Processes::WithChildren(self.postmaster))
            .with("Redis", Processes::One(self.redis.id()))
    }

    /// How long a run takes, with its warm-up.
    pub(super) fn whole_time(&self) -> Duration {
        self.extent.warm_up.saturating_add(self.extent.time)
    }

    /// Lets clients open payments at the server.
    pub(super) async fn create(&mut self, clients: usize) -> Result<Run> {
        let (address, process) = (self.server.address, self.server.id());
        self.create_at(address, process, clients).await
    }

    /// The same at another one.
    pub(super) async fn create_at(
        &mut self,
        address: SocketAddr,
        process: u32,
        clients: usize,
    ) -> Result<Run> {
        let time = self.whole_time();
        let work = Work {
            address,
            expected: &[201],
            write: self.buyer.create(),
            numbers: self.orders.for_run(self.database, time).await?,
        };
        let run = self.closed(&work, process, clients).await?;
        self.orders.used(run.next, run.rate());
        Ok(run)
    }

    pub(super) async fn closed(&self, work: &Work, process: u32, clients: usize) -> Result<Run> {
        let meter = self.meter("server", process);
        let Extent { warm_up, time, .. } = self.extent;
        closed(work, clients, warm_up, time, &meter).await
    }

    /// Starts a handler to compare with.
    pub(super) async fn handler(&self, bare: fn(Place) -> Bare) -> Result<Handler> {
        self.handler_on(&self.database.url, bare).await
    }

    /// The same on another database.
    pub(super) async fn handler_on(
        &self,
        database_url: &str,
        bare: fn(Place) -> Bare,
    ) -> Result<Handler> {
        let address = free_port()?;
        let bare = bare(Place {
            address,
            workers: self.setup.workers,
            connections: POOL,
            database_url: database_url.to_owned(),
            redis_url: self.redis.url.clone(),
            sample: self.sample.clone(),
        });
        let mut command = Command::new(std::env::current_exe()?);
        command.args(bare.arguments()?).env_clear();
        let mut program = Program::start("bayar-bench bare", &mut command)?;
        program.until_it_answers(address, "/readyz").await?;
        Ok(Handler { program, address })
    }

    pub(super) fn directory(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn postgres_programs(&self) -> &PathBuf {
        &self.surroundings.postgres_programs
    }
}

impl Handler {
    pub(super) const fn id(&self) -> u32 {
        self.program.id()
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.program.stop().await
    }
}

/// A POST to a path that ends with the number of the request.
pub(super) fn numbered(head: impl Fn(u64) -> String + Send + Sync + 'static) -> Writer {
    std::sync::Arc::new(move |number, request| {
        RequestHead::new("POST", &head(number))
            .header("Content-Length", "0")
            .write(request, "", "");
    })
}

/// Opens payments that are not measured.
///
/// Postgres plans a statement for the tables as it knows them, and keeps the plan. For tables that were empty when it
/// looked, it reads them from end to end, until it looks again: in a running service that is long ago.
async fn open_history(server: &Server, buyer: &Customer, numbers: Range<u64>) -> Result<()> {
    let count = numbers.end.saturating_sub(numbers.start);
    progress(format_args!("{count} payments go before"));
    let work = Work {
        address: server.address,
        expected: &[201],
        write: buyer.create(),
        numbers,
    };
    all(&work, 8, &Meter::default()).await?;
    Ok(())
}

/// Opens the first payment, and looks at what was written for it.
async fn sample(
    server: &Server,
    buyer: &Customer,
    database: &Database,
    orders: &mut Orders,
) -> Result<Sample> {
    let consultation = orders.take(database, 1).await?.start;
    let mut connection = Connection::open(server.address).await?;
    let mut request = Vec::new();
    buyer.create()(consultation, &mut request);
    let mut answers = Vec::new();
    for expected in [201, 409] {
        let answer = connection.call(&request).await?;
        if answer.status != expected {
            let excerpt = answer.excerpt();
            return Err(format!("the first payment: expected {expected}, got {excerpt}").into());
        }
        answers.push(String::from_utf8(answer.body.to_vec())?);
    }
    let id = i64::try_from(consultation)?;
    let payment = database
        .client
        .query_one(
            "SELECT id, state FROM payments WHERE consultation_id = $1",
            &[&id],
        )
        .await?;
    let rows = database
        .client
        .query(
            "SELECT tax_type, rate::text, tax_amount_minor, tax_amount::text, line FROM tax_records
             WHERE payment_id = $1 ORDER BY position",
            &[&payment.try_get::<_, i64>(0)?],
        )
        .await?;
    let mut taxes = Vec::new();
    for row in rows {
        taxes.push(SampleTax {
            tax_type: row.try_get(0)?,
            rate: row.try_get(1)?,
            minor: row.try_get(2)?,
            amount: row.try_get(3)?,
            line: row.try_get(4)?,
        });
    }
    let mut answers = answers.into_iter();
    Ok(Sample {
        user: buyer.id,
        minute: database.minute().to_owned(),
        state: payment.try_get(1)?,
        taxes,
        answer: answers.next().unwrap_or_default(),
        duplicate: answers.next().unwrap_or_default(),
    })
}
