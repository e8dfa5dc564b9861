//! What a dispute says.
//!
//! | rank | status | holds money |
//! |---|---|---|
//! | 1 | `warning_needs_response` | no: the bank only asks |
//! | 2 | `warning_under_review` | no |
//! | 3 | `warning_closed` | no |
//! | 4 | `needs_response` | yes |
//! | 5 | `under_review` | yes |
//! | 6 | `lost` | yes |
//! | 7 | `appeal_needs_response` | yes |
//! | 8 | `appeal_under_review` | yes |
//! | 9 | `prevented` | no |
//! | 10 | `won` | no |
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
    let Some((rank, holds)) = rank(&dispute.status) else {
        tracing::warn!("Stripe has a dispute in a status that is not known");
        return Ok(None);
    };
    let amount = money(Some(dispute.amount), Some(&dispute.currency))?;
    let moves = dispute.balance_transactions.as_ref().map_or(0, Vec::len);
    let step = moves.saturating_mul(RANKS).saturating_add(rank);
    Ok(Some(Proof::Disputed {
        capture: capture.clone(),
        dispute: named(DisputeId::new(dispute.id.as_str()))?,
        held: if holds {
            amount
        } else {
            Money::zero(amount.currency())
        },
        step: u32::try_from(step).unwrap_or(u32::MAX),
    }))
}

fn rank(status: &str) -> Option<(usize, bool)> {
    let known = match status {
        "warning_needs_response" => (1, false),
        "warning_under_review" => (2, false),
        "warning_closed" => (3, false),
        "needs_response" => (4, true),
        "under_review" => (5, true),
        "lost" => (6, true),
        "appeal_needs_response" => (7, true),
        "appeal_under_review" => (8, true),
        "prevented" => (9, false),
        "won" => (10, false),
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
    fn a_status_that_nobody_knows_proves_nothing() {
        assert_eq!(disputed("brand_new", 1), None);
    }
}
