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
fn money_that_is_gone_is_not_sent_after() {
    let gone = [
        disputed(1, "cap-1", "dp-1", PRICE, 1),
        refunded(1, "cap-1", "re-1", PRICE, RefundStep::Succeeded, None),
    ];
    for fact in gone {
        let mut story = Story::paid();
        story.refund(1, 100);
        story.facts([fact]);
        let nothing = Refused::RefundExceeds { available: idr(0) };
        assert_eq!(story.refused(|now| now.refund_sent(refund_id(1))), nothing);
        assert_eq!(
            story.refused(|now| now.take_over_refund(refund_id(1), 0)),
            nothing
        );
        story.command(|now| now.withdraw_refund(refund_id(1)));
        let reason = RefundFailure::Withdrawn;
        assert_eq!(*story.refund_state(1), RefundState::Failed { reason });
        assert!(
            !story
                .alerts()
                .iter()
                .any(|alert| matches!(alert, Alert::Loss { .. }))
        );
    }
}

#[test]
fn a_refund_ends_with_the_money_it_was_to_be_taken_from() {
    type Command = fn(&Settlement) -> Result<Step, Refused>;
    let ways: [Command; 3] = [
        |now| now.refund_sent(refund_id(1)),
        |now| now.refund_unknown(refund_id(1)),
        |now| now.apply([]).map_err(|_| Refused::NothingDue),
    ];
    for way in ways {
        let mut story = Story::paid();
        story.refund(1, 100);
        story.command(way);
        story.facts([reversed(1, "cap-1")]);
        let reason = RefundFailure::Withdrawn;
        assert_eq!(*story.refund_state(1), RefundState::Failed { reason });
        assert_eq!(story.sums("cap-1"), [0; 5]);
        assert_eq!(story.alerts(), []);
        story.facts([refunded(
            1,
            "cap-1",
            "re-1",
            100,
            RefundStep::Succeeded,
            Some(1),
        )]);
        assert_eq!(
            *story.refund_state(1),
            RefundState::Succeeded { transfer: None }
        );
        assert_eq!(
            story.sums("cap-1"),
            [0, 100, 0, 0, 100],
            "what the gateway did is counted"
        );
    }
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

#[test]
fn two_amounts_for_one_thing_are_both_kept_and_the_larger_counts() {
    let tell = |facts: Vec<Fact>| {
        let mut story = Story::open();
        story.facts(facts);
        story
    };
    let [less, more] = [PRICE - 1, PRICE].map(|minor| captured(1, "cap-1", minor));
    for facts in [
        vec![less.clone(), more.clone()],
        vec![more.clone(), less.clone()],
    ] {
        let story = tell(facts);
        assert_eq!(story.payment(1).status(), PaymentStatus::UnderReview);
        assert_eq!(story.sums("cap-1")[0], PRICE);
        let capture = capture_id("cap-1");
        assert!(story.alerts().contains(&Alert::Contradiction { capture }));
    }
    let [less, more_held] = [100, 300].map(|held| disputed(1, "cap-1", "dp-1", held, 1));
    for facts in [[less.clone(), more_held.clone()], [more_held, less]] {
        let mut story = tell(vec![more.clone()]);
        story.facts(facts);
        assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, 300, 0]);
    }
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
fn each_move_of_a_dispute_is_told() {
    let mut story = Story::paid();
    let dispute = |held| Alert::Dispute {
        dispute: "dp-1".parse().unwrap(),
        held: idr(held),
    };
    story.facts([disputed(1, "cap-1", "dp-1", 0, 0)]);
    assert_eq!(
        story.effects,
        [Effect::RaiseAlert(dispute(0))],
        "a question is one too"
    );
    story.facts([disputed(1, "cap-1", "dp-1", 700, 1)]);
    let raised = [
        Effect::RaiseAlert(dispute(700)),
        Effect::ClearAlert(dispute(0)),
    ];
    assert_eq!(story.effects, raised);
    story.facts([disputed(1, "cap-1", "dp-1", 0, 2)]);
    assert_eq!(story.effects, [Effect::ClearAlert(dispute(700))]);
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
    assert_eq!(story.alerts(), [], "it was won");
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
        capture: capture_id("cap-1"),
        amount: idr(700)
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

/// A refund of 400, refused by the gateway, in an operator's hands.
fn taken_over() -> Story {
    let mut story = Story::paid();
    story.refund(1, 400);
    story.command(|now| now.refund_refused(refund_id(1)));
    story.command(|now| now.take_over_refund(refund_id(1), 0));
    story
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

#[test]
fn money_told_in_two_currencies_is_summed_in_one() {
    let mut story = Story::paid();
    story.refund(1, 1);
    story.command(|now| now.take_over_refund(refund_id(1), 0));
    let transfer = TransferReference::new("BCA 123").unwrap();
    story.command(|now| now.settle_refund(refund_id(1), transfer));
    let amount = Money::new(PRICE, crate::Currency::Usd);
    let capture = capture_id("cap-1");
    story.facts([fact(1, crate::Proof::Captured { capture, amount })]);
    assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, 0, 0]);
    assert!(story.alerts().contains(&Alert::Contradiction {
        capture: capture_id("cap-1")
    }));
}

#[test]
fn every_capture_can_be_looked_up() {
    let mut story = Story::second_try();
    story.facts([challenged(2, "cap-2"), captured(1, "cap-1", PRICE)]);
    let captures: Vec<_> = story
        .now
        .captures()
        .into_iter()
        .map(|of| (of.id, of.payment, of.attempt, of.sums.is_some()))
        .collect();
    let [one, two] = [1, 2].map(|n| (payment_id(n), attempt_id(n)));
    assert_eq!(
        captures,
        [
            (capture_id("cap-1"), one.0, one.1, true),
            (capture_id("cap-2"), two.0, two.1, false),
        ]
    );
}
