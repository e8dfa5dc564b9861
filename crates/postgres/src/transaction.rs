//! Transactions that never outlive whoever holds them.

use std::time::Duration;

use bayar_app::port::store::Answer;
use deadpool::managed::Object;
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel_async::methods::LoadQuery;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::error::{Failure, broken};
use crate::pool::{Conn, Pool};
use crate::run::within;

type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// A transaction on a connection of its own.
///
/// Dropped without an end, it takes the connection with it: the server sees the socket close, undoes everything
/// and lets go of the locks. A connection that went back to the pool instead would hold them until somebody used it.
pub(crate) struct Transaction {
    conn: Option<Conn>,
    patience: Duration,
    /// A statement may still run on it: nobody waited for its answer, or none came.
    at_work: bool,
}

impl Transaction {
    pub(crate) async fn begin(pool: &Pool) -> Answer<Self> {
        let mut transaction = Self {
            conn: Some(pool.connection().await?),
            patience: pool.patience,
            at_work: false,
        };
        let patience = transaction.patience;
        within(patience, Manager::begin_transaction(transaction.conn()?))
            .await
            .map_err(Failure::of_reading)?;
        Ok(transaction)
    }

    /// Reads all rows of a query.
    pub(crate) fn load<'a, Q, U>(&'a mut self, query: Q) -> BoxFuture<'a, Answer<Vec<U>>>
    where
        Q: LoadQuery<'a, AsyncPgConnection, U> + Send + 'a,
        U: Send + 'a,
    {
        async move {
            self.at_work = true;
            let rows = within(self.patience, query.load(self.conn()?)).await;
            self.at_work = is_no_answer(&rows);
            rows.map_err(Failure::of_reading)
        }
        .boxed()
    }

    /// Carries out a statement. Without a commit it never was, so a broken connection leaves nothing unsure.
    pub(crate) fn execute<'a, Q>(&'a mut self, statement: Q) -> BoxFuture<'a, Answer<usize>>
    where
        Q: QueryFragment<Pg> + QueryId + Send + 'a,
    {
        async move {
            self.at_work = true;
            let done = within(self.patience, statement.execute(self.conn()?)).await;
            self.at_work = is_no_answer(&done);
            done.map_err(Failure::of_reading)
        }
        .boxed()
    }

    /// Makes all of it true at once, and gives the connection back.
    pub(crate) async fn commit(mut self) -> Answer<()> {
        within(self.patience, Manager::commit_transaction(self.conn()?))
            .await
            .map_err(Failure::of_writing)?;
        drop(self.conn.take());
        Ok(())
    }

    /// Undoes all of it and gives the connection back, where it is still good for something.
    pub(crate) async fn rollback(mut self) {
        let patience = self.patience;
        if !self.at_work
            && let Ok(conn) = self.conn()
            && within(patience, Manager::rollback_transaction(conn))
                .await
                .is_ok()
        {
            drop(self.conn.take());
        }
    }

    fn conn(&mut self) -> Answer<&mut AsyncPgConnection> {
        let conn = self.conn.as_deref_mut();
        conn.ok_or_else(|| broken("the transaction is over"))
    }
}

const fn is_no_answer<T>(answer: &Result<T, Failure>) -> bool {
    matches!(answer, Err(Failure::Lost(_) | Failure::Silent(_)))
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            drop(Object::take(conn));
        }
    }
}
