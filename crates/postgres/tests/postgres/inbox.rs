//! What stands in the inbox, and what never may, whoever writes into it.

use crate::support::Fixture;

const A_WEBHOOK: &str = "INSERT INTO inbox (gateway, account, mode, event_key, event_type, headers, body, received_at, \
    status, next_try_at) VALUES ('stripe', '-', 'test', 'evt_1', 'a', '{}', '', now(), 'received', now())";

async fn with_a_webhook() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.run(A_WEBHOOK).await;
    fixture
}

/// The constraint that refuses a statement, or the reason that a trigger gives.
async fn refusal(fixture: &Fixture, statement: &str) -> String {
    let refused = fixture.client().await.batch_execute(statement).await;
    let refused = refused.expect_err(statement);
    let refused = refused.as_db_error().unwrap();
    let constraint = refused.constraint().map(str::to_owned);
    constraint.unwrap_or_else(|| refused.message().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_holds_a_webhook_once() {
    let fixture = with_a_webhook().await;
    assert_eq!(refusal(&fixture, A_WEBHOOK).await, "inbox_once");
    for (known, other) in [
        ("'stripe'", "'midtrans'"),
        ("'-'", "'acct_1'"),
        ("'test'", "'live'"),
        ("'evt_1'", "'evt_2'"),
    ] {
        fixture.run(&A_WEBHOOK.replace(known, other)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_said_never_changes() {
    let fixture = with_a_webhook().await;
    for (column, value) in [
        ("gateway", "'midtrans'"),
        ("account", "'acct_1'"),
        ("mode", "'live'"),
        ("event_key", "'evt_2'"),
        ("event_type", "'b'"),
        ("headers", "'[]'"),
        ("body", "'other'"),
        ("received_at", "now()"),
    ] {
        let change = format!("UPDATE inbox SET {column} = {value}");
        let refused = refusal(&fixture, &change).await;
        assert_eq!(refused, "what a webhook said never changes", "{column}");
    }
    fixture.run("UPDATE inbox SET fault = 'why'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_came_is_kept() {
    let fixture = with_a_webhook().await;
    for removal in ["DELETE FROM inbox", "TRUNCATE inbox"] {
        let refused = refusal(&fixture, removal).await;
        assert_eq!(refused, "inbox is only ever added to", "{removal}");
    }
}
