//! Opening a checkout.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::gateway::Door;
use bayar_app::port::store::CallKey;
use bayar_domain::{AttemptId, Money};
use chrono::TimeDelta;

use super::steps::{OPEN_FOR, to_open};
use super::{Attempted, GatewayStage, one_line};

type Case<'a> = &'a dyn GatewayStage;

fn key() -> CallKey {
    CallKey::new("by-contract0001-00000000000000000000").unwrap()
}

pub async fn a_checkout_is_opened(stage: Case<'_>) {
    let mut attempted = Attempted::planned(stage).await;
    let session = attempted.open().await.unwrap();
    assert!(session.url.starts_with("http"), "{}", session.url);
    assert_eq!(stage.book().await.opened, 1);
}

pub async fn a_checkout_ends_when_it_was_to_end(stage: Case<'_>) {
    let attempted = Attempted::opened(stage).await;
    let end = attempted.opened_at + OPEN_FOR;
    let expires_at = attempted.session().expires_at;
    assert!(expires_at <= end, "{expires_at} is after {end}");
    // A gateway may end the choice of a method earlier than the paying.
    assert!(expires_at > end - TimeDelta::minutes(20), "{expires_at}");
}

pub async fn a_call_made_again_opens_the_same_checkout(stage: Case<'_>) {
    let mut attempted = Attempted::planned(stage).await;
    let first = attempted.open().await.unwrap();
    let again = attempted.open().await.unwrap();
    assert_eq!(first.reference, again.reference);
    assert_eq!(first.url, again.url);
    assert_eq!(stage.book().await.opened, 1);
}

pub async fn an_amount_that_cannot_be_taken_exactly_is_unfit(stage: Case<'_>) {
    let amount = stage.unfit_amount();
    let refused = to_open(stage, amount, &one_line(amount), &key());
    assert!(refused.is_err(), "{refused:?}");
}

pub async fn lines_that_do_not_sum_are_unfit(stage: Case<'_>) {
    let amount = stage.amount();
    let less = Money::new(amount.minor() / 2, amount.currency());
    for lines in [Vec::new(), one_line(less)] {
        let refused = to_open(stage, amount, &lines, &key());
        assert!(refused.is_err(), "{refused:?}");
    }
}

pub async fn what_nobody_opened_is_absent_and_proves_nothing(stage: Case<'_>) {
    // Another attempt's checkout is not this one's.
    let other = Attempted::opened(stage).await;
    let mut attempted = Attempted::planned(stage).await;
    attempted.key = key();
    attempted.attempt = AttemptId::new(8).unwrap();
    let reading = stage.port().read(&attempted.place()).await.unwrap();
    assert_eq!(reading.door, Door::Absent, "beside {}", other.key);
    assert_eq!(reading.proofs, []);
}

pub async fn an_open_checkout_proves_nothing(stage: Case<'_>) {
    let mut attempted = Attempted::opened(stage).await;
    let reading = attempted.read().await.unwrap();
    assert!(
        matches!(reading.door, Door::Open | Door::Absent),
        "{reading:?}"
    );
    assert_eq!(reading.proofs, []);
}

pub async fn who_we_are_is_the_same_each_time(stage: Case<'_>) {
    let port = stage.port();
    let source = port.source().await.unwrap();
    assert_eq!(source.gateway, port.gateway());
    assert_eq!(port.source().await.unwrap(), source);
    assert_eq!(port.check().await.unwrap().source, source);
}
