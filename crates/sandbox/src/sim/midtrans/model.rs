//! The pages and transactions of the simulated Midtrans merchant, as they are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::sim::clock::Millis;

/// A Snap page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page {
    pub token: String,
    pub order_id: String,
    pub created: Millis,
    pub gross_amount: i64,
    pub items: Vec<(String, i64, i64)>,
    pub enabled: Vec<String>,
    pub finish_url: Option<String>,
    pub error_url: Option<String>,
    pub expiry: Option<Expiry>,
    pub page_expires: Millis,
    pub status: PageStatus,
    pub canceled_at: Option<Millis>,
    pub details: Details,
    /// The amount a capture takes instead, when a fault says so.
    pub tampered: Option<i64>,
    pub tampered_currency: Option<String>,
    /// Whether the book still counts it as open.
    pub open: bool,
}

/// What a transaction takes over from the request that led to it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Details {
    pub custom_fields: [Option<String>; 3],
    pub metadata: Option<Value>,
    /// Where its notifications go beside the usual place.
    pub append: Vec<String>,
    /// Where they go instead, when this is not empty.
    pub replace: Vec<String>,
    pub order: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Expiry {
    /// When the time starts, if not with the choice of a method.
    pub start: Option<Millis>,
    pub lasts: Millis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageStatus {
    Open,
    Cancelled,
    Expired,
    Finished,
}

/// A transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transaction {
    pub id: String,
    pub order_id: String,
    pub token: Option<String>,
    pub created: Millis,
    pub gross_amount: i64,
    pub currency: String,
    /// The method as `enabled_payments` calls it.
    pub method: String,
    pub payment_type: String,
    pub status: Status,
    pub fraud: Option<Fraud>,
    pub expires: Option<Millis>,
    pub settled: Option<Millis>,
    pub settles: Option<Millis>,
    /// The fields only this method has.
    pub extra: Map<String, Value>,
    pub refunds: Vec<Refund>,
    pub details: Details,
    /// The card that waits for its one-time password.
    pub waiting_card: Option<String>,
    /// The issuer declines refunds of it.
    pub refuses_refunds: bool,
    /// Whether its money was ever taken.
    pub captured: bool,
    /// What was taken back by a chargeback.
    pub charged_back: i64,
}

impl Transaction {
    pub fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Pending,
    Authorize,
    Capture,
    Settlement,
    Deny,
    Cancel,
    Expire,
    Failure,
    PartialRefund,
    Refund,
    PartialChargeback,
    Chargeback,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Settlement => "settlement",
            Self::Deny => "deny",
            Self::Cancel => "cancel",
            Self::Expire => "expire",
            Self::Failure => "failure",
            Self::PartialRefund => "partial_refund",
            Self::Refund => "refund",
            Self::PartialChargeback => "partial_chargeback",
            Self::Chargeback => "chargeback",
        }
    }

    /// Whether the buyer's money is, or was, taken in this state.
    pub fn paid(self) -> bool {
        match self {
            Self::Capture
            | Self::Settlement
            | Self::PartialRefund
            | Self::Refund
            | Self::PartialChargeback
            | Self::Chargeback => true,
            Self::Pending
            | Self::Authorize
            | Self::Deny
            | Self::Cancel
            | Self::Expire
            | Self::Failure => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fraud {
    Accept,
    Challenge,
    Deny,
}

impl Fraud {
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Challenge => "challenge",
            Self::Deny => "deny",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refund {
    pub key: String,
    pub number: i64,
    pub amount: i64,
    pub reason: Option<String>,
    pub at: Millis,
    pub online: bool,
    pub confirmed: Option<Millis>,
    pub confirms: Option<Millis>,
    pub by_dashboard: bool,
}

/// What an idempotency key was used for. Midtrans remembers only what succeeded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyEntry {
    pub key: String,
    pub at: Millis,
    pub status: u16,
    pub body: String,
}

/// Everything of the merchant.
#[derive(Debug, Default)]
pub struct Merchant {
    pub pages: BTreeMap<String, Page>,
    pub transactions: BTreeMap<String, Transaction>,
    /// By order id: the token that holds it.
    pub tokens: BTreeMap<String, String>,
    /// By order id: its transactions, the newest last.
    pub by_order: BTreeMap<String, Vec<String>>,
    pub keys: BTreeMap<String, KeyEntry>,
    pub in_flight: std::collections::BTreeSet<String>,
    /// When set, refunds are answered 414: the balance is too low.
    pub poor: bool,
}
