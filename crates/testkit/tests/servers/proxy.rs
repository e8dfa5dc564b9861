use std::io::ErrorKind;
use std::net::SocketAddr;

use bayar_testkit::servers::{FreshDatabase, Proxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::support::{A_WHILE, PATIENCE, address_of, connect, count};

/// A database with a table, and a proxy in front of it.
struct Scene {
    database: FreshDatabase,
    proxy: Proxy,
}

impl Scene {
    async fn new() -> Self {
        let database = FreshDatabase::new("the tests of the proxy", async |url: &str| {
            connect(url)
                .await
                .batch_execute("CREATE TABLE coins (worth bigint NOT NULL)")
                .await
                .unwrap();
        })
        .await;
        let proxy = Proxy::in_front_of(&database.url).await;
        Self { database, proxy }
    }

    async fn client(&self) -> Client {
        connect(&self.proxy.url()).await
    }

    /// What is in the table, seen past the proxy.
    async fn coins(&self) -> i64 {
        count(
            &connect(&self.database.url).await,
            "SELECT count(*) FROM coins",
        )
        .await
    }

    /// The connections to the database but the one that asks.
    async fn sessions(&self) -> i64 {
        count(
            &connect(&self.database.url).await,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
             AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )
        .await
    }
}

async fn begin_and_insert(client: &Client) {
    client
        .batch_execute("BEGIN; INSERT INTO coins VALUES (25)")
        .await
        .unwrap();
}

/// Whether the statement came to an end in time, and how.
async fn run(client: &Client, statement: &str) -> Result<(), tokio_postgres::Error> {
    timeout(PATIENCE, client.batch_execute(statement))
        .await
        .unwrap()
}

/// A server that says back what it hears, and the proxy before it.
async fn echo() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    Proxy::in_front_of(&format!("tcp://{address}")).await
}

async fn dial(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(address_of(&proxy.url())).await.unwrap()
}

/// What the other side says until it closes, or until that many bytes are there.
async fn hear(stream: &mut TcpStream, length: u64) -> Vec<u8> {
    let mut heard = Vec::new();
    timeout(PATIENCE, stream.take(length).read_to_end(&mut heard))
        .await
        .unwrap()
        .unwrap();
    heard
}

#[tokio::test]
async fn everything_passes_unchanged_also_when_nobody_listens_for_a_while() {
    let proxy = echo().await;
    let (mut from, mut to) = dial(&proxy).await.into_split();
    let said: Vec<u8> = (0..16_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut sent = 0;
    while let Ok(written) = timeout(A_WHILE, to.write(&said[sent..])).await {
        sent += written.unwrap();
        assert!(sent < said.len(), "every buffer on the way must be full");
    }

    let speaking = async {
        to.write_all(&said[sent..]).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut heard = Vec::new();
    let (read, ()) = tokio::join!(from.read_to_end(&mut heard), speaking);

    read.unwrap();
    assert!(heard == said, "{} bytes of {}", heard.len(), said.len());
}

#[tokio::test]
async fn only_the_address_of_the_url_changes() {
    for (given, before, after) in [
        (
            "postgres://me@127.0.0.1:1/b?x=y",
            "postgres://me@",
            "/b?x=y",
        ),
        ("redis://127.0.0.1:1/0", "redis://", "/0"),
        ("tcp://127.0.0.1:1", "tcp://", ""),
    ] {
        let url = Proxy::in_front_of(given).await.url();
        let address = url
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .unwrap_or_else(|| panic!("{url}"));
        let address: SocketAddr = address.parse().unwrap();
        assert!(address.ip().is_loopback() && address.port() > 1);
    }
}

#[tokio::test]
async fn a_cut_closes_connections_and_refuses_new_ones_until_all_passes_again() {
    let scene = Scene::new().await;
    let client = scene.client().await;
    run(&client, "SELECT 1").await.unwrap();

    scene.proxy.cut().await;

    assert!(run(&client, "SELECT 1").await.is_err());
    let refused = TcpStream::connect(address_of(&scene.proxy.url())).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);

    scene.proxy.pass().await;

    run(&scene.client().await, "SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_cut_may_follow_a_cut() {
    let proxy = echo().await;
    for _ in 0..20 {
        proxy.cut().await;
        proxy.cut().await;
        proxy.pass().await;
        let mut stream = dial(&proxy).await;
        stream.write_all(b"hello").await.unwrap();
        assert_eq!(hear(&mut stream, 5).await, b"hello");
    }
}

#[tokio::test]
async fn a_stalled_connection_is_open_and_silent_until_all_passes_again() {
    let proxy = echo().await;
    let mut old = dial(&proxy).await;
    old.write_all(b"1").await.unwrap();
    assert_eq!(hear(&mut old, 1).await, b"1");

    proxy.stall().await;
    let mut new = dial(&proxy).await;
    old.write_all(b"2").await.unwrap();
    new.write_all(b"3").await.unwrap();

    let mut byte = [0];
    assert!(timeout(A_WHILE, old.read(&mut byte)).await.is_err());
    assert!(timeout(A_WHILE, new.read(&mut byte)).await.is_err());

    proxy.pass().await;

    assert_eq!(hear(&mut old, 1).await, b"2");
    assert_eq!(hear(&mut new, 1).await, b"3");
}

#[tokio::test]
async fn a_statement_does_not_run_while_stalled() {
    let scene = Scene::new().await;
    let client = scene.client().await;
    scene.proxy.stall().await;

    let insert = client.batch_execute("INSERT INTO coins VALUES (25)");
    tokio::pin!(insert);
    assert!(timeout(A_WHILE, &mut insert).await.is_err());
    assert_eq!(scene.coins().await, 0);

    scene.proxy.pass().await;
    timeout(PATIENCE, insert).await.unwrap().unwrap();
    assert_eq!(scene.coins().await, 1);
}

#[tokio::test]
async fn a_stalled_connection_can_be_cut() {
    let scene = Scene::new().await;
    let client = scene.client().await;
    scene.proxy.stall().await;
    let insert = client.batch_execute("INSERT INTO coins VALUES (25)");
    tokio::pin!(insert);
    assert!(timeout(A_WHILE, &mut insert).await.is_err());

    scene.proxy.cut().await;

    assert!(timeout(PATIENCE, insert).await.unwrap().is_err());
    assert_eq!(scene.coins().await, 0);
}

#[tokio::test]
async fn a_lost_answer_to_commit_leaves_the_rows() {
    let scene = Scene::new().await;
    let client = scene.client().await;
    begin_and_insert(&client).await;

    scene.proxy.cut_after_request_containing(b"COMMIT");
    let commit = run(&client, "COMMIT").await;

    assert!(commit.is_err());
    assert_eq!(scene.sessions().await, 0);
    assert!(!scene.proxy.is_armed());
    assert_eq!(scene.coins().await, 1);
}

#[tokio::test]
async fn a_lost_commit_leaves_no_rows() {
    let scene = Scene::new().await;
    let client = scene.client().await;
    begin_and_insert(&client).await;

    scene.proxy.cut_before_request_containing(b"COMMIT");
    let commit = run(&client, "COMMIT").await;

    assert!(commit.is_err());
    assert_eq!(scene.sessions().await, 0);
    assert!(!scene.proxy.is_armed());
    assert_eq!(scene.coins().await, 0);
}

#[tokio::test]
async fn an_answer_that_says_commit_is_lost() {
    let scene = Scene::new().await;
    let client = scene.client().await;
    begin_and_insert(&client).await;

    scene.proxy.cut_before_answer_containing(b"COMMIT\0");
    run(&client, "SELECT 'an answer to something else'")
        .await
        .unwrap();
    assert!(scene.proxy.is_armed());
    let commit = run(&client, "COMMIT").await;

    assert!(commit.is_err());
    assert_eq!(scene.sessions().await, 0);
    assert!(!scene.proxy.is_armed());
    assert_eq!(scene.coins().await, 1);
}

#[tokio::test]
async fn a_connection_is_cut_once_and_alone() {
    let scene = Scene::new().await;
    let (first, second) = (scene.client().await, scene.client().await);
    scene.proxy.cut_after_request_containing(b"COMMIT");

    begin_and_insert(&first).await;
    begin_and_insert(&second).await;
    assert!(run(&first, "COMMIT").await.is_err());
    run(&second, "COMMIT").await.unwrap();
    begin_and_insert(&second).await;
    run(&second, "COMMIT").await.unwrap();

    assert_eq!(scene.coins().await, 3);
}

#[tokio::test]
async fn an_unarmed_proxy_lets_a_commit_through() {
    let scene = Scene::new().await;
    let client = scene.client().await;
    begin_and_insert(&client).await;

    assert!(!scene.proxy.is_armed());
    run(&client, "COMMIT").await.unwrap();

    assert_eq!(scene.coins().await, 1);
}

#[tokio::test]
async fn the_client_learns_of_a_lost_answer_after_the_server_is_done() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::in_front_of(&format!("tcp://{}", listener.local_addr().unwrap())).await;
    let mut client = dial(&proxy).await;
    let (mut server, _) = listener.accept().await.unwrap();

    proxy.cut_after_request_containing(b"hello");
    client.write_all(b"hello").await.unwrap();
    assert_eq!(hear(&mut server, 5).await, b"hello");
    server.write_all(b"the answer").await.unwrap();

    assert_eq!(hear(&mut server, 1).await, b"");
    assert!(timeout(A_WHILE, client.read(&mut [0])).await.is_err());
    drop(server);
    assert_eq!(hear(&mut client, 1).await, b"");
}

#[tokio::test]
async fn a_cut_before_a_request_does_not_wait_for_a_server_that_says_nothing() {
    // Takes connections and never reads or closes them.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::in_front_of(&format!("tcp://{}", listener.local_addr().unwrap())).await;
    let mut stream = dial(&proxy).await;
    let _held = listener.accept().await.unwrap();

    proxy.cut_before_request_containing(b"hello");
    stream.write_all(b"hello").await.unwrap();

    assert_eq!(hear(&mut stream, 1).await, b"");
}

#[tokio::test]
async fn bytes_in_several_pieces_are_recognised() {
    let proxy = echo().await;
    let mut stream = dial(&proxy).await;
    proxy.cut_before_request_containing(b"COMMIT");

    // The echo proves that the first piece was forwarded by itself.
    stream.write_all(b"COM").await.unwrap();
    assert_eq!(hear(&mut stream, 3).await, b"COM");
    stream.write_all(b"MIT").await.unwrap();

    assert_eq!(hear(&mut stream, 1).await, b"");
    assert!(!proxy.is_armed());
}

#[tokio::test]
async fn the_proxy_works_while_the_test_blocks_its_thread() {
    let proxy = echo_in_a_thread().await;
    let address = address_of(&proxy.url());

    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    std::io::Write::write_all(&mut stream, b"hello").unwrap();
    let mut heard = [0; 5];
    std::io::Read::read_exact(&mut stream, &mut heard).unwrap();

    assert_eq!(&heard, b"hello");
}

/// The echo of the other tests would wait for the blocked runtime.
async fn echo_in_a_thread() -> Proxy {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut from, _) = listener.accept().unwrap();
        let mut to = from.try_clone().unwrap();
        std::io::copy(&mut from, &mut to)
    });
    Proxy::in_front_of(&format!("tcp://{address}")).await
}
