use std::io::{self, BufRead, BufReader, Write};
use std::process::Stdio;

use bayar_testkit::servers::{PrivateRedis, redis_url};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::support::{
    A_WHILE, PATIENCE, address_of, eventually, is_reachable, part, the_test_again,
};

/// A connection that speaks the inline form of the protocol.
struct Connection(tokio::io::BufReader<TcpStream>);

impl Connection {
    async fn to(url: &str) -> Self {
        let stream = TcpStream::connect(address_of(url)).await.unwrap();
        Self(tokio::io::BufReader::new(stream))
    }

    async fn send(&mut self, command: &str) {
        let line = format!("{command}\r\n");
        self.0.write_all(line.as_bytes()).await.unwrap();
    }

    /// The first line of the answer, empty when the connection is closed.
    async fn answer(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    async fn ask(&mut self, command: &str) -> String {
        self.send(command).await;
        timeout(PATIENCE, self.answer()).await.unwrap()
    }
}

#[tokio::test]
async fn the_shared_redis_answers() {
    assert_eq!(
        Connection::to(&redis_url()).await.ask("PING").await,
        "+PONG"
    );
}

#[tokio::test]
async fn private_servers_share_nothing() {
    let one = PrivateRedis::start().await;
    let other = PrivateRedis::start().await;

    let mut in_one = Connection::to(&one.url()).await;
    assert_eq!(in_one.ask("SET key 1").await, "+OK");

    assert_eq!(in_one.ask("DBSIZE").await, ":1");
    assert_eq!(Connection::to(&other.url()).await.ask("DBSIZE").await, ":0");
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let redis = PrivateRedis::start().await;
    let url = redis.url();
    assert!(is_reachable(&url).await);

    drop(redis);

    assert!(!is_reachable(&url).await);
}

#[tokio::test]
async fn a_stopped_server_closes_its_connections_and_refuses_new_ones() {
    let mut redis = PrivateRedis::start().await;
    let mut connection = Connection::to(&redis.url()).await;
    assert_eq!(connection.ask("PING").await, "+PONG");

    redis.stop();

    assert_eq!(timeout(PATIENCE, connection.answer()).await.unwrap(), "");
    assert!(!is_reachable(&redis.url()).await);
}

#[tokio::test]
async fn a_restarted_server_is_empty_and_has_the_same_address() {
    let mut redis = PrivateRedis::start().await;
    let url = redis.url();
    assert_eq!(Connection::to(&url).await.ask("SET key 1").await, "+OK");

    redis.restart().await;

    assert_eq!(redis.url(), url);
    assert_eq!(Connection::to(&url).await.ask("DBSIZE").await, ":0");
}

#[tokio::test]
async fn a_stopped_server_keeps_its_port_from_others() {
    let mut redis = PrivateRedis::start().await;
    redis.stop();

    let url = redis.url();
    let socket = TcpSocket::new_v4().unwrap();
    let taken = socket.bind(address_of(&url).parse().unwrap());
    assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);

    redis.restart().await;
    assert_eq!(Connection::to(&url).await.ask("PING").await, "+PONG");
}

#[tokio::test]
async fn a_paused_server_accepts_and_answers_only_when_resumed() {
    let mut redis = PrivateRedis::start().await;
    let mut before = Connection::to(&redis.url()).await;
    assert_eq!(before.ask("PING").await, "+PONG");

    redis.pause().await;
    before.send("INCR key").await;
    let mut during = Connection::to(&redis.url()).await;
    during.send("PING").await;

    assert!(timeout(A_WHILE, before.answer()).await.is_err());
    assert!(timeout(A_WHILE, during.answer()).await.is_err());

    redis.resume().await;

    assert_eq!(timeout(PATIENCE, before.answer()).await.unwrap(), ":1");
    assert_eq!(timeout(PATIENCE, during.answer()).await.unwrap(), "+PONG");
}

#[tokio::test]
async fn a_paused_server_can_be_stopped() {
    let mut redis = PrivateRedis::start().await;
    redis.pause().await;

    redis.stop();

    assert!(!is_reachable(&redis.url()).await);
}

#[tokio::test]
async fn a_flushed_server_is_empty_and_keeps_its_connections() {
    let redis = PrivateRedis::start().await;
    let mut connection = Connection::to(&redis.url()).await;
    assert_eq!(connection.ask("SET key 1").await, "+OK");

    redis.flush().await;

    assert_eq!(connection.ask("DBSIZE").await, ":0");
}

#[tokio::test]
async fn a_server_does_not_outlive_a_test_that_is_killed() {
    if part().is_some() {
        let mut redis = PrivateRedis::start().await;
        redis.pause().await;
        writeln!(io::stdout(), "\nURL {}", redis.url()).unwrap();
        // Until it is killed.
        io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let name = "private_redis::a_server_does_not_outlive_a_test_that_is_killed";
    let mut process = the_test_again(name, "the killed one")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let url = BufReader::new(process.stdout.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().strip_prefix("URL ").map(str::to_owned))
        .unwrap();
    assert!(is_reachable(&url).await);

    process.kill().unwrap();
    process.wait().unwrap();

    eventually("the server is gone", || async { !is_reachable(&url).await }).await;
}
