use super::*;
use crate::testing::Told::{Goes, Refused, Stays};
use crate::testing::{Machine, capture, each, php};

fn terms(origin: RefundOrigin) -> RefundTerms {
    RefundTerms {
        id: RefundId::new(5).unwrap(),
        payment: PaymentId::new(100).unwrap(),
        capture: capture("pi_1"),
        origin,
        reason: Some(Reason::new("changed mind").unwrap()),
    }
}

fn transfer(name: &str) -> TransferReference {
    TransferReference::new(name).unwrap()
}

const BY_GATEWAY: RefundState = RefundState::Succeeded { transfer: None };

fn by_hand(name: &str) -> RefundState {
    RefundState::Succeeded {
        transfer: Some(transfer(name)),
    }
}

const fn failed(reason: RefundFailure) -> RefundState {
    RefundState::Failed { reason }
}

const REFUSED: RefundState = failed(RefundFailure::Refused);

impl Machine for Refund {
    type State = RefundState;
    type Status = RefundStatus;

    fn samples() -> Vec<RefundState> {
        vec![
            RefundState::Requested,
            RefundState::Sent,
            RefundState::Unknown,
            RefundState::Manual,
            BY_GATEWAY,
            by_hand("TRX-1"),
            REFUSED,
        ]
    }

    fn sample(state: RefundState) -> Self {
        Self::restore(terms(RefundOrigin::Requested), php(200_000), state).unwrap()
    }

    fn state_of(&self) -> RefundState {
        self.state().clone()
    }

    fn status_of(&self) -> RefundStatus {
        self.status()
    }
}

#[test]
fn the_samples_are_of_every_state() {
    let mut statuses: Vec<_> = Refund::samples()
        .into_iter()
        .map(|state| Refund::sample(state).status())
        .collect();
    statuses.dedup();
    assert_eq!(statuses, RefundStatus::ALL);
}

#[test]
fn names_are_stable() {
    let names: Vec<_> = RefundStatus::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "requested",
            "sent",
            "unknown",
            "manual",
            "succeeded",
            "failed"
        ]
    );
    let origins: Vec<_> = RefundOrigin::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["requested", "surplus", "external"]);
    let failures: Vec<_> = RefundFailure::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(failures, ["refused", "failed", "withdrawn"]);
}

#[test]
fn a_refund_begins_requested_and_keeps_its_terms() {
    let terms = terms(RefundOrigin::Surplus);
    let refund = Refund::request(terms.clone(), php(1)).unwrap();
    assert_eq!(*refund.state(), RefundState::Requested);
    assert_eq!(*refund.terms(), terms);
    assert_eq!(refund.amount(), php(1));
}

#[test]
fn an_amount_above_zero_is_taken_and_no_other() {
    for minor in [0, -1] {
        let terms = || terms(RefundOrigin::Requested);
        assert_eq!(Refund::request(terms(), php(minor)), Err(InvalidRefund));
        assert_eq!(
            Refund::restore(terms(), php(minor), BY_GATEWAY),
            Err(InvalidRefund)
        );
    }
    assert_eq!(
        InvalidRefund.to_string(),
        "a refund has an amount above zero"
    );
}

#[test]
fn a_refund_is_sent_again_until_it_succeeds() {
    use RefundStatus::Sent;
    let sent = || Goes(RefundState::Sent);
    assert_eq!(
        each(Refund::send),
        [
            sent(),
            Stays,
            sent(),
            sent(),
            Refused(Sent),
            Refused(Sent),
            sent()
        ]
    );
}

#[test]
fn a_lost_answer_makes_a_refund_unknown_until_proof() {
    assert_eq!(
        each(Refund::lose_track),
        [
            Goes(RefundState::Unknown),
            Goes(RefundState::Unknown),
            Stays,
            Refused(RefundStatus::Unknown),
            Stays,
            Stays,
            Stays
        ]
    );
}

#[test]
fn proof_succeeds_a_refund_and_spares_the_transfer_by_hand() {
    let done = || Goes(BY_GATEWAY);
    assert_eq!(
        each(|refund: Refund| Ok(refund.succeed())),
        [done(), done(), done(), done(), Stays, Stays, done()]
    );
}

#[test]
fn what_no_gateway_has_can_be_withdrawn() {
    let withdrawn = || {
        Goes(RefundState::Failed {
            reason: RefundFailure::Withdrawn,
        })
    };
    let refused = || Refused(RefundStatus::Failed);
    assert_eq!(
        each(Refund::withdraw),
        [
            withdrawn(),
            refused(),
            refused(),
            withdrawn(),
            refused(),
            refused(),
            withdrawn()
        ]
    );
    let again = Refund::sample(failed(RefundFailure::Withdrawn)).withdraw();
    assert!(!again.unwrap().has_changed());
}

#[test]
fn what_never_left_is_as_it_was_before_it_was_sent() {
    let refused = || Refused(RefundStatus::Requested);
    assert_eq!(
        each(Refund::unsend),
        [
            Stays,
            Goes(RefundState::Requested),
            refused(),
            refused(),
            refused(),
            refused(),
            refused()
        ]
    );
}

#[test]
fn a_refund_is_under_way_until_it_ends_or_an_operator_has_it() {
    use RefundStatus::{Requested, Sent, Unknown};
    let under_way = RefundStatus::ALL
        .iter()
        .filter(|status| status.is_under_way());
    assert_eq!(under_way.collect::<Vec<_>>(), [&Requested, &Sent, &Unknown]);
}

#[test]
fn proof_fails_a_refund_even_after_its_success() {
    use RefundStatus::Failed;
    for &reason in RefundFailure::ALL {
        let gone = || Goes(failed(reason));
        assert_eq!(
            each(move |refund: Refund| refund.fail(reason)),
            [
                gone(),
                gone(),
                gone(),
                Refused(Failed),
                gone(),
                Refused(Failed),
                Stays
            ]
        );
    }
}

#[test]
fn an_operator_takes_over_what_no_gateway_has() {
    use RefundStatus::Manual;
    assert_eq!(
        each(Refund::take_over),
        [
            Goes(RefundState::Manual),
            Refused(Manual),
            Refused(Manual),
            Stays,
            Refused(Manual),
            Refused(Manual),
            Goes(RefundState::Manual)
        ]
    );
}

#[test]
fn an_operator_settles_by_one_transfer() {
    use RefundStatus::Succeeded;
    let settle = |name| each(move |refund: Refund| refund.settle(transfer(name)));
    assert_eq!(
        settle("TRX-1"),
        [
            Refused(Succeeded),
            Refused(Succeeded),
            Refused(Succeeded),
            Goes(by_hand("TRX-1")),
            Refused(Succeeded),
            Stays,
            Refused(Succeeded)
        ]
    );
    assert_eq!(
        settle("TRX-2"),
        [
            Refused(Succeeded),
            Refused(Succeeded),
            Refused(Succeeded),
            Goes(by_hand("TRX-2")),
            Refused(Succeeded),
            Refused(Succeeded),
            Refused(Succeeded)
        ]
    );
}

#[test]
fn what_no_hand_settled_is_where_its_records_say() {
    for state in Refund::samples() {
        let followed = Refund::sample(state.clone()).follow(RefundState::Manual);
        let by_hand = matches!(state, RefundState::Succeeded { transfer: Some(_) });
        let expected = if by_hand { state } else { RefundState::Manual };
        assert_eq!(*followed.state(), expected);
    }
}

#[test]
fn only_an_automatic_refund_that_nobody_sent_is_an_unsent_surplus() {
    for &origin in RefundOrigin::ALL {
        for state in Refund::samples() {
            let expected = origin == RefundOrigin::Surplus && state == RefundState::Requested;
            let refund = Refund::restore(terms(origin), php(1), state).unwrap();
            assert_eq!(refund.is_unsent_surplus(), expected);
        }
    }
}

#[test]
fn an_unsent_surplus_goes_with_what_is_left() {
    let surplus =
        |minor, state| Refund::restore(terms(RefundOrigin::Surplus), php(minor), state).unwrap();
    let unsent = || surplus(100, RefundState::Requested);
    assert_eq!(
        unsent().resize(php(250)),
        surplus(250, RefundState::Requested)
    );
    assert_eq!(unsent().resize(php(1)), surplus(1, RefundState::Requested));
    let withdrawn = surplus(100, failed(RefundFailure::Withdrawn));
    assert_eq!(unsent().resize(php(0)), withdrawn);
    assert_eq!(withdrawn.clone().resize(php(1)), withdrawn);
    let sent = surplus(100, RefundState::Sent);
    assert_eq!(sent.clone().resize(php(1)), sent);
    let asked = Refund::sample(RefundState::Requested);
    assert_eq!(asked.clone().resize(php(0)), asked);
}

#[test]
fn a_refusal_says_from_where_and_to_where() {
    let refusal = Refund::sample(BY_GATEWAY).take_over().unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "refund cannot go from succeeded to manual"
    );
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use crate::testing::{assert_json, refusal};

    const TERMS: &str = r#""id":5,"payment":100,"capture":"pi_1","origin":"requested","reason":"changed mind","amount":{"amount":"2000.00","currency":"PHP"}"#;

    const STATES: [&str; 7] = [
        r#""status":"requested""#,
        r#""status":"sent""#,
        r#""status":"unknown""#,
        r#""status":"manual""#,
        r#""status":"succeeded","transfer":null"#,
        r#""status":"succeeded","transfer":"TRX-1""#,
        r#""status":"failed","failure":"refused""#,
    ];

    #[test]
    fn a_refund_is_one_flat_object_in_every_state() {
        for (state, json) in Refund::samples().into_iter().zip(STATES) {
            assert_json(&state, &format!("{{{json}}}"));
            assert_json(&Refund::sample(state), &format!("{{{TERMS},{json}}}"));
        }
    }

    #[test]
    fn a_refund_without_a_reason_says_so() {
        let silent = RefundTerms {
            reason: None,
            ..terms(RefundOrigin::Surplus)
        };
        let refund = Refund::restore(silent, php(200_000), REFUSED).unwrap();
        let json = format!(r#"{{{TERMS},"status":"failed","failure":"refused"}}"#).replace(
            r#""requested","reason":"changed mind""#,
            r#""surplus","reason":null"#,
        );
        assert_json(&refund, &json);
    }

    #[test]
    fn a_refund_that_cannot_be_is_refused() {
        let nothing = format!(r#"{{{TERMS},"status":"sent"}}"#).replace("2000.00", "0.00");
        assert_eq!(refusal::<Refund>(&nothing), InvalidRefund.to_string());
        let causeless = format!(r#"{{{TERMS},"status":"failed"}}"#);
        assert_eq!(refusal::<Refund>(&causeless), "missing field `failure`");
    }
}
