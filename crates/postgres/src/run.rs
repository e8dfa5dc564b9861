//! Asking the server.

use std::future::Future;
use std::time::Duration;

use bayar_app::port::StoreError;
use bayar_app::port::store::Answer;
use deadpool::managed::Object;
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel_async::methods::LoadQuery;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tracing::Instrument;

use crate::PgStore;
use crate::error::Failure;
use crate::pool::{Conn, Pool};

// Every statement runs in a task of its own. A caller may go away at any moment, and a connection that goes back
// to the pool with a statement still running on it would make the next one wait for a stranger.
impl PgStore {
    /// Reads, and reads once more when the connection turns out to be dead: it may have died while nobody used it.
    ///
    /// Always all rows, never the first of them: a statement that is not read to its end may not be committed yet.
    pub(crate) fn load<Q, U>(&self, query: Q) -> BoxFuture<'static, Answer<Vec<U>>>
    where
        Q: LoadQuery<'static, AsyncPgConnection, U> + Clone + Send + 'static,
        U: Send + 'static,
    {
        self.load_made(move || query.clone())
    }

    /// The same for a query that cannot be copied: `make` makes it once more.
    pub(crate) fn load_made<Q, U>(
        &self,
        mut make: impl FnMut() -> Q + Send + 'static,
    ) -> BoxFuture<'static, Answer<Vec<U>>>
    where
        Q: LoadQuery<'static, AsyncPgConnection, U> + Send + 'static,
        U: Send + 'static,
    {
        let pool = self.pool.clone();
        let read = async move {
            match load_once(&pool, make()).await {
                Err(Refused::Failed(Failure::Lost(_))) => load_once(&pool, make()).await,
                answer => answer,
            }
        };
        self.own_task(read)
            .map(|read| {
                read.map_err(|refused| match refused {
                    Refused::Unsent(error) => error,
                    Refused::Failed(failure) => failure.of_reading(),
                })
            })
            .boxed()
    }

    /// Carries out a statement of its own. Answers how many rows it is about.
    pub(crate) fn write<Q>(&self, statement: Q) -> BoxFuture<'static, Result<usize, Refused>>
    where
        Q: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        let pool = self.pool.clone();
        self.own_task(async move {
            let mut conn = pool.connection().await?;
            let done = within(pool.patience, statement.execute(&mut *conn)).await;
            settle(conn, done)
        })
    }

    /// Carries out a statement of its own that answers rows.
    pub(crate) fn write_returning<Q, U>(
        &self,
        statement: Q,
    ) -> BoxFuture<'static, Result<Vec<U>, Refused>>
    where
        Q: LoadQuery<'static, AsyncPgConnection, U> + Send + 'static,
        U: Send + 'static,
    {
        let pool = self.pool.clone();
        self.own_task(async move { load_once(&pool, statement).await })
    }

    /// Goes on to its end even when the caller does not wait for it.
    fn own_task<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Refused>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, Refused>> {
        let runtime = self.pool.runtime.clone();
        async move {
            match runtime.spawn(work.in_current_span()).await {
                Ok(outcome) => outcome,
                // The runtime is going down, and took the task with it.
                Err(gone) => Err(Failure::Lost(gone.into()).into()),
            }
        }
        .boxed()
    }
}

async fn load_once<Q, U>(pool: &Pool, query: Q) -> Result<Vec<U>, Refused>
where
    Q: LoadQuery<'static, AsyncPgConnection, U> + Send + 'static,
    U: Send,
{
    let mut conn = pool.connection().await?;
    let rows = within(pool.patience, query.load(&mut *conn)).await;
    settle(conn, rows)
}

/// Why a statement of its own was not carried out.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There was no connection. Nothing was sent.
    Unsent(StoreError),
    /// It failed.
    Failed(Failure),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Unsent(error)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unsent(error) => error,
            Refused::Failed(failure) => failure.of_writing(),
        }
    }
}

/// Waits for an answer, but not for ever.
pub(crate) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = diesel::QueryResult<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => answer.map_err(Failure::from),
        Err(_) => Err(Failure::silence()),
    }
}

/// Gives the connection back, or away: what is lost or does not answer is of no use to the next one.
fn settle<T>(conn: Conn, outcome: Result<T, Failure>) -> Result<T, Refused> {
    if let Err(Failure::Lost(_) | Failure::Silent(_)) = outcome {
        drop(Object::take(conn));
    }
    Ok(outcome?)
}
