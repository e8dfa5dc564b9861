//! The section on refunds.

use bayar_domain::refund::{RefundFailure, RefundOrigin};
use bayar_domain::{Refund, RefundState, RefundStatus, RefundTerms};

use crate::machine::{Machine, always, command, noted};
use crate::samples::*;

pub fn refunds() -> Machine<Refund, RefundStatus> {
    let terms = RefundTerms {
        id: 1.try_into().unwrap(),
        payment: 1.try_into().unwrap(),
        capture: capture(1),
        origin: RefundOrigin::Requested,
        reason: None,
    };
    let states = [
        ("", RefundState::Requested),
        ("", RefundState::Sent),
        ("", RefundState::Unknown),
        ("", RefundState::Manual),
        (
            ", by the gateway",
            RefundState::Succeeded { transfer: None },
        ),
        (
            ", by hand",
            RefundState::Succeeded {
                transfer: Some(transfer(1)),
            },
        ),
        (
            "",
            RefundState::Failed {
                reason: RefundFailure::Refused,
            },
        ),
    ];
    Machine {
        title: "Refund",
        about: "\
Money going back by our doing.
Facts succeed it and fail it, and a success may fail after all; that it is asked for, and that an operator transfers the money by hand, are decisions.
An automatic refund of a surplus follows what is left to give back until it is sent, and fails as `withdrawn` when nothing is.",
        all: RefundStatus::ALL,
        meaning: |status| match status {
            RefundStatus::Requested => "asked for; no gateway was called yet",
            RefundStatus::Sent => "the gateway is working on it",
            RefundStatus::Unknown => "nobody knows whether the gateway has it",
            RefundStatus::Manual => "an operator has to transfer the money by hand",
            RefundStatus::Succeeded => "the money went back",
            RefundStatus::Failed => "the money did not go back",
        },
        live: None,
        status: Refund::status,
        samples: states
            .into_iter()
            .map(|(note, state)| {
                noted(
                    note,
                    Refund::restore(terms.clone(), pesos(10), state).unwrap(),
                )
            })
            .collect(),
        commands: vec![
            command("send", "the gateway has it", Refund::send),
            command("unsend", "it is proved that it never left", Refund::unsend),
            command(
                "lose_track",
                "an answer of the gateway was lost",
                Refund::lose_track,
            ),
            always(
                "succeed",
                "the gateway proved that the money went back",
                Refund::succeed,
            ),
            command(
                "fail",
                "the gateway proved that the money did not go back",
                |refund: Refund| refund.fail(RefundFailure::Failed),
            ),
            command(
                "take_over",
                "the gateway cannot give this money back: an operator will",
                Refund::take_over,
            ),
            command(
                "withdraw",
                "it is not needed any more, or not owed any more",
                Refund::withdraw,
            ),
            command(
                "settle",
                "an operator transferred the money",
                |refund: Refund| refund.settle(transfer(1)),
            ),
            command(
                "settle(other)",
                "an operator transferred the money, by a transfer that is not the known one",
                |refund: Refund| refund.settle(transfer(2)),
            ),
        ],
    }
}
