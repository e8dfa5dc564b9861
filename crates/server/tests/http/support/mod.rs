//! A server of its own for every test, and a client that sends exactly what it is told.

mod answer;
mod client;
mod place;
mod server;

pub use answer::Answer;
pub use client::{Leaving, Request, exchange, get, post, send_and_leave, talk};
pub use server::{JWT_SECRET, NOBODY, Person, SERVICE_KEY_NAME, Server, payment};

use std::time::Duration;

use tokio::time::Instant;

/// Tries until something holds, for ten seconds at most.
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(outcome) = attempt() {
            return outcome;
        }
        assert!(Instant::now() < deadline, "it never came about: {what}");
    }
}
