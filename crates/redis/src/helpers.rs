use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::{InvalidRedisConfig, RedisConfig};
use crate::fault::FALLBACKS;
use crate::keeper::Keeper;
use crate::line::{Line, UP};

/// Locks, an idempotency cache, rate limits and a vault, on one Redis.
///
/// All calls share one connection, which tasks use at the same time.
/// While there is none, every call answers that Redis is away, at once.
/// A command that takes too long is given up, and Redis counts as away until it answers again.
/// That is tried in the background, again and again.
pub struct RedisHelpers {
    pub(crate) line: Arc<Line>,
    keeper: JoinHandle<()>,
}

impl RedisHelpers {
    /// Connects, and stays connected on the runtime of the caller for as long as the value lives.
    ///
    /// It waits for the first attempt and no longer. A Redis that is not there is no error.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub async fn connect(config: &RedisConfig) -> Result<Self, InvalidRedisConfig> {
        metrics::describe_gauge!(UP, "Whether Redis is there: 1 or 0.");
        metrics::describe_counter!(FALLBACKS, "Calls that went on without Redis.");
        let pool = config.pool()?;
        let (line, losses) = Line::new(config.command_timeout);
        let line = Arc::new(line);
        let keeper = Keeper {
            line: Arc::clone(&line),
            losses,
            pool,
        };
        let (tell, tried) = oneshot::channel();
        let keeper = tokio::spawn(keeper.keep(tell));
        // It cannot fail before it has told.
        let _ = tried.await;
        Ok(Self { line, keeper })
    }

    /// Whether Redis is there, as of the last second. It costs nothing.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.line.is_up()
    }
}

impl Drop for RedisHelpers {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}
