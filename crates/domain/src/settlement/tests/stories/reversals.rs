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
    assert_eq!(refused, Refused::NothingDue);
}

#[test]
fn surplus_of_which_a_part_went_back_cannot_step_in() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.facts([refunded(1, "cap-2", "re-2", 1, RefundStep::Succeeded, None)]);
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.now.primary(), None);
    assert_eq!(story.due_back("cap-2"), Some(PRICE - 1));
}

#[test]
fn surplus_that_an_operator_gives_back_cannot_step_in() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_refused(refund_id(1)));
    let surplus = RefundRequest {
        capture: Some(capture_id("cap-2")),
        ..request(2, None)
    };
    story.command(|now| now.request_refund(surplus));
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.now.primary(), None);
}

#[test]
fn money_that_went_back_does_not_outweigh_money_that_is_there() {
    let mut story = Story::second_try();
    story.facts([
        captured(1, "cap-1", PRICE),
        refunded(1, "cap-1", "re-1", PRICE, RefundStep::Succeeded, None),
        captured(2, "cap-2", PRICE),
    ]);
    assert_eq!(story.now.primary(), Some(&capture_id("cap-2")));
    assert_eq!(story.order(), OrderStatus::Processing);
}

#[test]
fn an_order_that_turns_out_to_be_refunded_lets_nobody_pay() {
    let mut story = Story::paid();
    story.facts([reversed(1, "cap-1")]);
    story.pay(2);
    story.attempt(2, 2);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        PRICE,
        RefundStep::Succeeded,
        None,
    )]);
    assert_eq!(story.order(), OrderStatus::Refunded);
    assert_eq!(*story.payment(2), superseded());
    assert_eq!(story.attempt_status(2), AttemptStatus::Closing);
}

#[test]
fn held_money_that_was_let_go_leaves_its_checkout_to_be_closed() {
    let mut story = Story::open();
    story.facts([challenged(1, "cap-1"), reversed(1, "cap-1")]);
    assert_eq!(*story.payment(1), reversed_failure());
    assert_eq!(story.attempt_status(1), AttemptStatus::Closing);
    story.pay(2);
    let refused = story.refused(|now| now.start_attempt(attempt_terms(2, 2)));
    assert_eq!(refused, Refused::LiveAttempt(attempt_id(1)));
}

#[test]
fn an_attempt_names_the_money_that_pays() {
    let mut story = Story::open();
    story.facts([captured(1, "cap-9", PRICE)]);
    story.facts([captured(1, "cap-1", PRICE)]);
    let paid_by = |story: &Story| {
        let state = story.now.attempt(attempt_id(1)).unwrap().state().clone();
        let crate::AttemptState::Paid { capture, .. } = state else {
            panic!("{state:?}");
        };
        capture
    };
    assert_eq!(paid_by(&story), capture_id("cap-9"));
    story.facts([reversed(1, "cap-9")]);
    assert_eq!(paid_by(&story), capture_id("cap-1"));
}
