//! Puts the program together. Nobody else names an adapter.

mod gateways;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::identity::{
    InvalidSigner, Keyring, NoKeys, ReturnSigner, TicketSigner, TokenSigner,
};
use bayar_app::port::gateway::{AccountReport, CallError};
use bayar_app::port::store::SchemaState;
use bayar_app::port::{Clock, Quota, Random, Store, StoreError};
use bayar_app::{
    App, Gateways, Handoffs, Ports, RefundSettings, Settings, Signers, WebhookReaders, WorkSettings,
};
use bayar_domain::Gateway;
use bayar_embedded::{
    BackupError, Existing, FileRole, LocalCache, LocalLimits, LocalLocks, LocalVault, OpenError,
    SqliteConfig, SqliteStore,
};
use bayar_midtrans::SetupError;
use bayar_postgres::{PgConfig, PgStore};
use bayar_redis::{InvalidRedisConfig, RedisConfig, RedisHelpers};
use bayar_stripe::InvalidStripeConfig;
use secrecy::ExposeSecret;
use thiserror::Error;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::config::{Config, Database, RateLimit};
use crate::secrets::{self, SecretError};
use crate::system::{SystemClock, SystemRandom};

/// Who puts it together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To serve. A database file has one server at a time.
    Serve,
    /// For one command, beside a server perhaps.
    Command,
}

/// What must be done about the tables before they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// They must be those of this program. A database file is brought there, a server is not.
    MustFit,
    /// They are brought there.
    Migrate,
}

/// The program, put together.
pub struct Wired {
    /// The use cases.
    pub app: Arc<App>,
    /// Backups of what buyers take along. No use case needs them yet: a return ticket names its payment.
    pub handoffs: Handoffs,
    /// Whether Redis is there; nothing when none is set up.
    pub redis_is_up: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    /// The clock of this machine.
    pub clock: Arc<dyn Clock>,
    /// The randomness of this machine.
    pub random: Arc<dyn Random>,
}

/// Why it cannot be put together.
#[derive(Debug, Error)]
pub enum WiringError {
    /// The database file.
    #[error("the database file cannot be opened")]
    Sqlite(#[from] OpenError),
    /// The address of Postgres.
    #[error("DATABASE_URL cannot be used")]
    Postgres(#[from] bayar_postgres::ConfigError),
    /// The address of Redis.
    #[error("REDIS_URL cannot be used")]
    Redis(#[from] InvalidRedisConfig),
    /// The store does not answer.
    #[error("the database does not answer")]
    Store(#[from] StoreError),
    /// The tables are older than this program.
    #[error(
        "the database is older than this program: run `bayar migrate`, or `bayar serve --migrate` (missing: {})",
        .0.join(", ")
    )]
    Behind(Vec<String>),
    /// The tables are newer than this program.
    #[error("the database is newer than this program: it knows nothing of {}", .0.join(", "))]
    Ahead(Vec<String>),
    /// A key that is kept.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Stripe.
    #[error("Stripe cannot be set up")]
    Stripe(#[from] InvalidStripeConfig),
    /// Midtrans.
    #[error("Midtrans cannot be set up")]
    Midtrans(#[from] SetupError),
    /// The keys that sign tokens.
    #[error("JWT_SECRET cannot be used")]
    Tokens(#[from] InvalidSigner),
    /// The keys that seal.
    #[error("APP_KEY cannot be used")]
    Keyring(#[from] NoKeys),
}

/// Puts the program together, up to the tables. `port` is where it listens, or would.
///
/// # Errors
/// When something that was set up cannot be used, or the tables do not fit.
pub async fn wire(
    config: &Config,
    port: u16,
    purpose: Purpose,
    tables: Tables,
) -> Result<Wired, WiringError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let store = store(config, purpose, &clock).await?;
    prepare(&*store, &config.database, purpose, tables).await?;
    let installation = store.installation().await?;
    let gateways = Gateways::new(gateways::adapters(config, &random)?);
    let webhooks = WebhookReaders::new(gateways::webhooks(config));
    let own_limits = Arc::new(LocalLimits::new(Arc::clone(&clock)));
    let mut redis_is_up: Option<Arc<dyn Fn() -> bool + Send + Sync>> = None;
    let ports = match &config.redis {
        Some(redis) => {
            let redis_config = RedisConfig {
                command_timeout: redis.timeout,
                ..RedisConfig::new(redis.url.expose_secret())
            };
            let redis = Arc::new(RedisHelpers::connect(&redis_config).await?);
            let watched = Arc::clone(&redis);
            redis_is_up = Some(Arc::new(move || watched.is_up()));
            Ports {
                store,
                locks: redis.clone(),
                cache: redis.clone(),
                gateways,
                webhooks,
                limits: redis.clone(),
                own_limits,
                vault: redis,
                clock: Arc::clone(&clock),
                random: Arc::clone(&random),
                runtime: Handle::current(),
            }
        }
        None => Ports {
            store,
            locks: Arc::new(LocalLocks::new(Arc::clone(&clock))),
            cache: Arc::new(LocalCache::new(Arc::clone(&clock))),
            gateways,
            webhooks,
            limits: own_limits.clone(),
            own_limits,
            vault: Arc::new(LocalVault::new(Arc::clone(&clock))),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            runtime: Handle::current(),
        },
    };
    let keyring = keyring(config, &*random)?;
    let signers = Signers {
        tokens: tokens(config, &*random)?,
        tickets: TicketSigner::new(&keyring),
        returns: ReturnSigner::new(&keyring),
        external: config.identity.clone(),
    };
    let handoffs = Handoffs::new(Arc::clone(&ports.vault), keyring, Arc::clone(&random));
    Ok(Wired {
        app: Arc::new(App::new(
            ports,
            signers,
            installation,
            settings(config, port),
        )),
        handoffs,
        redis_is_up,
        clock,
        random,
    })
}

/// Only what is kept, whatever its tables are: for `bayar migrate` and `bayar config check`.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, WiringError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    store(config, Purpose::Command, &clock).await
}

/// Whether Redis answers; nothing when none is set up. For `bayar config check`.
///
/// # Errors
/// When its address cannot be used.
pub async fn redis_answers(config: &Config) -> Result<Option<bool>, WiringError> {
    let Some(redis) = &config.redis else {
        return Ok(None);
    };
    let config = RedisConfig::new(redis.url.expose_secret());
    Ok(Some(RedisHelpers::connect(&config).await?.is_up()))
}

/// Whether each gateway that is set up answers, and to whom. For `bayar config check`.
///
/// # Errors
/// When one of them cannot be set up.
pub async fn gateways_answer(
    config: &Config,
) -> Result<Vec<(Gateway, Result<AccountReport, CallError>)>, WiringError> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let mut answers = Vec::new();
    for adapter in gateways::adapters(config, &random)? {
        answers.push((adapter.gateway(), adapter.check().await));
    }
    Ok(answers)
}

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum NoBackup {
    /// It is another kind of database.
    #[error(
        "only a SQLite file is backed up by this command; for Postgres use pg_dump or its archive"
    )]
    NotSqlite,
    /// The database file.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// Copies the database file, while a server uses it perhaps.
///
/// # Errors
/// When it is no file, or cannot be copied.
pub async fn back_up(config: &Config, to: &Path, replace: bool) -> Result<(), NoBackup> {
    match &config.database {
        Database::Postgres(_) => Err(NoBackup::NotSqlite),
        Database::Embedded => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let store = sqlite(config, Purpose::Command, &clock).await?;
            let existing = if replace {
                Existing::Replace
            } else {
                Existing::Keep
            };
            Ok(store.backup(to, existing).await?)
        }
    }
}

async fn store(
    config: &Config,
    purpose: Purpose,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Store>, WiringError> {
    Ok(match &config.database {
        Database::Embedded => Arc::new(sqlite(config, purpose, clock).await?),
        Database::Postgres(postgres) => Arc::new(PgStore::connect(&PgConfig {
            pool_size: postgres.pool_size,
            connect_timeout: postgres.connect_timeout,
            statement_timeout: postgres.statement_timeout,
            lock_timeout: postgres.lock_timeout,
            ..PgConfig::new(postgres.url.expose_secret())
        })?),
    })
}

async fn sqlite(
    config: &Config,
    purpose: Purpose,
    clock: &Arc<dyn Clock>,
) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(SqliteConfig {
        path: config.data_dir.join("bayar.sqlite"),
        role: match purpose {
            Purpose::Serve => FileRole::Server,
            Purpose::Command => FileRole::Command,
        },
        clock: Arc::clone(clock),
        busy_timeout: Duration::from_secs(5),
    })
    .await
}

/// Sees to the tables.
async fn prepare(
    store: &dyn Store,
    database: &Database,
    purpose: Purpose,
    tables: Tables,
) -> Result<(), WiringError> {
    if must_migrate(store.schema().await?, database, purpose, tables)? {
        for step in store.migrate().await? {
            tracing::info!(step, "the database was brought up to date");
        }
    }
    Ok(())
}

/// Whether the tables have to be brought up to date first.
fn must_migrate(
    schema: SchemaState,
    database: &Database,
    purpose: Purpose,
    tables: Tables,
) -> Result<bool, WiringError> {
    let missing = match schema {
        SchemaState::Current => return Ok(false),
        SchemaState::Ahead(steps) => return Err(WiringError::Ahead(steps)),
        SchemaState::Behind(missing) => missing,
    };
    match (tables, database, purpose) {
        (Tables::Migrate, Database::Embedded | Database::Postgres(_), _)
        | (Tables::MustFit, Database::Embedded, Purpose::Serve) => Ok(true),
        // A server may be at work on a file that has tables.
        (Tables::MustFit, Database::Embedded, Purpose::Command) if is_new(&missing) => Ok(true),
        (Tables::MustFit, Database::Embedded | Database::Postgres(_), _) => {
            Err(WiringError::Behind(missing))
        }
    }
}

/// Whether no step was ever taken: the database is new.
fn is_new(missing: &[String]) -> bool {
    missing.iter().any(|step| step.starts_with("0001"))
}

fn keyring(config: &Config, random: &dyn Random) -> Result<Keyring, WiringError> {
    let keys = match &config.keys.app {
        Some(keys) => keys.all().map(|key| *key.expose_bytes()).collect(),
        None => vec![*secrets::kept(&config.data_dir, "app.key", random)?],
    };
    Ok(Keyring::new(keys)?)
}

fn tokens(config: &Config, random: &dyn Random) -> Result<TokenSigner, WiringError> {
    let secrets: Vec<Zeroizing<Vec<u8>>> = match &config.keys.jwt {
        Some(keys) => keys
            .all()
            .map(|key| Zeroizing::new(key.expose_secret().as_bytes().to_vec()))
            .collect(),
        None => {
            let kept = secrets::kept(&config.data_dir, "jwt.key", random)?;
            vec![Zeroizing::new(kept.to_vec())]
        }
    };
    Ok(TokenSigner::new(&secrets, config.keys.jwt_ttl)?)
}

fn settings(config: &Config, port: u16) -> Settings {
    Settings {
        payment_ttl: config.payments.ttl,
        key_ttl: KEY_TTL,
        cache_ttl: config.payments.idempotency_cache,
        lock_ttl: config.payments.lock_ttl,
        lock_tries: config.payments.lock_tries,
        lock_delay: config.payments.lock_delay,
        api_quota: config.limits.api.map(quota),
        service_quota: config.limits.service.map(quota),
        payment_quota: config.limits.payments.map(quota),
        login_quota: config.limits.login.map(quota),
        taxes: config.taxes.policy.clone(),
        tax_zone: config.taxes.zone,
        amounts: config.payments.amounts.clone(),
        checkout_ttl: config.payments.checkout_ttl,
        public_url: config.http.public_url(port).as_str().to_owned(),
        work: WorkSettings {
            at_once: config.schedule.at_once,
            gateway_quota: config.schedule.gateway_rate.map(quota),
            zone: config.schedule.zone,
        },
        people_are_external: config.identity.is_some(),
        refunds: RefundSettings {
            roles: config.refunds.roles.clone(),
            daily_limits: config.refunds.daily_limits.clone(),
            zone: config.taxes.zone,
        },
    }
}

/// How long an idempotency key counts: longer than any client of good sense repeats a request.
const KEY_TTL: Duration = Duration::from_secs(24 * 60 * 60);

const fn quota(limit: RateLimit) -> Quota {
    Quota {
        limit: limit.requests,
        window: limit.period,
    }
}

#[cfg(test)]
mod tests;
