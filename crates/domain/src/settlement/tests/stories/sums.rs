//! What came in, what went back, and what a bank holds.

use super::*;

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
        lost: false,
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

#[test]
fn of_two_sums_for_one_step_the_larger_counts_and_of_two_steps_the_later() {
    let pending = |minor| refunded(1, "cap-1", "re-1", minor, RefundStep::Pending, None);
    let succeeded = |minor| refunded(1, "cap-1", "re-1", minor, RefundStep::Succeeded, None);
    // As text 10.00 comes before 9.00: neither the order of arrival nor that of the keys decides.
    let tellings = [
        ([succeeded(900), succeeded(1_000)], 1_000),
        ([succeeded(1_000), succeeded(900)], 1_000),
        ([pending(1_000), succeeded(900)], 900),
        ([succeeded(900), pending(1_000)], 900),
    ];
    for (facts, refunded) in tellings {
        let mut story = Story::paid();
        story.facts(facts);
        assert_eq!(story.sums("cap-1"), [PRICE, refunded, 0, 0, 0]);
    }
    let disputes = [
        (
            [
                disputed(1, "cap-1", "dp-1", 900, 1),
                disputed(1, "cap-1", "dp-1", 1_000, 1),
            ],
            1_000,
        ),
        (
            [
                disputed(1, "cap-1", "dp-1", 1_000, 1),
                disputed(1, "cap-1", "dp-1", 900, 2),
            ],
            900,
        ),
    ];
    for (facts, held) in disputes {
        let mut story = Story::paid();
        story.facts(facts);
        assert_eq!(story.sums("cap-1"), [PRICE, 0, 0, held, 0]);
    }
}
