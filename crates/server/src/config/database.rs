//! Where everything is stored.

use std::time::Duration;

use secrecy::SecretString;

use super::reader::{Parsed, Reader};
use super::table;
use super::values::{milliseconds, whole};

/// The database.
#[derive(Debug, Clone)]
pub enum Database {
    /// A SQLite file in the data directory.
    Embedded,
    /// A Postgres server.
    Postgres(Postgres),
}

/// How a Postgres server is used.
#[derive(Debug, Clone)]
pub struct Postgres {
    /// Its address, with user and password.
    pub url: SecretString,
    /// How many connections are open at most.
    pub pool_size: usize,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long a statement waits for a row that another one holds.
    pub lock_timeout: Duration,
}

impl Database {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let url = reader.value(&table::DATABASE_URL, url);
        let pool_size = reader.value(&table::DATABASE_POOL_SIZE, whole(1..=1_000));
        let connect_timeout = reader.value(
            &table::DATABASE_CONNECT_TIMEOUT_MS,
            milliseconds(1..=60_000),
        );
        let statement_timeout = reader.value(
            &table::DATABASE_STATEMENT_TIMEOUT_MS,
            milliseconds(1..=600_000),
        );
        let lock_timeout =
            reader.value(&table::DATABASE_LOCK_TIMEOUT_MS, milliseconds(1..=600_000));
        if let (Some(statement), Some(lock)) = (statement_timeout, lock_timeout)
            && lock > statement
        {
            reader.fault(
                &table::DATABASE_LOCK_TIMEOUT_MS,
                "is above DATABASE_STATEMENT_TIMEOUT_MS, which would always come first",
            );
        }
        if !reader.is_given(&table::DATABASE_URL) {
            reader.warn_of_no_effect(
                &[
                    &table::DATABASE_POOL_SIZE,
                    &table::DATABASE_CONNECT_TIMEOUT_MS,
                    &table::DATABASE_STATEMENT_TIMEOUT_MS,
                    &table::DATABASE_LOCK_TIMEOUT_MS,
                ],
                "without DATABASE_URL",
            );
            return Some(Self::Embedded);
        }
        Some(Self::Postgres(Postgres {
            url: url?,
            pool_size: pool_size?,
            connect_timeout: connect_timeout?,
            statement_timeout: statement_timeout?,
            lock_timeout: lock_timeout?,
        }))
    }
}

fn url(text: &str) -> Parsed<SecretString> {
    let text = text.trim();
    let rest = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => Ok(text.into()),
        Some(_) | None => Err(
            "is not the address of a Postgres database, which begins with postgres:// or postgresql:// \
             (for SQLite, leave it out and set DATA_DIR)"
                .to_owned(),
        ),
    }
}
