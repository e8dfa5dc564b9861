use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use deadpool_redis::Connection;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ToRedisArgs, Value};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::fault::Fault;
use crate::script::Script;

pub(crate) const UP: &str = "bayar_redis_up";

/// The one connection that all calls share, or the fact that there is none.
///
/// Calls only use it and say when it failed. The keeper replaces it.
pub(crate) struct Line {
    current: ArcSwapOption<Connection>,
    lost: mpsc::Sender<Loss>,
    refusal_told: AtomicBool,
    command_timeout: Duration,
}

/// How a connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It is closed, or speaks nonsense.
    Broken,
    /// It did not answer in time.
    Silent,
    /// The server may not be written any more. It was relieved, and another one has its address or will have it.
    ReadOnly,
}

impl Line {
    /// A line without a connection, and where the keeper hears that it lost one.
    pub(crate) fn new(command_timeout: Duration) -> (Self, mpsc::Receiver<Loss>) {
        let (lost, losses) = mpsc::channel(1);
        let line = Self {
            current: ArcSwapOption::empty(),
            lost,
            refusal_told: AtomicBool::new(false),
            command_timeout,
        };
        (line, losses)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.current.load().is_some()
    }

    /// Sends one command and waits for its answer: one round trip.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        let Some(connection) = self.current.load_full() else {
            return Err(Fault::NoConnection);
        };
        let fault = match self.ask_over(&connection, command).await {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        match &fault {
            Fault::Broken(_) => self.lose(&connection, Loss::Broken, &fault),
            Fault::Slow(_) => self.lose(&connection, Loss::Silent, &fault),
            Fault::ReadOnly => self.lose(&connection, Loss::ReadOnly, &fault),
            Fault::Refused(_) => self.tell_refusal(&fault),
            Fault::NoConnection
            | Fault::Unreachable(_)
            | Fault::NoScript
            | Fault::WrongType
            | Fault::Odd => {}
        }
        Err(fault)
    }

    /// Sends one command over this connection, whether it is in use or not.
    pub(crate) async fn ask_over(
        &self,
        connection: &Connection,
        command: &Cmd,
    ) -> Result<Value, Fault> {
        let mut connection = MultiplexedConnection::clone(connection);
        let answer = connection.send_packed_command(command);
        match timeout(self.command_timeout, answer).await {
            Ok(Ok(value)) => value
                .extract_error()
                .map_err(|error| Fault::refused(&error)),
            Ok(Err(error)) => Err(Fault::broken(&error)),
            Err(_) => Err(Fault::Slow(self.command_timeout)),
        }
    }

    /// Runs a script on one key. A server that has forgotten it is sent its text: one more round trip, once.
    pub(crate) async fn run<A>(&self, script: &Script, key: &str, args: A) -> Result<Value, Fault>
    where
        A: ToRedisArgs + Copy + Send,
    {
        match self.ask(&script.by_hash(key, args)).await {
            Err(Fault::NoScript) => self.ask(&script.by_text(key, args)).await,
            answered => answered,
        }
    }

    /// Sends a command whose answer does not matter, without waiting for it.
    pub(crate) async fn tell(&self, mut command: Cmd) {
        command.set_no_response(true);
        let _ = self.ask(&command).await;
    }

    pub(crate) fn set(&self, connection: Connection) {
        self.current.store(Some(Arc::new(connection)));
        self.allow_refusal_told();
        self.show();
        info!("redis is there");
    }

    pub(crate) fn allow_refusal_told(&self) {
        self.refusal_told.store(false, Ordering::Relaxed);
    }

    /// Shows in the metrics whether there is a connection.
    pub(crate) fn show(&self) {
        metrics::gauge!(UP).set(if self.is_up() { 1.0 } else { 0.0 });
    }

    /// Of all calls that fail on one connection, the first takes it away and tells.
    fn lose(&self, connection: &Arc<Connection>, loss: Loss, fault: &Fault) {
        let before = self.current.compare_and_swap(connection, None);
        if before
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, connection))
        {
            self.show();
            tell_away(fault);
            // The channel is full only when the keeper has not yet heard of a loss. One is enough.
            let _ = self.lost.try_send(loss);
        }
    }

    fn tell_refusal(&self, fault: &Fault) {
        if !self.refusal_told.swap(true, Ordering::Relaxed) {
            warn!(
                %fault,
                "redis refuses commands: going on without"
            );
        }
    }
}

pub(crate) fn tell_away(fault: &Fault) {
    warn!(
        %fault,
        "redis is away: going on without"
    );
}
