//! Money going back.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::gateway::CallError;
use bayar_app::port::store::Operation;
use bayar_domain::Money;

use super::{Attempted, GatewayStage};

type Case<'a> = &'a dyn GatewayStage;

fn part(stage: Case<'_>) -> Money {
    Money::new(stage.amount().minor() / 4, stage.amount().currency())
}

pub async fn all_of_it_goes_back(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    attempted.refund(11, stage.amount()).await.unwrap();
    let wanted = vec![(stage.amount().minor(), Some(11))];
    attempted
        .read_until(|reading| Attempted::proved_refunds(reading) == wanted)
        .await;
    assert_eq!(stage.book().await.refunded, stage.amount().minor());
}

pub async fn a_part_goes_back_and_carries_our_mark(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    let part = part(stage);
    attempted.refund(11, part).await.unwrap();
    attempted.refund(12, part).await.unwrap();
    let wanted = [(part.minor(), Some(11)), (part.minor(), Some(12))];
    attempted
        .read_until(|reading| {
            let mut refunds = Attempted::proved_refunds(reading);
            refunds.sort_unstable();
            refunds == wanted
        })
        .await;
    assert_eq!(stage.book().await.refunded, 2 * part.minor());
}

pub async fn a_refund_sent_again_gives_back_once(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    let part = part(stage);
    let (key, request) = attempted.asked(11, part);
    attempted
        .send(&key, Operation::Refund, &request)
        .await
        .unwrap();
    // Whatever is answered, it goes back once.
    let _ = attempted.send(&key, Operation::Refund, &request).await;
    let wanted = vec![(part.minor(), Some(11))];
    attempted
        .read_until(|reading| Attempted::proved_refunds(reading) == wanted)
        .await;
    assert_eq!(stage.book().await.refunded, part.minor());
}

pub async fn more_than_came_in_is_refused(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    let three_quarters = Money::new(part(stage).minor() * 3, stage.amount().currency());
    attempted.refund(11, three_quarters).await.unwrap();
    let refused = attempted.refund(12, three_quarters).await;
    assert!(matches!(refused, Err(CallError::Refused(_))), "{refused:?}");
    assert_eq!(stage.book().await.refunded, three_quarters.minor());
}

pub async fn what_was_given_back_by_hand_carries_no_mark(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    let part = part(stage);
    stage.refund_by_hand(attempted.session(), part).await;
    let wanted = vec![(part.minor(), None)];
    attempted
        .read_until(|reading| Attempted::proved_refunds(reading) == wanted)
        .await;
}
