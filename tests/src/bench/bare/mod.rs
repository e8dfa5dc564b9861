//! What the server is compared with: handlers that do one thing, each in a process of its own.
//!
//! They know nobody, check nothing, log nothing and count nothing, but for the one whose callers are known.
//! Where there is a choice, they get what is faster: connections of their own for each worker, statements that are
//! prepared, answers that are ready.

mod create;
mod literal;
mod lookup;
mod webhook;

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;

use actix_web::rt::System;
use actix_web::{HttpResponse, get};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::Result;

pub(super) use create::{PREPARE, Prepare};

/// What a handler does.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Bare {
    /// One statement that opens a payment, on the same pool of connections as the server.
    Create(Place),
    /// Every step of the flow that the service was first described with, one after the other.
    Literal(Place),
    /// The same for a caller who is known, with two lines of log.
    LiteralKnown(Place),
    /// One GET of Redis.
    Lookup(Place),
    /// One statement that keeps a webhook, on the same pool of connections as the server.
    Webhook(Place),
}

/// Where a handler runs and what it uses.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// Where it listens.
    #[arg(long)]
    pub(super) address: SocketAddr,
    /// How many threads serve requests.
    #[arg(long)]
    pub(super) workers: usize,
    /// How many connections to Postgres there are.
    #[arg(long)]
    pub(super) connections: usize,
    #[arg(long)]
    pub(super) database_url: String,
    #[arg(long)]
    pub(super) redis_url: String,
    /// What a payment looks like, as JSON.
    #[arg(long, value_parser = Sample::read)]
    pub(super) sample: Sample,
}

/// What the server writes for a payment, so that a handler writes as much.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sample {
    /// Who pays.
    pub(super) user: i64,
    /// The minute in which the orders were made, as RFC 3339.
    pub(super) minute: String,
    /// The text of the state of a payment.
    pub(super) state: String,
    /// The taxes on it.
    pub(super) taxes: Vec<SampleTax>,
    /// What was answered.
    pub(super) answer: String,
    /// What is answered to a repeat.
    pub(super) duplicate: String,
}

/// A tax on a payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SampleTax {
    pub(super) tax_type: String,
    pub(super) rate: String,
    pub(super) minor: i64,
    pub(super) amount: String,
    pub(super) line: String,
}

impl Sample {
    fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

impl Bare {
    /// The arguments that make this program such a handler.
    pub(super) fn arguments(&self) -> Result<Vec<String>> {
        let (name, place) = match self {
            Self::Create(place) => ("create", place),
            Self::Literal(place) => ("literal", place),
            Self::LiteralKnown(place) => ("literal-known", place),
            Self::Lookup(place) => ("lookup", place),
            Self::Webhook(place) => ("webhook", place),
        };
        Ok(vec![
            "bare".to_owned(),
            name.to_owned(),
            format!("--address={}", place.address),
            format!("--workers={}", place.workers),
            format!("--connections={}", place.connections),
            format!("--database-url={}", place.database_url),
            format!("--redis-url={}", place.redis_url),
            format!("--sample={}", serde_json::to_string(&place.sample)?),
        ])
    }

    /// Serves until it is ended.
    pub(super) fn serve(self) -> Result<()> {
        match self {
            // Connections live apart from those who serve, as in the server.
            Self::Create(place) => tokio::runtime::Runtime::new()?.block_on(create::serve(place)),
            Self::Webhook(place) => tokio::runtime::Runtime::new()?.block_on(webhook::serve(place)),
            Self::Literal(place) => System::new().block_on(literal::serve(place, false)),
            Self::LiteralKnown(place) => System::new().block_on(literal::serve(place, true)),
            Self::Lookup(place) => System::new().block_on(lookup::serve(place)),
        }
    }
}

#[get("/readyz")]
async fn ready() -> HttpResponse {
    HttpResponse::Ok().body("ready")
}

/// What went wrong, to whoever asked: the measurement ends with it.
fn failed(error: impl std::fmt::Display) -> actix_web::Error {
    actix_web::error::ErrorInternalServerError(error.to_string())
}

/// Things that are lent out, made when there are none: at most as many as have been let in.
///
/// Each worker has one of its own, so that nothing moves between threads.
struct Shelf<T> {
    permits: tokio::sync::Semaphore,
    free: RefCell<Vec<T>>,
}

impl<T> Shelf<T> {
    fn new(most: usize) -> Self {
        Self {
            permits: tokio::sync::Semaphore::new(most),
            free: RefCell::default(),
        }
    }

    /// Does something with one of them. It is thrown away when that fails.
    async fn with<U, M>(
        &self,
        make: impl FnOnce() -> M,
        work: impl AsyncFnOnce(&mut T) -> Result<U>,
    ) -> Result<U>
    where
        M: Future<Output = Result<T>>,
    {
        let _permit = self.permits.acquire().await?;
        let free = self.free.borrow_mut().pop();
        let mut thing = match free {
            Some(thing) => thing,
            None => make().await?,
        };
        let done = work(&mut thing).await?;
        self.free.borrow_mut().push(thing);
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thing_is_made_once_and_thrown_away_when_it_fails() {
        let shelf = Shelf::new(1);
        let made = RefCell::new(0);
        let make = || async {
            *made.borrow_mut() += 1;
            Ok(*made.borrow())
        };
        for expected in [1, 1] {
            assert_eq!(
                shelf.with(make, async |thing| Ok(*thing)).await.unwrap(),
                expected
            );
        }
        let failed = shelf
            .with(make, async |_| Result::<()>::Err("no".into()))
            .await;
        assert!(failed.is_err());
        assert_eq!(shelf.with(make, async |thing| Ok(*thing)).await.unwrap(), 2);
    }
}
