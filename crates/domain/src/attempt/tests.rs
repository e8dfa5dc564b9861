use super::*;
use crate::testing::Told::{Goes, Refused, Stays};
use crate::testing::{Machine, attempt_id, capture, each, session, source};

fn terms() -> AttemptTerms {
    AttemptTerms {
        id: attempt_id(1),
        payment: PaymentId::new(100).unwrap(),
        source: source(),
    }
}

fn some() -> Option<Session> {
    Some(session("cs_1"))
}

fn open(name: &str) -> AttemptState {
    AttemptState::Open {
        session: session(name),
    }
}

fn unknown(session: Option<Session>) -> AttemptState {
    AttemptState::Unknown { session }
}

fn closing(session: Option<Session>) -> AttemptState {
    AttemptState::Closing { session }
}

fn paid(session: Option<Session>) -> AttemptState {
    AttemptState::Paid {
        capture: capture("pi_1"),
        session,
    }
}

fn failed(session: Option<Session>) -> AttemptState {
    AttemptState::Failed { session }
}

fn expired(session: Option<Session>) -> AttemptState {
    AttemptState::Expired { session }
}

fn closed(session: Option<Session>) -> AttemptState {
    AttemptState::Closed { session }
}

impl Machine for Attempt {
    type State = AttemptState;
    type Status = AttemptStatus;

    /// Without a session first.
    fn samples() -> Vec<AttemptState> {
        vec![
            AttemptState::Creating,
            open("cs_1"),
            unknown(None),
            unknown(some()),
            closing(None),
            closing(some()),
            paid(None),
            paid(some()),
            failed(None),
            failed(some()),
            expired(None),
            expired(some()),
            closed(None),
            closed(some()),
        ]
    }

    fn sample(state: AttemptState) -> Self {
        Self::restore(terms(), state)
    }

    fn state_of(&self) -> AttemptState {
        self.state().clone()
    }

    fn status_of(&self) -> AttemptStatus {
        self.status()
    }
}

#[test]
fn the_samples_are_of_every_state() {
    let mut statuses: Vec<_> = Attempt::samples()
        .into_iter()
        .map(|state| Attempt::sample(state).status())
        .collect();
    statuses.dedup();
    assert_eq!(statuses, AttemptStatus::ALL);
}

#[test]
fn states_have_stable_names() {
    let names: Vec<_> = AttemptStatus::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "creating", "open", "unknown", "closing", "paid", "failed", "expired", "closed"
        ]
    );
}

#[test]
fn somebody_might_pay_until_the_end_is_proved() {
    let live: Vec<_> = AttemptStatus::ALL
        .iter()
        .filter(|status| status.is_live())
        .collect();
    assert_eq!(
        live,
        [
            &AttemptStatus::Creating,
            &AttemptStatus::Open,
            &AttemptStatus::Unknown,
            &AttemptStatus::Closing
        ]
    );
}

#[test]
fn an_attempt_begins_without_a_session() {
    let attempt = Attempt::begin(terms());
    assert_eq!(*attempt.state(), AttemptState::Creating);
    assert_eq!(*attempt.terms(), terms());
}

#[test]
fn a_session_stays_with_its_attempt_in_every_state() {
    let known: Vec<_> = Attempt::samples()
        .iter()
        .map(|state| state.session().is_some())
        .collect();
    let none_and_some = [false, true];
    assert_eq!(known, none_and_some.repeat(7));
    for state in Attempt::samples() {
        assert_eq!(state.clone().into_session(), state.session().cloned());
        assert!(
            state
                .session()
                .is_none_or(|known| *known == session("cs_1"))
        );
    }
}

#[test]
fn the_first_news_of_a_session_is_kept_wherever_the_attempt_stands() {
    let opened = |state| Attempt::sample(state).opened(session("cs_1"));
    let moved = |state| Ok(Transition::Changed(Attempt::sample(state)));
    assert_eq!(opened(AttemptState::Creating), moved(open("cs_1")));
    assert_eq!(opened(unknown(None)), moved(open("cs_1")));
    assert_eq!(opened(unknown(some())), moved(open("cs_1")));
    assert_eq!(opened(closing(None)), moved(closing(some())));
    assert_eq!(opened(paid(None)), moved(paid(some())));
    assert_eq!(opened(failed(None)), moved(failed(some())));
    assert_eq!(opened(expired(None)), moved(expired(some())));
    assert_eq!(opened(closed(None)), moved(closed(some())));
}

#[test]
fn the_same_news_of_a_session_changes_nothing() {
    for state in [
        open("cs_1"),
        closing(some()),
        paid(some()),
        failed(some()),
        expired(some()),
        closed(some()),
    ] {
        let attempt = Attempt::sample(state);
        assert_eq!(
            attempt.clone().opened(session("cs_1")),
            Ok(Transition::AlreadyApplied(attempt))
        );
    }
}

#[test]
fn a_session_may_get_another_address_and_time() {
    let moved = Session {
        url: "https://pay.example".to_owned(),
        ..session("cs_1")
    };
    let attempt = Attempt::sample(open("cs_1")).opened(moved.clone()).unwrap();
    assert!(attempt.has_changed());
    assert_eq!(attempt.into_inner().state().session(), Some(&moved));
}

#[test]
fn a_second_session_is_refused_wherever_one_is_known() {
    for state in Attempt::samples() {
        let opened = Attempt::sample(state.clone()).opened(session("cs_2"));
        match state.session() {
            None => assert!(opened.unwrap().has_changed()),
            Some(_) => {
                let refusal = opened.unwrap_err();
                assert_eq!(refusal, SecondSession(attempt_id(1)));
                assert_eq!(refusal.to_string(), "attempt 1 has another session already");
            }
        }
    }
}

fn stays<const N: usize>() -> [Told; N] {
    [const { Stays }; N]
}

type Told = crate::testing::Told<AttemptState, AttemptStatus>;

#[test]
fn a_lost_answer_makes_a_checkout_unknown_until_it_must_go_or_ends() {
    let mut expected = vec![Goes(unknown(None)), Goes(unknown(some()))];
    expected.extend(stays::<12>());
    assert_eq!(each(|attempt: Attempt| Ok(attempt.lose_track())), expected);
}

#[test]
fn a_checkout_that_may_be_paid_is_closed_with_its_session() {
    let mut expected = vec![
        Goes(closing(None)),
        Goes(closing(some())),
        Goes(closing(None)),
        Goes(closing(some())),
    ];
    expected.extend(stays::<10>());
    assert_eq!(each(|attempt: Attempt| Ok(attempt.close())), expected);
}

#[test]
fn money_pays_an_attempt_wherever_it_stands() {
    let pay = |name| each(move |attempt: Attempt| Ok(attempt.pay(capture(name))));
    let mut expected: Vec<Told> = (0..7)
        .flat_map(|_| [Goes(paid(None)), Goes(paid(some()))])
        .collect();
    expected[6] = Stays;
    expected[7] = Stays;
    assert_eq!(pay("pi_1"), expected);

    let other = |session| AttemptState::Paid {
        capture: capture("pi_2"),
        session,
    };
    let expected: Vec<Told> = (0..7)
        .flat_map(|_| [Goes(other(None)), Goes(other(some()))])
        .collect();
    assert_eq!(pay("pi_2"), expected);
}

#[test]
fn an_unpaid_attempt_fails_and_a_paid_one_does_not() {
    let mut expected: Vec<Told> = (0..7)
        .flat_map(|_| [Goes(failed(None)), Goes(failed(some()))])
        .collect();
    expected[6] = Refused(AttemptStatus::Failed);
    expected[7] = Refused(AttemptStatus::Failed);
    expected[8] = Stays;
    expected[9] = Stays;
    assert_eq!(each(Attempt::fail), expected);
}

#[test]
fn a_reversal_fails_an_attempt_wherever_it_stands() {
    let mut expected: Vec<Told> = (0..7)
        .flat_map(|_| [Goes(failed(None)), Goes(failed(some()))])
        .collect();
    expected[8] = Stays;
    expected[9] = Stays;
    assert_eq!(each(|attempt: Attempt| Ok(attempt.reverse())), expected);
}

#[test]
fn a_checkout_that_ran_out_is_closed_where_that_was_asked_for() {
    let mut expected = vec![
        Goes(expired(None)),
        Goes(expired(some())),
        Goes(expired(None)),
        Goes(expired(some())),
        Goes(closed(None)),
        Goes(closed(some())),
    ];
    expected.extend(stays::<8>());
    assert_eq!(each(|attempt: Attempt| Ok(attempt.expire())), expected);
}

#[test]
fn a_refusal_says_from_where_and_to_where() {
    let refusal = Attempt::sample(paid(None)).fail().unwrap_err();
    assert_eq!(refusal.to_string(), "attempt cannot go from paid to failed");
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use crate::testing::{assert_json, refusal};

    const TERMS: &str =
        r#""id":1,"payment":100,"source":{"gateway":"stripe","account":"acct_1","mode":"test"}"#;
    const SESSION: &str = r#""session":{"reference":"cs_1","url":"https://checkout.example/cs_1","expires_at":"2025-07-18T04:37:00Z"}"#;

    #[test]
    fn an_attempt_is_one_flat_object_in_every_state() {
        let states = [
            ("creating", "", false),
            ("open", "", true),
            ("unknown", "", true),
            ("closing", "", true),
            ("paid", r#","capture":"pi_1""#, true),
            ("failed", "", true),
            ("expired", "", true),
            ("closed", "", true),
        ];
        let sessions = Attempt::samples()
            .into_iter()
            .filter(|state| *state == AttemptState::Creating || state.session().is_some());
        for (state, (status, capture, has_session)) in sessions.zip(states) {
            let session = if has_session {
                format!(",{SESSION}")
            } else {
                String::new()
            };
            let json = format!(r#"{{{TERMS},"status":"{status}"{capture}{session}}}"#);
            assert_json(&Attempt::sample(state), &json);
        }
    }

    #[test]
    fn an_attempt_without_a_session_says_so_and_is_read_without_it() {
        let json = format!(r#"{{{TERMS},"status":"unknown","session":null}}"#);
        assert_json(&Attempt::sample(unknown(None)), &json);
        let silent = json.replace(r#","session":null"#, "");
        assert_eq!(
            serde_json::from_str::<Attempt>(&silent).unwrap(),
            Attempt::sample(unknown(None))
        );
    }

    #[test]
    fn an_attempt_that_cannot_be_is_refused() {
        let unpaid = format!(r#"{{{TERMS},"status":"paid"}}"#);
        assert_eq!(refusal::<Attempt>(&unpaid), "missing field `capture`");
        let nowhere = format!(r#"{{{TERMS},"status":"open"}}"#);
        assert_eq!(refusal::<Attempt>(&nowhere), "missing field `session`");
        let strange = format!(r#"{{{TERMS},"status":"done"}}"#);
        assert!(refusal::<Attempt>(&strange).starts_with("unknown variant `done`"));
    }
}
