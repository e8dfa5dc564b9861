//! What may be asked of an order, and when it is refused.

use super::*;

#[test]
fn an_order_has_one_live_payment() {
    let story = Story::open();
    let refused = story.refused(|now| now.open_payment(payment_terms(2), Gateway::Stripe));
    assert_eq!(refused, Refused::LivePayment(payment_id(1)));
    let refused = story.refused(|now| now.open_payment(payment_terms(1), Gateway::Stripe));
    assert_eq!(refused, Refused::Taken(Part::Payment));
}

#[test]
fn a_payment_is_for_its_order_and_in_its_currency() {
    let story = Story::of(OrderKind::Checkout);
    let other = PaymentTerms {
        order: OrderId::new(2).unwrap(),
        ..payment_terms(1)
    };
    let refused = story.refused(|now| now.open_payment(other, Gateway::Stripe));
    assert_eq!(refused, Refused::OtherOrder);
    let other = PaymentTerms {
        user: crate::UserId::new(2).unwrap(),
        ..payment_terms(1)
    };
    let refused = story.refused(|now| now.open_payment(other, Gateway::Stripe));
    assert_eq!(refused, Refused::OtherOwner);
    for price in [idr(PRICE - 1), Money::new(PRICE, crate::Currency::Php)] {
        let other = PaymentTerms {
            price,
            ..payment_terms(1)
        };
        let refused = story.refused(|now| now.open_payment(other, Gateway::Stripe));
        assert_eq!(refused, Refused::OtherPrice(idr(PRICE)));
        assert_eq!(refused.to_string(), "the order costs 5000.00 IDR");
    }
    let nothing = PaymentTerms {
        amount: idr(0),
        ..payment_terms(1)
    };
    let refused = story.refused(|now| now.open_payment(nothing, Gateway::Stripe));
    assert_eq!(
        refused,
        Refused::InvalidPayment(crate::payment::InvalidPayment::Amount)
    );
}

#[test]
fn only_a_pending_order_takes_a_payment() {
    let story = Story::paid();
    let refused = story.refused(|now| now.open_payment(payment_terms(2), Gateway::Stripe));
    assert_eq!(refused, Refused::NotPayable(OrderStatus::Processing));
    let refused = story.refused(|now| now.start_attempt(attempt_terms(2, 1)));
    assert_eq!(refused, Refused::NotPayable(OrderStatus::Processing));
}

#[test]
fn an_order_has_one_open_checkout() {
    let mut story = Story::open();
    let refused = story.refused(|now| now.start_attempt(attempt_terms(2, 1)));
    assert_eq!(refused, Refused::LiveAttempt(attempt_id(1)));
    let refused = story.refused(|now| now.start_attempt(attempt_terms(1, 1)));
    assert_eq!(refused, Refused::Taken(Part::Attempt));
    story.command(|now| now.close_attempt(attempt_id(1)));
    let refused = story.refused(|now| now.start_attempt(attempt_terms(2, 1)));
    assert_eq!(
        refused,
        Refused::LiveAttempt(attempt_id(1)),
        "closing is not closed"
    );
    story.facts([expired(1)]);
    story.attempt(2, 1);
}

#[test]
fn a_checkout_is_not_opened_while_that_of_a_superseded_payment_may_be_open() {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE)]);
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.order(), OrderStatus::Pending);
    story.pay(3);
    let refused = story.refused(|now| now.start_attempt(attempt_terms(3, 3)));
    assert_eq!(refused, Refused::LiveAttempt(attempt_id(2)));
}

#[test]
fn what_does_not_exist_is_said_so() {
    let story = Story::open();
    let payment = Refused::Unknown(Part::Payment);
    assert_eq!(
        story.refused(|now| now.start_attempt(attempt_terms(2, 9))),
        payment
    );
    assert_eq!(
        story.refused(|now| now.cancel_payment(payment_id(9))),
        payment
    );
    assert_eq!(
        story.refused(|now| now.expire_payment(payment_id(9), deadline())),
        payment
    );
    let attempt = Refused::Unknown(Part::Attempt);
    assert_eq!(
        story.refused(|now| now.close_attempt(attempt_id(9))),
        attempt
    );
    assert_eq!(
        story.refused(|now| now.attempt_unknown(attempt_id(9))),
        attempt
    );
    assert_eq!(
        story.refused(|now| now.attempt_opened(attempt_id(9), session(9))),
        attempt
    );
    let refund = Refused::Unknown(Part::Refund);
    assert_eq!(story.refused(|now| now.refund_sent(refund_id(9))), refund);
    assert_eq!(
        story.refused(|now| now.take_over_refund(refund_id(9), 0)),
        refund
    );
    assert_eq!(refund.to_string(), "the order has no such refund");
}

#[test]
fn a_second_session_is_refused() {
    let story = Story::open();
    let refused = story.refused(|now| now.attempt_opened(attempt_id(1), session(2)));
    assert!(matches!(refused, Refused::SecondSession(_)));
}

#[test]
fn a_payment_is_called_off_once_nobody_can_pay_it() {
    let mut story = Story::open();
    let refused = story.refused(|now| now.cancel_payment(payment_id(1)));
    assert_eq!(refused, Refused::LiveAttempt(attempt_id(1)));
    story.command(|now| now.close_attempt(attempt_id(1)));
    assert_eq!(
        story.effects,
        [Effect::CloseAttempt {
            attempt: attempt_id(1)
        }]
    );
    story.facts([expired(1)]);
    story.command(|now| now.cancel_payment(payment_id(1)));
    let reason = Cancellation::Requested;
    assert_eq!(*story.payment(1), PaymentState::Cancelled { reason });
    let decisions = story.now.decisions().len();
    story.command(|now| now.cancel_payment(payment_id(1)));
    assert_eq!(
        (story.now.decisions().len(), story.effects),
        (decisions, vec![])
    );
}

#[test]
fn a_paid_payment_is_not_called_off() {
    let story = Story::paid();
    let (from, to) = (PaymentStatus::Completed, PaymentStatus::Cancelled);
    let refused = story.refused(|now| now.cancel_payment(payment_id(1)));
    assert_eq!(refused, IllegalTransition { from, to }.into());
    let (from, to) = (OrderStatus::Processing, OrderStatus::Cancelled);
    assert_eq!(
        story.refused(Settlement::cancel_order),
        IllegalTransition { from, to }.into()
    );
}

#[test]
fn a_payment_expires_at_its_deadline_and_not_before() {
    let mut story = Story::open();
    let early = deadline() - chrono::TimeDelta::seconds(1);
    let open = story.refused(|now| now.expire_payment(payment_id(1), deadline()));
    assert_eq!(open, Refused::LiveAttempt(attempt_id(1)));
    story.facts([expired(1)]);
    let refused = story.refused(|now| now.expire_payment(payment_id(1), early));
    assert_eq!(refused, Refused::NotDue(deadline()));
    story.command(|now| now.expire_payment(payment_id(1), deadline()));
    assert_eq!(*story.payment(1), PaymentState::Expired);
    let decisions = story.now.decisions().len();
    story.command(|now| now.expire_payment(payment_id(1), deadline()));
    assert_eq!(story.now.decisions().len(), decisions);
}

#[test]
fn an_order_is_called_off_when_nothing_of_it_is_live() {
    let mut story = Story::open();
    assert_eq!(
        story.refused(Settlement::cancel_order),
        Refused::LivePayment(payment_id(1))
    );
    story.facts([expired(1)]);
    story.command(|now| now.cancel_payment(payment_id(1)));
    story.command(Settlement::cancel_order);
    assert_eq!(story.order(), OrderStatus::Cancelled);
    story.command(Settlement::cancel_order);
    let refused = story.refused(|now| now.open_payment(payment_terms(2), Gateway::Stripe));
    assert_eq!(refused, Refused::NotPayable(OrderStatus::Cancelled));
    let cancelled = Decision::CancelOrder;
    assert_eq!(
        story
            .now
            .decisions()
            .iter()
            .filter(|known| **known == cancelled)
            .count(),
        1
    );
}

#[test]
fn an_order_is_not_called_off_while_a_checkout_is_closing() {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE)]);
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(
        story.refused(Settlement::cancel_order),
        Refused::LiveAttempt(attempt_id(2))
    );
}

#[test]
fn only_a_paid_order_is_served() {
    let story = Story::open();
    let (from, to) = (OrderStatus::Pending, OrderStatus::Completed);
    assert_eq!(
        story.refused(Settlement::complete_order),
        IllegalTransition { from, to }.into()
    );
    let mut story = Story::paid();
    story.command(Settlement::complete_order);
    story.command(Settlement::complete_order);
    let completed = Decision::CompleteOrder;
    assert_eq!(
        story
            .now
            .decisions()
            .iter()
            .filter(|known| **known == completed)
            .count(),
        1
    );
}

#[test]
fn closing_what_has_ended_does_nothing() {
    let mut story = Story::paid();
    let before = story.now.clone();
    story.command(|now| now.close_attempt(attempt_id(1)));
    assert_eq!(story.now, before);
}

#[test]
fn an_order_gets_another_price_while_nothing_is_live() {
    let mut story = Story::open();
    let dearer = idr(PRICE + 1);
    assert_eq!(
        story.refused(|now| now.reprice(dearer)),
        Refused::LivePayment(payment_id(1))
    );
    story.facts([expired(1)]);
    story.command(|now| now.cancel_payment(payment_id(1)));
    story.command(|now| now.reprice(dearer));
    assert_eq!(story.now.order().terms().price, dearer);
    let old = story.refused(|now| now.open_payment(payment_terms(2), Gateway::Stripe));
    assert_eq!(old, Refused::OtherPrice(dearer));
    let refused = Story::paid().refused(|now| now.reprice(dearer));
    let status = OrderStatus::Processing;
    assert_eq!(
        refused,
        Refused::InvalidPrice(crate::order::InvalidPrice::NotPending(status))
    );
}

#[test]
fn late_money_for_an_old_price_goes_back() {
    let mut story = Story::open();
    story.facts([expired(1)]);
    story.command(|now| now.cancel_payment(payment_id(1)));
    story.command(|now| now.reprice(idr(2 * PRICE)));
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(story.order(), OrderStatus::Pending);
    assert_eq!(story.due_back("cap-1"), Some(PRICE));
}

#[test]
fn closing_twice_decides_once() {
    let mut story = Story::open();
    story.command(|now| now.close_attempt(attempt_id(1)));
    let before = story.now.clone();
    story.command(|now| now.close_attempt(attempt_id(1)));
    assert_eq!((story.now, story.effects), (before, vec![]));
}
