//! Credit notes and taxes: however the parts fall, they sum to the whole.

use bayar_app::RefundError;
use bayar_domain::{Currency, Gateway, InvoiceStatus, OrderKind, PaymentStatus, TaxStatus};
use bayar_sandbox::sim::Action;

use crate::stage::{Paid, Stage, on_both_stores, operator, php};

on_both_stores! {
    three_thirds_and_a_cent_are_all_of_it,
    a_refund_at_the_dashboard_has_its_papers_too,
    only_whole_rupiah_go_back_at_midtrans,
    an_amount_must_be_one,
}

/// An order for 1000.01 pesos.
async fn odd_price(stage: &Stage) -> Paid {
    let paid = stage
        .opened(OrderKind::Checkout, php(1000_01), Gateway::Stripe)
        .await;
    stage
        .gateways
        .pay_stripe(paid.order.terms().number.as_str())
        .unwrap();
    stage.must_become(&paid, PaymentStatus::Completed).await;
    paid
}

async fn three_thirds_and_a_cent_are_all_of_it(stage: Stage) {
    let paid = odd_price(&stage).await;
    for number in 0..3 {
        let key = format!("third {number}");
        stage
            .refund(operator(5), &paid, Some("333.33"), &key)
            .await
            .unwrap();
        assert_eq!(stage.status(&paid).await, PaymentStatus::PartiallyRefunded);
    }
    let rest = stage
        .refund(operator(5), &paid, None, "rest")
        .await
        .unwrap();
    assert_eq!(rest.refund.refund.amount(), php(2));
    assert_eq!(stage.status(&paid).await, PaymentStatus::Refunded);
    assert_eq!(stage.went_back(&paid), 1000_01);
    papers_must_sum(&stage, &paid).await;
}

async fn papers_must_sum(stage: &Stage, paid: &Paid) {
    let notes = stage.store.credit_notes_of(paid.payment).await.unwrap();
    let sum: i64 = notes.iter().map(|note| note.terms().amount.minor()).sum();
    let invoice = stage.store.invoice(paid.payment).await.unwrap().unwrap();
    assert_eq!(invoice.status(), InvoiceStatus::Refunded);
    assert_eq!(sum, paid.order.terms().price.minor());
    let taxes = stage.store.taxes(paid.payment).await.unwrap();
    assert!(!taxes.is_empty());
    for tax in taxes {
        assert_eq!(tax.status(), TaxStatus::Reversed);
        let shares = notes.iter().flat_map(|note| &note.terms().taxes);
        let own = shares.filter(|share| share.record == tax.terms().id);
        let sum: i64 = own.map(|share| share.amount.minor()).sum();
        assert_eq!(sum, tax.terms().line.amount.minor(), "{tax:?}");
    }
    let numbers: std::collections::BTreeSet<_> = notes
        .iter()
        .map(|note| note.terms().number.to_string())
        .collect();
    assert_eq!(numbers.len(), notes.len());
    assert!(
        numbers.iter().all(|number| number.starts_with("CN-")),
        "{numbers:?}"
    );
}

async fn a_refund_at_the_dashboard_has_its_papers_too(stage: Stage) {
    let paid = odd_price(&stage).await;
    stage
        .refund(operator(5), &paid, Some("333.33"), "third")
        .await
        .unwrap();
    stage.act(Action::StripeRefund {
        payment_intent: paid.order.terms().number.to_string(),
        amount: None,
    });
    stage.must_become(&paid, PaymentStatus::Refunded).await;
    papers_must_sum(&stage, &paid).await;
    let shown = stage.shown(&paid).await;
    assert_eq!((shown.refunds.len(), shown.external.len()), (1, 1));
    assert_eq!(shown.external[0].notes[0].terms().amount, php(666_68));
}

async fn only_whole_rupiah_go_back_at_midtrans(stage: Stage) {
    let paid = stage.paid_at_midtrans("gopay").await;
    let part = stage
        .refund(operator(5), &paid, Some("333.33"), "press")
        .await;
    assert!(
        matches!(part, Err(RefundError::WholeUnitsOnly(Currency::Idr))),
        "{part:?}"
    );
    for number in 0..3 {
        let key = format!("third {number}");
        stage
            .refund(operator(5), &paid, Some("33333"), &key)
            .await
            .unwrap();
    }
    let rest = stage
        .refund(operator(5), &paid, None, "rest")
        .await
        .unwrap();
    assert_eq!(rest.refund.refund.amount().minor(), 50_001_00);
    assert_eq!(stage.went_back(&paid), 150_000);
}

async fn an_amount_must_be_one(stage: Stage) {
    let paid = odd_price(&stage).await;
    let nothing = stage
        .refund(operator(5), &paid, Some("0.00"), "press")
        .await;
    assert!(
        matches!(nothing, Err(RefundError::InvalidAmount)),
        "{nothing:?}"
    );
    let decimals = stage
        .refund(operator(5), &paid, Some("0.001"), "press")
        .await;
    assert!(
        matches!(decimals, Err(RefundError::TooManyDecimals(Currency::Php))),
        "{decimals:?}"
    );
    let unpaid = stage
        .opened(OrderKind::Checkout, php(1000_00), Gateway::Stripe)
        .await;
    let early = stage.refund(operator(5), &unpaid, None, "press").await;
    assert!(
        matches!(
            early,
            Err(RefundError::NotRefundable(PaymentStatus::Processing))
        ),
        "{early:?}"
    );
    assert!(stage.shown(&paid).await.refunds.is_empty());
}
