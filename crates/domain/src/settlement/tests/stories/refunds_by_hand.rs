//! Refunds that an operator transfers, withdraws, or has to know about.

use super::*;

#[test]
fn a_transfer_by_hand_counts_as_a_refund() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.take_over_refund(refund_id(1), 0));
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);
    let transfer = TransferReference::new("BCA 123").unwrap();
    story.command(|now| now.settle_refund(refund_id(1), transfer.clone()));
    assert_eq!(
        *story.refund_state(1),
        RefundState::Succeeded {
            transfer: Some(transfer)
        }
    );
    assert_eq!(*story.payment(1), partly(100));
    assert_eq!(
        story.now.standing().credited[&RefundRef::Ours(refund_id(1))],
        idr(100)
    );
}

#[test]
fn what_no_request_can_give_back_is_kept_for_an_operator() {
    for sent in [false, true] {
        let mut story = Story::paid();
        story.refund(1, 100);
        if sent {
            story.command(|now| now.refund_sent(refund_id(1)));
        }
        story.command(|now| now.refund_not_possible(refund_id(1)));
        assert_eq!(*story.refund_state(1), RefundState::Manual);
        assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);
        assert_eq!(story.alerts(), []);
        let transfer = TransferReference::new("BCA 123").unwrap();
        story.command(|now| now.settle_refund(refund_id(1), transfer));
        assert_eq!(*story.payment(1), partly(100));
    }
}

#[test]
fn what_failed_already_is_not_kept_for_an_operator() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.refund_sent(refund_id(1)));
    story.command(|now| now.refund_refused(refund_id(1)));
    story.command(|now| now.refund_not_possible(refund_id(1)));
    assert_eq!(story.refund_state(1).status(), RefundStatus::Failed);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, 0, 0]);
}

#[test]
fn what_the_gateway_did_after_all_needs_no_operator() {
    for (step, status) in [
        (RefundStep::Succeeded, RefundStatus::Succeeded),
        (RefundStep::Pending, RefundStatus::Sent),
    ] {
        let mut story = Story::paid();
        story.refund(1, 100);
        story.command(|now| now.take_over_refund(refund_id(1), 0));
        story.facts([refunded(1, "cap-1", "re-1", 100, step, Some(1))]);
        assert_eq!(story.refund_state(1).status(), status);
        let [_, refunded, reserved, ..] = story.sums("cap-1");
        assert_eq!(refunded + reserved, 100);
        let transfer = TransferReference::new("BCA 123").unwrap();
        let late = story.refused(|now| now.settle_refund(refund_id(1), transfer));
        assert!(matches!(late, Refused::Refund(_)));
    }
}

#[test]
fn a_failure_at_the_gateway_does_not_take_a_refund_from_its_operator() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.take_over_refund(refund_id(1), 0));
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Failed,
        Some(1),
    )]);
    assert_eq!(*story.refund_state(1), RefundState::Manual);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);
}

#[test]
fn what_went_back_twice_under_one_mark_calls_an_operator() {
    let twice = [Alert::RefundDiffers {
        refund: refund_id(1),
    }];
    let mut story = Story::paid();
    story.refund(1, 100);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Succeeded,
        Some(1),
    )]);
    assert_eq!(story.alerts(), []);
    story.facts([refunded(
        1,
        "cap-1",
        "re-2",
        100,
        RefundStep::Pending,
        Some(1),
    )]);
    assert_eq!(story.alerts(), twice);
    story.facts([refunded(
        1,
        "cap-1",
        "re-2",
        100,
        RefundStep::Failed,
        Some(1),
    )]);
    assert_eq!(story.alerts(), []);

    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.take_over_refund(refund_id(1), 0));
    let transfer = TransferReference::new("BCA 123").unwrap();
    story.command(|now| now.settle_refund(refund_id(1), transfer));
    assert_eq!(story.alerts(), []);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Succeeded,
        Some(1),
    )]);
    assert_eq!(story.alerts(), twice);
    assert_eq!(story.sums("cap-1"), [PRICE, 200, 0, 0, 0]);
    let refund = RefundRef::Ours(refund_id(1));
    assert_eq!(story.now.standing().credited[&refund], idr(200));
}

#[test]
fn a_failed_refund_is_taken_over_only_while_its_money_is_there() {
    let mut story = Story::paid();
    story.refund(1, PRICE);
    story.command(|now| now.refund_refused(refund_id(1)));
    story.refund(2, 1);
    let refused = story.refused(|now| now.take_over_refund(refund_id(1), 0));
    assert_eq!(
        refused,
        Refused::RefundExceeds {
            available: idr(PRICE - 1)
        }
    );
    story.command(|now| now.refund_refused(refund_id(2)));
    story.command(|now| now.take_over_refund(refund_id(1), 0));
    assert_eq!(story.sums("cap-1"), [PRICE, 0, PRICE, 0, 0]);
}

/// A refund of 400, refused by the gateway, in an operator's hands.
fn taken_over() -> Story {
    let mut story = Story::paid();
    story.refund(1, 400);
    story.command(|now| now.refund_refused(refund_id(1)));
    story.command(|now| now.take_over_refund(refund_id(1), 0));
    story
}

#[test]
fn a_refund_returns_to_its_operator_when_the_gateway_fails_it_after_all() {
    let mut story = taken_over();
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        400,
        RefundStep::Pending,
        Some(1),
    )]);
    assert_eq!(*story.refund_state(1), RefundState::Sent);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        400,
        RefundStep::Failed,
        Some(1),
    )]);
    assert_eq!(*story.refund_state(1), RefundState::Manual);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 400, 0, 0]);
}

#[test]
fn what_was_withdrawn_is_not_taken_over_any_more() {
    let mut story = taken_over();
    story.command(|now| now.withdraw_refund(refund_id(1)));
    let reason = RefundFailure::Withdrawn;
    assert_eq!(*story.refund_state(1), RefundState::Failed { reason });
    let again = story.refused(|now| now.take_over_refund(refund_id(1), 0));
    let (from, to) = (RefundStatus::Failed, RefundStatus::Manual);
    assert_eq!(again, IllegalTransition { from, to }.into());
    let decided = story.now.decisions().len();
    story.command(|now| now.withdraw_refund(refund_id(1)));
    assert_eq!(story.now.decisions().len(), decided);
}

/// A refund of 100 that the gateway refused.
fn refused_by_the_gateway() -> Story {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.refund_refused(refund_id(1)));
    assert_eq!(story.alerts(), owed(&[1]));
    story
}

fn owed(refunds: &[i64]) -> Vec<Alert> {
    let owed = refunds.iter().map(|&id| Alert::RefundFailed {
        refund: refund_id(id),
    });
    owed.collect()
}

#[test]
fn a_failed_refund_is_owed_until_its_money_is_gone() {
    let mut story = refused_by_the_gateway();
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.alerts(), []);
    let mut story = refused_by_the_gateway();
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        PRICE,
        RefundStep::Succeeded,
        None,
    )]);
    assert_eq!(story.alerts(), []);
}

#[test]
fn a_refund_that_fails_late_is_owed_whatever_else_was_given_back_since() {
    let told = |step| refunded(1, "cap-1", "re-1", 300, step, Some(1));
    let mut story = Story::paid();
    story.refund(1, 300);
    story.facts([told(RefundStep::Succeeded)]);
    story.refund(2, 200);
    story.facts([refunded(
        1,
        "cap-1",
        "re-2",
        200,
        RefundStep::Succeeded,
        Some(2),
    )]);
    assert_eq!(story.alerts(), []);
    story.facts([told(RefundStep::Failed)]);
    assert_eq!(story.alerts(), owed(&[1]));
}

#[test]
fn another_refund_of_the_same_money_does_not_end_what_is_owed() {
    let mut story = refused_by_the_gateway();
    story.refund(2, 100);
    assert_eq!(story.alerts(), owed(&[1]));
}

#[test]
fn what_is_withdrawn_after_it_failed_is_not_owed_any_more() {
    let mut story = refused_by_the_gateway();
    story.command(|now| now.withdraw_refund(refund_id(1)));
    let reason = RefundFailure::Withdrawn;
    assert_eq!(*story.refund_state(1), RefundState::Failed { reason });
    assert_eq!(story.alerts(), []);
    assert!(
        story
            .effects
            .contains(&Effect::ClearAlert(owed(&[1])[0].clone()))
    );
    let decided = story.now.decisions().len();
    story.command(|now| now.withdraw_refund(refund_id(1)));
    assert_eq!(story.now.decisions().len(), decided);
}

#[test]
fn of_a_refund_that_is_asked_for_anew_one_is_owed_at_most() {
    let mut story = refused_by_the_gateway();
    story.command(|now| now.retry_refund(refund_id(1), refund_id(2), 0));
    assert_eq!(story.alerts(), []);
    let reason = RefundFailure::Withdrawn;
    assert_eq!(*story.refund_state(1), RefundState::Failed { reason });
    let anew = story.now.refund(refund_id(2)).unwrap();
    let first = story.now.refund(refund_id(1)).unwrap();
    assert_eq!(*anew.state(), RefundState::Requested);
    assert_eq!(anew.amount(), idr(100));
    let terms = crate::RefundTerms {
        id: refund_id(2),
        ..first.terms().clone()
    };
    assert_eq!(*anew.terms(), terms);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);

    story.command(|now| now.refund_refused(refund_id(2)));
    assert_eq!(story.alerts(), owed(&[2]));
    for again in [
        story.refused(|now| now.retry_refund(refund_id(1), refund_id(3), 0)),
        story.refused(|now| now.take_over_refund(refund_id(1), 0)),
    ] {
        assert!(matches!(again, Refused::Refund(_)), "{again:?}");
    }
    story.command(|now| now.retry_refund(refund_id(2), refund_id(3), 0));
    assert_eq!(story.alerts(), []);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);
}

#[test]
fn only_what_failed_is_asked_for_anew_and_only_while_its_money_is_there() {
    let retry =
        |story: &Story| story.refused(|now| now.retry_refund(refund_id(1), refund_id(9), 0));
    let mut story = Story::paid();
    story.refund(1, 100);
    let illegal = |from| {
        let to = RefundStatus::Requested;
        Refused::from(IllegalTransition { from, to })
    };
    assert_eq!(retry(&story), illegal(RefundStatus::Requested));
    story.command(|now| now.refund_sent(refund_id(1)));
    assert_eq!(retry(&story), illegal(RefundStatus::Sent));
    story.command(|now| now.refund_refused(refund_id(1)));
    story.refund(2, PRICE - 99);
    let available = idr(99);
    assert_eq!(retry(&story), Refused::RefundExceeds { available });
    let taken = story.refused(|now| now.retry_refund(refund_id(1), refund_id(2), 0));
    assert!(matches!(taken, Refused::Taken(_)), "{taken:?}");
}

#[test]
fn a_failed_refund_of_surplus_is_asked_for_anew_for_all_that_is_left() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_sent(refund_id(1)));
    story.command(|now| now.refund_refused(refund_id(1)));
    assert_eq!(story.due_back("cap-2"), None);
    // Whoever withdraws it says that nothing is to be sent, and surplus would be.
    let kept = story.refused(|now| now.withdraw_refund(refund_id(1)));
    assert!(matches!(kept, Refused::Refund(_)), "{kept:?}");
    story.command(|now| now.retry_refund(refund_id(1), refund_id(2), 0));
    let anew = story.now.refund(refund_id(2)).unwrap();
    assert_eq!(anew.terms().origin, RefundOrigin::Surplus);
    assert_eq!(anew.amount(), idr(PRICE));
    assert_eq!(story.due_back("cap-2"), None);
    // It is a refund of surplus like the first one: where its money is needed, it does not go back.
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.now.primary(), Some(&capture_id("cap-2")));
    let reason = RefundFailure::Withdrawn;
    assert_eq!(*story.refund_state(2), RefundState::Failed { reason });
}

#[test]
fn a_refund_that_never_left_is_in_our_hands_again() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.refund_sent(refund_id(1)));
    story.refused(|now| now.withdraw_refund(refund_id(1)));
    story.command(|now| now.refund_not_sent(refund_id(1)));
    assert_eq!(*story.refund_state(1), RefundState::Requested);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);
    story.command(|now| now.withdraw_refund(refund_id(1)));
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, 0, 0]);
}

#[test]
fn surplus_whose_refund_never_left_can_pay() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_sent(refund_id(1)));
    story.command(|now| now.refund_not_sent(refund_id(1)));
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.now.primary(), Some(&capture_id("cap-2")));
}

#[test]
fn what_the_gateway_tells_of_a_refund_outweighs_that_it_never_left() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Pending,
        Some(1),
    )]);
    story.command(|now| now.refund_not_sent(refund_id(1)));
    assert_eq!(*story.refund_state(1), RefundState::Sent);
}

#[test]
fn what_may_have_left_is_not_taken_back() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.refund_sent(refund_id(1)));
    story.command(|now| now.refund_unknown(refund_id(1)));
    let unknown = story.refused(|now| now.refund_not_sent(refund_id(1)));
    assert!(matches!(unknown, Refused::Refund(_)), "{unknown:?}");
}

#[test]
fn a_refund_of_another_sum_than_was_asked_for_calls_an_operator() {
    let mut story = Story::paid();
    story.refund(1, 400);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        300,
        RefundStep::Pending,
        Some(1),
    )]);
    assert_eq!(story.alerts(), [], "the rest may come");
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        300,
        RefundStep::Succeeded,
        Some(1),
    )]);
    assert_eq!(
        story.alerts(),
        [Alert::RefundDiffers {
            refund: refund_id(1)
        }]
    );
}

#[test]
fn news_of_a_refund_in_any_order_ends_the_same() {
    use RefundStep::{Failed, Pending, Succeeded};
    let told = |step| refunded(1, "cap-1", "re-1", 400, step, Some(1));
    let gone = reversed(1, "cap-1");
    let sent = || {
        let mut story = Story::paid();
        story.refund(1, 400);
        story.command(|now| now.refund_sent(refund_id(1)));
        story
    };
    let withdrawn = || {
        let mut story = Story::paid();
        story.refund(1, 400);
        story.command(|now| now.withdraw_refund(refund_id(1)));
        story
    };
    let starts: [&dyn Fn() -> Story; 3] = [&sent, &taken_over, &withdrawn];
    let news = [
        vec![told(Pending), told(Failed)],
        vec![told(Failed), gone.clone()],
        vec![told(Succeeded), told(Failed), gone.clone()],
        vec![told(Pending), gone],
    ];
    for (start, facts) in starts
        .iter()
        .flat_map(|start| news.iter().map(move |facts| (start, facts)))
    {
        let mut at_once = start();
        at_once.facts(facts.clone());
        for backwards in [false, true] {
            let mut facts = facts.clone();
            if backwards {
                facts.reverse();
            }
            let mut story = start();
            for fact in facts {
                story.facts([fact]);
            }
            assert_eq!(story.refund_state(1), at_once.refund_state(1));
            assert_eq!(story.alerts(), at_once.alerts());
            assert_eq!(story.now, at_once.now);
        }
    }
}
