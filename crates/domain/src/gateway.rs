//! What the domain knows of the gateways: their names, and the names they give to things.

use chrono::{DateTime, Utc};

use crate::wire::{text, wire_enum};

wire_enum! {
    /// A service that moves money for us.
    pub enum Gateway: "gateway" {
        /// Stripe, by hosted checkout sessions.
        Stripe = "stripe",
        /// Midtrans, by Snap pages. Indonesian rupiah only.
        Midtrans = "midtrans",
    }
}

wire_enum! {
    /// Whether money really moves.
    pub enum Mode: "gateway mode" {
        /// Money really moves.
        Live = "live",
        /// The gateway only plays.
        Test = "test",
    }
}

text! {
    /// The account at the gateway that our key belongs to.
    AccountRef: "gateway account";
    /// The gateway's name for a checkout session.
    SessionRef: "session reference";
    /// The gateway's name for money that came in: the payment intent at Stripe, the transaction id at Midtrans,
    /// whichever door showed it to us. No two gateways share a name.
    CaptureId: "capture id";
    /// The gateway's name for one refund. No two gateways share a name.
    GatewayRefundId: "gateway refund id";
    /// The gateway's name for a dispute. No two gateways share a name.
    DisputeId: "dispute id";
    /// The gateway's name for one try to pay inside a checkout.
    TryId: "payment try id";
    /// Why something happened, for people.
    Reason: "reason";
    /// Where the proof of a transfer by hand can be found.
    TransferReference: "transfer reference";
}

/// The account a fact comes from. A fact of one account never counts for another,
/// and play money never counts as money.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Source {
    /// The gateway.
    pub gateway: Gateway,
    /// The account at the gateway.
    pub account: AccountRef,
    /// Whether money really moves there.
    pub mode: Mode,
}

/// A checkout session that a gateway has opened for us.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Session {
    /// The gateway's name for it.
    pub reference: SessionRef,
    /// Where the buyer pays.
    pub url: String,
    /// When the gateway closes it by itself.
    pub expires_at: DateTime<Utc>,
}
