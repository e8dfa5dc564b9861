//! What the simulator is told when it starts.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

/// Everything the simulator is told when it starts.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Where to listen on the loopback address; 0 takes a free port.
    pub port: u16,
    /// The file of the book. Without one the book is kept in memory.
    pub book: Option<PathBuf>,
    /// The base of the hosted pages as a browser reaches them; `http://127.0.0.1:{port}` without it.
    pub public_url: Option<String>,
    /// The simulated Stripe account.
    pub stripe: StripeAccount,
    /// The simulated Midtrans merchant.
    pub midtrans: MidtransAccount,
    /// Every id and every chance comes from it: two runs with one seed and one history are alike.
    /// Drawn anew by default, so that no two simulators give the same ids; the book names it.
    pub seed: u64,
    /// How long a request takes before it has its effect, in real time.
    pub latency: Duration,
    /// Which time a webhook is signed with.
    pub signing_time: SigningTime,
    /// How long a webhook waits for its answer, in real time.
    pub webhook_timeout: Duration,
    /// How long a connection is held when a request is to time out, in real time.
    pub hold: Duration,
}

/// Which time a webhook is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningTime {
    /// The simulated one, as a gateway would.
    Simulated,
    /// The real one: for a service whose own clock was not moved along.
    Real,
}

/// The simulated Stripe account.
#[derive(Debug, Clone)]
pub struct StripeAccount {
    /// `sk_test_...` and `sk_live_...`; a live key makes live objects.
    pub secret_keys: Vec<String>,
    /// Every webhook is signed with each of them.
    pub webhook_secrets: Vec<String>,
    /// The account's id.
    pub account: String,
    /// Where webhooks go. Nowhere without it, unless an endpoint is made through the API.
    pub webhook_url: Option<String>,
    /// The metadata key that holds the order.
    pub order_key: String,
    /// The version of a request that names none, and the one events are rendered in.
    pub api_version: String,
    /// When a failed webhook is tried again, as seconds after the attempt before.
    pub retries: Vec<u64>,
    /// How far the search is behind.
    pub search_lag: Duration,
    /// How many requests a second it takes, if that is limited.
    pub requests_per_second: Option<u32>,
    /// Smallest amounts that differ from the usual ones, in minor units, by currency.
    pub minimums: BTreeMap<String, i64>,
    /// How long a pending refund stays pending, and how soon one that fails later fails.
    pub refund_delay: Duration,
}

/// The simulated Midtrans merchant.
#[derive(Debug, Clone)]
pub struct MidtransAccount {
    /// The secret key, which also signs notifications.
    pub server_key: String,
    /// The merchant's id.
    pub merchant: String,
    /// Where notifications go.
    pub notification_url: Option<String>,
    /// Which `custom_field` holds the order: 1, 2 or 3.
    pub order_field: u8,
    /// When a failed notification is tried again, as seconds after the attempt before.
    pub retries: Vec<u64>,
    /// What a `refund_key` that was used before is answered.
    pub repeated_refund: RepeatedRefund,
    /// Whether Core errors also carry their code as the HTTP status. They mostly do not.
    pub http_errors: bool,
    /// Whether ShopeePay refuses refunds at night, as the real one does.
    pub shopeepay_sleeps: bool,
    /// Whether a DANA transaction answers to its `transaction_id` only, as the real one does.
    pub dana_by_transaction_only: bool,
    /// Whether the buyer can choose again on a page after the transaction on it was cancelled or
    /// expired, until the page itself is over. Nothing documented says so, and nothing forbids it.
    pub pages_outlive_transactions: bool,
    /// When the second notification of a refund follows the first.
    pub refund_confirmation: Duration,
}

/// What a `refund_key` that was used before is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedRefund {
    /// 406.
    Refused,
    /// The first answer again.
    SameAnswer,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            port: 0,
            book: None,
            public_url: None,
            stripe: StripeAccount::default(),
            midtrans: MidtransAccount::default(),
            // The one source of randomness in the standard library.
            seed: RandomState::new().build_hasher().finish(),
            latency: Duration::ZERO,
            signing_time: SigningTime::Simulated,
            webhook_timeout: Duration::from_secs(15),
            hold: Duration::from_secs(60),
        }
    }
}

impl Default for StripeAccount {
    fn default() -> Self {
        Self {
            secret_keys: vec!["sk_test_simulated".to_owned()],
            webhook_secrets: vec!["whsec_simulated".to_owned()],
            account: "acct_1Simulated".to_owned(),
            webhook_url: None,
            order_key: "bayar_order".to_owned(),
            api_version: "2026-10-28.endive".to_owned(),
            // A sandbox tries three more times over a few hours.
            retries: vec![10 * 60, 3600, 3 * 3600],
            search_lag: Duration::ZERO,
            requests_per_second: None,
            minimums: BTreeMap::new(),
            refund_delay: Duration::from_secs(10),
        }
    }
}

impl StripeAccount {
    /// The back-off of live mode, which ends after three days.
    #[must_use]
    pub fn live_retries() -> Vec<u64> {
        let hours = [1, 2, 4, 8, 12, 12, 12, 12];
        let first = [300, 1800];
        let later = hours.iter().map(|hour| hour * 3600);
        first.into_iter().chain(later).collect()
    }
}

impl Default for MidtransAccount {
    fn default() -> Self {
        Self {
            server_key: "SB-Mid-server-simulated".to_owned(),
            merchant: "G000000001".to_owned(),
            notification_url: None,
            order_field: 1,
            retries: vec![120, 600, 1800, 5400, 12600],
            repeated_refund: RepeatedRefund::Refused,
            http_errors: false,
            shopeepay_sleeps: false,
            dana_by_transaction_only: true,
            pages_outlive_transactions: false,
            refund_confirmation: Duration::from_secs(60),
        }
    }
}
