//! Taking a guard out of the tables of a file.

use std::path::Path;

use bayar_testkit::without::{NOT_THERE, Removal};
use diesel::connection::SimpleConnection;

use crate::looking::{connect, texts};

/// Takes guards out of tables that nobody has written into.
pub fn take_out(path: &Path, removals: &[Removal]) {
    for removal in removals {
        match removal {
            Removal::Statement(statement) => change(path, statement),
            Removal::Part { table, part } => make_anew(path, table, part),
        }
    }
}

/// The table without a part of its definition, with the indexes and triggers it had.
fn make_anew(path: &Path, table: &str, part: &str) {
    let of_table = |kinds: &str| {
        let query = format!(
            "SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND type IN ({kinds}) AND sql IS NOT NULL"
        );
        texts(path, &query)
    };
    let definitions = of_table("'table'");
    let [definition] = definitions.as_slice() else {
        panic!(
            "{NOT_THERE}: {} tables are called {table}",
            definitions.len()
        );
    };
    let mut statements = vec![
        "PRAGMA foreign_keys = OFF".to_owned(),
        format!("DROP TABLE {table}"),
        Removal::cut(definition, part),
    ];
    statements.extend(of_table("'index', 'trigger'"));
    change(path, &statements.join(";\n"));
}

fn change(path: &Path, statements: &str) {
    let done = connect(path).batch_execute(statements);
    done.unwrap_or_else(|error| panic!("{NOT_THERE}: {statements}: {error:?}"));
}
