//! A SQLite file, opened read-only.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Column, CreditNoteRow, How, Ledger, LedgerError, Row, parse, read_every_table};

#[derive(QueryableByName)]
struct Json {
    #[diesel(sql_type = Text)]
    json: String,
}

pub(super) fn read(path: &Path) -> Result<Ledger, LedgerError> {
    let url = format!("file:{}?mode=ro", path.display());
    let mut connection = SqliteConnection::establish(&url)
        .map_err(|error| LedgerError::Open(path.to_owned(), error))?;
    let begin = "PRAGMA busy_timeout = 30000; PRAGMA query_only = ON; BEGIN";
    let begun = connection.batch_execute(begin);
    begun.map_err(|error| LedgerError::Sqlite("sqlite_master", error))?;
    macro_rules! rows {
        ($row:ty) => {
            table::<$row>(&mut connection)?
        };
    }
    macro_rules! rows_if_there {
        ($row:ty) => {
            if has_table(&mut connection, <$row>::TABLE)? {
                table::<$row>(&mut connection)?
            } else {
                Vec::new()
            }
        };
    }
    let has_returns = has_table(&mut connection, CreditNoteRow::TABLE)?;
    Ok(read_every_table!(rows, rows_if_there, has_returns))
}

fn has_table(connection: &mut SqliteConnection, name: &'static str) -> Result<bool, LedgerError> {
    let query = "SELECT name AS json FROM sqlite_master WHERE type = 'table' AND name = ?";
    let found = diesel::sql_query(query)
        .bind::<Text, _>(name)
        .load::<Json>(connection);
    let found = found.map_err(|error| LedgerError::Sqlite("sqlite_master", error))?;
    Ok(!found.is_empty())
}

fn table<T: Row>(connection: &mut SqliteConnection) -> Result<Vec<T>, LedgerError> {
    let fields: Vec<_> = T::COLUMNS.iter().map(field).collect();
    let query = format!(
        "SELECT json_object({}) AS json FROM {} ORDER BY rowid",
        fields.join(", "),
        T::TABLE
    );
    let rows = diesel::sql_query(query).load::<Json>(connection);
    let rows = rows.map_err(|error| LedgerError::Sqlite(T::TABLE, error))?;
    parse(rows.into_iter().map(|row| row.json))
}

fn field(column: &Column) -> String {
    let Column { name, how } = column;
    match how {
        How::Plain => format!("'{name}', {name}"),
        How::Text | How::Bytes => format!("'{name}', CAST({name} AS text)"),
    }
}
