//! Refunds that nobody believed in any more, and that went back after all.

use bayar_app::{Progress, RefundError};
use bayar_domain::refund::RefundFailure;
use bayar_domain::{RefundId, RefundState, RefundStatus};
use bayar_sandbox::sim::{Fault, Rule};

use crate::stage::{Paid, Stage, actor, on_both_stores, operator};

on_both_stores! {
    what_went_back_after_all_is_not_asked_for_anew,
    nothing_is_asked_for_anew_while_the_gateway_cannot_be_read,
    what_goes_back_after_all_drops_the_one_in_its_place,
    the_key_of_a_refund_tells_of_the_one_in_its_place,
}

const WITHDRAWN: RefundState = RefundState::Failed {
    reason: RefundFailure::Withdrawn,
};

/// A refund of 50 000 that its gateway is believed not to have, while its request is still on the way.
async fn given_up(stage: &Stage) -> (Paid, RefundId) {
    let paid = stage.paid_at_midtrans("gopay").await;
    stage.all("core.refund", Fault::TimeoutBefore);
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await
        .unwrap();
    stage.calm();
    let id = asked.refund.refund.terms().id;
    let done = "UPDATE gateway_calls SET status = 'done', finished_at = created_at WHERE operation = 'refund'";
    stage.run(done).await;
    stage.let_refunds_grow_old().await;
    let given_up = stage.app.give_up_refund(actor(8), id).await.unwrap();
    assert_eq!(given_up.refund.status(), RefundStatus::Failed);
    (paid, id)
}

async fn states(stage: &Stage, paid: &Paid) -> Vec<RefundState> {
    let shown = stage.shown(paid).await.refunds.into_iter();
    shown
        .map(|shown| shown.stored.refund.state().clone())
        .collect()
}

async fn what_went_back_after_all_is_not_asked_for_anew(stage: Stage) {
    let (paid, first) = given_up(&stage).await;
    stage.arrives_late(&paid, first).await;
    let anew = stage.app.retry_refund(actor(8), first).await;
    assert!(
        matches!(anew, Err(RefundError::WrongState(RefundStatus::Sent))),
        "{anew:?}"
    );
    assert_eq!(states(&stage, &paid).await, [RefundState::Sent]);
    stage.refresh(&paid).await;
    assert_eq!(stage.went_back(&paid), 50_000);
    assert_eq!(stage.alerts(&paid).await, []);
}

async fn nothing_is_asked_for_anew_while_the_gateway_cannot_be_read(stage: Stage) {
    let (paid, first) = given_up(&stage).await;
    stage.all("core.status", Fault::TimeoutBefore);
    let anew = stage.app.retry_refund(actor(8), first).await;
    assert!(matches!(anew, Err(RefundError::Unavailable(_))), "{anew:?}");
    assert_eq!(states(&stage, &paid).await.len(), 1);
    stage.calm();
    stage.app.retry_refund(actor(8), first).await.unwrap();
    assert_eq!(stage.went_back(&paid), 50_000);
}

/// The gateway is read before it is asked for anew, and a moment later not any more.
async fn what_goes_back_after_all_drops_the_one_in_its_place(stage: Stage) {
    let (paid, first) = given_up(&stage).await;
    let mut away = Rule::next(Fault::TimeoutBefore).at("core.status").times(0);
    away.nth = Some(2);
    stage.gateways.add_fault(away).unwrap();
    let anew = stage.app.retry_refund(actor(8), first).await.unwrap();
    assert_eq!(anew.refund.status(), RefundStatus::Requested);
    stage.calm();
    let told = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await
        .unwrap();
    assert_eq!(told.refund.refund.terms().id, anew.refund.terms().id);
    assert_eq!(told.progress, Progress::Pending);

    stage.arrives_late(&paid, first).await;
    stage.refresh(&paid).await;
    stage.refresh(&paid).await;
    assert_eq!(states(&stage, &paid).await, [RefundState::Sent, WITHDRAWN]);
    assert_eq!(stage.went_back(&paid), 50_000);
    assert_eq!(stage.alerts(&paid).await, []);
    let told = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await
        .unwrap();
    assert_eq!(told.refund.refund.terms().id, first);
    assert_eq!(told.progress, Progress::Done);
}

async fn the_key_of_a_refund_tells_of_the_one_in_its_place(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    stage.next("refund.create", Fault::RefundFails);
    let ask = async || {
        stage
            .refund(operator(5), &paid, Some("50000"), "press")
            .await
    };
    let failed = ask().await;
    let Err(RefundError::Failed { refund: first, .. }) = failed else {
        panic!("{failed:?}");
    };
    stage.next("refund.create", Fault::RefundFails);
    let second = stage.app.retry_refund(actor(8), first).await.unwrap();
    let second = second.refund.terms().id;
    let failed = ask().await;
    assert!(
        matches!(failed, Err(RefundError::Failed { refund, .. }) if refund == second),
        "{failed:?}"
    );
    let third = stage.app.retry_refund(actor(8), second).await.unwrap();
    let told = ask().await.unwrap();
    assert!(told.again);
    assert_eq!(told.progress, Progress::Done);
    assert_eq!(told.refund.refund.terms().id, third.refund.terms().id);
    assert_eq!(stage.went_back(&paid), 50_000_00);
    let other = stage.refund(operator(5), &paid, Some("1"), "press").await;
    assert!(matches!(other, Err(RefundError::KeyReused)), "{other:?}");
}
