//! What a refusal proves, and when it is known that nothing ever left.

use bayar_app::port::store::OrderKey;
use bayar_app::{Progress, RefundError};
use bayar_domain::refund::RefundFailure;
use bayar_domain::settlement::Alert;
use bayar_domain::{OrderKind, OrderStatus, PaymentStatus, RefundStatus};
use bayar_sandbox::sim::{Action, Fault, Rule};
use bayar_tests::program::wait_until;

use crate::stage::{PRICE, Paid, Stage, actor, idr, on_both_stores, operator};

on_both_stores! {
    a_refusal_after_a_lost_answer_is_not_believed_while_the_first_may_still_show_up,
    a_refusal_after_a_lost_answer_counts_when_nothing_showed_up_in_time,
    a_refusal_is_not_believed_when_somebody_was_lost_with_the_request_a_moment_ago,
    a_failure_that_is_kept_for_a_key_is_not_believed_while_the_refund_may_still_show_up,
    a_failure_that_is_kept_for_a_key_though_it_was_carried_out_leads_to_one_refund,
    a_card_that_is_voided_is_no_refund_that_never_left,
    a_refund_that_the_gateway_did_not_take_can_still_be_called_off,
    a_refund_that_its_gateway_never_tells_of_is_given_up,
    a_refund_that_its_gateway_tells_of_is_not_given_up,
    a_refund_that_was_only_taken_is_refused_at_once,
    a_refund_that_was_only_taken_is_sent_when_its_key_is_old,
}

/// Its money is kept for a refund of 50 000.
async fn is_kept(stage: &Stage, paid: &Paid) {
    let much = stage
        .refund(operator(6), paid, Some("100001"), "much")
        .await;
    assert!(matches!(much, Err(RefundError::Exceeds { .. })), "{much:?}");
}

/// The first request is carried out long after nobody waits for it any more.
async fn a_refusal_after_a_lost_answer_is_not_believed_while_the_first_may_still_show_up(
    stage: Stage,
) {
    let paid = stage.paid_at_midtrans("gopay").await;
    let late = Fault::AppliedLate { after_ms: 15_000 };
    stage
        .gateways
        .add_fault(Rule::next(late).at("core.refund"))
        .unwrap();
    stage.all("core.refund", Fault::TimeoutBefore);
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert_eq!(asked.unwrap().refund.refund.status(), RefundStatus::Unknown);
    stage.calm();
    stage.all("core.refund", Fault::RefundRefused);
    stage.refresh(&paid).await;
    assert!(stage.only_refund(&paid).await.is_under_way());
    assert_eq!(stage.alerts(&paid).await, []);
    is_kept(&stage, &paid).await;
    wait_until("the first request has shown up", async || {
        stage.refresh(&paid).await;
        let told = stage
            .refund(operator(5), &paid, Some("50000"), "press")
            .await;
        told.unwrap().progress == Progress::Done
    })
    .await;
    assert_eq!(stage.went_back(&paid), 50_000);
    assert_eq!(stage.keys(&paid, "core.refund"), 1);
}

async fn a_refusal_after_a_lost_answer_counts_when_nothing_showed_up_in_time(stage: Stage) {
    let paid = stage.paid_at_midtrans("gopay").await;
    stage.all("core.refund", Fault::TimeoutBefore);
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert_eq!(asked.unwrap().progress, Progress::Pending);
    stage.calm();
    stage.all("core.refund", Fault::RefundRefused);
    for _ in 0..2 {
        stage.refresh(&paid).await;
        assert!(stage.only_refund(&paid).await.is_under_way());
        is_kept(&stage, &paid).await;
    }
    stage.let_refunds_grow_old().await;
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Failed);
    let told = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    let Err(RefundError::Failed { refund, reason, .. }) = told else {
        panic!("{told:?}");
    };
    assert_eq!(reason, RefundFailure::Refused);
    assert_eq!(stage.alerts(&paid).await, [Alert::RefundFailed { refund }]);
    assert_eq!(stage.went_back(&paid), 0);
}

/// Whoever comes after the one that is gone does not get through, and the next one is refused.
async fn a_refusal_is_not_believed_when_somebody_was_lost_with_the_request_a_moment_ago(
    stage: Stage,
) {
    let paid = stage.paid_at_midtrans("gopay").await;
    stage.all("core.refund", Fault::TimeoutBefore);
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert_eq!(asked.unwrap().progress, Progress::Pending);
    stage.calm();
    stage.all("core.refund", Fault::RefundRefused);
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Sent);
    stage.let_refunds_grow_old().await;
    let lost = "UPDATE gateway_calls SET epoch = epoch + 1, leased_until = created_at WHERE operation = 'refund'";
    stage.run(lost).await;
    stage.calm();
    let busy = Fault::RateLimited {
        lock_timeout: false,
    };
    stage.all("core.refund", busy);
    stage.refresh(&paid).await;
    stage.calm();
    stage.all("core.refund", Fault::RefundRefused);
    for _ in 0..2 {
        stage.refresh(&paid).await;
        assert!(stage.only_refund(&paid).await.is_under_way());
        is_kept(&stage, &paid).await;
    }
    stage.let_refunds_grow_old().await;
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Failed);
}

async fn a_failure_that_is_kept_for_a_key_is_not_believed_while_the_refund_may_still_show_up(
    stage: Stage,
) {
    let paid = stage.paid_at_stripe().await;
    stage.next("refund.create", Fault::Error500Before { stored: true });
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert_eq!(asked.unwrap().progress, Progress::Pending);
    for _ in 0..2 {
        stage.refresh(&paid).await;
        assert!(stage.only_refund(&paid).await.is_under_way());
        assert_eq!(stage.keys(&paid, "refund.create"), 1);
        is_kept(&stage, &paid).await;
    }
    stage.let_refunds_grow_old().await;
    stage.refresh(&paid).await;
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Succeeded);
    assert_eq!(stage.keys(&paid, "refund.create"), 2);
    assert_eq!(stage.went_back(&paid), 50_000_00);
}

async fn a_failure_that_is_kept_for_a_key_though_it_was_carried_out_leads_to_one_refund(
    stage: Stage,
) {
    let paid = stage.paid_at_stripe().await;
    stage.next("refund.create", Fault::Error500After);
    stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await
        .unwrap();
    for _ in 0..2 {
        stage.let_refunds_grow_old().await;
        stage.refresh(&paid).await;
    }
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Succeeded);
    assert_eq!(stage.keys(&paid, "refund.create"), 1);
    assert_eq!(stage.went_back(&paid), 50_000_00);
    let told = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert_eq!(told.unwrap().progress, Progress::Done);
}

/// Paid by a card, a moment ago: it has not settled.
async fn paid_by_card(stage: &Stage) -> Paid {
    let paid = stage
        .opened(
            OrderKind::Checkout,
            idr(PRICE),
            bayar_domain::Gateway::Midtrans,
        )
        .await;
    let number = paid.order.terms().number.to_string();
    stage
        .gateways
        .pay_midtrans_card(&number, "4811111111111114")
        .unwrap();
    stage.must_become(&paid, PaymentStatus::Completed).await;
    paid
}

/// Somebody else voids the card: the order is not refunded by that, and can be paid again.
async fn a_card_that_is_voided_is_no_refund_that_never_left(stage: Stage) {
    let paid = paid_by_card(&stage).await;
    stage.all("core.status", Fault::TimeoutBefore);
    let asked = stage.refund(operator(5), &paid, None, "press").await;
    let asked = asked.unwrap().refund.refund;
    assert_eq!(asked.status(), RefundStatus::Requested);
    let id = asked.terms().id;
    stage.app.withdraw_refund(actor(8), id).await.unwrap();
    stage.calm();
    stage.act(Action::MidtransCancel {
        transaction: paid.order.terms().number.to_string(),
    });
    stage.must_become(&paid, PaymentStatus::Failed).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Failed);
    let order = stage
        .store
        .order(&OrderKey::Id(paid.order.terms().id))
        .await;
    let order = order.unwrap().unwrap().order;
    assert_eq!(order.status(), OrderStatus::Pending);
}

/// A part of a card payment goes back when it has settled, which takes a day.
async fn a_refund_that_the_gateway_did_not_take_can_still_be_called_off(stage: Stage) {
    let paid = paid_by_card(&stage).await;
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await
        .unwrap();
    assert_eq!(asked.progress, Progress::Pending);
    let id = asked.refund.refund.terms().id;
    assert_eq!(asked.refund.refund.status(), RefundStatus::Requested);
    for _ in 0..2 {
        stage.refresh(&paid).await;
    }
    // Nobody is told that it was sent.
    assert_eq!(stage.shown(&paid).await.refunds[0].events.len(), 1);
    stage.app.withdraw_refund(actor(8), id).await.unwrap();
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Failed);
    assert_eq!(stage.keys(&paid, "core.refund"), 0);
    assert_eq!(stage.went_back(&paid), 0);
    assert_eq!(stage.alerts(&paid).await, []);
}

/// A refund that is written down, and whose call was in the hands of somebody who is gone before it was sent.
async fn only_taken(stage: &Stage) -> Paid {
    let paid = stage.paid_at_midtrans("gopay").await;
    stage.all("core.status", Fault::TimeoutBefore);
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert_eq!(
        asked.unwrap().refund.refund.status(),
        RefundStatus::Requested
    );
    stage.calm();
    stage
        .run("UPDATE gateway_calls SET status = 'sent', epoch = epoch + 1 WHERE operation = 'refund'")
        .await;
    paid
}

async fn a_refund_that_was_only_taken_is_refused_at_once(stage: Stage) {
    let paid = only_taken(&stage).await;
    stage.next("core.refund", Fault::RefundRefused);
    stage.refresh(&paid).await;
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Failed);
}

async fn a_refund_that_was_only_taken_is_sent_when_its_key_is_old(stage: Stage) {
    let paid = only_taken(&stage).await;
    stage.let_keys_end().await;
    stage.refresh(&paid).await;
    stage.refresh(&paid).await;
    assert!(stage.only_refund(&paid).await.is_under_way());
    assert_eq!(stage.went_back(&paid), 50_000);
    assert_eq!(stage.alerts(&paid).await, []);
}

/// The gateway says that it is done, and no list of it ever has it.
async fn a_refund_that_its_gateway_never_tells_of_is_given_up(stage: Stage) {
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
    let early = stage.app.give_up_refund(actor(8), id).await;
    assert!(
        matches!(early, Err(RefundError::TooEarly { .. })),
        "{early:?}"
    );
    stage.serve_jobs().await;
    assert_eq!(stage.alerts(&paid).await, []);

    stage.let_refunds_grow_old().await;
    for _ in 0..2 {
        stage.serve_jobs().await;
        assert_eq!(
            stage.alerts(&paid).await,
            [Alert::RefundSilent { refund: id }]
        );
    }
    assert_eq!(stage.app.open_refunds(None, 10).await.unwrap().len(), 1);
    let given_up = stage.app.give_up_refund(actor(8), id).await.unwrap();
    assert_eq!(given_up.refund.status(), RefundStatus::Failed);
    assert_eq!(
        stage.alerts(&paid).await,
        [Alert::RefundFailed { refund: id }]
    );
    let again = stage.app.give_up_refund(actor(8), id).await;
    assert!(
        matches!(again, Err(RefundError::WrongState(_))),
        "{again:?}"
    );
    stage.app.retry_refund(actor(8), id).await.unwrap();
    assert_eq!(stage.went_back(&paid), 50_000);
}

async fn a_refund_that_its_gateway_tells_of_is_not_given_up(stage: Stage) {
    let paid = stage.paid_at_midtrans("gopay").await;
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await
        .unwrap();
    assert_eq!(asked.refund.refund.status(), RefundStatus::Sent);
    stage.let_refunds_grow_old().await;
    let id = asked.refund.refund.terms().id;
    let given_up = stage.app.give_up_refund(actor(8), id).await;
    assert!(
        matches!(given_up, Err(RefundError::WrongState(_))),
        "{given_up:?}"
    );
    stage.let_the_bank_confirm(&paid).await;
}
