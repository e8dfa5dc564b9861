//! What a restored copy of the tables had forgotten comes back after its time.

use super::*;

impl Story {
    fn restore_payment(&mut self, id: i64) {
        self.command(|now| now.restore_payment(payment_terms(id), Gateway::Stripe));
    }

    fn restore_attempt(&mut self, id: i64, payment: i64) {
        self.command(|now| now.restore_attempt(attempt_terms(id, payment)));
    }
}

fn called_off() -> PaymentState {
    PaymentState::Cancelled {
        reason: Cancellation::Requested,
    }
}

#[test]
fn an_attempt_of_a_payment_that_waits_is_waited_for() {
    let mut story = Story::of(OrderKind::Checkout);
    story.restore_payment(1);
    story.restore_attempt(2, 1);
    assert_eq!(story.attempt_status(2), AttemptStatus::Unknown);
    let attempt = attempt_id(2);
    assert_eq!(*story.payment(1), PaymentState::Processing { attempt });
    let payment = story.now.payment(payment_id(1)).unwrap();
    assert_eq!(payment.payment_method(), gateway_of(2));
    story.facts([captured(2, "cap-2", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-2"));
}

#[test]
fn a_second_attempt_of_a_paid_payment_comes_back_and_its_money_goes_back() {
    let mut story = Story::paid();
    story.restore_attempt(2, 1);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.attempt_status(2), AttemptStatus::Closing);
    let attempt = attempt_id(2);
    assert!(story.effects.contains(&Effect::CloseAttempt { attempt }));
    story.facts([captured(2, "cap-2", PRICE)]);
    assert_eq!(story.attempt_status(2), AttemptStatus::Paid);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.due_back("cap-2"), Some(PRICE));
    assert_eq!(story.due_back("cap-1"), None);
}

#[test]
fn money_of_an_attempt_that_comes_back_completes_a_payment_that_had_ended() {
    let mut story = Story::of(OrderKind::Checkout);
    story.pay(1);
    story.command(|now| now.expire_payment(payment_id(1), deadline()));
    story.restore_attempt(1, 1);
    assert_eq!(*story.payment(1), PaymentState::Expired);
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.due_back("cap-1"), None);
}

#[test]
fn a_payment_of_a_paid_order_comes_back_superseded() {
    let mut story = Story::paid();
    story.restore_payment(2);
    assert_eq!(*story.payment(2), superseded());
    assert_eq!(story.now.standing().papers[&payment_id(2)], Papers::Void);
    story.restore_attempt(2, 2);
    story.facts([captured(2, "cap-2", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.due_back("cap-2"), Some(PRICE));
    let parts = story.now.clone().into_parts();
    assert_eq!(Settlement::restore(parts), Ok(Restored::Sound(story.now)));
}

#[test]
fn a_payment_beside_a_live_one_comes_back_called_off_and_its_money_counts_all_the_same() {
    let mut story = Story::of(OrderKind::Checkout);
    story.pay(1);
    story.restore_payment(2);
    assert_eq!(*story.payment(1), PaymentState::Pending);
    assert_eq!(*story.payment(2), called_off());
    story.restore_attempt(2, 2);
    story.facts([captured(2, "cap-2", PRICE)]);
    assert_eq!(*story.payment(2), completed("cap-2"));
    assert_eq!(*story.payment(1), superseded());
}

#[test]
fn a_payment_for_what_is_not_sold_any_more_comes_back_and_its_money_goes_back() {
    let cancelled = || {
        let mut story = Story::of(OrderKind::Checkout);
        story.command(Settlement::cancel_order);
        story
    };
    let repriced = || {
        let mut story = Story::of(OrderKind::Checkout);
        story.command(|now| now.reprice(idr(PRICE + 1)));
        story
    };
    for mut story in [cancelled(), repriced()] {
        story.restore_payment(1);
        assert_eq!(*story.payment(1), called_off());
        story.restore_attempt(1, 1);
        story.facts([captured(1, "cap-1", PRICE)]);
        assert_eq!(*story.payment(1), called_off());
        assert_eq!(story.due_back("cap-1"), Some(PRICE));
    }
}

#[test]
fn nothing_comes_back_over_what_is_there() {
    let story = Story::open();
    let refused = story.refused(|now| now.restore_payment(payment_terms(1), Gateway::Stripe));
    assert_eq!(refused, Refused::Taken(Part::Payment));
    let refused = story.refused(|now| now.restore_attempt(attempt_terms(1, 1)));
    assert_eq!(refused, Refused::Taken(Part::Attempt));
    let refused = story.refused(|now| now.restore_attempt(attempt_terms(2, 1)));
    assert_eq!(refused, Refused::LiveAttempt(attempt_id(1)));
    let refused = story.refused(|now| now.restore_attempt(attempt_terms(2, 9)));
    assert_eq!(refused, Refused::Unknown(Part::Payment));
    let other = PaymentTerms {
        order: OrderId::new(2).unwrap(),
        ..payment_terms(3)
    };
    let refused = story.refused(|now| now.restore_payment(other, Gateway::Stripe));
    assert_eq!(refused, Refused::OtherOrder);
}
