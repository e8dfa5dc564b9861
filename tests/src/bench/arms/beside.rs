//! A database with payments whose checkouts are open, beside the one that everything else is measured on:
//! what is due in it is nobody's but the part's that made it.

use std::sync::Arc;

use crate::bench::cpu::Meter;
use crate::bench::database::Database;
use crate::bench::gateways::Gateways;
use crate::bench::load::{Work, all};
use crate::bench::server::{Server, Setup};
use crate::bench::stage::Stage;
use crate::bench::{Result, progress};

const CLIENTS: usize = 16;
const BUYER: &str = "beside@bench.test";

pub(super) struct Beside {
    pub(super) database: Database,
    pub(super) gateways: Gateways,
    pub(super) setup: Setup,
}

impl Beside {
    /// Makes `count` payments with a checkout each, and stops the server that opened them.
    pub(super) async fn open(stage: &Stage<'_>, word: &str, count: u64) -> Result<Self> {
        let database = stage.database.another(word).await?;
        match Self::fill(stage, &database, count).await {
            Ok((gateways, setup)) => Ok(Self {
                database,
                gateways,
                setup,
            }),
            Err(error) => {
                database.remove().await?;
                Err(error)
            }
        }
    }

    async fn fill(stage: &Stage<'_>, database: &Database, count: u64) -> Result<(Gateways, Setup)> {
        let gateways = Gateways::start().await?;
        let mut setup = stage.setup.with_database(&database.url);
        setup.more.extend(gateways.settings());
        setup.run(&["migrate"], "").await?;
        setup.add_customer(BUYER).await?;
        progress(format_args!("{count} payments with an open checkout"));
        let server = setup.start_without_work().await?;
        let buyer = server.sign_in(BUYER).await?;
        let orders = database.add_orders(buyer.id, count).await?;
        let create = Work {
            address: server.address,
            expected: &[201],
            write: buyer.create(),
            numbers: orders.clone(),
        };
        all(&create, CLIENTS, &Meter::default()).await?;
        // It has plans for tables that were empty.
        let server = anew(&setup, server, database).await?;
        let payments: Arc<[i64]> = database.payments_for(orders).await?.into();
        let process = Work {
            address: server.address,
            expected: &[200],
            write: buyer.process(payments),
            numbers: 0..count,
        };
        all(&process, CLIENTS, &Meter::default()).await?;
        server.stop().await?;
        database.tidy().await?;
        Ok((gateways, setup))
    }

    /// Ends it, whatever came of it.
    pub(super) async fn close<T>(self, measured: Result<T>) -> Result<T> {
        self.database.remove().await?;
        self.gateways.stop().await?;
        measured
    }
}

async fn anew(setup: &Setup, server: Server, database: &Database) -> Result<Server> {
    server.stop().await?;
    database.tidy().await?;
    setup.start_without_work().await
}
