use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::{Connection, Pool};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tracing::debug;

use crate::backoff::Backoff;
use crate::fault::Fault;
use crate::line::{Line, Loss, tell_away};

/// How often a connection that nobody uses is looked at.
const BEAT: Duration = Duration::from_secs(1);
/// How many beats a refusal is told once in: about a minute.
const BEATS_FOR_A_REFUSAL: u32 = 60;

/// Gives the line a connection, and another one whenever it is lost.
///
/// It is the only one that connects, so that a crowd of calls never becomes a crowd of connections.
pub(crate) struct Keeper {
    pub(crate) line: Arc<Line>,
    pub(crate) losses: mpsc::Receiver<Loss>,
    pub(crate) pool: Pool,
}

impl Keeper {
    /// Never ends. `tried` hears when the first attempt is over, whatever became of it.
    pub(crate) async fn keep(mut self, tried: oneshot::Sender<()>) {
        let mut tried = Some(tried);
        let mut backoff = Backoff::after(Loss::Broken);
        loop {
            match self.connect().await {
                Ok(connection) => {
                    self.line.set(connection);
                    tried = tell(tried);
                    backoff = Backoff::after(self.wait_for_loss().await);
                }
                Err(fault) if tried.is_some() => {
                    tell_away(&fault);
                    tried = tell(tried);
                }
                Err(fault) => debug!(%fault, "redis is still away"),
            }
            self.line.show();
            sleep(backoff.draw()).await;
        }
    }

    /// A connection over which Redis has answered.
    async fn connect(&self) -> Result<Connection, Fault> {
        // Never the one that was lost: its server may have handed its address to another.
        self.pool.retain(|_, _| false);
        let connection = self.pool.get().await;
        let connection = connection.map_err(|error| Fault::unreachable(&error))?;
        // A server that is loading its data or wants a password lets us connect, and serves nothing.
        self.line.ask_over(&connection, &redis::cmd("PING")).await?;
        Ok(connection)
    }

    async fn wait_for_loss(&mut self) -> Loss {
        let mut beats = 0;
        loop {
            if let Ok(Some(loss)) = timeout(BEAT, self.losses.recv()).await {
                return loss;
            }
            // A failure takes the connection away and is heard of at once.
            let _ = self.line.ask(&redis::cmd("PING")).await;
            self.line.show();
            beats += 1;
            if beats % BEATS_FOR_A_REFUSAL == 0 {
                self.line.allow_refusal_told();
            }
        }
    }
}

fn tell(waiting: Option<oneshot::Sender<()>>) -> Option<oneshot::Sender<()>> {
    if let Some(waiting) = waiting {
        // Whoever waited may be gone.
        let _ = waiting.send(());
    }
    None
}
