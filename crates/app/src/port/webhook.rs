//! What gateways post to us.

use std::fmt;

use bayar_domain::gateway::AccountRef;
use bayar_domain::{AttemptId, CaptureId, Gateway, Mode};
use chrono::{DateTime, Utc};
use thiserror::Error;

use super::store::{CallKey, Installation};

/// Tells the webhooks of one gateway from what others send, and reads them.
pub trait Webhooks: Send + Sync {
    /// Whose webhooks.
    fn gateway(&self) -> Gateway;

    /// Whether real money moves where we are its customer.
    fn mode(&self) -> Mode;

    /// Whether the gateway sent it. Nothing unsigned is ever believed.
    ///
    /// # Errors
    /// Says why it is not believed. Whoever sent it is not to be told.
    fn verify(&self, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Result<(), Disbelief>;

    /// Reads what was verified. Nothing when it cannot be read.
    fn read(&self, body: &[u8]) -> Option<News>;
}

/// What was posted.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// To the last byte as it came.
    pub body: &'a [u8],
    /// The headers that are kept: their names in lower case, and their values.
    pub headers: &'a [(&'static str, String)],
    /// Where it came from, for people.
    pub from: &'a str,
}

impl Delivery<'_> {
    /// The headers that matter, of all that come.
    pub const HEADERS: [&'static str; 3] = ["content-type", "stripe-signature", "user-agent"];

    /// The value of a header that is kept.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(each, _)| *each == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What it says is nothing for a log.
impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

/// Why something that was posted is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Disbelief {
    /// No secret is configured, so nothing can be believed.
    #[error("no secret is configured")]
    NoSecret,
    /// It is not signed, or so that it cannot be read.
    #[error("there is no signature that can be read")]
    Unsigned,
    /// It was signed too long ago, or in the future.
    #[error("the signature is too old or too new")]
    Stale,
    /// Somebody else signed it.
    #[error("the signature is somebody else's")]
    Forged,
}

impl Disbelief {
    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::Unsigned => "unsigned",
            Self::Stale => "stale",
            Self::Forged => "forged",
        }
    }
}

/// What a webhook tells. It only ever says where to look: what it claims about money counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The same for the same webhook, however often it comes.
    pub key: String,
    /// What it tells, in the gateway's word.
    pub kind: String,
    /// The account that it names, where we know by what name ours goes.
    pub account: Option<AccountRef>,
    /// Whether it is about money that really moves.
    pub mode: Mode,
    /// Whether it tells of something that we act on.
    pub matters: bool,
    /// Whether it says that money is in. When the gateway does not say so too, it is asked again.
    pub says_paid: bool,
    /// What leads to the attempt it is about, the surest first.
    pub trails: Vec<Trail>,
    /// What a log may have of it.
    pub shown: Vec<(&'static str, String)>,
}

/// What leads to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trail {
    /// Our own mark.
    Attempt {
        /// Whose mark.
        installation: Installation,
        /// The attempt.
        attempt: AttemptId,
    },
    /// The key of the call that opened it.
    Call(CallKey),
    /// Money that came through it.
    Capture(CaptureId),
}
