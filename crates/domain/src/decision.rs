//! What we recorded once and never decide again.

use crate::gateway::CaptureId;
use crate::payment::Cancellation;
use crate::wire::wire_enum;
use crate::{AttemptId, PaymentId};

wire_enum! {
    /// What an operator says about money that has to be looked at.
    pub enum Verdict: "verdict" {
        /// It pays the order.
        Accept = "accept",
        /// It goes back.
        Refuse = "refuse",
    }
}

/// Something that is ours to decide. Facts and decisions together make every state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "decision", rename_all = "snake_case"))]
pub enum Decision {
    /// This money pays the order. It holds the order's only slot until the gateway takes the money back.
    Primary {
        /// The money.
        capture: CaptureId,
    },
    /// A payment was called off.
    CancelPayment {
        /// The payment.
        payment: PaymentId,
        /// Why.
        reason: Cancellation,
    },
    /// A payment was not paid in time.
    ExpirePayment {
        /// The payment.
        payment: PaymentId,
    },
    /// A checkout must go.
    CloseAttempt {
        /// The attempt.
        attempt: AttemptId,
    },
    /// An operator looked at money.
    Review {
        /// The money.
        capture: CaptureId,
        /// What the operator said.
        verdict: Verdict,
    },
    /// The order was called off.
    CancelOrder,
    /// The order was served.
    CompleteOrder,
}
