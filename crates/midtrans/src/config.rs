use std::time::Duration;

use bayar_domain::Mode;
use bayar_domain::gateway::AccountRef;
use secrecy::SecretString;
use thiserror::Error;

/// What the adapter is told when it starts.
#[derive(Debug, Clone)]
pub struct MidtransConfig {
    /// The secret key of the merchant. Blanks around it do not count: they come with copying.
    pub server_key: SecretString,
    /// Where Snap is, without a path: `https://app.midtrans.com`, or `https://app.sandbox.midtrans.com`.
    pub snap_base: String,
    /// Where the Core API is, without a path: `https://api.midtrans.com`, or `https://api.sandbox.midtrans.com`.
    pub api_base: String,
    /// Whether money really moves there.
    pub mode: Mode,
    /// The id of the merchant, such as `G141532850`.
    ///
    /// No end point of Midtrans tells who we are. Without it the account is named after the key,
    /// and a new key is a new account: what was begun under the old one cannot be read any more.
    pub merchant: Option<AccountRef>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often to try.
    pub retries: Retries,
}

/// How long to wait for Midtrans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the answer to one try.
    pub answer: Duration,
    /// For all tries of one request together.
    pub budget: Duration,
    /// For all requests that one call of ours takes together: some look before they act, and once more after it.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            answer: Duration::from_secs(10),
            budget: Duration::from_secs(15),
            whole: Duration::from_secs(25),
        }
    }
}

/// How often a request is sent again, within [`Timeouts::budget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often after the first time.
    pub most: u32,
    /// How long the first pause is at most. Each one after it is twice as long, and every one is drawn at random
    /// between the half and the whole.
    pub pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            most: 2,
            pause: Duration::from_millis(500),
        }
    }
}

/// A configuration that cannot work.
#[derive(Debug, Error)]
pub enum SetupError {
    /// There is no key.
    #[error("the server key is empty")]
    NoKey,
    /// An address that is none.
    #[error("`{0}` is no address of a gateway: it begins with https:// or http:// and has no path")]
    Base(String),
    /// The client could not be made.
    #[error("the client of the gateway could not be set up")]
    Client(#[source] reqwest::Error),
}
