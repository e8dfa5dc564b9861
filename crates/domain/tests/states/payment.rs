//! The section on payments.

use bayar_domain::invoice::Takings;
use bayar_domain::payment::{Cancellation, PaymentFailure, ReviewReason};
use bayar_domain::{Gateway, Payment, PaymentState, PaymentStatus, PaymentTerms};

use crate::machine::{Machine, always, command, sample};
use crate::samples::*;

pub fn payments() -> Machine<Payment, PaymentStatus> {
    let terms = PaymentTerms {
        id: 1.try_into().unwrap(),
        order: 1.try_into().unwrap(),
        user: 1.try_into().unwrap(),
        price: pesos(100),
        amount: pesos(100),
        created_at: at(0),
        deadline: at(1),
    };
    let captured = pesos(100);
    let states = [
        PaymentState::Pending,
        PaymentState::Processing {
            attempt: attempt_id(1),
        },
        PaymentState::UnderReview {
            capture: capture(1),
            reason: ReviewReason::AmountDiffers,
        },
        PaymentState::Completed {
            capture: capture(1),
            captured,
        },
        PaymentState::PartiallyRefunded {
            capture: capture(1),
            captured,
            refunded: pesos(10),
        },
        PaymentState::Refunded {
            capture: capture(1),
            captured,
        },
        PaymentState::Failed {
            reason: PaymentFailure::Refused,
        },
        PaymentState::Cancelled {
            reason: Cancellation::Superseded,
        },
        PaymentState::Expired,
    ];
    let complete = |refunded| {
        let takings = Takings::new(pesos(100), pesos(refunded)).unwrap();
        move |payment: Payment| payment.complete(capture(1), takings)
    };
    Machine {
        title: "Payment",
        about: "\
One try to settle one order; while it is live, no other may begin beside it.
Facts hold it for review, complete it, refund it and fail it; that it was called off or not paid in time are decisions, and an operator's verdict ends a review.
The attempts decide whether a checkout is open.
Late money completes a payment that had ended, when the order takes it.",
        all: PaymentStatus::ALL,
        meaning: |status| match status {
            PaymentStatus::Pending => "nothing is open at a gateway",
            PaymentStatus::Processing => "a checkout is open",
            PaymentStatus::UnderReview => "money came that an operator has to look at",
            PaymentStatus::Completed => "paid",
            PaymentStatus::PartiallyRefunded => "paid, and a part went back",
            PaymentStatus::Refunded => "paid, and all of it went back",
            PaymentStatus::Failed => "proved to be no payment",
            PaymentStatus::Cancelled => "called off",
            PaymentStatus::Expired => "not paid in time",
        },
        live: Some(PaymentStatus::is_live),
        status: Payment::status,
        samples: states
            .into_iter()
            .map(|state| Payment::restore(terms.clone(), Gateway::Stripe, state).unwrap())
            .map(sample)
            .collect(),
        commands: vec![
            command(
                "start_checkout(open)",
                "a checkout is opened: the one that is open already",
                |payment: Payment| payment.start_checkout(attempt_id(1), Gateway::Stripe),
            ),
            command(
                "start_checkout(other)",
                "a checkout is opened: another one",
                |payment: Payment| payment.start_checkout(attempt_id(2), Gateway::Midtrans),
            ),
            command(
                "end_checkout",
                "the open checkout ended unpaid: the buyer may try again",
                Payment::end_checkout,
            ),
            command(
                "hold",
                "money came that an operator has to look at",
                |payment: Payment| payment.hold(capture(1), ReviewReason::Challenged),
            ),
            always("complete(all kept)", "its money is in", complete(0)),
            always(
                "complete(part returned)",
                "its money came in, and some more of it went back",
                complete(20),
            ),
            always(
                "complete(all returned)",
                "its money came in, and all of it went back",
                complete(100),
            ),
            always(
                "fail",
                "it is proved to be no payment, for another reason than was known",
                |payment: Payment| payment.fail(PaymentFailure::Reversed),
            ),
            command("cancel", "it is called off", |payment: Payment| {
                payment.cancel(Cancellation::Requested)
            }),
            command("expire", "it was not paid in time", Payment::expire),
        ],
    }
}
