//! Refunds that failed, were asked for anew, and went back after all.

use super::*;

/// Refund 1, of 100, was refused, and refund 2 took its place.
fn asked_for_anew() -> Story {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.refund_sent(refund_id(1)));
    story.command(|now| now.refund_refused(refund_id(1)));
    story.command(|now| now.retry_refund(refund_id(1), refund_id(2), 0));
    story
}

fn told(refund: i64, step: RefundStep) -> Fact {
    refunded(1, "cap-1", &format!("re-{refund}"), 100, step, Some(refund))
}

const WITHDRAWN: RefundState = RefundState::Failed {
    reason: RefundFailure::Withdrawn,
};

fn twice(refund: i64) -> [Alert; 1] {
    let refund = refund_id(refund);
    [Alert::RefundDiffers { refund }]
}

#[test]
fn what_went_back_after_all_is_not_sent_a_second_time() {
    for (step, status) in [
        (RefundStep::Pending, RefundStatus::Sent),
        (RefundStep::Succeeded, RefundStatus::Succeeded),
    ] {
        let mut story = asked_for_anew();
        story.facts([told(1, step)]);
        assert_eq!(story.refund_state(1).status(), status);
        assert_eq!(*story.refund_state(2), WITHDRAWN);
        let sent = story.refused(|now| now.refund_sent(refund_id(2)));
        assert!(matches!(sent, Refused::Refund(_)), "{sent:?}");
        let [_, refunded, reserved, ..] = story.sums("cap-1");
        assert_eq!(refunded + reserved, 100);
        assert_eq!(story.alerts(), []);
        assert_eq!(story.now.standing_for(refund_id(1)), refund_id(1));
    }
}

#[test]
fn what_an_operator_was_to_transfer_in_its_place_or_owed_in_its_place_is_dropped_too() {
    for failed in [false, true] {
        let mut story = asked_for_anew();
        if failed {
            story.command(|now| now.refund_sent(refund_id(2)));
            story.command(|now| now.refund_refused(refund_id(2)));
        } else {
            story.command(|now| now.take_over_refund(refund_id(2), 0));
        }
        story.facts([told(1, RefundStep::Succeeded)]);
        assert_eq!(*story.refund_state(2), WITHDRAWN);
        assert_eq!(story.sums("cap-1"), [PRICE, 100, 0, 0, 0]);
        assert_eq!(story.alerts(), []);
    }
}

#[test]
fn what_went_back_after_all_and_then_failed_is_owed_itself() {
    let mut story = asked_for_anew();
    story.facts([told(1, RefundStep::Pending)]);
    story.facts([told(1, RefundStep::Failed)]);
    let reason = RefundFailure::Failed;
    assert_eq!(*story.refund_state(1), RefundState::Failed { reason });
    let owed = Alert::RefundFailed {
        refund: refund_id(1),
    };
    assert_eq!(story.alerts(), [owed]);
    story.command(|now| now.retry_refund(refund_id(1), refund_id(3), 0));
    assert_eq!(story.alerts(), []);
    assert_eq!(*story.refund_state(1), WITHDRAWN);
    assert_eq!(*story.refund_state(2), WITHDRAWN);
    assert_eq!(story.now.standing_for(refund_id(1)), refund_id(3));
}

#[test]
fn the_first_of_several_that_goes_back_after_all_drops_the_last() {
    let mut story = asked_for_anew();
    story.command(|now| now.refund_sent(refund_id(2)));
    story.command(|now| now.refund_refused(refund_id(2)));
    story.command(|now| now.retry_refund(refund_id(2), refund_id(3), 0));
    assert_eq!(story.now.standing_for(refund_id(1)), refund_id(3));
    story.facts([told(1, RefundStep::Succeeded)]);
    for dropped in [2, 3] {
        assert_eq!(*story.refund_state(dropped), WITHDRAWN);
    }
    assert_eq!(story.sums("cap-1"), [PRICE, 100, 0, 0, 0]);
    assert_eq!(story.now.standing_for(refund_id(1)), refund_id(1));
}

#[test]
fn what_has_left_already_is_not_dropped_and_calls_an_operator() {
    let mut story = asked_for_anew();
    story.command(|now| now.refund_sent(refund_id(2)));
    assert_eq!(story.alerts(), []);
    story.facts([told(1, RefundStep::Succeeded)]);
    assert_eq!(*story.refund_state(2), RefundState::Sent);
    assert_eq!(story.alerts(), twice(1));
    // It did not leave after all.
    let mut unsent = story.now.refund_not_sent(refund_id(2)).unwrap();
    assert_eq!(unsent.settlement.standing().alerts, []);
    unsent = unsent
        .settlement
        .apply([told(1, RefundStep::Failed)])
        .unwrap();
    let first = unsent.settlement.refund(refund_id(1)).unwrap();
    assert_eq!(first.status(), RefundStatus::Failed);
    assert!(first.failed_in_earnest());
    // It went back, too: nobody is owed anything when the first one fails then.
    story.facts([told(2, RefundStep::Succeeded)]);
    assert_eq!(story.alerts(), twice(1));
    story.facts([told(1, RefundStep::Failed)]);
    assert_eq!(*story.refund_state(1), WITHDRAWN);
    assert_eq!(story.alerts(), []);
}

#[test]
fn whoever_asks_for_the_first_is_told_of_the_one_in_its_place() {
    let mut story = Story::paid();
    story.refund(1, 100);
    assert_eq!(story.now.standing_for(refund_id(1)), refund_id(1));
    story.command(|now| now.refund_refused(refund_id(1)));
    assert_eq!(story.now.standing_for(refund_id(1)), refund_id(1));
    story.command(|now| now.retry_refund(refund_id(1), refund_id(2), 0));
    assert_eq!(story.now.standing_for(refund_id(1)), refund_id(2));
    story.command(|now| now.withdraw_refund(refund_id(2)));
    assert_eq!(story.now.standing_for(refund_id(1)), refund_id(2));
}
