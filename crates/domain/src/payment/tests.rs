use super::*;
use crate::Currency;
use crate::testing::Told::{Goes, Refused, Stays};
use crate::testing::{Machine, at, attempt_id, capture, each, php};

const CAPTURED: Money = php(500_000);

fn terms() -> PaymentTerms {
    PaymentTerms {
        id: PaymentId::new(100).unwrap(),
        order: OrderId::new(1).unwrap(),
        user: UserId::new(7).unwrap(),
        price: CAPTURED,
        amount: CAPTURED,
        created_at: at(0),
        deadline: at(86_400),
    }
}

fn processing(attempt: i64) -> PaymentState {
    PaymentState::Processing {
        attempt: attempt_id(attempt),
    }
}

fn held(name: &str, reason: ReviewReason) -> PaymentState {
    PaymentState::UnderReview {
        capture: capture(name),
        reason,
    }
}

fn completed(name: &str) -> PaymentState {
    PaymentState::Completed {
        capture: capture(name),
        captured: CAPTURED,
    }
}

fn partially_refunded(refunded: i64) -> PaymentState {
    PaymentState::PartiallyRefunded {
        capture: capture("pi_1"),
        captured: CAPTURED,
        refunded: php(refunded),
    }
}

fn refunded() -> PaymentState {
    PaymentState::Refunded {
        capture: capture("pi_1"),
        captured: CAPTURED,
    }
}

fn failed(reason: PaymentFailure) -> PaymentState {
    PaymentState::Failed { reason }
}

fn cancelled(reason: Cancellation) -> PaymentState {
    PaymentState::Cancelled { reason }
}

impl Machine for Payment {
    type State = PaymentState;
    type Status = PaymentStatus;

    fn samples() -> Vec<PaymentState> {
        vec![
            PaymentState::Pending,
            processing(1),
            held("pi_1", ReviewReason::AmountDiffers),
            completed("pi_1"),
            partially_refunded(200_000),
            refunded(),
            failed(PaymentFailure::Reversed),
            cancelled(Cancellation::Requested),
            PaymentState::Expired,
        ]
    }

    fn sample(state: PaymentState) -> Self {
        Self::restore(terms(), Gateway::Stripe, state).unwrap()
    }

    fn state_of(&self) -> PaymentState {
        self.state().clone()
    }

    fn status_of(&self) -> PaymentStatus {
        self.status()
    }
}

#[test]
fn the_samples_are_of_every_state() {
    let statuses: Vec<_> = Payment::samples()
        .into_iter()
        .map(|state| Payment::sample(state).status())
        .collect();
    assert_eq!(statuses, PaymentStatus::ALL);
}

#[test]
fn names_are_stable() {
    let names: Vec<_> = PaymentStatus::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "pending",
            "processing",
            "under_review",
            "completed",
            "partially_refunded",
            "refunded",
            "failed",
            "cancelled",
            "expired"
        ]
    );
    let reasons: Vec<_> = ReviewReason::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(reasons, ["amount_differs", "challenged"]);
    let failures: Vec<_> = PaymentFailure::ALL
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(failures, ["reversed", "refused", "denied"]);
    let cancellations: Vec<_> = Cancellation::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(cancellations, ["requested", "superseded"]);
}

#[test]
fn a_payment_takes_the_place_of_its_order_until_its_end() {
    let live: Vec<_> = PaymentStatus::ALL
        .iter()
        .filter(|status| status.is_live())
        .collect();
    assert_eq!(
        live,
        [
            &PaymentStatus::Pending,
            &PaymentStatus::Processing,
            &PaymentStatus::UnderReview,
            &PaymentStatus::Completed,
            &PaymentStatus::PartiallyRefunded
        ]
    );
}

#[test]
fn an_opened_payment_is_pending_and_keeps_its_terms() {
    let payment = Payment::open(terms(), Gateway::Midtrans).unwrap();
    assert_eq!(*payment.state(), PaymentState::Pending);
    assert_eq!(*payment.terms(), terms());
    assert_eq!(payment.payment_method(), Gateway::Midtrans);
}

#[test]
fn an_amount_above_zero_is_taken_and_no_other() {
    let open = |price, amount| {
        let terms = PaymentTerms {
            price,
            amount,
            ..terms()
        };
        Payment::open(terms, Gateway::Stripe)
    };
    assert!(open(php(1), php(1)).is_ok());
    assert!(open(php(1), php(2)).is_ok(), "taxes may be added");
    let idr = Money::new(2, crate::Currency::Idr);
    for (price, amount) in [
        (php(0), php(0)),
        (php(-1), php(1)),
        (php(2), php(1)),
        (php(1), idr),
    ] {
        assert_eq!(open(price, amount), Err(InvalidPayment::Amount));
    }
}

#[test]
fn a_payment_ends_after_it_began() {
    let open = |deadline| {
        let terms = PaymentTerms {
            deadline,
            ..terms()
        };
        Payment::open(terms, Gateway::Stripe)
    };
    assert!(open(at(1)).is_ok());
    assert_eq!(open(at(0)), Err(InvalidPayment::Deadline));
    assert_eq!(open(at(-1)), Err(InvalidPayment::Deadline));
}

#[test]
fn a_stored_payment_kept_money_above_zero() {
    let stored = |state| Payment::restore(terms(), Gateway::Stripe, state);
    for (minor, fits) in [(1, true), (0, false), (-1, false)] {
        let captured = php(minor);
        let capture = capture("pi_1");
        let completed = PaymentState::Completed {
            capture: capture.clone(),
            captured,
        };
        let refunded = PaymentState::Refunded { capture, captured };
        for state in [completed, refunded] {
            let status = state.status();
            let restored = stored(state);
            if fits {
                assert!(restored.is_ok());
            } else {
                assert_eq!(restored, Err(InvalidPayment::Sums(status)));
            }
        }
    }
}

#[test]
fn a_stored_part_lies_between_nothing_and_all() {
    let stored = |refunded| {
        let state = PaymentState::PartiallyRefunded {
            capture: capture("pi_1"),
            captured: CAPTURED,
            refunded,
        };
        Payment::restore(terms(), Gateway::Stripe, state)
    };
    let sums = Err(InvalidPayment::Sums(PaymentStatus::PartiallyRefunded));
    assert!(stored(php(1)).is_ok());
    assert!(stored(php(499_999)).is_ok());
    assert_eq!(stored(php(0)), sums);
    assert_eq!(stored(php(-1)), sums);
    assert_eq!(stored(php(500_000)), sums);
    assert_eq!(stored(php(500_001)), sums);
    assert_eq!(stored(Money::new(1, Currency::Usd)), sums);
}

#[test]
fn a_refused_payment_says_what_is_wrong() {
    assert_eq!(
        InvalidPayment::Amount.to_string(),
        "a payment has an amount above zero that covers its price"
    );
    assert_eq!(
        InvalidPayment::Deadline.to_string(),
        "a payment ends after it began"
    );
    assert_eq!(
        InvalidPayment::Sums(PaymentStatus::PartiallyRefunded).to_string(),
        "the money of a partially_refunded payment does not fit its state"
    );
}

#[test]
fn a_checkout_is_opened_where_none_is() {
    use PaymentStatus::Processing;
    let start = |attempt| {
        each(move |payment: Payment| payment.start_checkout(attempt_id(attempt), Gateway::Stripe))
    };
    let mut expected = vec![Goes(processing(1)), Stays];
    expected.extend((0..7).map(|_| Refused(Processing)));
    assert_eq!(start(1), expected);

    let mut expected = vec![Goes(processing(2))];
    expected.extend((0..8).map(|_| Refused(Processing)));
    assert_eq!(start(2), expected);
}

#[test]
fn the_gateway_of_a_payment_is_the_one_chosen_last() {
    let payment = Payment::sample(PaymentState::Pending)
        .start_checkout(attempt_id(1), Gateway::Midtrans)
        .unwrap()
        .into_inner();
    assert_eq!(
        payment,
        Payment::restore(terms(), Gateway::Midtrans, processing(1)).unwrap()
    );
    let again = payment
        .clone()
        .start_checkout(attempt_id(1), Gateway::Stripe);
    assert_eq!(again, Ok(Transition::AlreadyApplied(payment)));
}

#[test]
fn a_checkout_that_ends_unpaid_leaves_its_payment_pending() {
    let mut expected = vec![Stays, Goes(PaymentState::Pending)];
    expected.extend((0..7).map(|_| Refused(PaymentStatus::Pending)));
    assert_eq!(each(Payment::end_checkout), expected);
}

#[test]
fn money_to_look_at_holds_a_payment_that_waits() {
    use PaymentStatus::UnderReview;
    use ReviewReason::{AmountDiffers, Challenged};
    let hold = |name, reason| each(move |payment: Payment| payment.hold(capture(name), reason));
    let refused = || (0..6).map(|_| Refused(UnderReview));

    let same = || held("pi_1", AmountDiffers);
    let mut expected = vec![Goes(same()), Goes(same()), Stays];
    expected.extend(refused());
    assert_eq!(hold("pi_1", AmountDiffers), expected);

    for (name, reason) in [("pi_1", Challenged), ("pi_2", AmountDiffers)] {
        let other = || held(name, reason);
        let mut expected = vec![Goes(other()), Goes(other()), Goes(other())];
        expected.extend(refused());
        assert_eq!(hold(name, reason), expected);
    }
}

#[test]
fn money_completes_a_payment_wherever_it_stands() {
    let complete = |name: &'static str, refunded| {
        let takings = Takings::new(CAPTURED, php(refunded)).unwrap();
        each(move |payment: Payment| Ok(payment.complete(capture(name), takings)))
    };
    for (refunded_minor, state, stays) in [
        (0, completed("pi_1"), 3),
        (200_000, partially_refunded(200_000), 4),
        (500_000, refunded(), 5),
    ] {
        let mut expected: Vec<_> = (0..9).map(|_| Goes(state.clone())).collect();
        expected[stays] = Stays;
        assert_eq!(complete("pi_1", refunded_minor), expected);
    }
    let expected: Vec<_> = (0..9).map(|_| Goes(completed("pi_2"))).collect();
    assert_eq!(complete("pi_2", 0), expected);
    let expected: Vec<_> = (0..9).map(|_| Goes(partially_refunded(1))).collect();
    assert_eq!(complete("pi_1", 1), expected);
}

#[test]
fn a_payment_is_refunded_when_all_of_its_money_went_back() {
    let paid = |refunded| PaymentState::paid(capture("pi_1"), CAPTURED, php(refunded));
    assert_eq!(paid(0), completed("pi_1"));
    assert_eq!(paid(1), partially_refunded(1));
    assert_eq!(paid(499_999), partially_refunded(499_999));
    assert_eq!(paid(500_000), refunded());
    assert_eq!(paid(500_001), refunded());
}

#[test]
fn proof_fails_a_payment_wherever_it_stands() {
    let fail = |reason| each(move |payment: Payment| Ok(payment.fail(reason)));
    for reason in [PaymentFailure::Refused, PaymentFailure::Denied] {
        let expected: Vec<_> = (0..9).map(|_| Goes(failed(reason))).collect();
        assert_eq!(fail(reason), expected);
    }
    let reversed = PaymentFailure::Reversed;
    let mut expected: Vec<_> = (0..9).map(|_| Goes(failed(reversed))).collect();
    expected[6] = Stays;
    assert_eq!(fail(reversed), expected);
}

#[test]
fn a_payment_without_its_money_is_called_off() {
    use PaymentStatus::Cancelled;
    for reason in [Cancellation::Requested, Cancellation::Superseded] {
        let gone = || Goes(cancelled(reason));
        assert_eq!(
            each(move |payment: Payment| payment.cancel(reason)),
            [
                gone(),
                gone(),
                gone(),
                Refused(Cancelled),
                Refused(Cancelled),
                Refused(Cancelled),
                Refused(Cancelled),
                Stays,
                Refused(Cancelled)
            ]
        );
    }
}

#[test]
fn a_payment_that_no_money_came_for_expires() {
    use PaymentStatus::Expired;
    assert_eq!(
        each(Payment::expire),
        [
            Goes(PaymentState::Expired),
            Goes(PaymentState::Expired),
            Refused(Expired),
            Refused(Expired),
            Refused(Expired),
            Refused(Expired),
            Refused(Expired),
            Refused(Expired),
            Stays
        ]
    );
}

#[test]
fn facts_lead_a_payment_by_way_of_its_commands() {
    let follow = |target: PaymentState| each(move |p: Payment| p.follow(target.clone()));
    let complete = |refunded| {
        let takings = Takings::new(CAPTURED, php(refunded)).unwrap();
        each(move |payment: Payment| Ok(payment.complete(capture("pi_1"), takings)))
    };
    assert_eq!(follow(PaymentState::Pending), each(Payment::end_checkout));
    for attempt in [1, 2] {
        assert_eq!(
            follow(processing(attempt)),
            each(move |payment: Payment| payment
                .start_checkout(attempt_id(attempt), Gateway::Stripe))
        );
    }
    assert_eq!(
        follow(held("pi_2", ReviewReason::Challenged)),
        each(|payment: Payment| payment.hold(capture("pi_2"), ReviewReason::Challenged))
    );
    assert_eq!(follow(completed("pi_1")), complete(0));
    assert_eq!(follow(partially_refunded(200_000)), complete(200_000));
    assert_eq!(follow(refunded()), complete(500_000));
    assert_eq!(
        follow(failed(PaymentFailure::Denied)),
        each(|payment: Payment| Ok(payment.fail(PaymentFailure::Denied)))
    );
    assert_eq!(
        follow(cancelled(Cancellation::Superseded)),
        each(|payment: Payment| payment.cancel(Cancellation::Superseded))
    );
    assert_eq!(follow(PaymentState::Expired), each(Payment::expire));
}

#[test]
fn a_payment_that_is_there_already_stays() {
    for state in Payment::samples() {
        let payment = Payment::sample(state.clone());
        assert_eq!(
            payment.clone().follow(state),
            Ok(Transition::AlreadyApplied(payment))
        );
    }
}

#[test]
fn a_refusal_says_from_where_and_to_where() {
    let refusal = Payment::sample(completed("pi_1"))
        .end_checkout()
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "payment cannot go from completed to pending"
    );
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use crate::testing::{assert_json, refusal};

    const TERMS: &str = r#""id":100,"order":1,"user":7,"price":{"amount":"5000.00","currency":"PHP"},"amount":{"amount":"5000.00","currency":"PHP"},"created_at":"2025-07-18T04:07:00Z","deadline":"2025-07-19T04:07:00Z","payment_method":"stripe""#;

    const STATES: [&str; 9] = [
        r#""status":"pending""#,
        r#""status":"processing","attempt":1"#,
        r#""status":"under_review","capture":"pi_1","reason":"amount_differs""#,
        r#""status":"completed","capture":"pi_1","captured":{"amount":"5000.00","currency":"PHP"}"#,
        r#""status":"partially_refunded","capture":"pi_1","captured":{"amount":"5000.00","currency":"PHP"},"refunded":{"amount":"2000.00","currency":"PHP"}"#,
        r#""status":"refunded","capture":"pi_1","captured":{"amount":"5000.00","currency":"PHP"}"#,
        r#""status":"failed","reason":"reversed""#,
        r#""status":"cancelled","reason":"requested""#,
        r#""status":"expired""#,
    ];

    #[test]
    fn a_payment_is_one_flat_object_in_every_state() {
        for (state, json) in Payment::samples().into_iter().zip(STATES) {
            assert_json(&state, &format!("{{{json}}}"));
            assert_json(&Payment::sample(state), &format!("{{{TERMS},{json}}}"));
        }
    }

    #[test]
    fn a_payment_that_cannot_be_is_refused() {
        let [pending, _, _, completed, part, ..] = STATES;
        for (json, why) in [
            (
                format!("{{{TERMS},{pending}}}").replace("5000.00", "0.00"),
                InvalidPayment::Amount,
            ),
            (
                format!("{{{TERMS},{pending}}}").replace("07-19", "07-18"),
                InvalidPayment::Deadline,
            ),
            (
                format!("{{{TERMS},{}}}", completed.replace("5000.00", "0.00")),
                InvalidPayment::Sums(PaymentStatus::Completed),
            ),
            (
                format!("{{{TERMS},{}}}", part.replace("2000.00", "5000.00")),
                InvalidPayment::Sums(PaymentStatus::PartiallyRefunded),
            ),
        ] {
            assert_eq!(refusal::<Payment>(&json), why.to_string());
        }
        let nameless = format!("{{{TERMS},\"status\":\"paid\"}}");
        assert!(refusal::<Payment>(&nameless).starts_with("unknown variant `paid`"));
    }
}
