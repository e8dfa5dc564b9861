//! Calls that are over though nobody has heard their answer: another door showed what they were to bring about.
//!
//! Whoever has such a call finds it over and writes nothing. Whoever had it and is dead leaves nothing behind.

use bayar_domain::{AttemptStatus, Refund, Settlement};

use super::Seen;
use crate::port::store::{CallKey, CallOutcome, CallPurpose};

/// The calls of an order as it is now that nothing more is to be found out about, but for those whose outcome is
/// written anyway.
pub(super) fn calls(seen: &Seen, outcomes: &[CallOutcome]) -> Vec<CallKey> {
    let is_written = |key: &CallKey| outcomes.iter().any(|outcome| outcome.key == *key);
    let open = seen.calls.iter().filter(|stored| !stored.status.is_over());
    open.filter(|stored| is_proved(&seen.settlement, stored.call.purpose))
        .map(|stored| stored.call.key.clone())
        .filter(|key| !is_written(key))
        .collect()
}

fn is_proved(settlement: &Settlement, purpose: CallPurpose) -> bool {
    match purpose {
        CallPurpose::Open(attempt) => {
            settlement
                .attempt(attempt)
                .is_some_and(|attempt| match attempt.status() {
                    AttemptStatus::Creating | AttemptStatus::Unknown => false,
                    AttemptStatus::Open | AttemptStatus::Closing => {
                        attempt.state().session().is_some()
                    }
                    AttemptStatus::Paid
                    | AttemptStatus::Failed
                    | AttemptStatus::Expired
                    | AttemptStatus::Closed => true,
                })
        }
        CallPurpose::Close(attempt) => {
            let known = settlement.attempt(attempt);
            known.is_some_and(|attempt| attempt.status() != AttemptStatus::Closing)
        }
        CallPurpose::Answer(attempt) => {
            let verdicts = settlement.standing().verdicts;
            let captures = settlement.captures();
            !captures
                .iter()
                .any(|held| held.attempt == attempt && verdicts.contains_key(&held.id))
        }
        CallPurpose::Refund(refund) => {
            let status = settlement.refund(refund).map(Refund::status);
            status.is_some_and(|status| !status.is_under_way())
        }
    }
}
