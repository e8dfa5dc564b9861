//! What was decided about an order: by whom, and why.

use bayar_app::port::store::StoredDecision;
use bayar_domain::Decision;
use serde_json::{Value, json};

use super::output;

pub(super) fn tell(decisions: &[StoredDecision]) -> std::io::Result<()> {
    if !decisions.is_empty() {
        output::line("\nIt was decided:")?;
    }
    for stored in decisions {
        output::line(line(stored))?;
    }
    Ok(())
}

fn line(stored: &StoredDecision) -> String {
    let StoredDecision {
        decision,
        by,
        at,
        note,
    } = stored;
    // A note may hold anything: as it is written here, it cannot look like another line.
    let note = note.as_ref().map(|note| format!(", because {note:?}"));
    format!(
        "{}  {}, by {by}{}",
        at.to_rfc3339(),
        words(decision),
        note.unwrap_or_default()
    )
}

fn words(decision: &Decision) -> String {
    match decision {
        Decision::Primary { capture } => format!("{capture} pays the order"),
        Decision::CancelPayment { payment, reason } => {
            format!("payment {payment} is called off ({reason})")
        }
        Decision::ExpirePayment { payment } => format!("payment {payment} was not paid in time"),
        Decision::CloseAttempt { attempt } => format!("attempt {attempt} must go"),
        Decision::TakeOverRefund { refund } => format!("refund {refund} is made by hand"),
        Decision::WithdrawRefund { refund } => format!("refund {refund} is not needed any more"),
        Decision::RetryRefund { refund, anew } => {
            format!("refund {refund} is asked for anew as refund {anew}")
        }
        Decision::DropRetry { refund, anew } => {
            format!("refund {refund} went back after all, so refund {anew} is not needed any more")
        }
        Decision::Review {
            capture,
            reason,
            verdict,
        } => format!("{capture} was looked at ({reason}): {verdict}"),
        Decision::CancelOrder => "the order is called off".to_owned(),
        Decision::CompleteOrder => "the order is served".to_owned(),
    }
}

pub(super) fn json(stored: &StoredDecision) -> Value {
    json!({
        "about": stored.decision,
        "by": stored.by.to_string(),
        "at": stored.at,
        "note": stored.note,
    })
}

#[cfg(test)]
mod tests {
    use bayar_app::port::store::Actor;
    use bayar_domain::payment::ReviewReason;
    use bayar_domain::{CaptureId, Verdict};

    use super::*;

    fn reviewed(note: Option<&str>) -> StoredDecision {
        StoredDecision {
            decision: Decision::Review {
                capture: CaptureId::new("pi_1").unwrap(),
                reason: ReviewReason::AmountDiffers,
                verdict: Verdict::Refuse,
            },
            by: Actor::User(7.try_into().unwrap()),
            at: "2026-11-21T10:00:00Z".parse().unwrap(),
            note: note.map(str::to_owned),
        }
    }

    #[test]
    fn a_decision_is_told_with_who_and_why() {
        assert_eq!(
            line(&reviewed(Some("too little"))),
            "2026-11-21T10:00:00+00:00  pi_1 was looked at (amount_differs): refuse, by user:7, because \"too little\""
        );
        assert_eq!(
            line(&reviewed(None)),
            "2026-11-21T10:00:00+00:00  pi_1 was looked at (amount_differs): refuse, by user:7"
        );
    }

    #[test]
    fn a_note_stays_on_its_line() {
        let told = line(&reviewed(Some("a\nOrder INV is paid.\u{1b}[2J")));
        assert!(!told.contains(['\n', '\u{1b}']), "{told}");
    }

    #[test]
    fn a_decision_in_json_has_all_of_it() {
        let expected = json!({
            "about": {
                "decision": "review", "capture": "pi_1",
                "reason": "amount_differs", "verdict": "refuse",
            },
            "by": "user:7",
            "at": "2026-11-21T10:00:00Z",
            "note": "too little",
        });
        assert_eq!(json(&reviewed(Some("too little"))), expected);
    }
}
