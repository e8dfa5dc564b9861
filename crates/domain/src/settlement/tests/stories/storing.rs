//! What is noticed when a stored order is loaded.

use super::*;

fn broken(change: impl FnOnce(&mut Parts)) -> Broken {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE), captured(2, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    let mut parts = story.now.clone().into_parts();
    assert_eq!(Settlement::restore(parts.clone()).as_ref(), Ok(&story.now));
    change(&mut parts);
    Settlement::restore(parts).unwrap_err()
}

#[test]
fn rows_that_are_there_twice_are_noticed() {
    let double = |what| Broken::Double(what);
    assert_eq!(
        broken(|p| p.payments.push(p.payments[0].clone())),
        double("payment")
    );
    assert_eq!(
        broken(|p| p.attempts.push(p.attempts[0].clone())),
        double("attempt")
    );
    assert_eq!(
        broken(|p| p.refunds.push(p.refunds[0].clone())),
        double("refund")
    );
    assert_eq!(broken(|p| p.facts.push(p.facts[0].clone())), double("fact"));
}

#[test]
fn rows_of_another_order_are_noticed() {
    let stray = |what| Broken::Stray(what);
    let terms = PaymentTerms {
        order: OrderId::new(2).unwrap(),
        ..payment_terms(3)
    };
    let payment = crate::Payment::open(terms, Gateway::Stripe).unwrap();
    assert_eq!(broken(|p| p.payments.push(payment)), stray("a payment"));
    let attempt = crate::Attempt::begin(attempt_terms(3, 3));
    assert_eq!(broken(|p| p.attempts.push(attempt)), stray("an attempt"));
    assert_eq!(broken(|p| p.facts.push(expired(3))), stray("a fact"));
    let foreign = |p: &mut Parts| {
        let terms = crate::RefundTerms {
            payment: payment_id(3),
            ..p.refunds[0].terms().clone()
        };
        p.refunds[0] = crate::Refund::request(terms, idr(1)).unwrap();
    };
    assert_eq!(broken(foreign), stray("a refund"));
}

#[test]
fn a_missing_fact_or_decision_is_noticed() {
    let (from, to) = (PaymentStatus::Completed, PaymentStatus::Expired);
    assert_eq!(
        broken(|p| p.facts.clear()),
        Broken::Payment(IllegalTransition { from, to })
    );
    assert_eq!(broken(|p| p.decisions.clear()), Broken::Stale);
}

#[test]
fn a_state_that_the_facts_do_not_make_is_noticed() {
    let unpaid = |p: &mut Parts| {
        p.payments[0] = crate::Payment::open(payment_terms(1), Gateway::Stripe).unwrap();
    };
    assert_eq!(broken(unpaid), Broken::Stale);
    let other = |p: &mut Parts| {
        p.order = order(OrderKind::Checkout);
    };
    assert_eq!(broken(other), Broken::Stale);
}

#[test]
fn two_live_payments_are_noticed() {
    let mut parts = Story::open().now.into_parts();
    parts
        .payments
        .push(crate::Payment::open(payment_terms(2), Gateway::Stripe).unwrap());
    assert_eq!(
        Settlement::restore(parts),
        Err(Broken::Double("live payment"))
    );
}

#[test]
fn two_live_attempts_of_a_payment_are_noticed() {
    let mut parts = Story::open().now.into_parts();
    parts
        .attempts
        .push(crate::Attempt::begin(attempt_terms(2, 1)));
    assert_eq!(
        Settlement::restore(parts),
        Err(Broken::Double("live attempt of a payment"))
    );
}

#[test]
fn a_contradiction_names_what_is_wrong() {
    let contradiction = broken(|p| {
        let captured = p.payments[1].terms().clone();
        let state = PaymentState::Completed {
            capture: capture_id("cap-2"),
            captured: idr(PRICE),
        };
        p.payments[1] = crate::Payment::restore(captured, Gateway::Midtrans, state).unwrap();
        p.payments[0] =
            crate::Payment::restore(payment_terms(1), Gateway::Stripe, PaymentState::Expired)
                .unwrap();
    });
    assert_eq!(contradiction.to_string(), "the facts contradict a payment");
    assert!(std::error::Error::source(&contradiction).is_some());
}
