//! What unit tests share: sample values, and a way to run one command on every state.

use core::fmt::Debug;

use chrono::{DateTime, TimeDelta, Utc};

use crate::gateway::{AccountRef, Session};
use crate::{
    Answer, AttemptId, CaptureId, Currency, Gateway, Mode, Money, Source, Status, Transition,
};

/// A state machine with a sample of each of its states.
pub(crate) trait Machine: Clone + PartialEq + Debug {
    type State: Clone + PartialEq + Debug;
    type Status: Status;

    /// One sample of each state, or more where they behave differently.
    fn samples() -> Vec<Self::State>;

    /// The same thing in another state.
    fn sample(state: Self::State) -> Self;

    fn state_of(&self) -> Self::State;

    fn status_of(&self) -> Self::Status;
}

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told<State, Status> {
    Goes(State),
    Stays,
    Refused(Status),
}

/// What a command does to each sample. Whatever it does, nothing but the state may change.
#[track_caller]
pub(crate) fn each<M: Machine>(
    command: impl Fn(M) -> Answer<M, M::Status>,
) -> Vec<Told<M::State, M::Status>> {
    let told = |before: M| match command(before.clone()) {
        Ok(Transition::Changed(after)) => {
            assert_ne!(after, before);
            let state = after.state_of();
            assert_eq!(after, M::sample(state.clone()));
            Told::Goes(state)
        }
        Ok(Transition::AlreadyApplied(after)) => {
            assert_eq!(after, before);
            Told::Stays
        }
        Err(refusal) => {
            assert_eq!(refusal.from, before.status_of());
            Told::Refused(refusal.to)
        }
    };
    M::samples().into_iter().map(M::sample).map(told).collect()
}

/// Centavos.
pub(crate) const fn php(minor: i64) -> Money {
    Money::new(minor, Currency::Php)
}

/// 18 July 2025, 04:07, and so many seconds.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_752_811_620, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn attempt_id(id: i64) -> AttemptId {
    AttemptId::new(id).unwrap()
}

pub(crate) fn capture(name: &str) -> CaptureId {
    CaptureId::new(name).unwrap()
}

pub(crate) fn source() -> Source {
    Source {
        gateway: Gateway::Stripe,
        account: AccountRef::new("acct_1").unwrap(),
        mode: Mode::Test,
    }
}

pub(crate) fn session(name: &str) -> Session {
    Session {
        reference: name.parse().unwrap(),
        url: format!("https://checkout.example/{name}"),
        expires_at: at(1_800),
    }
}

/// `value` is written as `json`, and read back from it.
#[cfg(feature = "serde")]
#[track_caller]
pub(crate) fn assert_json<T>(value: &T, json: &str)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    assert_eq!(serde_json::to_string(value).unwrap(), json);
    assert_eq!(serde_json::from_str::<T>(json).unwrap(), *value);
}

/// Why `json` is no `T`, without the place in the text.
#[cfg(feature = "serde")]
#[track_caller]
pub(crate) fn refusal<T: serde::de::DeserializeOwned + Debug>(json: &str) -> String {
    let error = serde_json::from_str::<T>(json).unwrap_err().to_string();
    match error.split_once(" at line ") {
        Some((why, _place)) => why.to_owned(),
        None => error,
    }
}
