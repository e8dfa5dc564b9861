//! What a dispute says.
//!
//! | rank | status | money |
//! |---|---|---|
//! | 1 | `warning_needs_response` | ours: the bank only asks |
//! | 2 | `warning_under_review` | ours |
//! | 3 | `warning_closed` | ours |
//! | 4 | `needs_response` | held |
//! | 5 | `under_review` | held |
//! | 6 | `lost` | lost |
//! | 7 | `appeal_needs_response` | lost: an appeal may bring it back |
//! | 8 | `appeal_under_review` | lost |
//! | 9 | `prevented` | ours |
//! | 10 | `won` | ours |
//!
//! A status of a higher rank comes later. What is lost can be appealed, and won in the end, so `lost` stands before the appeal:
//! that an appeal was lost as well changes nothing about the money, which was gone before it.
//! A bank can take the money again after we won. Stripe lists each time that money was taken or given back,
//! and the list only grows: its length is the larger part of the step.

use bayar_app::port::gateway::CallError;
use bayar_domain::Money;
use bayar_domain::fact::Proof;
use bayar_domain::gateway::{CaptureId, DisputeId};

use super::{money, named};
use crate::objects::Dispute;

/// Above every rank.
const RANKS: usize = 16;

/// What a dispute proves. A status that nobody knows proves nothing yet.
pub fn proof(dispute: &Dispute, capture: &CaptureId) -> Result<Option<Proof>, CallError> {
    let Some((rank, whose)) = rank(&dispute.status) else {
        tracing::warn!("Stripe has a dispute in a status that is not known");
        return Ok(None);
    };
    let amount = money(Some(dispute.amount), Some(&dispute.currency))?;
    let moves = dispute.balance_transactions.as_ref().map_or(0, Vec::len);
    let step = moves.saturating_mul(RANKS).saturating_add(rank);
    Ok(Some(Proof::Disputed {
        capture: capture.clone(),
        dispute: named(DisputeId::new(dispute.id.as_str()))?,
        held: match whose {
            Whose::Ours => Money::zero(amount.currency()),
            Whose::Held | Whose::Lost => amount,
        },
        step: u32::try_from(step).unwrap_or(u32::MAX),
        lost: whose == Whose::Lost,
    }))
}

/// Whose the money is that a dispute is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Held,
    Lost,
}

fn rank(status: &str) -> Option<(usize, Whose)> {
    use Whose::{Held, Lost, Ours};
    let known = match status {
        "warning_needs_response" => (1, Ours),
        "warning_under_review" => (2, Ours),
        "warning_closed" => (3, Ours),
        "needs_response" => (4, Held),
        "under_review" => (5, Held),
        "lost" => (6, Lost),
        "appeal_needs_response" => (7, Lost),
        "appeal_under_review" => (8, Lost),
        "prevented" => (9, Ours),
        "won" => (10, Ours),
        _ => return None,
    };
    Some(known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn disputed(status: &str, moves: usize) -> Option<(i64, u32)> {
        let dispute = serde_json::from_value(json!({
            "id": "du_1", "amount": 5_000, "currency": "php", "status": status,
            "balance_transactions": vec![json!({"id": "txn"}); moves],
        }));
        let capture = CaptureId::new("pi_1").unwrap();
        match proof(&dispute.unwrap(), &capture).unwrap() {
            Some(Proof::Disputed { held, step, .. }) => Some((held.minor(), step)),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// What a life of a dispute comes to, in whatever order its steps are seen.
    fn held_in_the_end(life: &[(&str, usize)]) -> i64 {
        let steps = life
            .iter()
            .map(|(status, moves)| disputed(status, *moves).unwrap());
        let last = steps.max_by_key(|(held, step)| (*step, *held));
        last.unwrap().0
    }

    #[test]
    fn the_last_step_of_each_life_outweighs_the_others() {
        for (life, held) in [
            (
                &[("warning_needs_response", 0), ("warning_closed", 0)][..],
                0,
            ),
            (&[("warning_closed", 0), ("needs_response", 1)], 5_000),
            (
                &[
                    ("needs_response", 0),
                    ("needs_response", 1),
                    ("under_review", 1),
                    ("won", 2),
                ],
                0,
            ),
            (&[("needs_response", 1), ("won", 1)], 0),
            (
                &[("needs_response", 1), ("under_review", 1), ("lost", 1)],
                5_000,
            ),
            (&[("lost", 1), ("appeal_under_review", 1), ("won", 2)], 0),
            (
                &[("lost", 1), ("appeal_under_review", 1), ("lost", 1)],
                5_000,
            ),
            (
                &[
                    ("needs_response", 1),
                    ("won", 2),
                    ("appeal_under_review", 3),
                    ("lost", 3),
                ],
                5_000,
            ),
            (&[("needs_response", 0), ("prevented", 0)], 0),
        ] {
            assert_eq!(held_in_the_end(life), held, "{life:?}");
        }
    }

    #[test]
    fn what_the_bank_has_decided_against_us_is_lost_also_while_an_appeal_is_open() {
        let is_lost = |status: &str| {
            let dispute = serde_json::from_value(json!({
                "id": "du_1", "amount": 5_000, "currency": "php", "status": status,
            }));
            let capture = CaptureId::new("pi_1").unwrap();
            let proof = proof(&dispute.unwrap(), &capture).unwrap();
            matches!(proof, Some(Proof::Disputed { lost: true, .. }))
        };
        for status in ["lost", "appeal_needs_response", "appeal_under_review"] {
            assert!(is_lost(status), "{status}");
        }
        for status in [
            "warning_needs_response",
            "needs_response",
            "under_review",
            "prevented",
            "won",
        ] {
            assert!(!is_lost(status), "{status}");
        }
    }

    #[test]
    fn a_status_that_nobody_knows_proves_nothing() {
        assert_eq!(disputed("brand_new", 1), None);
    }
}
