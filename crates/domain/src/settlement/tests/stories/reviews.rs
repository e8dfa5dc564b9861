//! Money that somebody has to look at.

use super::*;

fn underpaid() -> Story {
    let mut story = Story::open();
    story.facts([captured(1, "cap-1", PRICE - 1)]);
    story
}

#[test]
fn another_amount_is_looked_at() {
    for minor in [PRICE - 1, PRICE + 1] {
        let mut story = Story::open();
        story.facts([captured(1, "cap-1", minor)]);
        let reason = ReviewReason::AmountDiffers;
        assert_eq!(
            *story.payment(1),
            PaymentState::UnderReview {
                capture: capture_id("cap-1"),
                reason
            }
        );
        assert_eq!(story.order(), OrderStatus::Pending);
        assert_eq!(
            story.alerts(),
            [Alert::Review {
                payment: payment_id(1),
                capture: capture_id("cap-1"),
                reason
            }]
        );
        assert_eq!(story.due_back("cap-1"), None);
    }
}

#[test]
fn another_currency_is_looked_at() {
    let mut story = Story::open();
    let amount = Money::new(PRICE, crate::Currency::Php);
    let capture = capture_id("cap-1");
    story.facts([fact(1, crate::Proof::Captured { capture, amount })]);
    assert_eq!(
        story.now.live_payment().unwrap().status(),
        PaymentStatus::UnderReview
    );
}

#[test]
fn accepted_money_pays() {
    let mut story = underpaid();
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Accept));
    let captured = idr(PRICE - 1);
    assert_eq!(
        *story.payment(1),
        PaymentState::Completed {
            capture: capture_id("cap-1"),
            captured
        }
    );
    assert_eq!(story.order(), OrderStatus::Processing);
    assert!(story.effects.contains(&Effect::ClearAlert(Alert::Review {
        payment: payment_id(1),
        capture: capture_id("cap-1"),
        reason: ReviewReason::AmountDiffers
    })));
}

#[test]
fn refused_money_goes_back_and_fails_its_payment() {
    let mut story = underpaid();
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Refuse));
    let reason = PaymentFailure::Refused;
    assert_eq!(*story.payment(1), PaymentState::Failed { reason });
    assert_eq!(story.due_back("cap-1"), Some(PRICE - 1));
    assert_eq!(story.order(), OrderStatus::Pending);
}

#[test]
fn a_verdict_is_given_once() {
    let mut story = underpaid();
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Refuse));
    let before = story.now.clone();
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Refuse));
    assert_eq!((story.now.clone(), &story.effects), (before, &vec![]));
    let other = story.refused(|now| now.review(capture_id("cap-1"), Verdict::Accept));
    assert_eq!(other, Refused::NotUnderReview);
}

#[test]
fn only_money_under_review_is_reviewed() {
    let story = Story::paid();
    for capture in ["cap-1", "cap-2"] {
        let refused = story.refused(|now| now.review(capture_id(capture), Verdict::Refuse));
        assert_eq!(refused, Refused::NotUnderReview);
    }
    let refused = underpaid().refused(|now| now.review(capture_id("cap-2"), Verdict::Accept));
    assert_eq!(refused, Refused::NotUnderReview);
}

#[test]
fn the_right_money_outweighs_money_under_review() {
    let mut story = underpaid();
    story.facts([captured(1, "cap-2", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-2"));
    assert_eq!(story.due_back("cap-1"), Some(PRICE - 1));
}

#[test]
fn right_money_of_an_older_payment_outweighs_money_under_review() {
    let mut story = Story::second_try();
    story.facts([captured(2, "cap-2", PRICE - 1)]);
    assert_eq!(story.payment(2).status(), PaymentStatus::UnderReview);
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(
        (story.payment(1), story.payment(2)),
        (&completed("cap-1"), &superseded())
    );
    assert_eq!(story.due_back("cap-2"), Some(PRICE - 1));
}

#[test]
fn a_wrong_amount_on_a_payment_that_ended_goes_back_at_once() {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE - 1)]);
    assert_eq!(*story.payment(1), PaymentState::Expired);
    assert_eq!(story.due_back("cap-1"), Some(PRICE - 1));
    assert_eq!(
        *story.payment(2),
        PaymentState::Processing {
            attempt: attempt_id(2)
        }
    );
}

#[test]
fn reversed_money_needs_no_review() {
    let mut story = underpaid();
    story.facts([reversed(1, "cap-1")]);
    assert_eq!(*story.payment(1), reversed_failure());
    assert_eq!(story.alerts(), []);
}

#[test]
fn suspected_fraud_waits_for_a_verdict() {
    let mut story = Story::open();
    story.facts([challenged(1, "cap-1")]);
    let reason = ReviewReason::Challenged;
    assert_eq!(
        *story.payment(1),
        PaymentState::UnderReview {
            capture: capture_id("cap-1"),
            reason
        }
    );
    assert_eq!(story.now.standing().verdicts.len(), 0);
    assert!(story.now.sums().is_empty(), "no money is in");
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Accept));
    let (capture, verdict) = (capture_id("cap-1"), Verdict::Accept);
    assert_eq!(
        story.effects,
        [Effect::AnswerChallenge { capture, verdict }]
    );
    assert_eq!(
        story.payment(1).status(),
        PaymentStatus::UnderReview,
        "only the gateway ends it"
    );
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.now.standing().verdicts.len(), 0);
}

#[test]
fn a_gateway_that_accepts_by_itself_ends_the_review() {
    let mut story = Story::open();
    story.facts([challenged(1, "cap-1"), captured(1, "cap-1", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-1"));
}

#[test]
fn a_gateway_that_denies_ends_the_review() {
    for facts in [
        [challenged(1, "cap-1"), failed(1)],
        [failed(1), challenged(1, "cap-1")],
    ] {
        let mut story = Story::open();
        for fact in facts {
            story.facts([fact]);
        }
        let reason = PaymentFailure::Denied;
        assert_eq!(*story.payment(1), PaymentState::Failed { reason });
        assert_eq!(
            story.now.standing().verdicts.len(),
            0,
            "there is nothing left to answer"
        );
    }
}

#[test]
fn a_refused_challenge_is_told_to_the_gateway_and_its_money_goes_back_if_it_comes() {
    let mut story = Story::open();
    story.facts([challenged(1, "cap-1")]);
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Refuse));
    assert_eq!(
        *story.payment(1),
        PaymentState::Failed {
            reason: PaymentFailure::Refused
        }
    );
    assert_eq!(
        story.now.standing().verdicts[&capture_id("cap-1")],
        Verdict::Refuse
    );
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(story.due_back("cap-1"), Some(PRICE));
    assert_eq!(story.now.primary(), None);
}

#[test]
fn a_challenge_on_a_payment_that_ended_is_refused() {
    let mut story = Story::second_try();
    story.facts([challenged(1, "cap-1")]);
    let reason = PaymentFailure::Denied;
    assert_eq!(*story.payment(1), PaymentState::Failed { reason });
    let (capture, verdict) = (capture_id("cap-1"), Verdict::Refuse);
    let told = Effect::AnswerChallenge { capture, verdict };
    assert!(story.effects.contains(&told));
}

#[test]
fn a_payment_under_review_is_not_called_off_over_its_money() {
    let story = underpaid();
    let from = PaymentStatus::UnderReview;
    let refused = story.refused(|now| now.cancel_payment(payment_id(1)));
    assert_eq!(
        refused,
        IllegalTransition {
            from,
            to: PaymentStatus::Cancelled
        }
        .into()
    );
    let refused = story.refused(|now| now.expire_payment(payment_id(1), deadline()));
    assert_eq!(
        refused,
        IllegalTransition {
            from,
            to: PaymentStatus::Expired
        }
        .into()
    );
}

#[test]
fn a_checkout_under_review_is_not_closed_over_its_operator() {
    let mut story = Story::open();
    story.facts([challenged(1, "cap-1")]);
    assert_eq!(story.attempt_status(1), AttemptStatus::Open);
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Refuse));
    assert_eq!(story.attempt_status(1), AttemptStatus::Closing);
}

#[test]
fn a_review_ends_with_its_checkout() {
    for accepted in [false, true] {
        let mut story = Story::open();
        story.facts([challenged(1, "cap-1")]);
        if accepted {
            story.command(|now| now.review(capture_id("cap-1"), Verdict::Accept));
        }
        story.facts([expired(1)]);
        let reason = PaymentFailure::Denied;
        assert_eq!(*story.payment(1), PaymentState::Failed { reason });
        let held = &story.now.standing().verdicts[&capture_id("cap-1")];
        assert_eq!(*held, Verdict::Refuse, "what is still held is let go");
        story.pay(2);
    }
}

#[test]
fn while_a_gateway_holds_money_no_may_follow_yes() {
    let mut story = Story::open();
    story.facts([challenged(1, "cap-1")]);
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Accept));
    let decided = story.now.decisions().len();
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Accept));
    assert_eq!(
        (story.now.decisions().len(), story.effects.len()),
        (decided, 0)
    );
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Refuse));
    assert_eq!(
        story.now.standing().verdicts[&capture_id("cap-1")],
        Verdict::Refuse
    );
    assert_eq!(story.payment(1).status(), PaymentStatus::Failed);
}

#[test]
fn accepting_held_money_is_not_yet_accepting_its_amount() {
    let mut story = Story::open();
    story.facts([challenged(1, "cap-1")]);
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Accept));
    story.facts([captured(1, "cap-1", 1)]);
    let (capture, reason) = (capture_id("cap-1"), ReviewReason::AmountDiffers);
    assert_eq!(
        *story.payment(1),
        PaymentState::UnderReview { capture, reason }
    );
    story.command(|now| now.review(capture_id("cap-1"), Verdict::Accept));
    assert_eq!(story.payment(1).status(), PaymentStatus::Completed);
}

#[test]
fn all_money_under_review_is_told_and_can_be_reviewed() {
    let mut story = Story::open();
    story.facts([captured(1, "cap-2", PRICE - 2)]);
    story.facts([captured(1, "cap-1", PRICE - 1)]);
    assert_eq!(story.alerts().len(), 2);
    story.command(|now| now.review(capture_id("cap-2"), Verdict::Accept));
    assert_eq!(story.now.primary(), Some(&capture_id("cap-2")));
    assert_eq!(story.due_back("cap-1"), Some(PRICE - 1));
}

#[test]
fn only_held_money_of_its_own_keeps_a_checkout_open() {
    let mut story = Story::second_try();
    story.facts([expired(2)]);
    story.attempt(3, 2);
    story.facts([challenged(1, "cap-1"), captured(2, "cap-2", PRICE - 1)]);
    assert_eq!(story.payment(2).status(), PaymentStatus::UnderReview);
    assert_eq!(story.attempt_status(3), AttemptStatus::Closing);
}
