//! What went wrong with paying, as it is told.

use bayar_app::PayError;
use bayar_app::port::gateway::{Fault, FaultKind};
use bayar_domain::PaymentStatus;

use crate::http::problem::{Code, Problem};
use crate::messages::Message;

/// After how many seconds a gateway that says nothing about it is asked again.
const PAUSE: u64 = 5;
/// The same where a bank is working on a payment.
const BANK_PAUSE: u64 = 60;
/// However long a gateway asks for.
const LONGEST_PAUSE: u64 = 3600;

impl From<PayError> for Problem {
    fn from(error: PayError) -> Self {
        match error {
            PayError::NotFound => Code::PaymentNotFound.into(),
            PayError::Forbidden => Code::Forbidden.into(),
            PayError::WrongState(status) => not_payable(status),
            PayError::BeingChecked => Self::new(Code::PaymentBeingChecked).retry_after(BANK_PAUSE),
            PayError::TooLate => Code::PaymentNotPayable.into(),
            PayError::MethodNotAvailable(_) => {
                Self::field("gateway", Message::MethodNotAvailable, vec![])
                    .with_message(Message::MethodNotAvailable)
            }
            PayError::Unfit(gateway, why) => {
                tracing::info!(%gateway, why, "a gateway cannot take a payment");
                Code::AmountNotTakenByGateway.into()
            }
            PayError::NotPaidYet => Code::NotPaidYet.into(),
            PayError::Mismatch => Code::TransactionMismatch.into(),
            PayError::NothingToReview => Code::NothingToReview.into(),
            PayError::Unavailable(fault) => Self::new(Code::GatewayUnavailable)
                .with_message(words(fault.kind))
                .retry_after(pause(&fault)),
            PayError::RefusedByGateway(fault) if fault.kind == FaultKind::Amount => {
                Code::AmountNotTakenByGateway.into()
            }
            PayError::RefusedByGateway(fault) => {
                Self::new(Code::GatewayRefused).with_message(words(fault.kind))
            }
            PayError::Unclear => Self::new(Code::PaymentInProgress).retry_after(PAUSE),
            PayError::Trouble(trouble) => trouble.into(),
        }
    }
}

/// What is told to somebody who waited too long while gateways were asked. The work goes on.
pub(super) fn gateway_is_slow() -> Problem {
    Problem::new(Code::GatewayUnavailable)
        .with_message(Message::GatewaySlow)
        .retry_after(PAUSE)
}

fn not_payable(status: PaymentStatus) -> Problem {
    let problem = Problem::new(Code::PaymentNotPayable);
    match status {
        PaymentStatus::Completed | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
            problem.with_message(Message::PaymentAlreadyPaid)
        }
        PaymentStatus::UnderReview => problem.with_message(Message::PageBeingChecked),
        PaymentStatus::Pending
        | PaymentStatus::Processing
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled
        | PaymentStatus::Expired => problem,
    }
}

/// What a person is told. Never why a bank declined: only the bank may tell its customer of a card that was stolen.
/// And never anything about our keys.
const fn words(kind: FaultKind) -> Message {
    match kind {
        FaultKind::Card => Message::GatewayDeclined,
        FaultKind::Amount => Message::AmountNotTakenByGateway,
        FaultKind::Authentication => Message::MethodNotAvailableNow,
        FaultKind::RateLimit => Message::GatewayBusy,
        FaultKind::Connection => Message::GatewayUnavailable,
        FaultKind::Timeout => Message::GatewaySlow,
        FaultKind::Api | FaultKind::Garbage => Message::GatewayTrouble,
        FaultKind::InvalidRequest
        | FaultKind::Idempotency
        | FaultKind::NotFound
        | FaultKind::WrongState
        | FaultKind::NotRefundable => Message::GatewayRefused,
    }
}

fn pause(fault: &Fault) -> u64 {
    let asked_for = fault.retry_after.map(|pause| pause.as_secs());
    asked_for.unwrap_or(PAUSE).clamp(1, LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use actix_web::http::StatusCode;

    use super::*;
    use crate::language::Language;

    #[test]
    fn each_kind_that_a_person_can_tell_apart_has_words_of_its_own() {
        let kinds = [
            FaultKind::Card,
            FaultKind::InvalidRequest,
            FaultKind::Authentication,
            FaultKind::RateLimit,
            FaultKind::Connection,
            FaultKind::Api,
        ];
        for language in Language::ALL {
            let texts: BTreeSet<_> = kinds.map(|kind| words(kind).text(language)).into();
            assert_eq!(texts.len(), kinds.len(), "{language}");
        }
    }

    #[test]
    fn nobody_is_told_of_stolen_cards_or_of_our_keys() {
        let stolen = Fault::of(FaultKind::Card).with_code("stolen_card");
        let key = Fault::of(FaultKind::Authentication).with_code("api_key_expired");
        for fault in [stolen, key] {
            for error in [
                PayError::Unavailable(fault.clone()),
                PayError::RefusedByGateway(fault.clone()),
            ] {
                let problem = Problem::from(error);
                for language in Language::ALL {
                    let text = problem.message().text(language).to_lowercase();
                    for word in ["stolen", "curi", "lost", "hilang", "fraud", "key", "kunci"] {
                        assert!(!text.contains(word), "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_gateway_says_when_to_come_back_within_reason() {
        let after = |seconds| {
            let fault = Fault {
                retry_after: Some(Duration::from_secs(seconds)),
                ..Fault::of(FaultKind::RateLimit)
            };
            Problem::from(PayError::Unavailable(fault)).pause()
        };
        assert_eq!(after(0), Some(1));
        assert_eq!(after(17), Some(17));
        assert_eq!(after(1_000_000), Some(3600));
        let silent = PayError::Unavailable(Fault::of(FaultKind::Connection));
        assert_eq!(Problem::from(silent).pause(), Some(5));
    }

    #[test]
    fn a_payment_that_a_bank_works_on_has_words_of_its_own() {
        let problem = Problem::from(PayError::BeingChecked);
        assert_eq!(problem.code(), Code::PaymentBeingChecked);
        assert_eq!(problem.code().status(), StatusCode::CONFLICT);
        assert_eq!(problem.message(), Message::PaymentBeingChecked);
        assert_eq!(problem.pause(), Some(60));
    }

    #[test]
    fn a_payment_that_is_paid_is_not_called_over() {
        for (status, message) in [
            (PaymentStatus::Completed, Message::PaymentAlreadyPaid),
            (PaymentStatus::UnderReview, Message::PageBeingChecked),
            (PaymentStatus::Cancelled, Message::PaymentNotPayable),
        ] {
            let problem = Problem::from(PayError::WrongState(status));
            assert_eq!(problem.code(), Code::PaymentNotPayable);
            assert_eq!(problem.message(), message);
        }
    }
}
