//! Refunds that we are asked for.

use super::*;

#[test]
fn a_refund_reserves_its_money_until_the_gateway_proves_it() {
    let mut story = Story::paid();
    story.refund(1, 100);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);
    assert_eq!(*story.payment(1), completed("cap-1"));
    story.command(|now| now.refund_sent(refund_id(1)));
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 100, 0, 0]);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Pending,
        Some(1),
    )]);
    assert_eq!(
        story.sums("cap-1"),
        [PRICE, 0, 100, 0, 0],
        "ours and the gateway's are one"
    );
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Succeeded,
        Some(1),
    )]);
    assert_eq!(story.sums("cap-1"), [PRICE, 100, 0, 0, 0]);
    assert_eq!(*story.payment(1), partly(100));
    assert_eq!(
        *story.refund_state(1),
        RefundState::Succeeded { transfer: None }
    );
    let refund = RefundRef::Ours(refund_id(1));
    assert!(story.effects.contains(&Effect::SetCreditNotes {
        refund,
        total: idr(100)
    }));
    assert!(story.now.standing().external.is_empty());
}

#[test]
fn what_is_left_is_given_back_where_nothing_is_said() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.request_refund(request(2, None)));
    assert_eq!(
        story.now.refund(refund_id(2)).unwrap().amount(),
        idr(PRICE - 100)
    );
    let nothing = story.refused(|now| now.request_refund(request(3, None)));
    assert_eq!(nothing, Refused::RefundExceeds { available: idr(0) });
}

#[test]
fn refund_above_the_captured_amount_is_refused() {
    let mut story = Story::paid();
    story.refund(1, PRICE - 100);
    let refused = story.refused(|now| now.request_refund(request(2, Some(101))));
    assert_eq!(
        refused,
        Refused::RefundExceeds {
            available: idr(100)
        }
    );
    assert_eq!(refused.to_string(), "at most 1.00 IDR can be given back");
    story.refund(2, 100);
}

#[test]
fn a_refund_is_an_amount_of_the_payments_currency() {
    let story = Story::paid();
    for minor in [0, -1] {
        let refused = story.refused(|now| now.request_refund(request(1, Some(minor))));
        assert_eq!(refused, Refused::InvalidAmount);
    }
    let php = RefundRequest {
        amount: Some(Money::new(100, crate::Currency::Php)),
        ..request(1, None)
    };
    assert_eq!(
        story.refused(|now| now.request_refund(php)),
        Refused::InvalidAmount
    );
}

#[test]
fn a_payment_without_money_has_nothing_to_give_back() {
    let story = Story::open();
    let refused = story.refused(|now| now.request_refund(request(1, Some(1))));
    assert_eq!(refused, Refused::NotRefundable(PaymentStatus::Processing));
}

#[test]
fn an_id_is_used_once() {
    let mut story = Story::paid();
    story.refund(1, 1);
    let refused = story.refused(|now| now.request_refund(request(1, Some(1))));
    assert_eq!(refused, Refused::Taken(Part::Refund));
    story.facts([captured(1, "cap-2", PRICE)]);
    let refused = story.refused(|now| now.refund_surplus(refund_id(1), &capture_id("cap-2")));
    assert_eq!(refused, Refused::Taken(Part::Refund));
}

#[test]
fn all_money_back_refunds_payment_and_order() {
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
    assert_eq!(
        (story.payment(1), story.order()),
        (&fully(), OrderStatus::Refunded)
    );
    assert!(story.effects.contains(&Effect::HaltOrder));
}

#[test]
fn a_refund_that_fails_after_it_succeeded_makes_the_payment_whole_again() {
    for served in [false, true] {
        let mut story = Story::paid();
        if served {
            story.command(Settlement::complete_order);
        }
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
            "re-1",
            PRICE,
            RefundStep::Failed,
            Some(1),
        )]);
        assert_eq!(*story.payment(1), completed("cap-1"));
        let paid = if served {
            OrderStatus::Completed
        } else {
            OrderStatus::Processing
        };
        assert_eq!(story.order(), paid);
        assert_eq!(
            *story.refund_state(1),
            RefundState::Failed {
                reason: RefundFailure::Failed
            }
        );
        let refund = RefundRef::Ours(refund_id(1));
        assert!(story.effects.contains(&Effect::SetCreditNotes {
            refund,
            total: idr(0)
        }));
        assert_eq!(
            story.alerts(),
            [Alert::RefundFailed {
                refund: refund_id(1)
            }]
        );
    }
}

#[test]
fn a_refund_of_unknown_outcome_keeps_its_reservation() {
    let mut story = Story::paid();
    story.refund(1, PRICE);
    story.command(|now| now.refund_unknown(refund_id(1)));
    assert_eq!(*story.refund_state(1), RefundState::Unknown);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, PRICE, 0, 0]);
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        PRICE,
        RefundStep::Pending,
        Some(1),
    )]);
    assert_eq!(*story.refund_state(1), RefundState::Sent);
}

#[test]
fn a_refused_refund_frees_its_money() {
    let mut story = Story::paid();
    story.refund(1, PRICE);
    story.command(|now| now.refund_refused(refund_id(1)));
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, 0, 0]);
    assert_eq!(
        story.alerts(),
        [Alert::RefundFailed {
            refund: refund_id(1)
        }]
    );
    let again = story.refused(|now| now.refund_sent(refund_id(1)));
    let (from, to) = (RefundStatus::Failed, RefundStatus::Sent);
    assert_eq!(again, IllegalTransition { from, to }.into());
}

#[test]
fn an_operator_can_give_surplus_back_as_well() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_refused(refund_id(1)));
    let surplus = RefundRequest {
        capture: Some(capture_id("cap-2")),
        ..request(2, None)
    };
    story.command(|now| now.request_refund(surplus));
    assert_eq!(story.now.refund(refund_id(2)).unwrap().amount(), idr(PRICE));
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, 0, 0]);
    assert_eq!(story.sums("cap-2"), [PRICE, 0, PRICE, 0, 0]);
}

#[test]
fn only_money_of_the_payment_that_is_with_us_is_given_back() {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE), captured(2, "cap-2", PRICE)]);
    story.facts([captured(1, "cap-3", PRICE), reversed(1, "cap-3")]);
    for capture in ["cap-2", "cap-3", "cap-4"] {
        let asked = RefundRequest {
            capture: Some(capture_id(capture)),
            ..request(1, Some(1))
        };
        let refused = story.refused(|now| now.request_refund(asked));
        assert_eq!(refused, Refused::Unknown(Part::Capture), "{capture}");
    }
}

#[test]
fn money_under_review_is_refused_and_not_refunded() {
    let mut story = Story::open();
    story.facts([captured(1, "cap-1", PRICE - 1)]);
    let asked = RefundRequest {
        capture: Some(capture_id("cap-1")),
        ..request(1, Some(1))
    };
    let refused = story.refused(|now| now.request_refund(asked));
    assert_eq!(refused, Refused::NotRefundable(PaymentStatus::UnderReview));
}

#[test]
fn each_move_of_a_refund_is_told_and_stored() {
    let mut story = Story::paid();
    let step = story.now.request_refund(request(1, Some(100))).unwrap();
    let (refund, status) = (refund_id(1), RefundStatus::Requested);
    assert_eq!(step.effects, [Effect::AnnounceRefund { refund, status }]);
    assert_eq!(step.changes.refunds.len(), 1);
    assert_eq!((step.changes.payments, step.changes.order), (vec![], None));
    story.refund(1, 100);
    let done = refunded(1, "cap-1", "re-1", 100, RefundStep::Succeeded, Some(1));
    let step = story.now.apply([done]).unwrap();
    let status = RefundStatus::Succeeded;
    assert!(
        step.effects
            .contains(&Effect::AnnounceRefund { refund, status })
    );
    assert_eq!(step.changes.payments.len(), 1);
    assert_eq!(step.changes.attempts, []);
}

#[test]
fn surplus_of_another_amount_can_be_asked_for_anew() {
    let mut story = Story::paid();
    story.facts([captured(1, "cap-2", PRICE - 1)]);
    story.give_back(1, "cap-2");
    story.command(|now| now.refund_refused(refund_id(1)));
    let asked = RefundRequest {
        capture: Some(capture_id("cap-2")),
        ..request(2, None)
    };
    story.command(|now| now.request_refund(asked));
}
