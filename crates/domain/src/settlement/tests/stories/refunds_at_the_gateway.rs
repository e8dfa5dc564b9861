//! Refunds as the gateway tells of them: without us, twice, under a mark, in any order.

use super::*;

#[test]
fn a_refund_at_the_gateway_without_us_counts() {
    let mut story = Story::paid();
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Succeeded,
        None,
    )]);
    assert_eq!(*story.payment(1), partly(100));
    let standing = story.now.standing();
    assert_eq!(standing.external.len(), 1);
    assert_eq!(standing.credited.values().collect::<Vec<_>>(), [&idr(100)]);
    assert!(matches!(
        standing.credited.keys().next(),
        Some(RefundRef::External(_))
    ));
}

#[test]
fn a_mark_that_only_one_door_shows_makes_a_refund_ours() {
    for marks in [[None, Some(1)], [Some(1), None]] {
        let mut story = Story::paid();
        story.refund(1, 100);
        for mark in marks {
            story.facts([refunded(
                1,
                "cap-1",
                "re-1",
                100,
                RefundStep::Succeeded,
                mark,
            )]);
        }
        assert_eq!(story.sums("cap-1"), [PRICE, 100, 0, 0, 0]);
        assert!(story.now.standing().external.is_empty());
    }
}

#[test]
fn a_mark_is_not_lost_with_the_next_step() {
    for steps in [
        [RefundStep::Pending, RefundStep::Succeeded],
        [RefundStep::Succeeded, RefundStep::Pending],
    ] {
        let mut story = Story::paid();
        story.refund(1, 100);
        story.facts([refunded(1, "cap-1", "re-1", 100, steps[0], Some(1))]);
        story.facts([refunded(1, "cap-1", "re-1", 100, steps[1], None)]);
        assert_eq!(story.sums("cap-1"), [PRICE, 100, 0, 0, 0]);
        assert_eq!(
            *story.refund_state(1),
            RefundState::Succeeded { transfer: None }
        );
    }
}

#[test]
fn a_refund_made_twice_at_the_gateway_is_counted_twice() {
    let mut story = Story::paid();
    story.refund(1, PRICE);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        PRICE,
        RefundStep::Succeeded,
        Some(1),
    )]);
    story.facts([refunded(
        1,
        "cap-1",
        "re-2",
        PRICE,
        RefundStep::Succeeded,
        Some(1),
    )]);
    assert_eq!(story.sums("cap-1"), [PRICE, 2 * PRICE, 0, 0, PRICE]);
    assert_eq!(*story.payment(1), fully());
    assert_eq!(
        story.alerts(),
        [
            Alert::Loss {
                capture: capture_id("cap-1"),
                amount: idr(PRICE)
            },
            Alert::RefundDiffers {
                refund: refund_id(1)
            },
        ]
    );
}

#[test]
fn a_second_record_of_a_failed_refund_takes_over() {
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
    story.facts([
        refunded(1, "cap-1", "re-1", 100, RefundStep::Failed, Some(1)),
        refunded(1, "cap-1", "re-2", 100, RefundStep::Pending, Some(1)),
    ]);
    assert_eq!(*story.refund_state(1), RefundState::Sent);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);
}

#[test]
fn an_external_refund_that_turns_out_to_be_ours_is_forgotten() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Succeeded,
        None,
    )]);
    assert_eq!(story.now.standing().external.len(), 1);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Succeeded,
        Some(1),
    )]);
    let refund = "re-1".parse().unwrap();
    assert!(
        story
            .effects
            .contains(&Effect::ForgetExternalRefund { refund })
    );
    let external = RefundRef::External("re-1".parse().unwrap());
    let (refund, total) = (external, idr(0));
    assert!(
        story
            .effects
            .contains(&Effect::SetCreditNotes { refund, total })
    );
    let (refund, total) = (RefundRef::Ours(refund_id(1)), idr(100));
    assert!(
        story
            .effects
            .contains(&Effect::SetCreditNotes { refund, total })
    );
}

#[test]
fn refunds_of_money_that_nobody_told_us_of_wait_for_it() {
    let mut story = Story::open();
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        PRICE,
        RefundStep::Succeeded,
        None,
    )]);
    assert_eq!(
        *story.payment(1),
        PaymentState::Processing {
            attempt: attempt_id(1)
        }
    );
    assert_eq!(story.alerts(), []);
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(
        (story.payment(1), story.order()),
        (&fully(), OrderStatus::Refunded)
    );
}

#[test]
fn credit_notes_are_over_no_more_than_came_in() {
    let mut story = Story::paid();
    story.facts([
        refunded(1, "cap-1", "re-1", PRICE - 1, RefundStep::Succeeded, None),
        refunded(1, "cap-1", "re-2", PRICE, RefundStep::Succeeded, None),
        refunded(1, "cap-1", "re-3", PRICE, RefundStep::Succeeded, None),
    ]);
    let notes = story.now.standing().credited;
    assert_eq!(
        notes.into_values().collect::<Vec<_>>(),
        [idr(PRICE - 1), idr(1)]
    );
}
