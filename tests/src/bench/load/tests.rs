use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::bench::clock::now;
use crate::bench::cpu::Meter;
use crate::bench::http::RequestHead;

/// A server that answers each request at once, but for those whose number `stall` gives a time.
struct Server {
    address: SocketAddr,
    answered: Arc<AtomicU64>,
}

impl Server {
    async fn start(status: u16, stall: fn(u64) -> Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let answered = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&answered);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, status, Arc::clone(&counted), stall));
            }
        });
        Self { address, answered }
    }

    fn work(&self, numbers: Range<u64>) -> Work {
        let head = RequestHead::new("GET", "/");
        Work {
            address: self.address,
            expected: &[200],
            write: Arc::new(move |_, request| head.write(request, "", "")),
            numbers,
        }
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

async fn serve(
    mut stream: TcpStream,
    status: u16,
    answered: Arc<AtomicU64>,
    stall: fn(u64) -> Duration,
) {
    let mut request = [0; 1024];
    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
        let number = answered.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(stall(number)).await;
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

const fn never(_: u64) -> Duration {
    Duration::ZERO
}

const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn schedule(rate: u32, connections: usize) -> Schedule {
    Schedule {
        rate,
        connections,
        warm_up: milliseconds(100),
        time: milliseconds(900),
    }
}

#[tokio::test]
async fn every_request_of_a_closed_run_is_counted_once() {
    let server = Server::start(200, never).await;
    let work = server.work(100..u64::MAX);
    let begun = now();
    let run = closed(
        &work,
        4,
        milliseconds(50),
        milliseconds(200),
        &Meter::default(),
    )
    .await
    .unwrap();
    let took = begun.elapsed();
    assert_eq!(run.sent, server.answered());
    assert_eq!(run.next, 100 + run.sent);
    assert_eq!(run.latency.len(), run.requests);
    assert!(run.requests > 0 && run.requests <= server.answered());
    assert!(run.elapsed >= milliseconds(200) && run.elapsed <= took);
}

#[tokio::test]
async fn every_request_of_an_open_run_is_sent_and_counted_once() {
    let server = Server::start(200, never).await;
    let work = server.work(7..u64::MAX);
    let steady = open(&work, schedule(500, 3), &Meter::default())
        .await
        .unwrap();
    let Steady { run, late, .. } = steady;
    assert_eq!(server.answered(), 500);
    assert_eq!((run.sent, run.next), (500, 507));
    assert_eq!(run.requests, 450, "the warm-up is not measured");
    assert_eq!(run.latency.len(), 450);
    assert_eq!(late.len(), 450);
}

#[tokio::test]
async fn every_request_there_is_is_sent_once() {
    let server = Server::start(200, never).await;
    let run = all(&server.work(5..105), 3, &Meter::default())
        .await
        .unwrap();
    assert_eq!((server.answered(), run.sent, run.requests), (100, 100, 100));
    assert_eq!(run.latency.len(), 100);
}

#[tokio::test]
async fn requests_are_not_sent_before_their_time() {
    let server = Server::start(200, never).await;
    let begun = now();
    let work = server.work(0..u64::MAX);
    let steady = open(&work, schedule(100, 1), &Meter::default())
        .await
        .unwrap();
    assert!(begun.elapsed() >= milliseconds(990));
    assert!(steady.run.rate() <= 101.0);
}

/// One request of 900 stalls for 300 ms. Whoever measures from the sending sees one slow request;
/// from the intended time on, all who came in these 300 ms have waited.
#[tokio::test]
async fn a_stalled_server_shows_in_the_percentiles_of_an_open_run() {
    let stall = |number| milliseconds(if number == 300 { 300 } else { 0 });
    let server = Server::start(200, stall).await;
    let work = server.work(0..u64::MAX);
    let Steady { run, .. } = open(&work, schedule(1_000, 1), &Meter::default())
        .await
        .unwrap();
    let waited = |least: u64| run.latency.count_between(least * 1_000_000, u64::MAX);
    assert!(waited(295) >= 1, "the one that stalled");
    assert!(waited(200) >= 95, "those of the first 100 ms after it");
    assert!(waited(100) >= 190, "and of the second");
    assert!(run.milliseconds(0.80) >= 90.0);
}

/// Every request takes 300 ms. As many are answered in the measured time as are due in as long a time,
/// although the last ones are answered after it.
#[tokio::test]
async fn the_rate_of_an_open_run_is_that_of_the_answers_in_its_time() {
    let server = Server::start(200, |_| milliseconds(300)).await;
    let work = server.work(0..u64::MAX);
    let mut schedule = schedule(100, 64);
    schedule.warm_up = milliseconds(500);
    let steady = open(&work, schedule, &Meter::default()).await.unwrap();
    assert!((85.0..=101.0).contains(&steady.rate), "{}", steady.rate);
    assert!(steady.run.rate() < 80.0, "{}", steady.run.rate());
}

#[tokio::test]
async fn answers_that_are_right_and_not_the_best_are_counted() {
    let server = Server::start(202, never).await;
    let mut work = server.work(0..u64::MAX);
    work.expected = &[200, 202];
    let all = open(&work, schedule(100, 3), &Meter::default())
        .await
        .unwrap();
    assert_eq!((all.run.requests, all.second_best), (90, 90));
    work.expected = &[202, 200];
    let none = open(&work, schedule(100, 3), &Meter::default())
        .await
        .unwrap();
    assert_eq!((none.run.requests, none.second_best), (90, 0));
}

#[tokio::test]
async fn a_wrong_answer_ends_a_run() {
    let server = Server::start(503, never).await;
    let work = server.work(0..u64::MAX);
    let meter = Meter::default();
    let ended = closed(&work, 2, milliseconds(50), milliseconds(50), &meter).await;
    let complaint = ended.unwrap_err().to_string();
    assert!(
        complaint.contains("expected [200], was answered 503 ok"),
        "{complaint}"
    );
    assert!(open(&work, schedule(10, 1), &meter).await.is_err());
}

#[tokio::test]
async fn a_run_that_needs_more_than_was_prepared_fails() {
    let server = Server::start(200, never).await;
    let work = server.work(0..3);
    let meter = Meter::default();
    let ended = closed(&work, 1, milliseconds(10), milliseconds(5_000), &meter).await;
    assert!(ended.is_err());
    assert_eq!(server.answered(), 3);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let server = Server::start(200, never).await;
    let mut work = server.work(0..3);
    work.address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let meter = Meter::default();
    assert!(
        closed(&work, 1, milliseconds(1), milliseconds(1), &meter)
            .await
            .is_err()
    );
}
