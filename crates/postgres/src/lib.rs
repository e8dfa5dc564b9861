//! The store on Postgres: every port of [`bayar_app::port::store`], by [`PgStore`].
//!
//! This crate translates. It never decides anything: a guard in its SQL repeats a rule of the domain,
//! and a row that the domain refuses is a fault that is reported, not repaired.
//!
//! How it works with the server:
//! - What has to happen at once is one statement where it can be, in autocommit. Statements run in tasks of their own:
//!   a caller who goes away leaves no lock behind, and no connection on which something still runs.
//! - A unit of work is a transaction that holds the row of its order. Dropped, it takes its connection with it;
//!   given up, it gives it back.
//! - Every statement is prepared once on a connection and then only executed. So a connection must be a session:
//!   a proxy that hands out a connection for each transaction has to know prepared statements.
//! - Nothing waits without a bound: not for a connection, not for a lock, not for an answer.

mod accounts;
mod calls;
mod config;
mod error;
mod ids;
mod inbox;
mod keys;
mod listing;
mod migrations;
mod opening;
mod orders;
mod payments;
mod pool;
mod refunds;
mod rows;
mod run;
mod schedule;
mod schema;
mod statement;
mod survey;
mod tls;
mod transaction;
mod unit;
mod upkeep;
mod work;

use std::fmt;
use std::sync::Arc;

pub use config::{ConfigError, PgConfig};

use ids::Ids;
use pool::Pool;

/// The store on Postgres. Clones share one pool of connections.
#[derive(Clone)]
pub struct PgStore {
    pool: Pool,
    ids: Arc<Ids>,
}

impl PgStore {
    /// Makes a store that connects when it is first asked for something: the server need not be there yet.
    ///
    /// # Errors
    /// When the URL cannot be read, or the certificates it names or needs are not there.
    pub fn connect(config: &PgConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            pool: Pool::new(config)?,
            ids: Arc::default(),
        })
    }
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore").finish_non_exhaustive()
    }
}
