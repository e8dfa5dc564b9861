//! What is noticed when a stored order is loaded.

use super::*;

fn parts() -> Parts {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE), captured(2, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    let parts = story.now.clone().into_parts();
    let restored = Settlement::restore(parts.clone());
    assert_eq!(restored, Ok(Restored::Sound(story.now)));
    parts
}

fn broken(change: impl FnOnce(&mut Parts)) -> Broken {
    let mut parts = parts();
    change(&mut parts);
    Settlement::restore(parts).unwrap_err()
}

fn drifted(change: impl FnOnce(&mut Parts)) -> Step {
    let mut parts = parts();
    change(&mut parts);
    match Settlement::restore(parts).unwrap() {
        Restored::Drifted(step) => step,
        Restored::Sound(sound) => panic!("{sound:?} is sound"),
    }
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
fn a_refund_of_somebody_else_is_none_of_ours() {
    let external = broken(|p| {
        let terms = crate::RefundTerms {
            origin: RefundOrigin::External,
            ..p.refunds[0].terms().clone()
        };
        p.refunds[0] = crate::Refund::request(terms, idr(1)).unwrap();
    });
    assert_eq!(external, Broken::Stray("a refund that is not our doing"));
}

#[test]
fn an_end_without_proof_is_noticed() {
    assert_eq!(broken(|p| p.facts.clear()), Broken::Unproved("an attempt"));
    let ends: [fn(crate::Attempt) -> crate::Attempt; 4] = [
        |attempt| attempt.expire().into_inner(),
        |attempt| attempt.close().into_inner().expire().into_inner(),
        |attempt| attempt.fail().unwrap().into_inner(),
        |attempt| attempt.pay(capture_id("cap-9")).into_inner(),
    ];
    for end in ends {
        let mut parts = Story::open().now.into_parts();
        parts.attempts[0] = end(parts.attempts[0].clone());
        assert_eq!(
            Settlement::restore(parts),
            Err(Broken::Unproved("an attempt"))
        );
    }
    let refund = broken(|p| {
        let (terms, amount) = (p.refunds[0].terms().clone(), p.refunds[0].amount());
        let state = RefundState::Succeeded { transfer: None };
        p.refunds[0] = crate::Refund::restore(terms, amount, state).unwrap();
    });
    assert_eq!(refund, Broken::Unproved("a refund"));
}

#[test]
fn every_proved_end_is_loaded() {
    let facts = [
        vec![expired(1)],
        vec![failed(1)],
        vec![captured(1, "cap-1", PRICE)],
        vec![captured(1, "cap-1", PRICE), reversed(1, "cap-1")],
    ];
    for facts in facts {
        let mut story = Story::open();
        story.facts(facts);
        let restored = Settlement::restore(story.now.clone().into_parts());
        assert_eq!(restored, Ok(Restored::Sound(story.now)));
    }
}

#[test]
fn states_of_other_rules_are_made_anew_and_told() {
    let step = drifted(|p| {
        p.payments[0] = crate::Payment::open(payment_terms(1), Gateway::Stripe).unwrap();
        p.order = order(OrderKind::Checkout);
    });
    let Restored::Sound(sound) = Settlement::restore(parts()).unwrap() else {
        panic!("it was sound before");
    };
    assert_eq!(
        step.changes.payments,
        [sound.payment(payment_id(1)).unwrap().clone()]
    );
    assert_eq!(step.changes.order.as_ref(), Some(sound.order()));
    let status = PaymentStatus::Completed;
    let payment = payment_id(1);
    assert!(
        step.effects
            .contains(&Effect::AnnouncePayment { payment, status })
    );
    assert_eq!(step.settlement, sound);
}

#[test]
fn missing_decisions_are_made_anew_and_told() {
    let step = drifted(|p| p.decisions.clear());
    assert!(step.decisions.contains(&Decision::Primary {
        capture: capture_id("cap-1")
    }));
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
