//! Closing a checkout, and its end.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::time::Duration;

use bayar_app::port::gateway::{Door, Sent};
use bayar_domain::fact::Proof;

use super::steps::captured;
use super::{Attempted, GatewayStage};

type Case<'a> = &'a dyn GatewayStage;

/// Longer than a checkout is open, and than a gateway that says nothing is waited for.
const LONG: Duration = Duration::from_secs(2 * 60 * 60);

fn is_proved_over(attempted: &Attempted<'_>) -> bool {
    let mut facts = attempted.facts.iter();
    facts.any(|fact| matches!(fact.proof(), Proof::Expired))
}

pub async fn a_closed_checkout_takes_no_money(stage: Case<'_>) {
    let mut attempted = Attempted::opened(stage).await;
    attempted.close().await.unwrap();
    attempted.read().await.unwrap();
    assert!(is_proved_over(&attempted), "{:?}", attempted.facts);
    assert!(!stage.pay(attempted.session()).await, "it was closed");
    assert_eq!(stage.book().await.captured, 0);
}

pub async fn closing_twice_closes_once(stage: Case<'_>) {
    let mut attempted = Attempted::opened(stage).await;
    attempted.close().await.unwrap();
    attempted.close().await.unwrap();
    attempted.read().await.unwrap();
    assert!(is_proved_over(&attempted), "{:?}", attempted.facts);
}

pub async fn closing_what_is_paid_leaves_it_paid(stage: Case<'_>) {
    let mut attempted = Attempted::opened(stage).await;
    assert!(stage.pay(attempted.session()).await);
    // Whatever is answered, nothing says that nobody paid.
    let sent = attempted.close().await;
    assert_ne!(sent, Ok(Sent::Closed));
    let reading = attempted.read().await.unwrap();
    assert_eq!(reading.door, Door::Paid);
    assert_eq!(captured(&reading).len(), 1);
    assert!(!is_proved_over(&attempted), "{:?}", attempted.facts);
    let totals = stage.book().await;
    assert_eq!(
        (totals.captured, totals.refunded),
        (stage.amount().minor(), 0)
    );
}

pub async fn a_checkout_whose_time_is_over_is_proved_expired(stage: Case<'_>) {
    let mut attempted = Attempted::opened(stage).await;
    stage.pass(LONG).await;
    let reading = attempted
        .read_until(|reading| {
            let mut proofs = reading.proofs.iter();
            reading.door == Door::Absent || proofs.any(|(proof, _)| *proof == Proof::Expired)
        })
        .await;
    assert!(
        matches!(reading.door, Door::Shut | Door::Absent),
        "{reading:?}"
    );
}

pub async fn what_expired_takes_no_money(stage: Case<'_>) {
    let attempted = Attempted::opened(stage).await;
    stage.pass(LONG).await;
    assert!(!stage.pay(attempted.session()).await, "its time is over");
}
