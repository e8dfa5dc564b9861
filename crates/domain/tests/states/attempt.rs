//! The section on attempts.

use bayar_domain::attempt::AttemptState;
use bayar_domain::{Attempt, AttemptStatus, AttemptTerms, Gateway, Mode, Source};

use crate::machine::{Machine, always, command, noted};
use crate::samples::*;

pub fn attempts() -> Machine<Attempt, AttemptStatus> {
    let terms = AttemptTerms {
        id: attempt_id(1),
        payment: 1.try_into().unwrap(),
        source: Source {
            gateway: Gateway::Stripe,
            account: "acct_1".parse().unwrap(),
            mode: Mode::Test,
        },
    };
    let known = || Some(session(1));
    let states = [
        ("", AttemptState::Creating),
        (
            "",
            AttemptState::Open {
                session: session(1),
            },
        ),
        (
            ", no session known",
            AttemptState::Unknown { session: None },
        ),
        (
            ", session known",
            AttemptState::Unknown { session: known() },
        ),
        (
            ", no session known",
            AttemptState::Closing { session: None },
        ),
        (
            ", session known",
            AttemptState::Closing { session: known() },
        ),
        (
            "",
            AttemptState::Paid {
                capture: capture(1),
                session: known(),
            },
        ),
        ("", AttemptState::Failed { session: known() }),
        ("", AttemptState::Expired { session: known() }),
        ("", AttemptState::Closed { session: known() }),
    ];
    Machine {
        title: "Attempt",
        about: "\
One checkout session of a payment at one gateway; while it is live, somebody might still pay through it.
Facts pay it, fail it and end it; that it must go is a decision.
After its end it only ever moves up this list, whatever comes late: closed, expired, failed, paid; only a proved reversal takes `paid` back.",
        all: AttemptStatus::ALL,
        meaning: |status| match status {
            AttemptStatus::Creating => "the gateway is being asked for a session",
            AttemptStatus::Open => "the buyer can pay",
            AttemptStatus::Unknown => "nobody knows whether the gateway has a session",
            AttemptStatus::Closing => {
                "the session must go, and the gateway has not yet said that it did"
            }
            AttemptStatus::Paid => "money came in",
            AttemptStatus::Failed => "the gateway ended it without money",
            AttemptStatus::Expired => "its time ran out",
            AttemptStatus::Closed => "we had it closed",
        },
        live: Some(AttemptStatus::is_live),
        status: Attempt::status,
        samples: states
            .into_iter()
            .map(|(note, state)| noted(note, Attempt::restore(terms.clone(), state)))
            .collect(),
        commands: vec![
            command(
                "opened",
                "the gateway told us about the session",
                |attempt: Attempt| attempt.opened(session(1)),
            ),
            command(
                "opened(second)",
                "the gateway told us about a session that is not the known one",
                |attempt: Attempt| attempt.opened(session(2)),
            ),
            always(
                "lose_track",
                "an answer of the gateway was lost",
                Attempt::lose_track,
            ),
            always("close", "the session must go", Attempt::close),
            always("pay", "money came in", |attempt: Attempt| {
                attempt.pay(capture(1))
            }),
            command("fail", "the gateway ended it without money", Attempt::fail),
            always(
                "reverse",
                "the gateway took its money back",
                Attempt::reverse,
            ),
            always(
                "expire",
                "the gateway proved that nobody can pay through it any more",
                Attempt::expire,
            ),
        ],
    }
}
