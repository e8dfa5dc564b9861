//! Money coming in.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::gateway::Door;
use bayar_domain::fact::Proof;

use super::steps::captured;
use super::{Attempted, GatewayStage};

type Case<'a> = &'a dyn GatewayStage;

pub async fn money_is_proved_with_its_exact_amount(stage: Case<'_>) {
    let mut attempted = Attempted::opened(stage).await;
    assert!(stage.pay(attempted.session()).await);
    let reading = attempted.read().await.unwrap();
    assert_eq!(reading.door, Door::Paid);
    let captured = captured(&reading);
    assert_eq!(captured.len(), 1, "{reading:?}");
    assert_eq!(captured[0].1, stage.amount());
    assert_eq!(stage.book().await.captured, stage.amount().minor());
}

pub async fn the_same_money_is_proved_the_same_each_time(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    let known = attempted.facts.clone();
    for _ in 0..3 {
        attempted.read().await.unwrap();
    }
    assert_eq!(attempted.facts, known);
}

pub async fn a_declined_card_is_history_and_no_end(stage: Case<'_>) {
    let mut attempted = Attempted::opened(stage).await;
    stage.decline(attempted.session()).await;
    let reading = attempted.read().await.unwrap();
    assert!(
        matches!(reading.door, Door::Open | Door::Absent),
        "{reading:?}"
    );
    for (proof, _) in &reading.proofs {
        assert!(matches!(proof, Proof::Declined { .. }), "{proof:?}");
    }
}

pub async fn a_card_that_works_after_one_that_did_not_pays(stage: Case<'_>) {
    let mut attempted = Attempted::opened(stage).await;
    stage.decline(attempted.session()).await;
    attempted.read().await.unwrap();
    assert!(stage.pay(attempted.session()).await);
    let reading = attempted.read().await.unwrap();
    assert_eq!(captured(&reading).len(), 1, "{reading:?}");
    assert_eq!(reading.door, Door::Paid);
}

pub async fn every_name_of_the_money_is_told(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    let reading = attempted.read().await.unwrap();
    let capture = attempted.capture().to_string();
    assert!(reading.names.contains(&capture), "{:?}", reading.names);
    assert!(reading.names.len() > 1, "{:?}", reading.names);
    assert_ne!(reading.status, "");
}

pub async fn a_dispute_is_proved(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    stage.dispute(attempted.session()).await;
    let is_disputed = |reading: &bayar_app::port::gateway::Reading| {
        let mut proofs = reading.proofs.iter();
        proofs.any(
            |(proof, _)| matches!(proof, Proof::Disputed { held, .. } if *held == stage.amount()),
        )
    };
    attempted.read_until(is_disputed).await;
}
