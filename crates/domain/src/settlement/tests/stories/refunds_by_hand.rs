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

#[test]
fn the_alert_of_a_failed_refund_ends_when_it_is_asked_for_anew_or_its_money_is_gone() {
    let failed = || {
        let mut story = Story::paid();
        story.refund(1, 100);
        story.command(|now| now.refund_refused(refund_id(1)));
        assert_eq!(
            story.alerts(),
            [Alert::RefundFailed {
                refund: refund_id(1)
            }]
        );
        story
    };
    let mut story = failed();
    story.refund(2, 100);
    assert_eq!(story.alerts(), []);
    story.command(|now| now.refund_refused(refund_id(2)));
    assert_eq!(story.alerts().len(), 2);
    let mut story = failed();
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(story.alerts(), []);
    let mut story = failed();
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
