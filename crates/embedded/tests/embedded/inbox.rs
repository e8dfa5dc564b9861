//! What stands in the inbox, and what never may, whoever writes into it.

use diesel::connection::SimpleConnection;

use crate::common::Database;
use crate::looking::connect;

const A_WEBHOOK: &str = "INSERT INTO inbox (gateway, account, mode, event_key, event_type, headers, body, received_at, \
    status, next_try_at) VALUES ('stripe', '-', 'test', 'evt_1', 'a', '{}', x'', '', 'received', '')";

async fn with_a_webhook() -> Database {
    let database = Database::new();
    database.with_tables().await;
    run(&database, A_WEBHOOK).unwrap();
    database
}

fn run(database: &Database, statement: &str) -> Result<(), String> {
    let done = connect(&database.path()).batch_execute(statement);
    done.map_err(|refused| refused.to_string())
}

#[tokio::test]
async fn the_inbox_holds_a_webhook_once() {
    let database = with_a_webhook().await;
    let refused = run(&database, A_WEBHOOK).unwrap_err();
    let expected =
        "UNIQUE constraint failed: inbox.gateway, inbox.account, inbox.mode, inbox.event_key";
    assert_eq!(refused, expected);
    for (known, other) in [
        ("'stripe'", "'midtrans'"),
        ("'-'", "'acct_1'"),
        ("'test'", "'live'"),
        ("'evt_1'", "'evt_2'"),
    ] {
        run(&database, &A_WEBHOOK.replace(known, other)).unwrap();
    }
}

#[tokio::test]
async fn what_a_webhook_said_never_changes() {
    let database = with_a_webhook().await;
    for (column, value) in [
        ("gateway", "'midtrans'"),
        ("account", "'acct_1'"),
        ("mode", "'live'"),
        ("event_key", "'evt_2'"),
        ("event_type", "'b'"),
        ("headers", "'[]'"),
        ("body", "x'00'"),
        ("received_at", "'2025'"),
    ] {
        let change = format!("UPDATE inbox SET {column} = {value}");
        let refused = run(&database, &change).expect_err(column);
        assert_eq!(refused, "what a webhook said never changes", "{column}");
    }
    run(&database, "UPDATE inbox SET fault = 'why'").unwrap();
}

#[tokio::test]
async fn a_webhook_that_came_is_kept() {
    let database = with_a_webhook().await;
    let refused = run(&database, "DELETE FROM inbox").unwrap_err();
    assert_eq!(refused, "a webhook that came is kept");
}
