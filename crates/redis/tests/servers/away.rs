//! Nobody listens, nobody answers, or somebody answers who is not Redis.

use std::time::Duration;

use bayar_app::port::Locks;
use bayar_redis::{RedisConfig, RedisHelpers};
use bayar_testkit::servers::PrivateRedis;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use crate::support::{
    PATIENCE, TTL, connect, eventually, everything_is_away, everything_works, look, open, token,
};

#[tokio::test]
async fn a_redis_that_comes_later_is_found() {
    let mut server = PrivateRedis::start().await;
    server.stop();
    let helpers = connect(&server.url()).await;
    everything_is_away(&helpers).await;
    server.restart().await;
    eventually("redis is found", async || helpers.is_up()).await;
    everything_works(&helpers, "after").await;
}

#[tokio::test]
async fn a_redis_that_goes_and_comes_back_is_found_again() {
    let mut server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    for round in 0..3 {
        everything_works(&helpers, &format!("round {round}")).await;
        server.stop();
        assert!(helpers.take("order", &token(1), TTL).await.is_err());
        everything_is_away(&helpers).await;
        server.restart().await;
        eventually("redis is found again", async || helpers.is_up()).await;
    }
    everything_works(&helpers, "at last").await;
}

#[tokio::test]
async fn while_there_is_no_connection_nobody_waits() {
    let mut server = PrivateRedis::start().await;
    server.stop();
    let helpers = connect(&server.url()).await;
    let start = Instant::now();
    for _ in 0..10_000 {
        assert!(helpers.take("order", &token(1), TTL).await.is_err());
    }
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_lost_connection_is_replaced() {
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let mut kill = redis::cmd("CLIENT");
    kill.arg("KILL")
        .arg("TYPE")
        .arg("normal")
        .arg("SKIPME")
        .arg("yes");
    let killed: u32 = kill.query_async(&mut redis).await.unwrap();
    assert!(killed >= 1);
    eventually("the connection is replaced", async || {
        let _ = helpers
            .take("order", &token(1), Duration::from_millis(1))
            .await;
        helpers
            .take("another", &token(1), Duration::from_millis(1))
            .await
            .is_ok()
    })
    .await;
    everything_works(&helpers, "after").await;
}

#[tokio::test]
async fn a_redis_that_goes_while_nobody_asks_is_missed() {
    let mut server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    server.stop();
    eventually("the loss is noticed", async || !helpers.is_up()).await;
}

#[tokio::test]
async fn the_connection_is_closed_with_the_helpers() {
    let server = PrivateRedis::start().await;
    let mut redis = look(&server.url()).await;
    let helpers = connect(&server.url()).await;
    assert!(clients(&mut redis).await >= 2);
    drop(helpers);
    eventually("only our own is left", async || {
        clients(&mut redis).await == 1
    })
    .await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let helpers = impatiently(&listener).await;
    everything_is_away(&helpers).await;
}

#[tokio::test]
async fn a_server_that_hangs_up_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = RedisConfig::new(url(&listener));
    let hang_up = async {
        loop {
            drop(listener.accept().await.unwrap())
        }
    };
    tokio::select! {
        () = hang_up => unreachable!(),
        helpers = open(&config) => everything_is_away(&helpers).await,
    }
}

#[tokio::test]
async fn a_server_of_something_else_is_away() {
    let nonsense = [
        &b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..],
        b"$999999999999999999999\r\n",
        b"*-7\r\n:x\r\n$-9\r\n",
        b"$5000000000\r\nx",
        &[0xff; 4096],
    ];
    for answer in nonsense {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = RedisConfig {
            connect_timeout: Duration::from_millis(300),
            ..RedisConfig::new(url(&listener))
        };
        let speaks = async {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                speak(stream, answer).await;
            }
        };
        tokio::select! {
            () = speaks => unreachable!(),
            helpers = open(&config) => everything_is_away(&helpers).await,
        }
    }
}

#[tokio::test]
async fn a_connection_that_begins_to_speak_nonsense_is_given_up() {
    let server = PrivateRedis::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.url();
    let behind = address
        .trim_start_matches("redis://")
        .trim_end_matches("/0")
        .to_owned();
    let relay = async {
        let (mut ours, _) = listener.accept().await.unwrap();
        let mut theirs = TcpStream::connect(&behind).await.unwrap();
        // The greeting and the PING pass, and what comes then gets nonsense for an answer.
        loop {
            let mut request = vec![0; 4096];
            let length = ours.read(&mut request).await.unwrap();
            let is_a_lock = request[..length].windows(2).any(|two| two == b"NX");
            if is_a_lock {
                ours.write_all(b"!nonsense\r\n").await.unwrap();
                return ours;
            }
            theirs.write_all(&request[..length]).await.unwrap();
            let mut answer = vec![0; 4096];
            let length = theirs.read(&mut answer).await.unwrap();
            ours.write_all(&answer[..length]).await.unwrap();
        }
    };
    let url = url(&listener);
    let asking = async {
        let helpers = connect(&url).await;
        assert!(helpers.is_up());
        assert!(helpers.take("order", &token(1), TTL).await.is_err());
        assert!(!helpers.is_up());
    };
    let both = async { tokio::join!(relay, asking) };
    timeout(PATIENCE, both).await.unwrap();
}

#[tokio::test]
async fn a_name_that_nobody_has_is_away() {
    let helpers = connect("redis://nowhere.invalid:6379").await;
    everything_is_away(&helpers).await;
}

async fn speak(mut stream: TcpStream, answer: &[u8]) {
    let mut request = vec![0; 4096];
    // The other side may have gone.
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(answer).await;
    let _ = timeout(Duration::from_secs(1), stream.read(&mut request)).await;
}

async fn impatiently(listener: &TcpListener) -> RedisHelpers {
    let config = RedisConfig {
        connect_timeout: Duration::from_millis(100),
        ..RedisConfig::new(url(listener))
    };
    timeout(PATIENCE, open(&config)).await.unwrap()
}

fn url(listener: &TcpListener) -> String {
    format!("redis://{}", listener.local_addr().unwrap())
}

async fn clients(redis: &mut redis::aio::MultiplexedConnection) -> usize {
    let mut list = redis::cmd("CLIENT");
    list.arg("LIST");
    let list: String = list.query_async(redis).await.unwrap();
    list.lines().count()
}
