//! The objects of the simulated Stripe account, as they are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub type Metadata = BTreeMap<String, String>;

/// A Checkout Session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    pub id: String,
    pub created: i64,
    pub livemode: bool,
    pub expires_at: i64,
    pub status: SessionStatus,
    pub payment_status: PaymentStatus,
    pub currency: String,
    pub amount_total: i64,
    pub lines: Vec<Line>,
    pub ui_mode: String,
    pub success_url: Option<String>,
    pub cancel_url: Option<String>,
    pub return_url: Option<String>,
    pub client_reference_id: Option<String>,
    pub customer: Option<String>,
    pub customer_email: Option<String>,
    pub customer_creation: Option<String>,
    pub buyer_email: Option<String>,
    pub locale: Option<String>,
    pub submit_type: Option<String>,
    pub billing_address_collection: Option<String>,
    pub adaptive_pricing: Option<bool>,
    pub method_types: Vec<String>,
    pub metadata: Metadata,
    pub intent_data: IntentData,
    pub payment_intent: Option<String>,
    pub order: String,
    /// The card that waits for its 3-D Secure.
    pub waiting_card: Option<String>,
    /// What the session takes instead of its own amount, when a fault says so.
    pub tampered: Option<Tampered>,
}

/// An amount or currency that is not the one asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tampered {
    pub amount: Option<i64>,
    pub currency: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct IntentData {
    pub metadata: Metadata,
    pub description: Option<String>,
    pub receipt_email: Option<String>,
    pub capture_method: Option<String>,
    pub statement_descriptor: Option<String>,
    pub statement_descriptor_suffix: Option<String>,
    pub setup_future_usage: Option<String>,
    pub transfer_group: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    pub id: String,
    pub price: String,
    pub product: String,
    pub name: String,
    pub description: Option<String>,
    pub unit_amount: i64,
    pub quantity: i64,
    pub metadata: Metadata,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionStatus {
    Open,
    Complete,
    Expired,
}

impl SessionStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Expired => "expired",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentStatus {
    Paid,
    Unpaid,
    NotRequired,
}

impl PaymentStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Unpaid => "unpaid",
            Self::NotRequired => "no_payment_required",
        }
    }
}

/// A PaymentIntent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Intent {
    pub id: String,
    pub created: i64,
    pub livemode: bool,
    pub amount: i64,
    pub amount_capturable: i64,
    pub amount_received: i64,
    pub currency: String,
    pub status: IntentStatus,
    pub latest_charge: Option<String>,
    pub last_error: Option<Value>,
    pub cancellation_reason: Option<String>,
    pub canceled_at: Option<i64>,
    pub secret: String,
    pub payment_method: Option<String>,
    pub return_url: Option<String>,
    pub method_types: Vec<String>,
    pub metadata: Metadata,
    pub data: IntentData,
    pub customer: Option<String>,
    /// The session it belongs to, if it belongs to one.
    pub session: Option<String>,
    pub order: String,
    /// The card that waits for its 3-D Secure.
    pub waiting_card: Option<String>,
}

impl Intent {
    pub fn manual(&self) -> bool {
        self.data.capture_method.as_deref() == Some("manual")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl IntentStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// A Charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Charge {
    pub id: String,
    pub created: i64,
    pub livemode: bool,
    pub amount: i64,
    pub amount_captured: i64,
    pub currency: String,
    pub status: ChargeStatus,
    pub captured: bool,
    pub disputed: bool,
    /// A dispute that forbids refunds stands against it.
    pub locked: bool,
    pub intent: String,
    pub failure_code: Option<String>,
    pub failure_message: Option<String>,
    pub decline_code: Option<String>,
    pub method: Method,
    pub receipt_email: Option<String>,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub order: String,
    /// How refunds of it go.
    pub refunds: RefundHabit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChargeStatus {
    Pending,
    Succeeded,
    Failed,
}

impl ChargeStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// What was paid with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Method {
    Card {
        brand: String,
        last4: String,
        country: String,
        three_d_secure: bool,
    },
    Bank,
}

/// How refunds of a charge go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundHabit {
    #[default]
    Succeed,
    /// Pending first.
    Pend,
    /// Succeeded first, failed later.
    FailLater,
    /// Failed at once.
    Fail,
}

/// A Refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refund {
    pub id: String,
    pub created: i64,
    pub livemode: bool,
    pub amount: i64,
    pub currency: String,
    pub charge: String,
    pub intent: String,
    pub status: RefundStatus,
    pub reason: Option<String>,
    pub failure_reason: Option<String>,
    pub metadata: Metadata,
    pub order: String,
    pub by_dashboard: bool,
    /// When it will move on by itself, and to what.
    pub next: Option<(i64, RefundStatus)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundStatus {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
}

impl RefundStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::RequiresAction => "requires_action",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether the money has left, or is leaving.
    pub fn counts(self) -> bool {
        match self {
            Self::Pending | Self::RequiresAction | Self::Succeeded => true,
            Self::Failed | Self::Canceled => false,
        }
    }
}

/// A Dispute.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub created: i64,
    pub livemode: bool,
    pub amount: i64,
    pub currency: String,
    pub charge: String,
    pub intent: String,
    pub status: String,
    pub reason: String,
    pub evidence: Option<String>,
    pub submissions: i64,
    pub metadata: Metadata,
    pub order: String,
}

/// An Event: a snapshot, never rendered again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    pub id: String,
    pub created: i64,
    pub livemode: bool,
    pub name: String,
    pub api_version: String,
    pub object: Value,
    pub previous: Option<Value>,
    pub request: Option<String>,
    pub key: Option<String>,
    pub order: Option<String>,
    /// The deliveries that have to succeed.
    pub deliveries: Vec<String>,
}

/// What an idempotency key was used for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyEntry {
    pub key: String,
    pub livemode: bool,
    /// In milliseconds.
    pub at: i64,
    pub path: String,
    pub params: String,
    pub request: String,
    pub status: u16,
    pub body: String,
}

/// A webhook endpoint made through the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Endpoint {
    pub id: String,
    pub created: i64,
    pub livemode: bool,
    pub url: String,
    pub secret: String,
    pub enabled_events: Vec<String>,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub deleted: bool,
}
