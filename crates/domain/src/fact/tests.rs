use super::*;
use crate::gateway::Mode;
use crate::testing::{at, attempt_id, capture, php, source};

fn reason(text: &str) -> Reason {
    Reason::new(text).unwrap()
}

fn captured(name: &str, minor: i64) -> Proof {
    Proof::Captured {
        capture: capture(name),
        amount: php(minor),
    }
}

fn challenged(name: &str, minor: i64) -> Proof {
    Proof::Challenged {
        capture: capture(name),
        amount: php(minor),
    }
}

fn reversed(name: &str) -> Proof {
    Proof::Reversed {
        capture: capture(name),
    }
}

fn declined(name: &str, why: &str) -> Proof {
    Proof::Declined {
        payment_try: TryId::new(name).unwrap(),
        reason: reason(why),
    }
}

fn failed(why: &str) -> Proof {
    Proof::Failed {
        reason: reason(why),
    }
}

fn refunded(name: &str, minor: i64, step: RefundStep, ours: Option<i64>) -> Proof {
    Proof::Refunded {
        capture: capture("pi_1"),
        refund: GatewayRefundId::new(name).unwrap(),
        amount: php(minor),
        step,
        ours: ours.map(|id| RefundId::new(id).unwrap()),
    }
}

fn disputed(name: &str, minor: i64, step: u32) -> Proof {
    Proof::Disputed {
        capture: capture("pi_1"),
        dispute: DisputeId::new(name).unwrap(),
        held: php(minor),
        step,
        lost: false,
    }
}

fn proved(proof: Proof) -> Fact {
    Fact::new(attempt_id(1), source(), proof, at(0)).unwrap()
}

/// A proof of each kind.
fn proofs() -> [Proof; 8] {
    [
        captured("pi_1", 1),
        challenged("pi_1", 1),
        reversed("pi_1"),
        declined("try_1", "no funds"),
        failed("denied"),
        Proof::Expired,
        refunded("re_1", 1, RefundStep::Succeeded, Some(5)),
        disputed("dp_1", 0, 1),
    ]
}

#[test]
fn names_are_stable() {
    let kinds: Vec<_> = FactKind::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        kinds,
        [
            "captured",
            "challenged",
            "reversed",
            "declined",
            "failed",
            "expired",
            "refunded",
            "disputed"
        ]
    );
    let steps: Vec<_> = RefundStep::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(steps, ["pending", "succeeded", "failed"]);
}

#[test]
fn later_steps_of_a_refund_outweigh_earlier_ones() {
    assert!(RefundStep::Pending < RefundStep::Succeeded);
    assert!(RefundStep::Succeeded < RefundStep::Failed);
}

#[test]
fn each_proof_is_a_fact_of_its_kind_and_is_kept() {
    let kinds: Vec<_> = proofs()
        .into_iter()
        .map(|proof| {
            let fact = proved(proof.clone());
            assert_eq!(*fact.proof(), proof);
            assert_eq!(fact.attempt(), attempt_id(1));
            assert_eq!(*fact.source(), source());
            assert_eq!(fact.at(), at(0));
            fact.kind()
        })
        .collect();
    assert_eq!(kinds, FactKind::ALL);
}

#[test]
fn money_that_moved_is_above_zero() {
    let fact = |proof| Fact::new(attempt_id(1), source(), proof, at(0));
    for minor in [0, -1] {
        for proof in [
            captured("pi_1", minor),
            challenged("pi_1", minor),
            refunded("re_1", minor, RefundStep::Pending, None),
        ] {
            assert_eq!(fact(proof), Err(InvalidFact::Amount));
        }
    }
    assert_eq!(
        InvalidFact::Amount.to_string(),
        "money that moved is above zero"
    );
}

#[test]
fn a_dispute_holds_nothing_or_more() {
    let fact = |minor| Fact::new(attempt_id(1), source(), disputed("dp_1", minor, 1), at(0));
    assert!(fact(0).is_ok());
    assert!(fact(1).is_ok());
    assert_eq!(fact(-1), Err(InvalidFact::Held));
    assert_eq!(
        InvalidFact::Held.to_string(),
        "a dispute holds nothing or more"
    );
}

#[test]
fn a_key_names_a_thing_and_a_step_of_its_life() {
    let keys: Vec<_> = proofs()
        .into_iter()
        .map(|proof| {
            let key = proved(proof).key();
            assert_eq!(key.source, source());
            (key.kind, key.object, key.step)
        })
        .collect();
    let expected = [
        (FactKind::Captured, "pi_1", "0.01 PHP"),
        (FactKind::Challenged, "pi_1", "0.01 PHP"),
        (FactKind::Reversed, "pi_1", "once"),
        (FactKind::Declined, "try_1", "once"),
        (FactKind::Failed, "attempt 1", "once"),
        (FactKind::Expired, "attempt 1", "once"),
        (FactKind::Refunded, "re_1", "succeeded 0.01 PHP for 5"),
        (FactKind::Disputed, "dp_1", "1 0.00 PHP"),
    ]
    .map(|(kind, object, step)| (kind, object.to_owned(), step.to_owned()));
    assert_eq!(keys, expected);
}

#[test]
fn two_amounts_for_one_thing_are_two_facts() {
    use RefundStep::Pending;
    for (one, other) in [
        (captured("pi_1", 1), captured("pi_1", 2)),
        (challenged("pi_1", 1), challenged("pi_1", 2)),
        (
            refunded("re_1", 1, Pending, None),
            refunded("re_1", 2, Pending, None),
        ),
        (
            refunded("re_1", 1, Pending, Some(5)),
            refunded("re_1", 2, Pending, Some(5)),
        ),
        (disputed("dp_1", 0, 1), disputed("dp_1", 1, 1)),
    ] {
        assert_ne!(proved(one).key(), proved(other).key());
    }
}

#[test]
fn the_same_thing_through_another_door_is_one_fact() {
    for (one, other) in [
        (declined("try_1", "a"), declined("try_1", "b")),
        (failed("a"), failed("b")),
    ] {
        assert_eq!(proved(one).key(), proved(other).key());
    }
    let later = |proof| Fact::new(attempt_id(1), source(), proof, at(1)).unwrap();
    for proof in proofs() {
        assert_eq!(proved(proof.clone()).key(), later(proof).key());
    }
}

#[test]
fn money_is_one_fact_whichever_attempt_it_is_told_of() {
    let other = |proof| Fact::new(attempt_id(2), source(), proof, at(0)).unwrap();
    for proof in proofs() {
        let about_the_attempt = matches!(proof, Proof::Failed { .. } | Proof::Expired);
        let same = proved(proof.clone()).key() == other(proof).key();
        assert_ne!(same, about_the_attempt);
    }
}

#[test]
fn another_thing_or_step_is_another_fact() {
    use RefundStep::{Failed, Pending, Succeeded};
    let mut keys: Vec<_> = proofs()
        .into_iter()
        .chain([
            captured("pi_2", 1),
            challenged("pi_2", 1),
            reversed("pi_2"),
            declined("try_2", "no funds"),
            refunded("re_2", 1, Succeeded, Some(5)),
            refunded("re_1", 1, Succeeded, Some(6)),
            refunded("re_1", 1, Succeeded, None),
            refunded("re_1", 1, Pending, None),
            refunded("re_1", 1, Failed, None),
            refunded("re_1", 1, Pending, Some(5)),
            disputed("dp_2", 0, 1),
            disputed("dp_1", 0, 2),
        ])
        .map(|proof| proved(proof).key())
        .collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

#[test]
fn another_account_or_mode_proves_another_fact() {
    let live = Source {
        mode: Mode::Live,
        ..source()
    };
    let elsewhere = Source {
        account: "acct_2".parse().unwrap(),
        ..source()
    };
    for other in [live, elsewhere] {
        for proof in proofs() {
            let fact = Fact::new(attempt_id(1), other.clone(), proof.clone(), at(0)).unwrap();
            assert_ne!(fact.key(), proved(proof).key());
        }
    }
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use crate::testing::{assert_json, refusal};

    const FROM: &str =
        r#""attempt":1,"source":{"gateway":"stripe","account":"acct_1","mode":"test"}"#;
    const AT: &str = r#""at":"2025-07-18T04:07:00Z""#;

    const PROOFS: [&str; 8] = [
        r#""kind":"captured","capture":"pi_1","amount":{"amount":"0.01","currency":"PHP"}"#,
        r#""kind":"challenged","capture":"pi_1","amount":{"amount":"0.01","currency":"PHP"}"#,
        r#""kind":"reversed","capture":"pi_1""#,
        r#""kind":"declined","payment_try":"try_1","reason":"no funds""#,
        r#""kind":"failed","reason":"denied""#,
        r#""kind":"expired""#,
        r#""kind":"refunded","capture":"pi_1","refund":"re_1","amount":{"amount":"0.01","currency":"PHP"},"step":"succeeded","ours":5"#,
        r#""kind":"disputed","capture":"pi_1","dispute":"dp_1","held":{"amount":"0.00","currency":"PHP"},"step":1"#,
    ];

    #[test]
    fn a_fact_is_one_flat_object_of_every_kind() {
        for (proof, json) in proofs().into_iter().zip(PROOFS) {
            assert_json(&proof, &format!("{{{json}}}"));
            assert_json(&proved(proof), &format!("{{{FROM},{json},{AT}}}"));
        }
    }

    #[test]
    fn a_fact_that_cannot_be_is_refused() {
        let [captured, challenged, _, _, _, _, refunded, disputed] = PROOFS;
        for json in [captured, challenged, refunded] {
            let json = format!("{{{FROM},{json},{AT}}}").replace("0.01", "0.00");
            assert_eq!(refusal::<Fact>(&json), InvalidFact::Amount.to_string());
        }
        let json = format!("{{{FROM},{disputed},{AT}}}").replace("0.00", "-0.01");
        assert_eq!(refusal::<Fact>(&json), InvalidFact::Held.to_string());
    }
}
