//! Many people and one button, two refunds at once, and a bank that is faster.

use std::collections::BTreeSet;

use bayar_app::{Progress, RefundError, Trouble};
use bayar_domain::refund::RefundFailure;
use bayar_domain::settlement::Alert;
use bayar_domain::{PaymentStatus, RefundStatus};
use bayar_sandbox::sim::Action;
use futures_util::future::join_all;

use crate::stage::{PRICE, Stage, on_both_stores, operator, php};

on_both_stores! {
    a_button_that_is_pressed_again_and_again_gives_back_once,
    a_key_is_the_same_wish_for_ever,
    two_people_give_back_at_most_what_came_in,
    money_that_a_bank_disputes_is_not_sent_after,
    a_dispute_after_the_refund_is_a_loss_that_is_told,
    a_dispute_that_is_won_gives_the_money_free_again,
    a_refund_at_the_dashboard_is_counted_before_ours,
}

async fn a_button_that_is_pressed_again_and_again_gives_back_once(stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        let (paid, part, operation) = if gateway == "stripe" {
            (stage.paid_at_stripe().await, PRICE, "refund.create")
        } else {
            (
                stage.paid_at_midtrans("gopay").await,
                PRICE / 100,
                "core.refund",
            )
        };
        let presses = (0..20).map(|_| stage.refund(operator(5), &paid, None, gateway));
        let mut refunds = BTreeSet::new();
        for pressed in join_all(presses).await {
            match pressed {
                Ok(refunded) => {
                    refunds.insert(refunded.refund.refund.terms().id);
                }
                Err(RefundError::Trouble(Trouble::InProgress)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(refunds.len(), 1, "{refunds:?}");
        let last = stage
            .refund(operator(5), &paid, None, gateway)
            .await
            .unwrap();
        assert!(last.again);
        assert_eq!(last.progress, Progress::Done);
        assert!(refunds.contains(&last.refund.refund.terms().id));
        assert_eq!(stage.went_back(&paid), part);
        assert_eq!(stage.keys(&paid, operation), 1);
        assert_eq!(stage.shown(&paid).await.refunds.len(), 1);
    }
}

async fn a_key_is_the_same_wish_for_ever(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    let first = stage
        .refund(operator(5), &paid, Some("100"), "press")
        .await
        .unwrap();
    // Written otherwise, it is the same amount.
    let again = stage
        .refund(operator(5), &paid, Some("100.00"), "press")
        .await
        .unwrap();
    assert!(!first.again && again.again);
    assert_eq!(
        first.refund.refund.terms().id,
        again.refund.refund.terms().id
    );
    let other = stage.refund(operator(5), &paid, Some("101"), "press").await;
    assert!(matches!(other, Err(RefundError::KeyReused)), "{other:?}");
    let elsewhere = stage.paid_at_stripe().await;
    let other = stage
        .refund(operator(5), &elsewhere, Some("100"), "press")
        .await;
    assert!(matches!(other, Err(RefundError::KeyReused)), "{other:?}");
    // Somebody else's key of the same name is another wish.
    let second = stage
        .refund(operator(6), &paid, Some("100"), "press")
        .await
        .unwrap();
    assert!(!second.again);
    assert_eq!(stage.went_back(&paid), 200_00);
    // What was refused before there was a refund binds nothing.
    let much = stage
        .refund(operator(5), &paid, Some("150000"), "much")
        .await;
    assert!(matches!(much, Err(RefundError::Exceeds { .. })), "{much:?}");
    stage
        .refund(operator(5), &paid, Some("1"), "much")
        .await
        .unwrap();
}

async fn two_people_give_back_at_most_what_came_in(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    let asking = (0..10_i64).map(|number| {
        let (stage, paid) = (&stage, &paid);
        async move {
            let by = operator(10 + number % 3);
            let key = format!("press {number}");
            loop {
                match stage.refund(by.clone(), paid, Some("60000"), &key).await {
                    Ok(refunded) => return Some(refunded.refund.refund.terms().id),
                    Err(RefundError::Exceeds { available }) => {
                        assert_eq!(available, php(30_000_00));
                        return None;
                    }
                    Err(RefundError::Trouble(Trouble::InProgress)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    });
    let given: BTreeSet<_> = join_all(asking).await.into_iter().flatten().collect();
    assert_eq!(given.len(), 2, "{given:?}");
    assert_eq!(stage.went_back(&paid), 120_000_00);
    let rest = stage
        .refund(operator(5), &paid, None, "rest")
        .await
        .unwrap();
    assert_eq!(rest.refund.refund.amount(), php(30_000_00));
    assert_eq!(stage.went_back(&paid), PRICE);
    let nothing = stage.refund(operator(5), &paid, None, "nothing").await;
    assert!(
        matches!(nothing, Err(RefundError::Exceeds { .. })),
        "{nothing:?}"
    );
    assert_eq!(stage.status(&paid).await, PaymentStatus::Refunded);
}

/// The bank was faster, and nobody has told us yet.
async fn money_that_a_bank_disputes_is_not_sent_after(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    stage.act(Action::StripeDispute {
        payment_intent: paid.order.terms().number.to_string(),
        reason: "fraudulent".to_owned(),
        amount: None,
    });
    let refused = stage.refund(operator(5), &paid, None, "press").await;
    let Err(RefundError::Failed { refund, reason, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(reason, RefundFailure::Withdrawn);
    assert_eq!(stage.keys(&paid, "refund.create"), 0);
    assert_eq!(stage.only_refund(&paid).await, RefundStatus::Failed);
    let alerts = stage.alerts(&paid).await;
    assert!(
        alerts
            .iter()
            .all(|alert| matches!(alert, Alert::Dispute { .. })),
        "{alerts:?}"
    );
    // The same wish is told the same, the first time and the last.
    let again = stage.refund(operator(5), &paid, None, "press").await;
    assert!(
        matches!(again, Err(RefundError::Failed { refund: same, reason: RefundFailure::Withdrawn, .. }) if same == refund),
        "{again:?}"
    );
    let other = stage.refund(operator(5), &paid, None, "other").await;
    let Err(RefundError::Exceeds { available }) = other else {
        panic!("{other:?}");
    };
    assert_eq!(available, php(0));
}

async fn a_dispute_after_the_refund_is_a_loss_that_is_told(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    stage
        .refund(operator(5), &paid, Some("100000"), "press")
        .await
        .unwrap();
    stage.act(Action::StripeDispute {
        payment_intent: paid.order.terms().number.to_string(),
        reason: "fraudulent".to_owned(),
        amount: Some(PRICE),
    });
    stage.refresh(&paid).await;
    let alerts = stage.alerts(&paid).await;
    let loss = alerts.iter().find_map(|alert| match alert {
        Alert::Loss { amount, .. } => Some(*amount),
        _ => None,
    });
    assert_eq!(loss, Some(php(100_000_00)), "{alerts:?}");
    let more = stage.refund(operator(5), &paid, Some("1"), "more").await;
    assert!(matches!(more, Err(RefundError::Exceeds { .. })), "{more:?}");
}

async fn a_dispute_that_is_won_gives_the_money_free_again(stage: Stage) {
    for won in [true, false] {
        let paid = stage.paid_at_stripe().await;
        let dispute = stage.act(Action::StripeDispute {
            payment_intent: paid.order.terms().number.to_string(),
            reason: "fraudulent".to_owned(),
            amount: None,
        });
        stage.refresh(&paid).await;
        let held = stage
            .refund(operator(5), &paid, None, &format!("held {won}"))
            .await;
        assert!(matches!(held, Err(RefundError::Exceeds { .. })), "{held:?}");
        stage.act(Action::StripeDisputeEnds {
            dispute: dispute["dispute"].as_str().unwrap().to_owned(),
            won,
        });
        // The end is read twice, and counts once.
        stage.refresh(&paid).await;
        stage.refresh(&paid).await;
        let asked = stage
            .refund(operator(5), &paid, None, &format!("free {won}"))
            .await;
        match asked {
            Ok(refunded) => {
                assert!(won);
                assert_eq!(refunded.refund.refund.amount(), php(PRICE));
                assert_eq!(stage.alerts(&paid).await, []);
            }
            Err(RefundError::Exceeds { .. }) => assert!(!won),
            Err(error) => panic!("{error:?}"),
        }
    }
}

async fn a_refund_at_the_dashboard_is_counted_before_ours(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    stage.act(Action::StripeRefund {
        payment_intent: paid.order.terms().number.to_string(),
        amount: Some(100_000_00),
    });
    // Nobody told us: it is found before anything is sent.
    let refused = stage
        .refund(operator(5), &paid, Some("60000"), "press")
        .await;
    let Err(RefundError::Failed { reason, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(reason, RefundFailure::Withdrawn);
    assert_eq!(stage.keys(&paid, "refund.create"), 0);
    let shown = stage.shown(&paid).await;
    assert_eq!(shown.external.len(), 1, "{:?}", shown.external);
    assert_eq!(shown.external[0].stored.state.amount, php(100_000_00));
    assert_eq!(shown.external[0].notes.len(), 1);
    stage
        .refund(operator(5), &paid, Some("50000"), "rest")
        .await
        .unwrap();
    assert_eq!(stage.went_back(&paid), PRICE);
    assert_eq!(stage.status(&paid).await, PaymentStatus::Refunded);
}
