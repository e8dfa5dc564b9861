//! Connections, and the transactions on them.
//!
//! Everything SQLite does blocks, so it is done on threads that may block, and each piece of work there runs to its
//! end whatever becomes of the one who waits for it: no transaction is ever left open, and no commit half-way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bayar_app::port::{Clock, Source, StoreError};
use chrono::{DateTime, SubsecRound, Utc};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::Error as SqlError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Failure, broken};
use super::file::{Access, DatabaseFile};

/// Connections of one kind.
pub(super) struct Pool {
    file: DatabaseFile,
    access: Access,
    clock: Arc<dyn Clock>,
    patience: Duration,
    seats: Arc<Semaphore>,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Pool {
    pub(super) fn new(
        file: DatabaseFile,
        access: Access,
        size: usize,
        clock: Arc<dyn Clock>,
        patience: Duration,
    ) -> Self {
        Self {
            file,
            access,
            clock,
            patience,
            seats: Arc::new(Semaphore::new(size)),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Opens a connection, to learn whether that is possible.
    pub(super) fn warm_up(&self) -> Result<(), Source> {
        let connection = self.file.connect(self.access)?;
        self.idle().push(connection);
        Ok(())
    }

    /// Does `work` in a transaction of its own: all of it or nothing. It is given the time of the transaction.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut SqliteConnection, DateTime<Utc>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let seat = self.seat().await?;
        blocking(move || {
            let mut transaction = seat.begin()?;
            let answer = transaction.run(work)?;
            transaction.commit()?;
            Ok(answer)
        })
        .await
    }

    /// Does `work` in a transaction that lives on.
    pub(super) async fn begin<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut SqliteConnection, DateTime<Utc>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<(Transaction, T), Failure> {
        let seat = self.seat().await?;
        blocking(move || {
            let mut transaction = seat.begin()?;
            let answer = transaction.run(work)?;
            Ok((transaction, answer))
        })
        .await
    }

    /// Waits for `something`, but not without end.
    pub(super) async fn patiently<T>(
        &self,
        something: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        tokio::time::timeout(self.patience, something)
            .await
            .map_err(|late| StoreError::Unavailable(late.into()).into())
    }

    async fn seat(self: &Arc<Self>) -> Result<Seat, Failure> {
        let permit = self.patiently(Arc::clone(&self.seats).acquire_owned());
        let permit = permit.await?.map_err(broken)?;
        let pool = Arc::clone(self);
        Ok(Seat {
            pool,
            _permit: permit,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time is that of this process: the database is in it.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}

/// The right to one connection.
struct Seat {
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Seat {
    fn begin(self) -> Result<Transaction, Failure> {
        let pool = &self.pool;
        let idle = pool.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => pool
                .file
                .connect(pool.access)
                .map_err(StoreError::Unavailable)?,
        };
        // A writer that began as a reader could find that another process wrote in between, and lose its work.
        let begin = match pool.access {
            Access::Read => "BEGIN",
            Access::Write => "BEGIN IMMEDIATE",
        };
        let begun = AnsiTransactionManager::begin_transaction_sql(&mut connection, begin);
        let transaction = Transaction {
            connection: Some(connection),
            now: pool.now(),
            seat: self,
        };
        begun?;
        Ok(transaction)
    }
}

/// An open transaction. Dropped without a commit, it never happened, and its connection is free again.
pub(super) struct Transaction {
    connection: Option<SqliteConnection>,
    now: DateTime<Utc>,
    seat: Seat,
}

impl Transaction {
    /// Does `work` in it. After an error it must not be committed.
    pub(super) fn run<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection, DateTime<Utc>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let now = self.now;
        work(self.connection()?, now)
    }

    pub(super) fn commit(mut self) -> Result<(), Failure> {
        AnsiTransactionManager::commit_transaction(self.connection()?).map_err(Failure::Commit)
    }

    fn connection(&mut self) -> Result<&mut SqliteConnection, Failure> {
        let connection = self.connection.as_mut();
        connection.ok_or_else(|| broken("the transaction has no connection"))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        match AnsiTransactionManager::rollback_transaction(&mut connection) {
            Ok(()) | Err(SqlError::NotInTransaction) => self.seat.pool.idle().push(connection),
            Err(error) => tracing::warn!(%error, "a connection to the database is replaced"),
        }
    }
}

/// Runs `work` on a thread that may block. It ends there even when nobody waits for it any more.
pub(super) async fn blocking<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and never began the work.
            Err(error) => Err(StoreError::Unavailable(error.into()).into()),
        },
    }
}

#[cfg(test)]
mod tests;
