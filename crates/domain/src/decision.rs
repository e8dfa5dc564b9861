//! What we recorded once and never decide again.

use crate::gateway::CaptureId;
use crate::payment::{Cancellation, ReviewReason};
use crate::wire::wire_enum;
use crate::{AttemptId, PaymentId, RefundId};

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
    /// An operator gives money back by hand, unless the gateway does after all.
    TakeOverRefund {
        /// The refund.
        refund: RefundId,
    },
    /// A refund that no gateway had was not needed any more.
    WithdrawRefund {
        /// The refund.
        refund: RefundId,
    },
    /// A refund that failed was asked for anew: another one takes its place, and only that one is owed.
    RetryRefund {
        /// The refund that failed.
        refund: RefundId,
        /// The one in its place.
        anew: RefundId,
    },
    /// A refund went back after all before the one in its place had left: that one is not needed any more,
    /// and the first stands for itself again.
    DropRetry {
        /// The refund that was asked for anew.
        refund: RefundId,
        /// The last one in its place.
        anew: RefundId,
    },
    /// An operator looked at money.
    Review {
        /// The money.
        capture: CaptureId,
        /// What was asked: to accept money that was held back is not yet to accept any amount.
        reason: ReviewReason,
        /// What the operator said.
        verdict: Verdict,
    },
    /// The order was called off.
    CancelOrder,
    /// The order was served.
    CompleteOrder,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_have_stable_names() {
        let names: Vec<_> = Verdict::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["accept", "refuse"]);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn each_decision_is_named_in_json() {
        use crate::testing::{assert_json, attempt_id, capture};

        let payment = PaymentId::new(100).unwrap();
        for (decision, json) in [
            (
                Decision::Primary {
                    capture: capture("pi_1"),
                },
                r#"{"decision":"primary","capture":"pi_1"}"#,
            ),
            (
                Decision::CancelPayment {
                    payment,
                    reason: Cancellation::Superseded,
                },
                r#"{"decision":"cancel_payment","payment":100,"reason":"superseded"}"#,
            ),
            (
                Decision::ExpirePayment { payment },
                r#"{"decision":"expire_payment","payment":100}"#,
            ),
            (
                Decision::CloseAttempt {
                    attempt: attempt_id(1),
                },
                r#"{"decision":"close_attempt","attempt":1}"#,
            ),
            (
                Decision::Review {
                    capture: capture("pi_1"),
                    reason: ReviewReason::AmountDiffers,
                    verdict: Verdict::Refuse,
                },
                r#"{"decision":"review","capture":"pi_1","reason":"amount_differs","verdict":"refuse"}"#,
            ),
            (
                Decision::RetryRefund {
                    refund: RefundId::new(5).unwrap(),
                    anew: RefundId::new(6).unwrap(),
                },
                r#"{"decision":"retry_refund","refund":5,"anew":6}"#,
            ),
            (
                Decision::DropRetry {
                    refund: RefundId::new(5).unwrap(),
                    anew: RefundId::new(6).unwrap(),
                },
                r#"{"decision":"drop_retry","refund":5,"anew":6}"#,
            ),
            (Decision::CancelOrder, r#"{"decision":"cancel_order"}"#),
            (Decision::CompleteOrder, r#"{"decision":"complete_order"}"#),
        ] {
            assert_json(&decision, json);
        }
    }
}
