//! An order that is paid in time.

use super::*;

#[test]
fn money_completes_its_payment_and_serves_its_order() {
    let story = Story::paid();
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.order(), OrderStatus::Processing);
    assert_eq!(story.attempt_status(1), AttemptStatus::Paid);
    assert_eq!(story.now.primary(), Some(&capture_id("cap-1")));
    let papers = Papers::of(story.payment(1));
    assert_eq!(
        story.effects,
        [
            Effect::AnnounceOrder {
                status: OrderStatus::Processing
            },
            Effect::AnnouncePayment {
                payment: payment_id(1),
                status: PaymentStatus::Completed
            },
            Effect::SettlePapers {
                payment: payment_id(1),
                papers
            },
            Effect::FulfilOrder,
        ]
    );
}

#[test]
fn the_same_money_through_another_door_changes_nothing() {
    let mut story = Story::paid();
    let before = story.now.clone();
    let step = story
        .now
        .apply([captured(1, "cap-1", PRICE), captured(1, "cap-1", PRICE)]);
    assert_eq!(step.as_ref().map(|step| step.facts.len()), Ok(0));
    story.take(step.unwrap());
    assert_eq!((story.now, story.effects), (before, vec![]));
}

#[test]
fn new_facts_and_decisions_are_handed_out_for_storing() {
    let story = Story::open();
    let step = story
        .now
        .apply([captured(1, "cap-1", PRICE), declined(1, "try")])
        .unwrap();
    assert_eq!(
        step.facts,
        [captured(1, "cap-1", PRICE), declined(1, "try")]
    );
    assert_eq!(
        step.decisions,
        [Decision::Primary {
            capture: capture_id("cap-1")
        }]
    );
}

#[test]
fn a_declined_card_is_history_and_no_end() {
    let mut story = Story::open();
    story.facts([declined(1, "try")]);
    assert_eq!(
        *story.payment(1),
        PaymentState::Processing {
            attempt: attempt_id(1)
        }
    );
    assert_eq!(story.effects, []);
    assert_eq!(story.now.facts().count(), 1);
}

#[test]
fn a_checkout_that_ends_unpaid_leaves_its_payment_waiting() {
    for (end, status) in [
        (expired(1), AttemptStatus::Expired),
        (failed(1), AttemptStatus::Failed),
    ] {
        let mut story = Story::open();
        story.facts([end]);
        assert_eq!(*story.payment(1), PaymentState::Pending);
        assert_eq!(story.attempt_status(1), status);
        story.attempt(2, 1);
        assert_eq!(
            *story.payment(1),
            PaymentState::Processing {
                attempt: attempt_id(2)
            }
        );
        assert_eq!(
            story.now.payment(payment_id(1)).unwrap().payment_method(),
            Gateway::Midtrans
        );
    }
}

#[test]
fn nobody_knowing_is_no_end() {
    let mut story = Story::open();
    story.command(|now| now.attempt_unknown(attempt_id(1)));
    assert_eq!(story.attempt_status(1), AttemptStatus::Unknown);
    assert_eq!(
        *story.payment(1),
        PaymentState::Processing {
            attempt: attempt_id(1)
        }
    );
    story.command(|now| now.attempt_opened(attempt_id(1), session(1)));
    assert_eq!(story.attempt_status(1), AttemptStatus::Open);
}

#[test]
fn late_money_on_an_older_attempt_pays_and_closes_the_newer() {
    let mut story = Story::open();
    story.facts([expired(1)]);
    story.attempt(2, 1);
    story.facts([captured(1, "cap-1", PRICE)]);
    assert_eq!(*story.payment(1), completed("cap-1"));
    assert_eq!(story.attempt_status(2), AttemptStatus::Closing);
    assert!(story.effects.contains(&Effect::CloseAttempt {
        attempt: attempt_id(2)
    }));
    story.facts([expired(2)]);
    assert_eq!(story.attempt_status(2), AttemptStatus::Closed);
}
