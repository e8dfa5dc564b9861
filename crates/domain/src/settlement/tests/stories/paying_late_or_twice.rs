//! Money that comes late, or a second time.

use super::*;

#[test]
fn late_money_completes_a_payment_that_had_ended() {
    let mut story = Story::open();
    story.facts([expired(1)]);
    story.command(|now| now.cancel_payment(payment_id(1)));
    assert_eq!(story.now.standing().papers[&payment_id(1)], Papers::Void);
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.order(), OrderStatus::Processing);
    assert_eq!(story.alerts(), []);
}

#[test]
fn late_money_supersedes_the_sibling_and_closes_its_checkout() {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(*story.payment(2), superseded());
    assert_eq!(story.attempt_status(2), AttemptStatus::Closing);
    assert!(story.effects.contains(&Effect::CloseAttempt {
        attempt: attempt_id(2)
    }));
    assert!(story.now.decisions().contains(&Decision::CancelPayment {
        payment: payment_id(2),
        reason: Cancellation::Superseded,
    }));
}

#[test]
fn money_of_a_second_payment_goes_back_once() {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE)]);
    story.facts([captured(2, "cap-2", PRICE)]);
    let due = DueBack {
        payment: payment_id(2),
        amount: idr(PRICE),
    };
    assert!(story.effects.contains(&Effect::RefundSurplus {
        capture: capture_id("cap-2"),
        due
    }));
    assert!(
        story
            .effects
            .contains(&Effect::RaiseAlert(surplus("cap-2")))
    );
    assert_eq!(
        (story.payment(1), story.payment(2)),
        (&completed("cap-1"), &superseded())
    );

    story.give_back(1, "cap-2");
    assert_eq!(story.due_back("cap-2"), None);
    assert_eq!(story.sums("cap-2"), [PRICE, 0, PRICE, 0, 0]);
    let again = story.refused(|now| now.refund_surplus(refund_id(2), &capture_id("cap-2")));
    assert_eq!(again, Refused::NothingDue);
    let refund = story.now.refund(refund_id(1)).unwrap();
    assert_eq!(refund.terms().origin, RefundOrigin::Surplus);
    assert_eq!(refund.terms().payment, payment_id(2));
    assert_eq!(refund.amount(), idr(PRICE));
}

#[test]
fn a_second_capture_of_the_same_payment_goes_back_too() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.due_back("cap-2"), Some(PRICE));
    assert_eq!(story.due_back("cap-1"), None);
}

#[test]
fn which_money_pays_is_never_decided_again() {
    let mut story = Story::open();
    story.facts([captured(1, "cap-9", PRICE)]);
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(story.now.primary(), Some(&capture_id("cap-9")));
}

#[test]
fn money_for_an_order_that_was_called_off_goes_back() {
    let mut story = Story::open();
    story.facts([expired(1)]);
    story.command(|now| now.cancel_payment(payment_id(1)));
    story.command(Settlement::cancel_order);
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(story.order(), OrderStatus::Cancelled);
    assert_eq!(
        *story.payment(1),
        PaymentState::Cancelled {
            reason: Cancellation::Requested
        }
    );
    assert_eq!(story.due_back("cap-1"), Some(PRICE));
    assert_eq!(story.now.primary(), None);
}

#[test]
fn money_after_a_full_refund_goes_back() {
    let mut story = Story::paid();
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        PRICE,
        RefundStep::Succeeded,
        None,
    )]);
    assert_eq!(story.order(), OrderStatus::Refunded);
    story.facts([captured(1, "cap-2", PRICE)]);
    assert_eq!(story.due_back("cap-2"), Some(PRICE));
    assert_eq!(story.order(), OrderStatus::Refunded);
}

#[test]
fn an_unsent_refund_of_surplus_follows_what_is_left() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.facts([refunded(
        1,
        "cap-2",
        "re-1",
        100,
        RefundStep::Succeeded,
        None,
    )]);
    assert_eq!(
        story.now.refund(refund_id(1)).unwrap().amount(),
        idr(PRICE - 100)
    );
    story.facts([disputed(1, "cap-2", "dp-1", 200, 0)]);
    assert_eq!(
        story.now.refund(refund_id(1)).unwrap().amount(),
        idr(PRICE - 300)
    );
    story.facts([disputed(1, "cap-2", "dp-1", 0, 1)]);
    assert_eq!(
        story.now.refund(refund_id(1)).unwrap().amount(),
        idr(PRICE - 100)
    );
    story.facts([refunded(
        1,
        "cap-2",
        "re-2",
        PRICE - 100,
        RefundStep::Pending,
        None,
    )]);
    assert_eq!(
        *story.refund_state(1),
        RefundState::Failed {
            reason: RefundFailure::Withdrawn
        }
    );
    story.facts([refunded(
        1,
        "cap-2",
        "re-2",
        PRICE - 100,
        RefundStep::Failed,
        None,
    )]);
    assert_eq!(
        story.due_back("cap-2"),
        Some(PRICE - 100),
        "what was withdrawn can be asked for again"
    );
}

#[test]
fn a_sent_refund_of_surplus_stays_as_it_is() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_sent(refund_id(1)));
    story.facts([refunded(
        1,
        "cap-2",
        "re-1",
        100,
        RefundStep::Succeeded,
        None,
    )]);
    assert_eq!(story.now.refund(refund_id(1)).unwrap().amount(), idr(PRICE));
    assert_eq!(story.sums("cap-2"), [PRICE, 100, PRICE, 0, 100]);
    assert!(story.alerts().contains(&Alert::Loss {
        capture: capture_id("cap-2"),
        amount: idr(100)
    }));
}

#[test]
fn a_failed_refund_of_surplus_is_an_operators_business() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_refused(refund_id(1)));
    assert_eq!(story.due_back("cap-2"), None);
    assert!(story.alerts().contains(&Alert::RefundFailed {
        refund: refund_id(1)
    }));
    assert!(story.alerts().contains(&surplus("cap-2")));
}

/// Somebody gave back a part at the dashboard while the refund was on its way, and the gateway does not do less than
/// it is asked for.
#[test]
fn surplus_that_became_smaller_on_the_way_goes_back_by_another_refund() {
    let part = || refunded(1, "cap-2", "re-x", 100, RefundStep::Succeeded, None);
    for is_seen_first in [true, false] {
        let mut story = Story::paid();
        story.facts([captured(1, "cap-2", PRICE)]);
        story.give_back(1, "cap-2");
        story.command(|now| now.refund_sent(refund_id(1)));
        if is_seen_first {
            story.facts([part()]);
            story.command(|now| now.refund_refused(refund_id(1)));
        } else {
            story.command(|now| now.refund_refused(refund_id(1)));
            assert_eq!(story.due_back("cap-2"), None);
            story.facts([part()]);
        }
        let due = DueBack {
            payment: payment_id(1),
            amount: idr(PRICE - 100),
        };
        assert!(story.effects.contains(&Effect::RefundSurplus {
            capture: capture_id("cap-2"),
            due
        }));
        story.give_back(2, "cap-2");
        let failed = |id| Alert::RefundFailed {
            refund: refund_id(id),
        };
        let reason = RefundFailure::Withdrawn;
        assert_eq!(
            *story.refund_state(1),
            RefundState::Failed { reason },
            "it is asked for anew"
        );
        // Refused for all that is left, it is an operator's business.
        story.command(|now| now.refund_refused(refund_id(2)));
        assert_eq!(story.due_back("cap-2"), None);
        assert!(story.alerts().contains(&failed(2)));
        assert!(!story.alerts().contains(&failed(1)), "one of them is owed");
    }
}

#[test]
fn what_is_left_after_an_automatic_refund_goes_back_by_another() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.facts([refunded(1, "cap-2", "re-x", 200, RefundStep::Pending, None)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_sent(refund_id(1)));
    let ours = |step| refunded(1, "cap-2", "re-1", PRICE - 200, step, Some(1));
    story.facts([ours(RefundStep::Succeeded)]);
    assert_eq!(story.due_back("cap-2"), None);
    assert!(story.alerts().contains(&surplus("cap-2")));
    story.facts([refunded(1, "cap-2", "re-x", 200, RefundStep::Failed, None)]);
    assert_eq!(story.due_back("cap-2"), Some(200));
    story.give_back(2, "cap-2");
    story.facts([refunded(
        1,
        "cap-2",
        "re-2",
        200,
        RefundStep::Succeeded,
        Some(2),
    )]);
    assert_eq!(story.alerts(), [], "all of it went back");
}
