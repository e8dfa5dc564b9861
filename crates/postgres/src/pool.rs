//! Connections: made with the settings that the promises rest on, and lent out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bayar_app::port::StoreError;
use bayar_app::port::store::Answer;
use deadpool::Runtime;
use deadpool::managed::{Object, QueueMode, Timeouts};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio_postgres::NoTls;

use crate::error::Chain;
use crate::tls::Target;
use crate::{ConfigError, PgConfig};

type Manager = AsyncDieselConnectionManager<AsyncPgConnection>;

/// A connection that is lent out. It goes back when it is dropped.
pub(crate) type Conn = Object<Manager>;

/// How long a transaction may sit between two statements. There is nothing but arithmetic between ours.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(10);

/// How long a connection may be silent before the system asks whether the other end is still there.
/// Many a network forgets a silent connection within minutes, and tells nobody.
const ALIVE_AFTER: Duration = Duration::from_secs(60);

/// How much longer than the server a client waits for an answer. Then the server, or the way to it, is gone.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct Pool {
    connections: deadpool::managed::Pool<Manager>,
    /// How long to wait for the answer to a statement.
    pub(crate) patience: Duration,
    /// How long to wait while all connections are in use.
    pub(crate) wait: Duration,
    /// Where the connections live. A statement that runs there too wakes no other thread for its answer.
    pub(crate) runtime: Handle,
}

impl Pool {
    pub(crate) fn new(config: &PgConfig) -> Result<Self, ConfigError> {
        for (name, time) in [
            ("connect_timeout", config.connect_timeout),
            ("wait_timeout", config.wait_timeout),
            ("statement_timeout", config.statement_timeout),
            ("lock_timeout", config.lock_timeout),
        ] {
            // The server takes a time of no milliseconds for no limit.
            if time.as_millis() == 0 {
                return Err(ConfigError::Zero(name));
            }
        }
        if config.pool_size == 0 {
            return Err(ConfigError::Zero("pool_size"));
        }
        let runtime = Handle::try_current().map_err(|_| ConfigError::NoRuntime)?;
        let mut target = Target::read(&config.url)?;
        let server = &mut target.server;
        server.connect_timeout(config.connect_timeout);
        if server.get_keepalives_idle() == tokio_postgres::Config::new().get_keepalives_idle() {
            server.keepalives_idle(ALIVE_AFTER);
        }
        if server.get_application_name().is_none() {
            server.application_name("bayar");
        }
        let home = runtime.clone();
        let maker = Arc::new(Maker {
            target,
            settings: settings(config),
            warned: AtomicBool::new(false),
        });
        let mut manager = ManagerConfig::<AsyncPgConnection>::default();
        // Not verified by a question each time it is lent out: whoever uses it deals with a dead one.
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |_| {
            let maker = Arc::clone(&maker);
            let made = home.spawn(async move { maker.make().await });
            async move {
                made.await
                    .unwrap_or_else(|gone| Err(ConnectionError::BadConnection(gone.to_string())))
            }
            .boxed()
        });
        // The URL is read already, and holds a password.
        let manager = Manager::new_with_config("", manager);
        let connections = deadpool::managed::Pool::builder(manager)
            .max_size(config.pool_size)
            // The one that was used last: the server's process behind it still has everything at hand.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts {
                wait: Some(config.wait_timeout),
                create: Some(config.connect_timeout),
                recycle: Some(config.connect_timeout),
            })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| ConfigError::Pool(error.into()))?;
        Ok(Self {
            connections,
            patience: config.statement_timeout.saturating_add(GRACE),
            wait: config.wait_timeout,
            runtime,
        })
    }

    /// A connection, once there is one to be had.
    pub(crate) async fn connection(&self) -> Answer<Conn> {
        let connection = self.connections.get().await;
        connection.map_err(|error| StoreError::Unavailable(error.into()))
    }
}

/// Makes connections.
struct Maker {
    target: Target,
    settings: String,
    warned: AtomicBool,
}

impl Maker {
    async fn make(&self) -> ConnectionResult<AsyncPgConnection> {
        let Target { server, tls } = &self.target;
        let mut connection = match tls {
            None => {
                let (client, connection) = server.connect(NoTls).await.map_err(refused)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await?
            }
            Some(tls) => {
                let (client, connection) = server.connect(tls.clone()).await.map_err(refused)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await?
            }
        };
        connection
            .batch_execute(&self.settings)
            .await
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        self.speak_english(&mut connection).await;
        Ok(connection)
    }

    /// The driver hides the codes of errors, so they are told apart by their texts. Those must not be translated.
    async fn speak_english(&self, connection: &mut AsyncPgConnection) {
        const ENGLISH: &str = "SELECT set_config('lc_messages', 'C', false) \
            WHERE current_setting('lc_messages') !~ '^(C$|C\\.|POSIX|en)'";
        if let Err(error) = connection.batch_execute(ENGLISH).await
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                error = %error,
                "the database may answer in another language: a busy row would look like a fault; \
                 a superuser ends this with ALTER ROLE ... SET lc_messages TO 'C'"
            );
        }
    }
}

/// Why there is no connection, with all its reasons: the type of the pool's error has room for a text only.
fn refused(error: tokio_postgres::Error) -> ConnectionError {
    ConnectionError::BadConnection(Chain(&error).to_string())
}

fn settings(config: &PgConfig) -> String {
    let (lock, statement) = (config.lock_timeout, config.statement_timeout);
    format!(
        "SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
         SET default_transaction_isolation = 'read committed'; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        lock.as_millis(),
        statement.as_millis(),
        IDLE_IN_TRANSACTION.as_millis(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(configure: impl FnOnce(&mut PgConfig)) -> &'static str {
        let mut config = PgConfig::new("postgres://localhost/bayar");
        configure(&mut config);
        match Pool::new(&config) {
            Err(ConfigError::Zero(name)) => name,
            _ => "nothing",
        }
    }

    #[test]
    fn what_must_be_above_zero_is_named() {
        // The server takes a time of no milliseconds for no limit.
        let none = Duration::from_micros(999);
        assert_eq!(refusal(|config| config.lock_timeout = none), "lock_timeout");
        assert_eq!(refusal(|config| config.wait_timeout = none), "wait_timeout");
        let name = refusal(|config| config.statement_timeout = none);
        assert_eq!(name, "statement_timeout");
        let name = refusal(|config| config.connect_timeout = none);
        assert_eq!(name, "connect_timeout");
        assert_eq!(refusal(|config| config.pool_size = 0), "pool_size");
        assert_eq!(refusal(|_| ()), "nothing");
    }
}
