//! What can be set, and what it is set to.
//!
//! Settings are environment variables. All of them stand in one table, from which `.env.example` is made;
//! [`Environment`] collects them and [`Config::load`] reads them.
//! Nothing here opens a connection or makes a key: a configuration says what was asked for.

mod database;
mod dotenv;
mod environment;
mod example;
mod faults;
mod file;
mod gateways;
mod http;
mod identity;
mod keys;
mod limits;
mod logging;
mod misspelling;
mod network;
mod payments;
mod reader;
mod redis;
mod refunds;
mod schedule;
mod setting;
mod table;
mod taxes;
#[cfg(test)]
mod tests;
mod url;
mod values;
mod warnings;
mod webhooks;

use std::path::PathBuf;
use std::time::Duration;

use bayar_app::identity::ExternalIssuer;

pub use self::database::{Database, Postgres};
pub use self::environment::{Environment, Origin};
pub use self::example::example;
pub use self::faults::{Fault, Faults, Warning};
pub use self::gateways::{Gateways, Midtrans, Stripe};
pub use self::http::Http;
pub use self::keys::{AppKey, KeyRing, Keys};
pub use self::limits::{Limits, RateLimit};
pub use self::logging::{LogFormat, LogLevel, Logging};
pub use self::network::Network;
pub use self::payments::Payments;
pub use self::reader::SettingValue;
pub use self::redis::Redis;
pub use self::refunds::Refunds;
pub use self::schedule::Schedule;
pub use self::taxes::Taxes;
pub use self::url::WebOrigin;
pub use self::webhooks::Webhooks;

use self::reader::Reader;

/// Everything that can be set.
///
/// `Debug` shows no secrets.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory of the SQLite file, and of the keys that are made when none are given.
    pub data_dir: PathBuf,
    /// Where everything is stored.
    pub database: Database,
    /// The Redis server, when there is one.
    pub redis: Option<Redis>,
    /// What seals and signs.
    pub keys: Keys,
    /// Whose tokens are accepted besides our own.
    pub identity: Option<ExternalIssuer>,
    /// How requests come in.
    pub http: Http,
    /// How many requests of a caller are served.
    pub limits: Limits,
    /// How payments are made.
    pub payments: Payments,
    /// Who may give money back, and how much of it.
    pub refunds: Refunds,
    /// How work that is due is done.
    pub schedule: Schedule,
    /// The services that move money.
    pub gateways: Gateways,
    /// How long one of them may take to answer one try.
    pub gateway_timeout: Duration,
    /// How what they post is worked off.
    pub webhooks: Webhooks,
    /// Which taxes there are.
    pub taxes: Taxes,
    /// What is logged, and how.
    pub logging: Logging,
    settings: Vec<SettingValue>,
}

impl Config {
    /// Reads every setting.
    ///
    /// # Errors
    /// All faults at once, with the warnings beside them.
    pub fn load(environment: &Environment) -> Result<(Self, Vec<Warning>), Faults> {
        let mut reader = Reader::new(environment);
        let data_dir = reader.value(&table::DATA_DIR, |text| Ok(PathBuf::from(text)));
        let database = Database::read(&mut reader);
        let redis = Redis::read(&mut reader);
        let keys = Keys::read(&mut reader);
        let identity = identity::read(&mut reader);
        let public_url = reader.value(&table::PUBLIC_URL, WebOrigin::parse);
        let http = Http::read(&mut reader, public_url.clone());
        let limits = Limits::read(&mut reader);
        let payments = Payments::read(&mut reader);
        let refunds = Refunds::read(&mut reader);
        let schedule = Schedule::read(&mut reader);
        let gateways = Gateways::read(&mut reader, public_url.as_ref());
        let gateway_timeout = gateways::read_timeout(&mut reader);
        let webhooks = Webhooks::read(&mut reader);
        let taxes = Taxes::read(&mut reader);
        let logging = Logging::read(&mut reader);
        misspelling::warn(&mut reader, environment);

        let complete = || {
            Some(Self {
                data_dir: data_dir?,
                database: database?,
                redis,
                keys: keys?,
                identity,
                http: http?,
                limits: limits?,
                payments: payments?,
                refunds: refunds?,
                schedule: schedule?,
                gateways,
                gateway_timeout: gateway_timeout?,
                webhooks: webhooks?,
                taxes: taxes?,
                logging: logging?,
                settings: Vec::new(),
            })
        };
        let config = complete();
        if let Some(config) = &config {
            warnings::warn(&mut reader, config);
        }
        let (faults, settings) = reader.finish();
        match config {
            Some(config) if faults.faults().is_empty() => {
                Ok((Self { settings, ..config }, faults.warnings().to_vec()))
            }
            Some(_) | None => Err(faults),
        }
    }

    /// Every setting with its value, in the order of the table. Secrets are not shown.
    #[must_use]
    pub fn settings(&self) -> &[SettingValue] {
        &self.settings
    }
}
