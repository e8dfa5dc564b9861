//! What holds of every settlement at any time.

use super::*;

/// What holds of every settlement at any time.
pub fn check(settlement: &Settlement) {
    let proofs = settlement.proofs();
    let live = settlement
        .payments()
        .filter(|payment| payment.status().is_live())
        .count();
    assert!(live <= 1, "{live} live payments");
    for payment in settlement.payments() {
        let own = settlement
            .attempts()
            .filter(|attempt| attempt.terms().payment == payment.terms().id);
        let open = own.filter(|attempt| attempt.status().is_live()).count();
        assert!(open <= 1, "{open} live attempts of one payment");
    }
    // A checkout that nobody waits for is being closed.
    for attempt in settlement
        .attempts()
        .filter(|attempt| attempt.status().is_live())
    {
        let payment = settlement.payment(attempt.terms().payment).unwrap();
        let awaited = *payment.state()
            == PaymentState::Processing {
                attempt: attempt.terms().id,
            };
        let reviewed = payment.status() == PaymentStatus::UnderReview
            && proofs
                .captures
                .values()
                .any(|capture| capture.attempt == attempt.terms().id && capture.awaits_verdict());
        assert!(awaited || reviewed || attempt.status() == AttemptStatus::Closing);
    }
    let is_reversed = |id| {
        proofs
            .captures
            .get(id)
            .is_some_and(|proved| proved.taken_back())
    };
    let slots = settlement.decisions().iter().filter(
        |decision| matches!(decision, Decision::Primary { capture } if !is_reversed(capture)),
    );
    assert!(slots.count() <= 1, "an order has one slot");
    let primary = settlement.primary();
    let paid = settlement.payments().filter(|payment| {
        matches!(
            payment.state(),
            PaymentState::Completed { .. }
                | PaymentState::PartiallyRefunded { .. }
                | PaymentState::Refunded { .. }
        )
    });
    assert_eq!(
        paid.count(),
        usize::from(primary.is_some()),
        "the payment that has the money is paid"
    );
    let pending = matches!(
        settlement.order().status(),
        OrderStatus::Pending | OrderStatus::Cancelled
    );
    if primary.is_some() {
        assert!(!pending, "an order that has its money is paid");
    } else {
        assert!(matches!(
            settlement.order().status(),
            OrderStatus::Pending
                | OrderStatus::Cancelled
                | OrderStatus::Completed
                | OrderStatus::Refunded
        ));
    }
    // Nobody can pay an order that is over.
    if let OrderStatus::Cancelled | OrderStatus::Refunded = settlement.order().status() {
        assert!(
            settlement.live_payment().is_none(),
            "a payment of an order that is over"
        );
        let mut live = settlement
            .attempts()
            .filter(|attempt| attempt.status().is_live());
        assert!(live.all(|attempt| attempt.status() == AttemptStatus::Closing));
    }
    // No refund that failed is forgotten while its money is there.
    let alerts = settlement.standing().alerts;
    for refund in settlement.refunds() {
        let terms = refund.terms();
        let reason = match refund.state() {
            RefundState::Failed { reason } => *reason,
            RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Manual
            | RefundState::Succeeded { .. } => continue,
        };
        let is_there = settlement.sums()[&terms.capture].available().is_positive();
        let owed = Alert::RefundFailed { refund: terms.id };
        assert!(
            reason == RefundFailure::Withdrawn
                || !is_there
                || alerts.contains(&owed)
                || (primary == Some(&terms.capture) && terms.origin == RefundOrigin::Surplus),
            "refund {} failed and nobody knows",
            terms.id
        );
    }
    // Nothing paid is lost: money that is with us pays the order, is looked at, or goes back.
    let due = settlement.standing().due_back;
    for (capture, sums) in settlement.sums() {
        let looked_at = settlement.payments().any(|payment| {
            matches!(payment.state(), PaymentState::UnderReview { .. })
                && proofs.captures.get(&capture).unwrap().payment == payment.terms().id
        });
        let goes_back = due.contains_key(&capture)
            || settlement.refunds().any(|refund| {
                refund.terms().capture == capture && is_somebodys_business(refund.state())
            });
        assert!(
            sums.available().is_zero() || primary == Some(&capture) || looked_at || goes_back,
            "{capture} is with us and nobody cares: {sums:?}"
        );
    }
}

/// Somebody works on it, or knows that it failed.
fn is_somebodys_business(refund: &RefundState) -> bool {
    match refund {
        RefundState::Requested | RefundState::Sent | RefundState::Unknown | RefundState::Manual => {
            true
        }
        RefundState::Failed { reason } => *reason != RefundFailure::Withdrawn,
        RefundState::Succeeded { .. } => false,
    }
}

/// Nothing is stuck: whatever is not at its end has a way out that is open now.
pub fn check_ways_out(settlement: &Settlement) {
    for payment in settlement.payments() {
        let id = payment.terms().id;
        let way_out = match payment.state() {
            PaymentState::Pending => settlement.cancel_payment(id).is_ok(),
            // The gateway will tell what becomes of the checkout.
            PaymentState::Processing { attempt } => {
                settlement.attempt(*attempt).unwrap().status().is_live()
            }
            PaymentState::UnderReview { capture, .. } => {
                settlement.review(capture.clone(), Verdict::Refuse).is_ok()
            }
            PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => true,
        };
        assert!(way_out, "payment {id} is stuck: {}", summary(settlement));
    }
    let proofs = settlement.proofs();
    for refund in settlement.refunds() {
        let id = refund.terms().id;
        let is_kept = proofs.captures[&refund.terms().capture].kept().is_some();
        let has_record = proofs.of_refund(id).next().is_some();
        let way_out = match refund.state() {
            RefundState::Requested => {
                settlement.refund_sent(id).is_ok() || settlement.withdraw_refund(id).is_ok()
            }
            // The gateway will tell what became of it; of money that it took back it has nothing to tell.
            RefundState::Sent | RefundState::Unknown => is_kept || has_record,
            RefundState::Manual => settlement.withdraw_refund(id).is_ok(),
            RefundState::Succeeded { .. } | RefundState::Failed { .. } => true,
        };
        assert!(way_out, "refund {id} is stuck: {}", summary(settlement));
    }
    let order_way_out = match settlement.order().status() {
        OrderStatus::Pending => {
            settlement.live_payment().is_some()
                || settlement.live_attempt().is_some()
                || settlement
                    .open_payment(payment_terms(1_000), Gateway::Stripe)
                    .is_ok()
        }
        OrderStatus::Processing => settlement.complete_order().is_ok(),
        OrderStatus::Completed | OrderStatus::Cancelled | OrderStatus::Refunded => true,
    };
    assert!(order_way_out, "the order is stuck: {}", summary(settlement));
}
