//! A Postgres server, asked in one read-only transaction.

use tokio_postgres::Client;

use super::{Column, CreditNoteRow, How, Ledger, LedgerError, Row, parse, read_every_table, tls};

pub(super) async fn read(url: &str) -> Result<Ledger, LedgerError> {
    let client = tls::connect(url).await?;
    let begin = "SET TIME ZONE 'UTC'; BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
    client.batch_execute(begin).await?;
    let ledger = read_all(&client).await?;
    client.batch_execute("COMMIT").await?;
    Ok(ledger)
}

pub(super) async fn read_all(client: &Client) -> Result<Ledger, LedgerError> {
    macro_rules! rows {
        ($row:ty) => {
            table::<$row>(client).await?
        };
    }
    macro_rules! rows_if_there {
        ($row:ty) => {
            if has_table(client, <$row>::TABLE).await? {
                table::<$row>(client).await?
            } else {
                Vec::new()
            }
        };
    }
    let has_returns = has_table(client, CreditNoteRow::TABLE).await?;
    Ok(read_every_table!(rows, rows_if_there, has_returns))
}

async fn has_table(client: &Client, name: &'static str) -> Result<bool, LedgerError> {
    let is_there = "SELECT to_regclass($1) IS NOT NULL";
    let found = client.query_one(is_there, &[&name]).await?;
    Ok(found.try_get(0)?)
}

async fn table<T: Row>(client: &Client) -> Result<Vec<T>, LedgerError> {
    let fields: Vec<_> = T::COLUMNS.iter().map(field).collect();
    let query = format!(
        "SELECT row_to_json(t)::text FROM (SELECT {} FROM {}) t",
        fields.join(", "),
        T::TABLE
    );
    let rows = client.query(&query, &[]).await?;
    let texts: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    parse(texts?)
}

fn field(column: &Column) -> String {
    let Column { name, how } = column;
    match how {
        How::Plain => (*name).to_owned(),
        How::Text => format!("{name}::text AS {name}"),
        How::Bytes => format!("convert_from({name}, 'UTF8') AS {name}"),
    }
}
