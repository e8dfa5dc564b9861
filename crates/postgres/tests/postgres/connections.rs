//! Connections: what is answered while there are none, and how the store recovers.

use std::process::Command;
use std::time::Duration;

use crate::support::{Fixture, SOON, connect, connect_with, wait_until};
use bayar_app::port::store::{Opened, Orders, Payments, Store, StoreError, Units, Upkeep};
use bayar_testkit::builders::{AnOpening, AnOrder};
use bayar_testkit::servers::{PrivatePostgres, Proxy, succeed};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_unavailable_and_found_when_it_comes() {
    let fixture = Fixture::new().await;
    let proxy = Proxy::in_front_of(&fixture.database.url).await;
    proxy.cut().await;
    let store = connect(&proxy.url());
    let order = AnOrder::of_a_cart().add(fixture.port()).await;
    let opening = AnOpening::of(&order).build(fixture.port()).await;
    let away = [
        store.now().await.map(drop),
        store.open_payment(&opening).await.map(drop),
        store.begin(order.terms().id).await.map(drop),
        store.reserve_order_id().await.map(drop),
        store.migrate().await.map(drop),
    ];
    for away in away {
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    }
    proxy.pass().await;
    assert_eq!(store.open_payment(&opening).await.unwrap(), Opened::Yes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_goes_on_when_its_connection_dies_under_it() {
    let fixture = Fixture::new().await;
    let proxy = Proxy::in_front_of(&fixture.database.url).await;
    let store = connect(&proxy.url());
    let order = AnOrder::of_a_cart()
        .known_as("the booking")
        .add(&store)
        .await;
    let key = bayar_app::port::store::OrderKey::Reference(
        bayar_app::port::store::ExternalRef::new("the booking").unwrap(),
    );
    for _ in 0..3 {
        proxy.cut_after_request_containing(b"the booking");
        let found = store.order(&key).await.unwrap().unwrap();
        assert!(!proxy.is_armed());
        assert_eq!(found.order, order);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_found_again() {
    let trust = "local all all trust";
    let mut server = PrivatePostgres::start(|_| {}, "", trust).await;
    let store = connect(&server.socket_url());
    store.migrate().await.unwrap();
    let order = AnOrder::of_a_cart().add(&store).await;
    // Several connections, all of which the crash breaks.
    let at_once = (0..8).map(|_| store.now());
    futures_util::future::join_all(at_once).await;
    let unit = store.begin(order.terms().id).await.unwrap().unwrap();
    server.crash();
    let opening = AnOpening::of(&order);
    let away = store.now().await;
    assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    drop(unit);
    server.launch().await;
    for _ in 0..8 {
        store.now().await.unwrap();
    }
    opening.open(&store).await;
    store.begin(order.terms().id).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ended_is_not_used_again() {
    let fixture = Fixture::new().await;
    let store = fixture.store_with(|config| config.pool_size = 1);
    let order = AnOrder::of_a_cart().add(&store).await;
    let id = order.terms().id;
    let (mut unit, loaded) = store.begin(id).await.unwrap().unwrap();
    let end_it = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name = 'bayar'";
    fixture.run(end_it).await;
    let nobody = bayar_domain::PaymentId::new(1).unwrap();
    assert!(unit.papers(nobody).await.is_err());
    let lost = unit.commit().await;
    assert!(lost.is_err(), "{loaded:?}");
    AnOpening::of(&order).open(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_all_connections_are_in_use_the_store_is_unavailable_after_a_bounded_wait() {
    let fixture = Fixture::new().await;
    let store = fixture.store_with(|config| {
        config.pool_size = 1;
        config.wait_timeout = Duration::from_millis(100);
    });
    let order = AnOrder::of_a_cart().add(&store).await;
    let unit = store.begin(order.terms().id).await.unwrap().unwrap();
    let full = tokio::time::timeout(SOON, store.now()).await;
    let full = full.expect("it waits for ever");
    assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
    drop(unit);
    store.now().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_unavailable_after_a_bounded_wait() {
    let fixture = Fixture::new().await;
    let proxy = Proxy::in_front_of(&fixture.database.url).await;
    let impatient = |config: &mut bayar_postgres::PgConfig| {
        config.connect_timeout = Duration::from_millis(500);
        config.statement_timeout = Duration::from_millis(100);
    };
    let (used, fresh) = (
        connect_with(&proxy.url(), impatient),
        connect_with(&proxy.url(), impatient),
    );
    used.now().await.unwrap();
    proxy.stall().await;
    for store in [&used, &fresh] {
        let silent = tokio::time::timeout(SOON, store.now()).await;
        let silent = silent.expect("it waits for ever");
        assert!(
            matches!(silent, Err(StoreError::Unavailable(_))),
            "{silent:?}"
        );
    }
    proxy.pass().await;
    for store in [&used, &fresh] {
        wait_until("the server answers", async || store.now().await.is_ok()).await;
    }
}

/// A session of the server that stands still until this is dropped.
struct Paused(i32);

impl Paused {
    fn session(id: i32) -> Self {
        signal("-STOP", id);
        Self(id)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        signal("-CONT", self.0);
    }
}

fn signal(name: &str, process: i32) {
    succeed(Command::new("kill").args([name, &process.to_string()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_on_which_nobody_answers_is_not_used_again() {
    let fixture = Fixture::new().await;
    let store = fixture.store_with(|config| {
        config.pool_size = 1;
        config.statement_timeout = Duration::from_millis(100);
    });
    store.now().await.unwrap();
    let session: Vec<i32> = fixture
        .column(
            "SELECT pid FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'bayar'",
            &[],
        )
        .await;
    let paused = Paused::session(session[0]);
    let silent = store.now().await;
    assert!(
        matches!(silent, Err(StoreError::Unavailable(_))),
        "{silent:?}"
    );
    store.now().await.unwrap();
    drop(paused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_busy() {
    let fixture = Fixture::new().await;
    let store = fixture.store_with(|config| {
        config.statement_timeout = Duration::from_millis(100);
    });
    fixture
        .run(
            "CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE plpgsql
             AS $$ BEGIN PERFORM pg_sleep(60); RETURN now(); END $$",
        )
        .await;
    let slow = store.now().await;
    assert!(matches!(slow, Err(StoreError::Busy(_))), "{slow:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_session_has_the_settings_that_the_promises_rest_on() {
    let fixture = Fixture::new().await;
    // What an administrator set otherwise for everybody.
    fixture
        .run(
            "DO $$ BEGIN EXECUTE format(
                'ALTER DATABASE %I SET default_transaction_isolation = ''serializable''', current_database()
            ); EXECUTE format(
                'ALTER DATABASE %I SET synchronous_commit = off', current_database()
            ); END $$;
            CREATE TABLE session (name text, setting text);
            CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$ BEGIN
                INSERT INTO session SELECT name, setting FROM pg_settings;
                RETURN now();
            END $$",
        )
        .await;
    let store = fixture.store_with(|config| {
        config.lock_timeout = Duration::from_millis(1234);
        config.statement_timeout = Duration::from_millis(5678);
    });
    store.now().await.unwrap();
    for (name, expected) in [
        ("application_name", "bayar"),
        ("lock_timeout", "1234"),
        ("statement_timeout", "5678"),
        ("idle_in_transaction_session_timeout", "10000"),
        ("default_transaction_isolation", "read committed"),
        ("synchronous_commit", "on"),
        ("lc_messages", "C"),
    ] {
        let query = "SELECT setting FROM session WHERE name = $1";
        let setting: Vec<String> = fixture.column(query, &[&name]).await;
        assert_eq!(setting, [expected], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_role_is_enough() {
    let fixture = Fixture::new().await;
    let name: Vec<String> = fixture
        .column(
            "SELECT 'role_' || substr(md5(current_database()), 1, 16)",
            &[],
        )
        .await;
    let role = &name[0];
    fixture
        .run(&format!(
            "CREATE ROLE {role} LOGIN;
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
        ))
        .await;
    let url = fixture
        .database
        .url
        .replace("//postgres@", &format!("//{role}@"));
    assert_ne!(url, fixture.database.url);
    let store = connect(&url);
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    let unit = store.begin(order.terms().id).await.unwrap();
    assert!(unit.is_some());
    drop((unit, store));
    let there = fixture.port().payment(opening.bill.payment.terms().id);
    assert!(there.await.unwrap().is_some());
    fixture
        .run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await;
}

/// A runtime with one thread, as the workers of a web server have.
#[tokio::test]
async fn one_thread_is_enough() {
    let fixture = Fixture::new().await;
    let store: &dyn Store = fixture.port();
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    let order = AnOrder::of_a_cart().add(store).await;
    AnOpening::of(&order).open(store).await;
    store.begin(order.terms().id).await.unwrap().unwrap();
}
