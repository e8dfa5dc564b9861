//! The real program: processes of `bayar`, asked over HTTP, and what they have stored.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "it is for tests, where a panic is how one fails"
)]

mod binary;
mod book;
mod book_check;
mod http;
mod installation;
mod secrets;
mod server;
mod worker;

pub use book::{Book, Store};
pub use http::{Answer, Client, Connection};
pub use installation::{CURRENCY, Installation, amount};
pub use server::{Ended, Server};
pub use worker::Worker;

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// What the tables of a database are made by: the key of a template of them.
pub const MIGRATIONS: &str = concat!(
    "bayar migrate ",
    include_str!("../../../migrations/postgres/0001_orders_and_payments/up.sql"),
    include_str!("../../../migrations/postgres/0002_gateways/up.sql"),
    include_str!("../../../migrations/postgres/0003_refunds/up.sql"),
    include_str!("../../../migrations/postgres/0004_inbox/up.sql"),
    include_str!("../../../migrations/postgres/0005_schedule/up.sql"),
    include_str!("../../../migrations/postgres/0006_found_by_gateway/up.sql"),
);

/// What has to happen has happened by then, even on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(60);

/// Asks again and again until it is so.
pub async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = timeout(SOON, waiting).await;
    waited.unwrap_or_else(|_| panic!("it never came to pass: {what}"));
}

/// The steps at which the program can be killed, as its sources name them.
#[must_use]
pub fn named_steps() -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut directories = vec![crate::repository_root().join("crates/app/src")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let hits = source.split("failpoint::hit(\"").skip(1);
            named.extend(hits.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    named
}

/// Says how a long test went.
pub fn note(text: fmt::Arguments<'_>) {
    // Nobody may be listening.
    let _ = writeln!(io::stderr(), "{text}");
}
