//! The database that is measured: made for one run, looked at before it counts, filled with orders.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;
use tokio_postgres::{Client, NoTls};

use super::Result;
use super::clock::now;

/// What an order costs: 5000.00 pesos.
pub(super) const PRICE_MINOR: i64 = 500_000;
/// The same, as it is asked for.
pub(super) const PRICE: &str = "5000.00";
/// Its currency.
pub(super) const CURRENCY: &str = "PHP";

/// Without one of these a measurement would be of a service that keeps fewer promises.
const INDEXES: &[&str] = &[
    "attempts_by_order",
    "attempts_one_live_per_order",
    "attempts_one_live_per_payment",
    "captures_by_order",
    "facts_by_order",
    "gateway_calls_generation_key",
    "gateway_calls_one_at_a_time",
    "gateway_calls_order_id_position_key",
    "idempotency_keys_by_payment",
    "idempotency_keys_pkey",
    "invoices_invoice_number_key",
    "invoices_payment_id_key",
    "invoices_pkey",
    "jobs_due",
    "jobs_pkey",
    "orders_consultation_id_key",
    "orders_order_number_key",
    "orders_pkey",
    "outbox_pkey",
    "payment_events_pkey",
    "payments_by_consultation",
    "payments_by_order",
    "payments_by_user",
    "payments_one_live_per_order",
    "payments_pkey",
    "primary_captures_one_per_order",
    "refunds_by_order",
    "tax_records_payment_id_position_key",
    "tax_records_pkey",
];

/// These make a commit that was answered one that is kept.
const DURABLE: &[&str] = &["fsync", "full_page_writes", "synchronous_commit"];

/// A database of one's own.
pub(super) struct Database {
    pub(super) url: String,
    pub(super) client: Client,
    server_url: String,
    name: String,
    /// The minute in which every order was made, as `YYYYMMDDHHMM` and as a time.
    minute: (String, String),
}

impl Database {
    /// Makes an empty database on the server at `server_url`.
    pub(super) async fn create(server_url: &str) -> Result<Self> {
        let name = format!("bayar_bench_{}", std::process::id());
        Self::named(server_url, name).await
    }

    /// Makes another one beside it, as empty.
    pub(super) async fn another(&self, word: &str) -> Result<Self> {
        let name = format!("{}_{word}", self.name);
        Self::named(&self.server_url, name).await
    }

    async fn named(server_url: &str, name: String) -> Result<Self> {
        let server = connect(server_url).await?;
        server
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await?;
        let url = with_database(server_url, &name)?;
        let client = connect(&url).await?;
        let minute = client
            .query_one(
                "SELECT to_char(t AT TIME ZONE 'UTC', 'YYYYMMDDHH24MI'),
                    to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
                 FROM date_trunc('minute', now()) AS t",
                &[],
            )
            .await?;
        Ok(Self {
            url,
            client,
            server_url: server_url.to_owned(),
            name,
            minute: (minute.try_get(0)?, minute.try_get(1)?),
        })
    }

    /// Removes it, with everybody who is still connected to it.
    pub(super) async fn remove(self) -> Result<()> {
        let server = connect(&self.server_url).await?;
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        server.batch_execute(&drop).await?;
        Ok(())
    }

    /// Refuses what would be faster than it may be.
    pub(super) async fn check(&self) -> Result<()> {
        for setting in DURABLE {
            let value = self.show(setting).await?;
            if value != "on" {
                return Err(format!(
                    "{setting} is {value}: what is measured must also survive a power cut"
                )
                .into());
            }
        }
        let rows = self
            .client
            .query(
                "SELECT i.relname FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid
                 WHERE indisvalid AND indisready AND i.relnamespace = 'public'::regnamespace",
                &[],
            )
            .await?;
        let there: Vec<String> = rows
            .iter()
            .map(|row| row.try_get(0))
            .collect::<std::result::Result<_, _>>()?;
        let missing = missing(INDEXES, &there);
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("these indexes are missing: {}", missing.join(", ")).into())
        }
    }

    pub(super) async fn show(&self, setting: &str) -> Result<String> {
        let value = self
            .client
            .query_one("SELECT current_setting($1)", &[&setting])
            .await?;
        Ok(value.try_get(0)?)
    }

    /// Where the server keeps its files.
    pub(super) async fn directory(&self) -> Result<PathBuf> {
        Ok(self.show("data_directory").await?.into())
    }

    /// The process id of the server.
    pub(super) async fn postmaster(&self) -> Result<u32> {
        let file = self.directory().await?.join("postmaster.pid");
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("cannot find the process of Postgres: {error}"))?;
        let id = text
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok());
        id.ok_or_else(|| "postmaster.pid is not understood".into())
    }

    /// The minute in which the orders were made, as RFC 3339.
    pub(super) fn minute(&self) -> &str {
        &self.minute.1
    }

    /// Adds the fees of `how_many` consultations of `user`. A consultation has the number of its order.
    pub(super) async fn add_orders(&self, user: i64, how_many: u64) -> Result<Range<u64>> {
        let how_many = i64::try_from(how_many)?;
        let first = self.reserve("order_ids", how_many).await?;
        let end = first.saturating_add(how_many);
        let (minute, created_at) = &self.minute;
        self.client
            .execute(
                "INSERT INTO orders (id, order_number, kind, consultation_id, user_id, price_minor, currency,
                    status, created_at, updated_at)
                 SELECT n, 'INV' || $1 || '-' || lpad(hex, greatest(4, length(hex)), '0'), 'consultation', n, $2,
                    $3, $4, 'pending', at, at
                 FROM generate_series($5::bigint, $6::bigint) AS n, upper(to_hex(n)) AS hex,
                    CAST($7::text AS timestamptz) AS at",
                &[
                    minute,
                    &user,
                    &PRICE_MINOR,
                    &CURRENCY,
                    &first,
                    &end.saturating_sub(1),
                    created_at,
                ],
            )
            .await?;
        Ok(u64::try_from(first)?..u64::try_from(end)?)
    }

    /// Takes `how_many` ids from a sequence. Answers the first.
    pub(super) async fn reserve(&self, sequence: &str, how_many: i64) -> Result<i64> {
        let first = self
            .client
            .query_one("SELECT nextval(CAST($1::text AS regclass))", &[&sequence])
            .await?;
        let first: i64 = first.try_get(0)?;
        let last = first.saturating_add(how_many).saturating_sub(1);
        self.client
            .execute(
                "SELECT setval(CAST($1::text AS regclass), $2)",
                &[&sequence, &last],
            )
            .await?;
        Ok(first)
    }

    /// How many payments somebody has.
    pub(super) async fn payments_of(&self, user: i64) -> Result<u64> {
        let count = self
            .client
            .query_one("SELECT count(*) FROM payments WHERE user_id = $1", &[&user])
            .await?;
        Ok(u64::try_from(count.try_get::<_, i64>(0)?)?)
    }

    /// The payments for these consultations, each of which has one.
    pub(super) async fn payments_for(&self, consultations: Range<u64>) -> Result<Vec<i64>> {
        let (first, end) = (
            i64::try_from(consultations.start)?,
            i64::try_from(consultations.end)?,
        );
        let rows = self
            .client
            .query(
                "SELECT id FROM payments WHERE consultation_id >= $1 AND consultation_id < $2 ORDER BY id",
                &[&first, &end],
            )
            .await?;
        let payments = rows.iter().map(|row| row.try_get(0));
        let payments: Vec<i64> = payments.collect::<std::result::Result<_, _>>()?;
        if i64::try_from(payments.len())? == end.saturating_sub(first) {
            Ok(payments)
        } else {
            Err(format!("{} payments for {consultations:?}", payments.len()).into())
        }
    }

    /// How many payments with these ids there are, and the last order that one of them is for.
    pub(super) async fn opened(&self, first: i64, room: i64) -> Result<(u64, u64)> {
        let row = self
            .client
            .query_one(
                "SELECT count(*), coalesce(max(order_id), 0) FROM payments WHERE id >= $1 AND id < $2",
                &[&first, &first.saturating_add(room)],
            )
            .await?;
        let (count, last): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok((u64::try_from(count)?, u64::try_from(last)?))
    }

    /// What the server would do by and by, done now: between measurements, not during one.
    pub(super) async fn tidy(&self) -> Result<()> {
        self.client.batch_execute("VACUUM (ANALYZE)").await?;
        self.client.batch_execute("CHECKPOINT").await?;
        Ok(())
    }

    /// Waits until this is the only connection.
    pub(super) async fn until_nobody_else_is_connected(&self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(15);
        let begun = now();
        loop {
            let others = self
                .client
                .query_one(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                        AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
                    &[],
                )
                .await?;
            if others.try_get::<_, i64>(0)? == 0 {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err("somebody else stays connected to the database".into());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// How often the write-ahead log was flushed to the disk, as far as it has been counted.
    pub(super) async fn flushes(&self) -> Result<u64> {
        let count = self
            .client
            .query_one("SELECT wal_sync FROM pg_stat_wal", &[])
            .await?;
        Ok(u64::try_from(count.try_get::<_, i64>(0)?)?)
    }

    /// The same, once at least `expected` are counted, or will not be any more: the server counts with delay.
    pub(super) async fn flushes_once_counted(&self, expected: u64) -> Result<u64> {
        const PATIENCE: Duration = Duration::from_secs(15);
        let begun = now();
        loop {
            let flushes = self.flushes().await?;
            if flushes >= expected || begun.elapsed() > PATIENCE {
                return Ok(flushes);
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}

pub(super) async fn connect(url: &str) -> Result<Client> {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) =
        connected.map_err(|error| format!("cannot connect to Postgres: {error}"))?;
    tokio::spawn(connection);
    Ok(client)
}

fn missing(expected: &[&'static str], there: &[String]) -> Vec<&'static str> {
    let absent = |name: &&&'static str| !there.iter().any(|there| there == **name);
    expected.iter().filter(absent).copied().collect()
}

/// The URL of another database on the same server.
fn with_database(server: &str, name: &str) -> Result<String> {
    let (address, options) = match server.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (server, String::new()),
    };
    let (scheme, rest) = address
        .split_once("://")
        .ok_or("the address of the Postgres server is no URL")?;
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _)| authority);
    Ok(format!("{scheme}://{authority}/{name}{options}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_the_url_changes() {
        for (server, expected) in [
            ("postgres://a@h:1/b", "postgres://a@h:1/new"),
            ("postgres://a:p@h:1", "postgres://a:p@h:1/new"),
            (
                "postgres://h/b?sslmode=disable",
                "postgres://h/new?sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(server, "new").unwrap(), expected);
        }
        assert!(with_database("somewhere", "new").is_err());
    }

    #[test]
    fn an_index_that_is_not_there_is_named() {
        let there = ["a".to_owned(), "c".to_owned()];
        assert_eq!(missing(&["a", "b", "c"], &there), ["b"]);
    }
}
