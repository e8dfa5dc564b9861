//! What is stored, read from the tables themselves and not through the program.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_postgres::NoTls;

/// The tables of an installation.
pub enum Store {
    /// On Postgres.
    Postgres(tokio_postgres::Client),
    /// In a SQLite file.
    Sqlite(PathBuf),
}

/// All that is stored about some orders.
#[derive(Debug)]
pub struct Book {
    /// The orders.
    pub orders: Vec<OrderRow>,
    /// Their payments.
    pub payments: Vec<PaymentRow>,
    pub(super) invoices: Vec<InvoiceRow>,
    pub(super) taxes: Vec<TaxRow>,
    pub(super) events: Vec<EventRow>,
    pub(super) keys: Vec<KeyRow>,
    pub(super) outbox: Vec<OutboxRow>,
    pub(super) jobs: Vec<JobRow>,
    pub(super) sights: Option<Vec<Sight>>,
}

/// An order.
#[derive(Debug, Deserialize)]
pub struct OrderRow {
    /// Its id.
    pub id: i64,
    /// Its number.
    pub order_number: String,
    /// Its price.
    pub price_minor: i64,
    /// Where it stands.
    pub status: String,
    /// The payment that has its only place.
    pub live_payment_id: Option<i64>,
}

/// A payment.
#[derive(Debug, Deserialize)]
pub struct PaymentRow {
    /// Its id.
    pub id: i64,
    /// Its order.
    pub order_id: i64,
    /// The price it was opened for.
    pub price_minor: i64,
    /// What is paid.
    pub amount_minor: i64,
    /// Where it stands.
    pub status: String,
    /// How often it was written.
    pub version: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct InvoiceRow {
    pub payment_id: i64,
    pub amount_minor: i64,
    pub status: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct TaxRow {
    pub payment_id: i64,
    pub tax_type: String,
    pub tax_amount_minor: i64,
    pub status: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct EventRow {
    pub payment_id: i64,
    pub version: i64,
    pub from_status: Option<String>,
    pub to_status: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct KeyRow {
    pub payment_id: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct OutboxRow {
    pub aggregate: String,
    pub sequence: i64,
    pub kind: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct JobRow {
    pub subject_id: i64,
    pub done_at: Option<String>,
}

/// An order as it was after one of its changes.
#[derive(Debug, Deserialize)]
pub(super) struct Sight {
    pub order_id: i64,
    pub price_minor: i64,
    pub status: String,
    pub live_payment_id: Option<i64>,
}

#[derive(QueryableByName)]
struct JsonRow {
    #[diesel(sql_type = Text)]
    json: String,
}

/// Whatever happens to an order is written down where it happens, by the database.
const WATCH_ON_POSTGRES: &str = "
    CREATE TABLE sights (position bigserial PRIMARY KEY, order_id bigint NOT NULL, price_minor bigint NOT NULL,
        status text NOT NULL, live_payment_id bigint);
    CREATE FUNCTION sight() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO sights (order_id, price_minor, status, live_payment_id)
        VALUES (NEW.id, NEW.price_minor, NEW.status, NEW.live_payment_id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER sight AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION sight();";
const WATCH_ON_SQLITE: &str = "
    CREATE TABLE sights (position integer PRIMARY KEY AUTOINCREMENT, order_id integer NOT NULL,
        price_minor integer NOT NULL, status text NOT NULL, live_payment_id integer) STRICT;
    CREATE TRIGGER sight_of_new AFTER INSERT ON orders BEGIN
        INSERT INTO sights (order_id, price_minor, status, live_payment_id)
        VALUES (NEW.id, NEW.price_minor, NEW.status, NEW.live_payment_id);
    END;
    CREATE TRIGGER sight_of_changed AFTER UPDATE ON orders BEGIN
        INSERT INTO sights (order_id, price_minor, status, live_payment_id)
        VALUES (NEW.id, NEW.price_minor, NEW.status, NEW.live_payment_id);
    END;";

impl Store {
    pub(super) async fn postgres(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .unwrap_or_else(|error| panic!("the database of the test: {error:?}"));
        tokio::spawn(connection);
        Self::Postgres(client)
    }

    pub(super) const fn sqlite(path: PathBuf) -> Self {
        Self::Sqlite(path)
    }

    /// Has the database write down every change of an order from now on.
    pub async fn watch_orders(&self) {
        self.run(match self {
            Self::Postgres(_) => WATCH_ON_POSTGRES,
            Self::Sqlite(_) => WATCH_ON_SQLITE,
        })
        .await;
    }

    /// Carries out statements of the test's own.
    pub async fn run(&self, statements: &str) {
        match self {
            Self::Postgres(client) => {
                let done = client.batch_execute(statements).await;
                done.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
            }
            Self::Sqlite(path) => {
                let done = open(path).batch_execute(statements);
                done.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
            }
        }
    }

    /// What a query finds that has one column, a text with the name `json`.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        match self {
            Self::Postgres(client) => {
                let rows = client.query(query, &[]).await;
                let rows = rows.unwrap_or_else(|error| panic!("{query}: {error:?}"));
                rows.iter().map(|row| row.get(0)).collect()
            }
            Self::Sqlite(path) => {
                let rows = diesel::sql_query(query).load::<JsonRow>(&mut open(path));
                let rows = rows.unwrap_or_else(|error| panic!("{query}: {error:?}"));
                rows.into_iter().map(|row| row.json).collect()
            }
        }
    }

    /// Everything about all orders.
    pub async fn all(&self) -> Book {
        self.book("1 = 1").await
    }

    /// Everything about the orders of these consultations.
    pub async fn of_consultations(&self, consultations: &[i64]) -> Book {
        let list: Vec<_> = consultations.iter().map(ToString::to_string).collect();
        self.book(&format!("consultation_id IN ({})", list.join(", ")))
            .await
    }

    async fn book(&self, orders: &str) -> Book {
        let of_order = format!("order_id IN (SELECT id FROM orders WHERE {orders})");
        let of_payment = format!("payment_id IN (SELECT id FROM payments WHERE {of_order})");
        let announced = format!(
            "aggregate IN (SELECT 'payment:' || id FROM payments WHERE {of_order}
                UNION ALL SELECT 'order:' || id FROM orders WHERE {orders})"
        );
        let working = format!("subject_id IN (SELECT id FROM payments WHERE {of_order})");
        let is_watched = self.is_watched().await;
        Book {
            orders: self
                .rows(
                    "orders",
                    "id, order_number, price_minor, status, live_payment_id",
                    orders,
                )
                .await,
            payments: self
                .rows(
                    "payments",
                    "id, order_id, price_minor, amount_minor, status, version",
                    &of_order,
                )
                .await,
            invoices: self
                .rows("invoices", "payment_id, amount_minor, status", &of_payment)
                .await,
            taxes: self
                .rows(
                    "tax_records",
                    "payment_id, position, tax_type, tax_amount_minor, status",
                    &of_payment,
                )
                .await,
            events: self
                .rows(
                    "payment_events",
                    "payment_id, version, from_status, to_status",
                    &of_payment,
                )
                .await,
            keys: self
                .rows("idempotency_keys", "payment_id", &of_payment)
                .await,
            outbox: self
                .rows("outbox", "aggregate, sequence, kind", &announced)
                .await,
            jobs: self.rows("jobs", "subject_id, done_at", &working).await,
            sights: if is_watched {
                let columns = "position, order_id, price_minor, status, live_payment_id";
                Some(self.rows("sights", columns, &of_order).await)
            } else {
                None
            },
        }
    }

    async fn is_watched(&self) -> bool {
        match self {
            Self::Postgres(client) => {
                let found = client.query_one("SELECT to_regclass('sights') IS NOT NULL", &[]);
                found.await.expect("the tables of Postgres").get(0)
            }
            Self::Sqlite(_) => {
                #[derive(Deserialize)]
                struct Table {}
                let tables: Vec<Table> = self
                    .rows("sqlite_master", "name, type", "name = 'sights'")
                    .await;
                !tables.is_empty()
            }
        }
    }

    /// Rows of a table, by the order of the first two columns. Everything comes as JSON, the same from both stores.
    async fn rows<T: DeserializeOwned>(
        &self,
        table: &str,
        columns: &str,
        condition: &str,
    ) -> Vec<T> {
        let chosen = format!("SELECT {columns} FROM {table} WHERE {condition} ORDER BY 1");
        let rows: Vec<String> = match self {
            Self::Postgres(client) => {
                let second = if columns.contains(',') { ", 2" } else { "" };
                let query = format!("SELECT row_to_json(t)::text FROM ({chosen}{second}) t");
                let rows = client.query(&query, &[]).await;
                let rows = rows.unwrap_or_else(|error| panic!("{query}: {error:?}"));
                rows.into_iter().map(|row| row.get(0)).collect()
            }
            Self::Sqlite(path) => {
                let fields: Vec<_> = columns
                    .split(", ")
                    .map(|column| format!("'{column}', {column}"))
                    .collect();
                let order: Vec<_> = columns.split(", ").take(2).collect();
                let (fields, order) = (fields.join(", "), order.join(", "));
                let query = format!(
                    "SELECT json_object({fields}) AS json FROM {table} WHERE {condition} ORDER BY {order}"
                );
                let rows = diesel::sql_query(&query).load::<JsonRow>(&mut open(path));
                let rows = rows.unwrap_or_else(|error| panic!("{query}: {error:?}"));
                rows.into_iter().map(|row| row.json).collect()
            }
        };
        let parse = |row: String| {
            serde_json::from_str(&row).unwrap_or_else(|error| panic!("{error} in {table}: {row}"))
        };
        rows.into_iter().map(parse).collect()
    }
}

/// Opens a file that is there. To read along with a server, one must be able to write what they share.
fn open(path: &Path) -> SqliteConnection {
    let url = format!("file:{}?mode=rw", path.display());
    let mut connection = SqliteConnection::establish(&url)
        .unwrap_or_else(|error| panic!("{url} cannot be opened: {error}"));
    connection
        .batch_execute("PRAGMA busy_timeout = 30000")
        .expect("SQLite takes its settings");
    connection
}
