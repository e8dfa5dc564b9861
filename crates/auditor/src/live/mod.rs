//! The gateways' own books, read over HTTP by a reader of the auditor's own. It only ever asks for what is there.
//!
//! Stripe lists what happened by the time it was made. Midtrans has no list, so each page that was ever asked for is read
//! by its name.

mod http;
mod midtrans;
mod stripe;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::book::{Book, Covers, Entry};
use crate::ledger::Ledger;

/// Why a gateway's book cannot be read.
#[derive(Debug, Error)]
pub enum LiveError {
    /// The client cannot be set up.
    #[error("nothing can be asked over HTTP")]
    Setup(#[source] reqwest::Error),
    /// The gateway does not answer.
    #[error("{gateway} does not answer")]
    Away {
        /// The gateway.
        gateway: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// It refuses.
    #[error("{gateway} answers {status} to {path}")]
    Refused {
        /// The gateway.
        gateway: &'static str,
        /// The HTTP status, or Midtrans' own code.
        status: String,
        /// What was asked for.
        path: String,
    },
    /// It is not understood.
    #[error("{gateway} answers something that is not understood: {what}")]
    Odd {
        /// The gateway.
        gateway: &'static str,
        /// What is odd.
        what: String,
    },
}

/// How Stripe is asked.
#[derive(Clone)]
pub struct StripeAccess {
    /// Scheme and host.
    pub base: String,
    /// The secret key, or one that may read.
    pub key: String,
    /// `live` or `test`.
    pub mode: String,
    /// The account, where the key may not ask for it.
    pub account: Option<String>,
}

/// How Midtrans is asked.
#[derive(Clone)]
pub struct MidtransAccess {
    /// Scheme and host of the Core API.
    pub base: String,
    /// The server key.
    pub key: String,
    /// `live` or `test`.
    pub mode: String,
    /// The number of the merchant, where it is told.
    pub merchant: Option<String>,
}

impl fmt::Debug for StripeAccess {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeAccess")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MidtransAccess {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MidtransAccess")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// The gateways that are asked, and how.
#[derive(Debug, Clone)]
pub struct LiveGateways {
    /// Stripe, where it is used.
    pub stripe: Option<StripeAccess>,
    /// Midtrans, where it is used.
    pub midtrans: Option<MidtransAccess>,
    /// Since when. Everything, where nothing is said.
    pub since: Option<DateTime<Utc>>,
    /// How long to wait between two requests.
    pub pause: Duration,
    /// How long one request may take.
    pub timeout: Duration,
}

impl LiveGateways {
    /// Reads what happened there. `told` hears how far it is.
    ///
    /// # Errors
    /// When a gateway does not answer, refuses, or is not understood: half a book proves nothing.
    pub async fn read(
        &self,
        ledger: &Ledger,
        told: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Book, LiveError> {
        let http = http::Http::new(self.pause, self.timeout)?;
        let mut read = Read::default();
        if let Some(stripe) = &self.stripe {
            stripe::read(&http, stripe, self.since, ledger, &mut read, told).await?;
        }
        if let Some(midtrans) = &self.midtrans {
            midtrans::read(&http, midtrans, self.since, ledger, &mut read, told).await?;
        }
        read.entries.sort_by_key(|entry| entry.at);
        Ok(Book {
            entries: read.entries,
            covers: Covers {
                every_step: false,
                since: self.since,
                accounts: read.accounts,
                strangers: read.strangers,
            },
        })
    }
}

/// What was read so far.
#[derive(Debug, Default)]
struct Read {
    entries: Vec<Entry>,
    accounts: Vec<(String, String, String)>,
    /// How many payments of an account carry no mark of this installation.
    strangers: usize,
}
