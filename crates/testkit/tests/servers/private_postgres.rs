use bayar_testkit::servers::PrivatePostgres;
use tokio::net::TcpSocket;

use super::support::{address_of, connect, count, is_reachable};

const TRUST: &str = "local all all trust\nhost all all 127.0.0.1/32 trust";

async fn started() -> PrivatePostgres {
    PrivatePostgres::start(|_| {}, "", TRUST).await
}

#[tokio::test]
async fn what_was_committed_before_a_crash_is_there_at_the_same_address_after_it() {
    let mut postgres = started().await;
    let url = postgres.url("127.0.0.1", "");
    let client = connect(&url).await;
    let filling = "CREATE TABLE kept AS SELECT 1";
    client.batch_execute(filling).await.unwrap();

    postgres.crash();

    assert!(client.batch_execute("SELECT 1").await.is_err());
    assert!(!is_reachable(&url).await);
    let taken = TcpSocket::new_v4().unwrap();
    let address = address_of(&url).parse().unwrap();
    assert!(taken.bind(address).is_err(), "the port is for anybody");

    postgres.launch().await;

    assert_eq!(postgres.url("127.0.0.1", ""), url);
    let client = connect(&url).await;
    assert_eq!(count(&client, "SELECT count(*) FROM kept").await, 1);
}

#[tokio::test]
async fn a_server_is_set_up_as_its_test_wants_it() {
    let add = |data: &std::path::Path| std::fs::write(data.join("added.conf"), "").unwrap();
    let settings = "include = 'added.conf'\nmax_connections = 7";
    let postgres = PrivatePostgres::start(add, settings, "local all all trust").await;
    let by_socket = connect(&postgres.socket_url()).await;
    let shown = by_socket.query_one("SHOW max_connections", &[]).await;
    assert_eq!(shown.unwrap().get::<_, &str>(0), "7");
    let url = postgres.url("127.0.0.1", "");
    let by_network = tokio_postgres::connect(&url, tokio_postgres::NoTls).await;
    assert!(by_network.is_err(), "nobody may come by the network");
}

#[tokio::test]
async fn a_dropped_server_is_gone_with_its_files() {
    let postgres = started().await;
    let (url, data) = (postgres.url("127.0.0.1", ""), postgres.data());
    assert!(is_reachable(&url).await && data.exists());

    drop(postgres);

    assert!(!is_reachable(&url).await);
    assert!(!data.exists());
}
