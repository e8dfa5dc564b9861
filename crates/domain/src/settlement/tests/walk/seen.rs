//! What the walks came by.

use super::*;

/// Every state, effect and alert that a walk came by. A property over states that are never reached proves nothing.
pub type Seen = RefCell<BTreeMap<String, u32>>;

pub fn see(seen: &Seen, settlement: &Settlement, effects: &[Effect]) {
    let order = [format!("order {}", settlement.order().status())];
    let payments = settlement
        .payments()
        .map(|payment| format!("payment {}", payment.status()));
    let attempts = settlement
        .attempts()
        .map(|attempt| format!("attempt {}", attempt.status()));
    let refunds = settlement
        .refunds()
        .map(|refund| format!("{} refund {}", refund.terms().origin, refund.status()));
    let effects = effects.iter().map(|effect| {
        let text = format!("{effect:?}");
        let words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let words = words.take(if text.contains("Alert") { 2 } else { 1 });
        words.collect::<Vec<_>>().join(" ")
    });
    let things = order
        .into_iter()
        .chain(payments)
        .chain(attempts)
        .chain(refunds)
        .chain(effects);
    let mut seen = seen.borrow_mut();
    for thing in things {
        *seen.entry(thing).or_default() += 1;
    }
}

pub fn everything() -> BTreeSet<String> {
    let refunds = ["requested", "surplus"].into_iter().flat_map(|origin| {
        RefundStatus::ALL
            .iter()
            .map(move |status| format!("{origin} refund {status}"))
    });
    let effects = [
        "AnnounceOrder",
        "AnnouncePayment",
        "AnnounceRefund",
        "SettlePapers",
        "FulfilOrder",
        "HaltOrder",
        "SetCredits",
        "CloseAttempt",
        "AnswerChallenge",
        "RefundSurplus",
        "RecordExternalRefund",
        "ForgetExternalRefund",
        "SetCreditNotes",
    ];
    let alerts = [
        "Review",
        "Surplus",
        "Loss",
        "Contradiction",
        "Dispute",
        "RefundFailed",
        "RefundDiffers",
        "ServedUnpaid",
    ];
    let raised = alerts.iter().map(|alert| format!("RaiseAlert {alert}"));
    // Once two amounts were told they were; that a refund comes right again is too rare to be waited for.
    let over = alerts
        .iter()
        .filter(|alert| !["Contradiction", "RefundDiffers"].contains(alert))
        .map(|alert| format!("ClearAlert {alert}"));
    OrderStatus::ALL
        .iter()
        .map(|status| format!("order {status}"))
        .chain(
            PaymentStatus::ALL
                .iter()
                .map(|status| format!("payment {status}")),
        )
        .chain(
            AttemptStatus::ALL
                .iter()
                .map(|status| format!("attempt {status}")),
        )
        .chain(refunds)
        .chain(effects.map(str::to_owned))
        .chain(raised)
        .chain(over)
        .collect()
}
