//! Answers that are lost, refunds that fail later, and money that goes back in two steps.

use std::time::Duration;

use bayar_app::{Progress, RefundError};
use bayar_domain::refund::RefundFailure;
use bayar_domain::settlement::Alert;
use bayar_domain::{PaymentStatus, RefundStatus};
use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::program::wait_until;

use crate::stage::{PRICE, Stage, actor, on_both_stores, operator, php};

on_both_stores! {
    a_lost_answer_leads_to_one_refund_whether_it_was_done_or_not,
    a_gateway_that_is_down_is_asked_again_later,
    a_refund_that_fails_later_is_owed_and_transferred_by_hand,
    a_refund_that_waits_is_done_when_the_gateway_says_so,
    an_issuer_that_refuses_fails_the_refund_and_another_one_may_be_asked_for,
    a_refund_at_midtrans_is_accepted_first_and_confirmed_later,
}

async fn a_lost_answer_leads_to_one_refund_whether_it_was_done_or_not(stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        for fault in [Fault::TimeoutBefore, Fault::TimeoutAfter, Fault::CutOff] {
            let (paid, operation, all) = if gateway == "stripe" {
                (stage.paid_at_stripe().await, "refund.create", PRICE)
            } else {
                (
                    stage.paid_at_midtrans("gopay").await,
                    "core.refund",
                    PRICE / 100,
                )
            };
            stage.all(operation, fault.clone());
            let asked = stage
                .refund(operator(5), &paid, None, &format!("{}", paid.payment))
                .await;
            assert_eq!(
                asked.unwrap().progress,
                Progress::Pending,
                "{gateway} {fault:?}"
            );
            // Nobody can take the money twice while nobody knows.
            let other = stage
                .refund(operator(6), &paid, Some("1"), &format!("{}", paid.payment))
                .await;
            assert!(
                matches!(other, Err(RefundError::Exceeds { .. })),
                "{other:?}"
            );
            stage.calm();
            stage.let_leases_end().await;
            wait_until("the refund is known", async || {
                stage.refresh(&paid).await;
                let told = stage
                    .refund(operator(5), &paid, None, &format!("{}", paid.payment))
                    .await;
                told.unwrap().progress == Progress::Done
            })
            .await;
            assert_eq!(stage.went_back(&paid), all, "{gateway} {fault:?}");
            assert_eq!(stage.keys(&paid, operation), 1, "{gateway} {fault:?}");
        }
    }
}

async fn a_gateway_that_is_down_is_asked_again_later(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    stage.all("checkout_session.*", Fault::TimeoutBefore);
    let asked = stage
        .refund(operator(5), &paid, Some("100"), "press")
        .await
        .unwrap();
    assert_eq!(asked.progress, Progress::Pending);
    assert_eq!(asked.refund.refund.status(), RefundStatus::Requested);
    stage.calm();
    stage.refresh(&paid).await;
    let told = stage
        .refund(operator(5), &paid, Some("100"), "press")
        .await
        .unwrap();
    assert_eq!(told.progress, Progress::Done);
    assert_eq!(stage.went_back(&paid), 100_00);
}

async fn a_refund_that_fails_later_is_owed_and_transferred_by_hand(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    let asked = stage
        .refund(operator(5), &paid, Some("100000"), "press")
        .await
        .unwrap();
    let id = asked.refund.refund.terms().id;
    assert_eq!(asked.refund.refund.status(), RefundStatus::Succeeded);
    assert_eq!(stage.status(&paid).await, PaymentStatus::PartiallyRefunded);
    let made = stage.shown(&paid).await.refunds[0].notes.clone();
    assert_eq!(made.len(), 1);
    let gateways_name = stage.gateways.book();
    let name = gateways_name
        .happenings()
        .find_map(|(_, happening)| match happening {
            bayar_sandbox::sim::book::Happening::Refund { refund, .. } => Some(refund.clone()),
            _ => None,
        })
        .unwrap();
    stage.act(Action::StripeRefundMoves {
        refund: name,
        to: bayar_sandbox::sim::RefundMove::Failed,
    });
    stage.must_become(&paid, PaymentStatus::Completed).await;
    assert_eq!(
        stage.alerts(&paid).await,
        [Alert::RefundFailed { refund: id }]
    );
    let open = stage.app.open_refunds(None, 10).await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    let notes = stage.shown(&paid).await.refunds[0].notes.clone();
    let amounts: Vec<_> = notes
        .iter()
        .map(|note| note.terms().amount.minor())
        .collect();
    assert_eq!(amounts, [100_000_00, -100_000_00]);
    let again = stage
        .refund(operator(5), &paid, Some("100000"), "press")
        .await;
    let Err(RefundError::Failed { reason, .. }) = again else {
        panic!("{again:?}");
    };
    assert_eq!(reason, RefundFailure::Failed);

    stage.app.take_over_refund(actor(8), id).await.unwrap();
    assert_eq!(stage.alerts(&paid).await, []);
    let settled = stage
        .app
        .settle_refund(actor(9), id, "transfer 0815".parse().unwrap())
        .await;
    assert_eq!(settled.unwrap().refund.status(), RefundStatus::Succeeded);
    assert_eq!(stage.status(&paid).await, PaymentStatus::PartiallyRefunded);
    let shown = stage.shown(&paid).await;
    let sum: i64 = shown.refunds[0]
        .notes
        .iter()
        .map(|note| note.terms().amount.minor())
        .sum();
    assert_eq!(sum, 100_000_00);
    let by: Vec<_> = shown.refunds[0]
        .events
        .iter()
        .map(|event| event.by)
        .collect();
    assert_eq!(by.first(), Some(&actor(5)));
    assert_eq!(by.last(), Some(&actor(9)));
    assert!(stage.app.open_refunds(None, 10).await.unwrap().is_empty());
}

async fn a_refund_that_waits_is_done_when_the_gateway_says_so(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    stage.next("refund.create", Fault::RefundPends);
    let asked = stage
        .refund(operator(5), &paid, Some("100000"), "press")
        .await
        .unwrap();
    assert_eq!(asked.progress, Progress::Done);
    assert_eq!(asked.refund.refund.status(), RefundStatus::Sent);
    // What waits has no papers yet, and is reserved.
    assert_eq!(stage.shown(&paid).await.refunds[0].notes, []);
    let much = stage
        .refund(operator(5), &paid, Some("60000"), "much")
        .await;
    let Err(RefundError::Exceeds { available }) = much else {
        panic!("{much:?}");
    };
    assert_eq!(available, php(50_000_00));
    stage
        .gateways
        .advance(Duration::from_secs(3 * 24 * 60 * 60))
        .await
        .unwrap();
    stage
        .must_become(&paid, PaymentStatus::PartiallyRefunded)
        .await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Succeeded);
    assert_eq!(stage.shown(&paid).await.refunds[0].notes.len(), 1);
}

/// Midtrans says so in a body whose code is 202, under an answer that is 200.
async fn an_issuer_that_refuses_fails_the_refund_and_another_one_may_be_asked_for(stage: Stage) {
    let paid = stage.paid_at_midtrans("gopay").await;
    stage.next("core.refund", Fault::RefundRefused);
    let refused = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    let Err(RefundError::Failed { reason, refund, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(reason, RefundFailure::Refused);
    assert_eq!(stage.went_back(&paid), 0);
    assert_eq!(stage.alerts(&paid).await, [Alert::RefundFailed { refund }]);
    let again = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert!(
        matches!(again, Err(RefundError::Failed { .. })),
        "{again:?}"
    );
    stage
        .refund(operator(5), &paid, Some("50000"), "again")
        .await
        .unwrap();
    assert_eq!(stage.went_back(&paid), 50_000);
    // Nobody can tell what the second one was meant for: whoever knows says so.
    assert_eq!(stage.alerts(&paid).await, [Alert::RefundFailed { refund }]);
    stage.app.withdraw_refund(actor(8), refund).await.unwrap();
    assert_eq!(stage.alerts(&paid).await, []);
}

async fn a_refund_at_midtrans_is_accepted_first_and_confirmed_later(stage: Stage) {
    let paid = stage.paid_at_midtrans("gopay").await;
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await
        .unwrap();
    assert_eq!(asked.progress, Progress::Done);
    stage.let_the_bank_confirm(&paid).await;
    assert_eq!(stage.status(&paid).await, PaymentStatus::PartiallyRefunded);
    assert_eq!(stage.went_back(&paid), 50_000);
}
