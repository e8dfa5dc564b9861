//! Two ways to put load on a server.
//!
//! [`closed`]: a number of clients, each sends its next request when it has its answer.
//! It shows how much a server can do.
//!
//! [`all`]: the same, with an end.
//!
//! [`open`]: requests come at fixed times, whether the server is ready or not, as buyers do.
//! Latency counts from the time at which a request was to be sent,
//! so a server that stalls is charged for everybody who would have waited.

mod all;
mod closed;
mod open;

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::Result;
use super::clock::nanoseconds;
use super::cpu::Spent;
use super::http::Connection;

pub(super) use all::all;
pub(super) use closed::closed;
pub(super) use open::{Schedule, Steady, open};

/// Puts the request with a number in place of what is in the buffer.
pub(super) type Writer = Arc<dyn Fn(u64, &mut Vec<u8>) + Send + Sync>;

/// What is asked, of whom.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) address: SocketAddr,
    /// The statuses of a right answer, the best one first.
    /// Any other one ends the measurement: it would be of something else.
    pub(super) expected: &'static [u16],
    pub(super) write: Writer,
    /// The numbers of the requests: each is used once.
    pub(super) numbers: Range<u64>,
}

/// What a run gave.
#[derive(Debug)]
pub(super) struct Run {
    /// The requests that were measured, without the warm-up.
    pub(super) requests: u64,
    /// All requests, with the warm-up.
    pub(super) sent: u64,
    /// The first number that was not used.
    pub(super) next: u64,
    /// How long the measured part took.
    pub(super) elapsed: Duration,
    /// The latencies, in nanoseconds.
    pub(super) latency: Histogram<u64>,
    /// The time of the processors, in the measured part.
    pub(super) spent: Spent,
}

impl Run {
    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        let requests = self.requests as f64;
        requests / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the requests did not exceed, in milliseconds.
    pub(super) fn milliseconds(&self, share: f64) -> f64 {
        Duration::from_nanos(self.latency.value_at_quantile(share)).as_secs_f64() * 1e3
    }
}

/// Three digits from a microsecond to a minute; what is longer counts as a minute.
pub(super) fn histogram() -> Result<Histogram<u64>> {
    const LEAST: u64 = 1_000;
    const MOST: u64 = 60_000_000_000;
    Ok(Histogram::new_with_bounds(LEAST, MOST, 3)?)
}

/// One connection's share of a run.
struct Client {
    connection: Connection,
    work: Work,
    next: Arc<AtomicU64>,
    request: Vec<u8>,
}

impl Client {
    /// Opened one after the other: a flood of them is not what is measured.
    async fn open(work: &Work, how_many: usize) -> Result<(Arc<AtomicU64>, Vec<Self>)> {
        let next = Arc::new(AtomicU64::new(work.numbers.start));
        let mut clients = Vec::with_capacity(how_many);
        for _ in 0..how_many {
            let connection = Connection::open(work.address).await;
            let connection = connection
                .map_err(|error| format!("no connection to {}: {error}", work.address))?;
            clients.push(Self {
                connection,
                work: work.clone(),
                next: Arc::clone(&next),
                request: Vec::with_capacity(2 * 1024),
            });
        }
        Ok((next, clients))
    }

    /// The next number that nobody has used, if one is left.
    fn number(&self) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.work.numbers.end).then_some(number)
    }

    /// Answers whether the answer was the best one.
    async fn send(&mut self, number: u64) -> Result<bool> {
        (self.work.write)(number, &mut self.request);
        let answer = self.connection.call(&self.request).await;
        let answer = answer.map_err(|error| format!("request {number} failed: {error}"))?;
        let expected = self.work.expected;
        if expected.contains(&answer.status) {
            Ok(expected.first() == Some(&answer.status))
        } else {
            let answered = answer.excerpt();
            Err(format!("request {number}: expected {expected:?}, was answered {answered}").into())
        }
    }
}

const TOO_FEW: &str = "a run needed more requests than were prepared for it";

pub(super) fn record(latency: &mut Histogram<u64>, time: Duration) {
    latency.saturating_record(nanoseconds(time));
}

#[cfg(test)]
mod tests;
