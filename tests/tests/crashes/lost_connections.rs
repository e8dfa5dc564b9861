//! The connection to the database breaks, or the database itself ends.

use std::time::Duration;

use bayar_testkit::servers::{PrivatePostgres, Proxy};
use bayar_tests::program::{Installation, Server, wait_until};

use crate::shop::{Shop, database};

/// What only the statement that opens a payment contains: the answer that is stored with it.
const OPENING: &[u8] = br#""type":"new""#;

#[tokio::test]
async fn a_payment_whose_commit_nobody_hears_of_is_opened_once() {
    opened_once("lost", |proxy| proxy.cut_after_request_containing(OPENING)).await;
}

#[tokio::test]
async fn a_payment_whose_statement_is_lost_is_opened_once() {
    opened_once("unsent", |proxy| {
        proxy.cut_before_request_containing(OPENING);
    })
    .await;
}

async fn opened_once(name: &str, cut: impl Fn(&Proxy)) {
    let database = database().await;
    let proxy = Proxy::in_front_of(&database.url).await;
    let installation = Installation::on_postgres(&proxy.url());
    let server = installation.serve().await;
    let mut shop = Shop::open(installation, &server).await;
    for number in 0..5 {
        let consultation = shop.order(&server).await;
        cut(&proxy);
        unsure_and_then_sure(&shop, &server, consultation, &format!("{name}-{number}")).await;
        assert!(!proxy.is_armed(), "nothing was cut");
    }
}

/// The first answer may say that nobody knows. The same request again tells.
async fn unsure_and_then_sure(shop: &Shop, server: &Server, consultation: i64, key: &str) {
    let first = shop.ask(server, consultation, key).await;
    let first = first.expect("an answer, whatever the database does");
    match (first.status, first.code().as_deref()) {
        (201, None) => {}
        (503, Some("service_unavailable")) | (409, Some("payment_in_progress")) => {
            let again = shop.ask(server, consultation, key).await;
            let again = again.expect("an answer to the same request");
            assert_eq!(again.status, 201, "{}", again.text);
        }
        _ => panic!("this answer is not documented: {first:?}"),
    }
    shop.must_have_one_payment(server, consultation, key).await;
}

#[tokio::test]
async fn payments_are_opened_again_after_postgres_was_restarted() {
    let access = "local all all trust\nhost all all 127.0.0.1/32 trust";
    let mut postgres = PrivatePostgres::start(|_| {}, "", access).await;
    let installation = Installation::on_postgres(&postgres.url("127.0.0.1", "sslmode=disable"));
    installation.migrate();
    let server = installation.serve().await;
    let mut shop = Shop::open(installation, &server).await;
    let before = shop.order(&server).await;
    let after = shop.order(&server).await;
    let first = shop.ask(&server, before, "before").await.unwrap();
    assert_eq!(first.status, 201, "{}", first.text);

    postgres.crash();
    let refused = shop.ask(&server, after, "after").await.unwrap();
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(refused.header("Retry-After").is_some(), "{refused:?}");
    let ready = server.anybody().get("/readyz").await.unwrap();
    assert_eq!(
        (ready.status, ready.json()["database"].as_str()),
        (503, Some("down"))
    );

    postgres.launch().await;
    let anybody = server.anybody();
    wait_until("the database is up", async || {
        anybody
            .get("/readyz")
            .await
            .is_ok_and(|ready| ready.status == 200)
    })
    .await;
    // One of the connections that broke may still be found.
    unsure_and_then_sure(&shop, &server, after, "after").await;
    shop.must_have_one_payment(&server, before, "before").await;
}

#[tokio::test]
async fn a_restart_of_postgres_between_two_payments_costs_at_most_one_answer() {
    let access = "local all all trust\nhost all all 127.0.0.1/32 trust";
    let mut postgres = PrivatePostgres::start(|_| {}, "", access).await;
    let installation = Installation::on_postgres(&postgres.url("127.0.0.1", "sslmode=disable"));
    installation.migrate();
    let server = installation.serve().await;
    let mut shop = Shop::open(installation, &server).await;
    let (before, after) = (shop.order(&server).await, shop.order(&server).await);
    // Many at once, so that many connections are open when they break.
    let customer = shop.customer(&server);
    let asking = (0..20).map(|number| {
        let customer = customer.clone();
        async move { crate::shop::ask(&customer, before, &format!("many-{number}")).await }
    });
    let answers: tokio::task::JoinSet<_> = asking.collect();
    let statuses: Vec<_> = answers.join_all().await;
    let created = statuses
        .iter()
        .flatten()
        .filter(|answer| answer.status == 201);
    assert_eq!(created.count(), 1, "{statuses:?}");

    postgres.crash();
    postgres.launch().await;
    let quick = tokio::time::timeout(
        Duration::from_secs(20),
        unsure_and_then_sure(&shop, &server, after, "after"),
    );
    quick
        .await
        .expect("nothing waits for a connection that is gone");
}
