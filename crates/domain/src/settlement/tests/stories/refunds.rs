//! Money going back: ours, the gateway's, an operator's, a bank's.

use super::*;

fn partly(refunded: i64) -> PaymentState {
    PaymentState::PartiallyRefunded {
        capture: capture_id("cap-1"),
        captured: idr(PRICE),
        refunded: idr(refunded),
    }
}

fn fully() -> PaymentState {
    PaymentState::Refunded {
        capture: capture_id("cap-1"),
        captured: idr(PRICE),
    }
}

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
    assert!(story.effects.contains(&Effect::IssueCreditNote {
        refund,
        amount: idr(100)
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
    assert_eq!(refused, Refused::Taken("refund"));
    story.facts([captured(1, "cap-2", PRICE)]);
    let refused = story.refused(|now| now.refund_surplus(refund_id(1), &capture_id("cap-2")));
    assert_eq!(refused, Refused::Taken("refund"));
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
        assert!(story.effects.contains(&Effect::IssueCreditNote {
            refund,
            amount: idr(-PRICE)
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
        [Alert::Loss {
            capture: capture_id("cap-1")
        }]
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
fn a_transfer_by_hand_counts_as_a_refund() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.take_over_refund(refund_id(1)));
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
fn what_an_operator_has_stays_with_the_operator() {
    let mut story = Story::paid();
    story.refund(1, 100);
    story.command(|now| now.take_over_refund(refund_id(1)));
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        100,
        RefundStep::Succeeded,
        Some(1),
    )]);
    assert_eq!(*story.refund_state(1), RefundState::Manual);
    assert_eq!(story.sums("cap-1"), [PRICE, 100, 100, 0, 0]);
}

#[test]
fn a_failed_refund_is_taken_over_only_while_its_money_is_there() {
    let mut story = Story::paid();
    story.refund(1, PRICE);
    story.command(|now| now.refund_refused(refund_id(1)));
    story.refund(2, 1);
    let refused = story.refused(|now| now.take_over_refund(refund_id(1)));
    assert_eq!(
        refused,
        Refused::RefundExceeds {
            available: idr(PRICE - 1)
        }
    );
    story.command(|now| now.refund_refused(refund_id(2)));
    story.command(|now| now.take_over_refund(refund_id(1)));
    assert_eq!(story.sums("cap-1"), [PRICE, 0, PRICE, 0, 0]);
}

#[test]
fn a_dispute_takes_money_from_what_can_be_refunded() {
    let mut story = Story::paid();
    story.facts([disputed(1, "cap-1", "dp-1", PRICE - 100, 1)]);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, PRICE - 100, 0]);
    let refused = story.refused(|now| now.request_refund(request(1, Some(101))));
    assert_eq!(
        refused,
        Refused::RefundExceeds {
            available: idr(100)
        }
    );
    story.facts([
        disputed(1, "cap-1", "dp-1", 0, 2),
        disputed(1, "cap-1", "dp-1", PRICE, 0),
    ]);
    assert_eq!(
        story.sums("cap-1"),
        [PRICE, 0, 0, 0, 0],
        "the highest step tells"
    );
    let alerts = story.alerts();
    assert!(
        matches!(alerts.as_slice(), [Alert::Dispute { .. }]),
        "{alerts:?}"
    );
}

#[test]
fn two_disputes_add_up() {
    let mut story = Story::paid();
    story.facts([
        disputed(1, "cap-1", "dp-1", 300, 0),
        disputed(1, "cap-1", "dp-2", 40, 0),
    ]);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, 340, 0]);
}

#[test]
fn a_refund_that_races_a_dispute_is_a_loss_and_never_refused() {
    let mut story = Story::paid();
    story.facts([
        refunded(1, "cap-1", "re-1", PRICE, RefundStep::Succeeded, None),
        disputed(1, "cap-1", "dp-1", 700, 0),
    ]);
    assert_eq!(story.sums("cap-1"), [PRICE, PRICE, 0, 700, 700]);
    assert!(story.alerts().contains(&Alert::Loss {
        capture: capture_id("cap-1")
    }));
}

#[test]
fn sums_leave_another_currency_out_and_say_so() {
    let php = Money::new(5, crate::Currency::Php);
    let refund = crate::Proof::Refunded {
        capture: capture_id("cap-1"),
        refund: crate::gateway::GatewayRefundId::new("re-1").unwrap(),
        amount: php,
        step: RefundStep::Succeeded,
        ours: None,
    };
    let dispute = crate::Proof::Disputed {
        capture: capture_id("cap-1"),
        dispute: crate::gateway::DisputeId::new("dp-1").unwrap(),
        held: php,
        step: 0,
    };
    for proof in [refund, dispute] {
        let mut story = Story::paid();
        story.facts([fact(1, proof)]);
        assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, 0, 0]);
        assert!(story.alerts().contains(&Alert::OtherCurrency {
            capture: capture_id("cap-1")
        }));
        assert!(story.now.standing().credited.is_empty());
    }
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
fn sums_beyond_all_measure_stay_at_the_largest_there_is() {
    let mut story = Story::paid();
    story.facts([
        refunded(1, "cap-1", "re-1", i64::MAX, RefundStep::Succeeded, None),
        refunded(1, "cap-1", "re-2", i64::MAX, RefundStep::Succeeded, None),
        disputed(1, "cap-1", "dp-1", i64::MAX, 0),
    ]);
    assert_eq!(
        story.sums("cap-1"),
        [PRICE, i64::MAX, 0, i64::MAX, i64::MAX - PRICE]
    );
}
