//! Refunds that failed: they are owed until an operator ends it, and asked for anew once.

use bayar_app::RefundError;
use bayar_domain::refund::RefundFailure;
use bayar_domain::settlement::Alert;
use bayar_domain::{RefundId, RefundState, RefundStatus};
use bayar_sandbox::sim::book::Happening;
use bayar_sandbox::sim::{Action, Fault, RefundMove};
use bayar_tests::program::wait_until;
use futures_util::future::join_all;

use crate::stage::{PRICE, Paid, Stage, actor, on_both_stores, operator};
use crate::surplus::with_another_door;

on_both_stores! {
    a_refund_that_fails_late_is_owed_although_another_one_went_through,
    a_refund_that_failed_is_asked_for_anew_once,
    two_refunds_that_failed_for_one_debt_are_owed_once_when_one_is_withdrawn,
    surplus_whose_refund_failed_is_sent_again_through_the_gateway,
}

fn owed(refund: RefundId) -> Alert {
    Alert::RefundFailed { refund }
}

/// The refunds that somebody has to do something about.
async fn open(stage: &Stage) -> Vec<RefundId> {
    let open = stage.app.open_refunds(None, 10).await.unwrap();
    open.iter().map(|stored| stored.refund.terms().id).collect()
}

/// The gateway's names of the refunds that it made, oldest first.
fn made(stage: &Stage) -> Vec<String> {
    let book = stage.gateways.book();
    let names = book
        .happenings()
        .filter_map(|(_, happening)| match happening {
            Happening::Refund { refund, .. } => Some(refund.clone()),
            _ => None,
        });
    names.collect()
}

async fn given(stage: &Stage, paid: &Paid, amount: &str, key: &str) -> RefundId {
    let given = stage.refund(operator(5), paid, Some(amount), key).await;
    let given = given.unwrap().refund.refund;
    assert_eq!(given.status(), RefundStatus::Succeeded);
    given.terms().id
}

async fn refused(stage: &Stage, paid: &Paid, amount: Option<&str>, key: &str) -> RefundId {
    stage.next("core.refund", Fault::RefundRefused);
    let refused = stage.refund(operator(5), paid, amount, key).await;
    let Err(RefundError::Failed { refund, reason, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(reason, RefundFailure::Refused);
    refund
}

async fn a_refund_that_fails_late_is_owed_although_another_one_went_through(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    let first = given(&stage, &paid, "30000", "first").await;
    given(&stage, &paid, "20000", "second").await;
    assert_eq!(open(&stage).await, []);
    stage.act(Action::StripeRefundMoves {
        refund: made(&stage)[0].clone(),
        to: RefundMove::Failed,
    });
    wait_until("the failure is known", async || {
        stage.refresh(&paid).await;
        stage.alerts(&paid).await == [owed(first)]
    })
    .await;
    assert_eq!(open(&stage).await, [first]);
    let anew = stage.app.retry_refund(actor(8), first).await.unwrap();
    assert_eq!(anew.refund.status(), RefundStatus::Succeeded);
    assert_eq!(anew.by, Some(actor(8)));
    assert_eq!(stage.alerts(&paid).await, []);
    assert_eq!(open(&stage).await, []);
    assert_eq!(stage.went_back(&paid), 50_000_00);
}

async fn a_refund_that_failed_is_asked_for_anew_once(stage: Stage) {
    let paid = stage.paid_at_midtrans("gopay").await;
    let first = refused(&stage, &paid, Some("50000"), "press").await;
    assert_eq!(stage.alerts(&paid).await, [owed(first)]);
    let asking = (0..6).map(|number| stage.app.retry_refund(actor(8 + number), first));
    let mut made = Vec::new();
    for asked in join_all(asking).await {
        match asked {
            Ok(anew) => made.push(anew.refund),
            Err(RefundError::WrongState(RefundStatus::Failed)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(made.len(), 1, "{made:?}");
    let again = stage.app.retry_refund(actor(8), first).await;
    assert!(
        matches!(again, Err(RefundError::WrongState(_))),
        "{again:?}"
    );
    assert_eq!(stage.went_back(&paid), 50_000);
    assert_eq!(stage.alerts(&paid).await, []);
    let shown = stage.shown(&paid).await.refunds;
    assert_eq!(shown.len(), 2, "{shown:?}");
    let reason = RefundFailure::Withdrawn;
    assert_eq!(
        *shown[0].stored.refund.state(),
        RefundState::Failed { reason }
    );
    assert_eq!(shown[1].stored.refund.terms().id, made[0].terms().id);
    assert_eq!(
        shown[1].stored.refund.amount(),
        shown[0].stored.refund.amount()
    );
    // Who withdrew the first one is in its history.
    let last = shown[0].events.last().unwrap();
    assert_eq!(
        (last.from, last.to),
        (Some(RefundStatus::Failed), RefundStatus::Failed)
    );
}

/// Whoever asked once more by a wish of their own says so: there is no way to tell otherwise.
async fn two_refunds_that_failed_for_one_debt_are_owed_once_when_one_is_withdrawn(stage: Stage) {
    let paid = stage.paid_at_midtrans("gopay").await;
    let first = refused(&stage, &paid, Some("50000"), "press").await;
    let second = refused(&stage, &paid, Some("50000"), "again").await;
    assert_eq!(stage.alerts(&paid).await, [owed(first), owed(second)]);
    for _ in 0..2 {
        stage.app.withdraw_refund(actor(8), first).await.unwrap();
    }
    assert_eq!(stage.alerts(&paid).await, [owed(second)]);
    assert_eq!(open(&stage).await, [second]);
    let taken = stage.app.take_over_refund(actor(8), first).await;
    assert!(
        matches!(taken, Err(RefundError::WrongState(_))),
        "{taken:?}"
    );
    stage.app.take_over_refund(actor(8), second).await.unwrap();
}

async fn surplus_whose_refund_failed_is_sent_again_through_the_gateway(stage: Stage) {
    let (paid, transaction) = with_another_door(&stage, "gopay").await;
    stage.all("core.refund", Fault::RefundRefused);
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
    stage.refresh(&paid).await;
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Failed);
    let first = stage.shown(&paid).await.refunds[0].stored.refund.terms().id;
    assert!(stage.alerts(&paid).await.contains(&owed(first)));
    let withdrawn = stage.app.withdraw_refund(actor(8), first).await;
    assert!(
        matches!(withdrawn, Err(RefundError::WrongState(_))),
        "{withdrawn:?}"
    );
    stage.calm();
    stage.app.retry_refund(actor(8), first).await.unwrap();
    assert!(!stage.alerts(&paid).await.contains(&owed(first)));
    let money = stage.captures(&paid).into_iter();
    let back: Vec<_> = money
        .map(|money| money.refunded)
        .filter(|back| *back > 0)
        .collect();
    assert_eq!(back, [PRICE / 100]);
}
