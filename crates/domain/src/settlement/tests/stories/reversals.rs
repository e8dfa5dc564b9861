//! Money that a gateway takes back.

use super::*;

#[test]
fn reversed_money_fails_its_payment_and_reopens_its_order() {
    let mut story = Story::paid();
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(*story.payment(1), reversed_failure());
    assert_eq!(story.attempt_status(1), AttemptStatus::Failed);
    assert_eq!(story.order(), OrderStatus::Pending);
    assert!(story.effects.contains(&Effect::HaltOrder));
    assert_eq!(story.now.primary(), None);
    assert_eq!(story.sums("cap-1"), [0; 5]);
    story.pay(2);
    story.attempt(2, 2);
    story.facts([captured(2, "cap-2", PRICE)]);
    assert_eq!(*story.payment(2), completed("cap-2"));
    assert_eq!(story.now.primary(), Some(&capture_id("cap-2")));
}

#[test]
fn a_reversal_that_is_told_first_is_remembered() {
    let mut story = Story::open();
    story.facts([reversed(1, "cap-1")]);
    let waiting = PaymentState::Processing {
        attempt: attempt_id(1),
    };
    assert_eq!(
        *story.payment(1),
        waiting,
        "nobody says that money was ever in"
    );
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(*story.payment(1), reversed_failure());
    assert_eq!(story.order(), OrderStatus::Pending);
    assert_eq!(story.now.decisions(), []);
    assert_eq!(story.now.primary(), None);
}

#[test]
fn when_the_paying_money_is_reversed_the_surplus_pays_instead_and_does_not_go_back() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.now.primary(), Some(&capture_id("cap-2")));
    assert_eq!(*story.payment(1), completed("cap-2"));
    assert_eq!(
        *story.refund_state(1),
        RefundState::Failed {
            reason: RefundFailure::Withdrawn
        }
    );
    assert_eq!(story.order(), OrderStatus::Processing);
    assert_eq!(story.attempt_status(1), AttemptStatus::Paid);
    assert_eq!(story.alerts(), []);
}

#[test]
fn surplus_on_its_way_back_cannot_pay_any_more() {
    type Command = fn(&Settlement) -> Result<Step, Refused>;
    let ways: [Command; 3] = [
        |now| now.refund_sent(refund_id(1)),
        |now| now.refund_unknown(refund_id(1)),
        |now| now.take_over_refund(refund_id(1), 0),
    ];
    for way in ways {
        let mut story = Story::paid();
        story.facts([captured(1, "cap-2", PRICE)]);
        story.give_back(1, "cap-2");
        story.command(way);
        story.facts([reversed(1, "cap-1")]);
        assert_eq!(story.now.primary(), None);
        assert_eq!(*story.payment(1), reversed_failure());
    }
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.facts([refunded(
        1,
        "cap-2",
        "re-2",
        PRICE,
        RefundStep::Succeeded,
        Some(1),
    )]);
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.now.primary(), None);
}

#[test]
fn surplus_whose_refund_failed_can_pay() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_refused(refund_id(1)));
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.now.primary(), Some(&capture_id("cap-2")));
}

#[test]
fn a_served_order_stays_served_and_calls_an_operator() {
    let mut story = Story::paid();
    story.command(Settlement::complete_order);
    assert_eq!(story.order(), OrderStatus::Completed);
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.order(), OrderStatus::Completed);
    assert_eq!(story.alerts(), [Alert::ServedUnpaid]);
    assert!(
        story
            .effects
            .contains(&Effect::RaiseAlert(Alert::ServedUnpaid))
    );
}

#[test]
fn a_checkout_of_a_failed_payment_is_closed() {
    let mut story = Story::open();
    story.facts([expired(1)]);
    story.attempt(2, 1);
    story.facts([reversed(1, "cap-1"), captured(1, "cap-1", PRICE)]);
    assert_eq!(*story.payment(1), reversed_failure());
    assert_eq!(story.attempt_status(2), AttemptStatus::Closing);
}

#[test]
fn surplus_that_is_gone_cannot_step_in() {
    let gone = [
        refunded(1, "cap-2", "re-2", PRICE, RefundStep::Succeeded, None),
        disputed(1, "cap-2", "dp-2", PRICE, 1),
    ];
    for fact in gone {
        let mut story = Story::paid();
        story.facts([captured(1, "cap-2", PRICE), fact]);
        story.facts([reversed(1, "cap-1")]);
        assert_eq!(story.now.primary(), None);
        assert_eq!(story.order(), OrderStatus::Pending);
        story.pay(2);
    }
}

#[test]
fn an_order_that_was_refunded_stays_so_when_its_money_is_reversed_too() {
    for served in [false, true] {
        let mut story = Story::paid();
        if served {
            story.command(Settlement::complete_order);
        }
        story.facts([refunded(
            1,
            "cap-1",
            "re-1",
            PRICE,
            RefundStep::Succeeded,
            None,
        )]);
        story.facts([reversed(1, "cap-1")]);
        assert_eq!(story.order(), OrderStatus::Refunded);
        assert!(!story.effects.contains(&Effect::FulfilOrder));
        story.facts([captured(1, "cap-2", PRICE)]);
        assert_eq!(story.order(), OrderStatus::Refunded);
        assert_eq!(story.due_back("cap-2"), Some(PRICE));
    }
}

#[test]
fn a_partly_refunded_order_can_be_paid_again_after_a_reversal() {
    let mut story = Story::paid();
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        PRICE - 1,
        RefundStep::Succeeded,
        None,
    )]);
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.order(), OrderStatus::Pending);
    story.facts([captured(1, "cap-2", PRICE)]);
    assert_eq!(story.now.primary(), Some(&capture_id("cap-2")));
}

#[test]
fn serving_stops_when_the_money_of_a_served_order_is_gone() {
    let mut story = Story::paid();
    story.command(Settlement::complete_order);
    assert!(story.now.standing().served);
    story.facts([reversed(1, "cap-1")]);
    assert!(story.effects.contains(&Effect::HaltOrder));
}

#[test]
fn a_failed_refund_of_surplus_that_pays_after_all_is_nobodys_business() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_refused(refund_id(1)));
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.alerts(), []);
    let refused = story.refused(|now| now.take_over_refund(refund_id(1), 0));
    assert_eq!(refused, Refused::Unknown("money that has to go back"));
}
