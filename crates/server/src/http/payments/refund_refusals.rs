//! What went wrong with giving money back, as it is told.

use bayar_app::{PayError, RefundError};
use bayar_domain::Currency;

use crate::http::problem::{Code, Problem};
use crate::messages::Message;

impl From<RefundError> for Problem {
    fn from(error: RefundError) -> Self {
        match error {
            RefundError::Unproved => Code::Unauthorized.into(),
            RefundError::Forbidden => Code::Forbidden.into(),
            RefundError::NotFound => Code::PaymentNotFound.into(),
            RefundError::NotRefundable(_) | RefundError::NothingDue => {
                Code::PaymentNotRefundable.into()
            }
            RefundError::Exceeds { available } => {
                Self::new(Code::RefundExceedsPayment).with_available(available)
            }
            RefundError::InsufficientCredits { .. } => Code::InsufficientCredits.into(),
            RefundError::InvalidAmount => Self::field("amount", Message::AmountNotPositive, vec![]),
            RefundError::TooManyDecimals(currency) => {
                too_many_decimals(currency, currency.exponent())
            }
            RefundError::WholeUnitsOnly(currency) => too_many_decimals(currency, 0),
            RefundError::KeyReused => Code::IdempotencyKeyReused.into(),
            RefundError::DailyLimit { left } => {
                Self::new(Code::RefundDailyLimit).with_available(left)
            }
            RefundError::NeedsManualTransfer { refund } => {
                Self::new(Code::RefundNeedsManualTransfer).with_refund(refund)
            }
            RefundError::Failed { refund, .. } => Self::new(Code::RefundFailed).with_refund(refund),
            // Somebody did something else about it in the meantime.
            RefundError::WrongState(_) | RefundError::TooEarly { .. } => {
                Self::new(Code::PaymentInProgress).retry_after(1)
            }
            RefundError::Unavailable(fault) => PayError::Unavailable(fault).into(),
            RefundError::Trouble(trouble) => trouble.into(),
        }
    }
}

fn too_many_decimals(currency: Currency, most: u32) -> Problem {
    let parameters = vec![currency.code().to_owned(), most.to_string()];
    Problem::field("amount", Message::TooManyDecimals, parameters)
}

#[cfg(test)]
mod tests {
    use bayar_app::Trouble;
    use bayar_app::port::gateway::{Fault, FaultKind};
    use bayar_domain::refund::RefundFailure;
    use bayar_domain::{Money, PaymentStatus, RefundId, RefundStatus};

    use super::*;

    #[test]
    fn each_refusal_has_its_code() {
        let refund = RefundId::new(7).unwrap();
        let money = Money::new(300_000, Currency::Php);
        let unreachable = Fault::of(FaultKind::Connection);
        for (error, status, code) in [
            (RefundError::Unproved, 401, "unauthorized"),
            (RefundError::Forbidden, 403, "forbidden"),
            (RefundError::NotFound, 404, "payment_not_found"),
            (
                RefundError::NotRefundable(PaymentStatus::Pending),
                409,
                "payment_not_refundable",
            ),
            (RefundError::NothingDue, 409, "payment_not_refundable"),
            (
                RefundError::Exceeds { available: money },
                409,
                "refund_exceeds_payment",
            ),
            (
                RefundError::InsufficientCredits {
                    needed: 10,
                    balance: 3,
                },
                409,
                "insufficient_credits",
            ),
            (RefundError::InvalidAmount, 422, "validation_failed"),
            (
                RefundError::TooManyDecimals(Currency::Php),
                422,
                "validation_failed",
            ),
            (
                RefundError::WholeUnitsOnly(Currency::Idr),
                422,
                "validation_failed",
            ),
            (RefundError::KeyReused, 422, "idempotency_key_reused"),
            (
                RefundError::DailyLimit { left: money },
                409,
                "refund_daily_limit",
            ),
            (
                RefundError::NeedsManualTransfer { refund },
                409,
                "refund_needs_manual_transfer",
            ),
            (
                RefundError::Failed {
                    refund,
                    reason: RefundFailure::Refused,
                    fault: Some("charge_disputed".to_owned()),
                },
                409,
                "refund_failed",
            ),
            (
                RefundError::WrongState(RefundStatus::Sent),
                409,
                "payment_in_progress",
            ),
            (
                RefundError::Unavailable(unreachable),
                503,
                "gateway_unavailable",
            ),
            (
                RefundError::Trouble(Trouble::InProgress),
                409,
                "payment_in_progress",
            ),
        ] {
            let said = error.to_string();
            let problem = Problem::from(error);
            let answered = (problem.code().status().as_u16(), problem.code().as_str());
            assert_eq!(answered, (status, code), "{said}");
            // What is worth a second try says when.
            let is_passing = ["payment_in_progress", "gateway_unavailable"].contains(&code);
            assert_eq!(problem.pause().is_some(), is_passing, "{said}");
        }
    }
}
