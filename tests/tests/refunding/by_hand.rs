//! Money that no gateway can give back by a request.

use bayar_app::RefundError;
use bayar_domain::{PaymentStatus, RefundStatus};

use crate::stage::{Stage, actor, on_both_stores, operator};

on_both_stores! {
    money_of_a_bank_transfer_is_transferred_by_hand,
    a_part_of_a_payment_that_only_goes_back_whole_is_transferred_by_hand,
    a_refund_that_no_gateway_has_can_be_called_off,
    what_a_gateway_has_is_in_no_operators_hands,
}

async fn money_of_a_bank_transfer_is_transferred_by_hand(stage: Stage) {
    let paid = stage.paid_at_midtrans("bca_va").await;
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    let Err(RefundError::NeedsManualTransfer { refund }) = asked else {
        panic!("{asked:?}");
    };
    let again = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert!(
        matches!(again, Err(RefundError::NeedsManualTransfer { refund: same }) if same == refund),
        "{again:?}"
    );
    assert_eq!(stage.keys(&paid, "core.refund"), 0);
    // Its money is kept for it.
    let much = stage
        .refund(operator(6), &paid, Some("100001"), "much")
        .await;
    assert!(matches!(much, Err(RefundError::Exceeds { .. })), "{much:?}");
    let open = stage.app.open_refunds(None, 10).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].refund.status(), RefundStatus::Manual);
    let reference = || "BCA 0815".parse().unwrap();
    for _ in 0..2 {
        let settled = stage
            .app
            .settle_refund(actor(9), refund, reference())
            .await
            .unwrap();
        assert_eq!(settled.refund.status(), RefundStatus::Succeeded);
    }
    let other = stage
        .app
        .settle_refund(actor(9), refund, "BCA 4711".parse().unwrap())
        .await;
    assert!(
        matches!(other, Err(RefundError::WrongState(_))),
        "{other:?}"
    );
    assert_eq!(stage.status(&paid).await, PaymentStatus::PartiallyRefunded);
    let shown = stage.shown(&paid).await;
    assert_eq!(shown.refunds[0].notes.len(), 1);
    assert_eq!(shown.refunds[0].notes[0].terms().amount.minor(), 50_000_00);
    let told = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await
        .unwrap();
    assert_eq!(told.refund.refund.status(), RefundStatus::Succeeded);
}

async fn a_part_of_a_payment_that_only_goes_back_whole_is_transferred_by_hand(stage: Stage) {
    let paid = stage.paid_at_midtrans("shopeepay").await;
    let asked = stage
        .refund(operator(5), &paid, Some("50000"), "press")
        .await;
    assert!(
        matches!(asked, Err(RefundError::NeedsManualTransfer { .. })),
        "{asked:?}"
    );
    assert_eq!(stage.went_back(&paid), 0);
}

async fn a_refund_that_no_gateway_has_can_be_called_off(stage: Stage) {
    let paid = stage.paid_at_midtrans("bca_va").await;
    let asked = stage.refund(operator(5), &paid, None, "press").await;
    let Err(RefundError::NeedsManualTransfer { refund }) = asked else {
        panic!("{asked:?}");
    };
    for _ in 0..2 {
        let withdrawn = stage.app.withdraw_refund(actor(8), refund).await.unwrap();
        assert_eq!(withdrawn.refund.status(), RefundStatus::Failed);
    }
    assert_eq!(stage.alerts(&paid).await, []);
    let settled = stage
        .app
        .settle_refund(actor(9), refund, "BCA 0815".parse().unwrap())
        .await;
    assert!(
        matches!(settled, Err(RefundError::WrongState(_))),
        "{settled:?}"
    );
    // The money is free for another one.
    let other = stage.refund(operator(5), &paid, None, "other").await;
    assert!(
        matches!(other, Err(RefundError::NeedsManualTransfer { .. })),
        "{other:?}"
    );
}

async fn what_a_gateway_has_is_in_no_operators_hands(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    stage.next("refund.create", bayar_sandbox::sim::Fault::RefundPends);
    let asked = stage
        .refund(operator(5), &paid, None, "press")
        .await
        .unwrap();
    let id = asked.refund.refund.terms().id;
    let taken = stage.app.take_over_refund(actor(8), id).await;
    assert!(
        matches!(taken, Err(RefundError::WrongState(_))),
        "{taken:?}"
    );
    let withdrawn = stage.app.withdraw_refund(actor(8), id).await;
    assert!(
        matches!(withdrawn, Err(RefundError::WrongState(_))),
        "{withdrawn:?}"
    );
    let nobody = stage
        .app
        .withdraw_refund(actor(8), i64::MAX.try_into().unwrap())
        .await;
    assert!(matches!(nobody, Err(RefundError::NotFound)), "{nobody:?}");
}
