//! The store does not say what became of a payment that is opened: it is looked for, never opened twice,
//! and counted as a new one exactly when it may be there.

use bayar_app::{CreateError, Created, Trouble};
use bayar_testkit::faults::{Fault, Operation};

use crate::stage::{Stage, new_payment};

/// Two new payments in a minute: one for the wish that is tested, one to see what is left.
async fn stage() -> Stage {
    Stage::with(|wanted| wanted.payments = 2).await
}

/// Nothing of the limit was used but one unit.
async fn one_unit_is_spent(stage: &Stage) {
    let (other, another) = (stage.order().await, stage.order().await);
    new_payment(stage.pay(&other, "other").await);
    let above = stage.pay(&another, "another").await;
    assert!(matches!(above, Err(CreateError::TooMany(_))), "{above:?}");
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_found_by_the_next_look() {
    let stage = stage().await;
    let order = stage.order().await;
    stage
        .store
        .fail(Operation::OpenPayment, Fault::UnsureDone, 1);

    let payment = new_payment(stage.pay(&order, "k-1").await);

    assert_eq!(stage.store.calls(Operation::OpenPayment), 1);
    assert_eq!(stage.payments_of(&order).await, [payment]);
    one_unit_is_spent(&stage).await;
}

#[tokio::test]
async fn a_write_that_is_lost_is_made_again() {
    let stage = stage().await;
    let order = stage.order().await;
    stage
        .store
        .fail(Operation::OpenPayment, Fault::UnsureNotDone, 2);

    let payment = new_payment(stage.pay(&order, "k-1").await);

    assert_eq!(stage.store.calls(Operation::OpenPayment), 3);
    // Each time with the same ids: had one of the lost ones arrived after all, it would have been this payment.
    assert_eq!(stage.store.calls(Operation::ReserveBillIds), 1);
    assert_eq!(stage.payments_of(&order).await, [payment]);
    one_unit_is_spent(&stage).await;
}

#[tokio::test]
async fn the_last_look_finds_what_the_last_write_did() {
    let stage = stage().await;
    let order = stage.order().await;
    stage
        .store
        .fail(Operation::OpenPayment, Fault::UnsureNotDone, 2);
    stage
        .store
        .fail(Operation::OpenPayment, Fault::UnsureDone, 1);

    let payment = new_payment(stage.pay(&order, "k-1").await);

    assert_eq!(stage.store.calls(Operation::OpenPayment), 3);
    assert_eq!(stage.store.calls(Operation::Survey), 4);
    assert_eq!(stage.payments_of(&order).await, [payment]);
    one_unit_is_spent(&stage).await;
}

#[tokio::test]
async fn what_may_have_been_written_stays_counted_and_the_same_wish_again_makes_one_payment() {
    let stage = stage().await;
    let order = stage.order().await;
    stage
        .store
        .fail(Operation::OpenPayment, Fault::UnsureNotDone, 3);

    let nobody_knows = stage.pay(&order, "k-1").await;

    let is_in_progress = matches!(nobody_knows, Err(CreateError::Trouble(Trouble::InProgress)));
    assert!(is_in_progress, "{nobody_knows:?}");
    assert_eq!(stage.payments_of(&order).await, []);
    one_unit_is_spent(&stage).await;

    stage.wait_for_the_next_window();
    let payment = new_payment(stage.pay(&order, "k-1").await);
    let again = stage.pay(&order, "k-1").await;
    assert!(matches!(again, Ok(Created::Again { .. })), "{again:?}");
    assert_eq!(stage.payments_of(&order).await, [payment]);
}

#[tokio::test]
async fn what_was_surely_not_written_is_not_counted() {
    for (operation, fault) in [
        (Operation::OpenPayment, Fault::Unavailable),
        (Operation::OpenPayment, Fault::Broken),
        (Operation::ReserveBillIds, Fault::Unavailable),
    ] {
        let stage = stage().await;
        let order = stage.order().await;
        for _ in 0..5 {
            stage.store.fail(operation, fault, 1);
            let failed = stage.pay(&order, "k-1").await;
            let is_trouble = matches!(failed, Err(CreateError::Trouble(_)));
            assert!(is_trouble, "{operation:?} {fault:?}: {failed:?}");
        }

        let payment = new_payment(stage.pay(&order, "k-1").await);

        assert_eq!(stage.payments_of(&order).await, [payment]);
        one_unit_is_spent(&stage).await;
    }
}

#[tokio::test]
async fn what_may_have_been_written_stays_counted_when_the_store_goes_away_afterwards() {
    let stage = stage().await;
    let order = stage.order().await;
    stage
        .store
        .fail(Operation::OpenPayment, Fault::UnsureNotDone, 1);
    stage
        .store
        .fail(Operation::OpenPayment, Fault::Unavailable, 1);

    let away = stage.pay(&order, "k-1").await;

    let is_away = matches!(away, Err(CreateError::Trouble(Trouble::Unavailable(_))));
    assert!(is_away, "{away:?}");
    one_unit_is_spent(&stage).await;
}
