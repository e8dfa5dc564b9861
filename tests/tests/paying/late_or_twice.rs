//! Money that comes late, twice, in another amount, or goes away again.

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::stage::{Ordered, PRICE_MINOR, Stage, on_both_stores};
use serde_json::json;

on_both_stores! {
    money_after_the_end_of_its_page_is_honoured,
    money_after_cancelling_is_honoured,
    money_at_both_gateways_is_kept_once_and_given_back_once,
    a_smaller_amount_completes_nothing_until_somebody_looked,
    another_currency_completes_nothing,
    an_amount_that_is_refused_goes_back,
    a_settlement_that_is_taken_back_reopens_the_order,
    a_challenge_is_accepted_by_an_operator,
    a_challenge_is_refused_by_an_operator,
}

/// A virtual account that somebody has written down, and can pay whenever the bank lets them.
fn account(stage: &Stage, order: &Ordered, method: &str) -> String {
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: method.to_owned(),
    });
    chosen["transaction_id"].as_str().unwrap().to_owned()
}

async fn money_after_the_end_of_its_page_is_honoured(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let transaction = account(&stage, &order, "bca_va");
    stage.act(Action::MidtransExpire {
        transaction: transaction.clone(),
    });
    stage.must_become(order.payment, "pending").await;
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn money_after_cancelling_is_honoured(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let transaction = account(&stage, &order, "bca_va");
    let cancelled = stage.post(order.payment, "cancel", &json!({})).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

/// A wallet is paid after its page was closed, and the other gateway is paid as well: physics allows it.
async fn money_at_both_gateways_is_kept_once_and_given_back_once(mut stage: Stage) {
    for first_news in ["late", "stripe"] {
        let order = stage.order().await;
        stage.open(order.payment, "midtrans").await;
        let transaction = account(&stage, &order, "gopay");
        stage.open(order.payment, "stripe").await;
        let late = Action::MidtransPay {
            transaction,
            late: true,
        };
        if first_news == "late" {
            stage.act(late);
            stage.must_become(order.payment, "completed").await;
            // The other door is closed as soon as the money is seen.
            let paid = stage.gateways.pay_stripe(&order.number);
            assert!(paid.is_err(), "the order is paid");
        } else {
            stage.pay_stripe(&order);
            stage.must_become(order.payment, "completed").await;
            stage.act(late);
            stage.refresh(order.payment).await;
            let captures = stage.book().captures(&order.number);
            assert_eq!(captures.len(), 2, "{captures:?}");
        }
        stage.refresh(order.payment).await;
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        stage.must_have_kept(&order, 1);
        assert_eq!(stage.times(order.payment, "completed").await, 1);
        let refunds = stage.book().keys(&order.number, "core.refund").len();
        assert_eq!(refunds, usize::from(first_news == "stripe"), "{first_news}");
    }
}

async fn a_smaller_amount_completes_nothing_until_somebody_looked(mut stage: Stage) {
    let order = stage.order().await;
    stage.next(
        "checkout_session.create",
        Fault::WrongAmount {
            amount: PRICE_MINOR - 100,
        },
    );
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "under_review").await;
    let accepted = stage.review(order.payment, "accept").await;
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    stage.must_have_kept(&order, 1);
    let told = stage.command(&["payments", "explain", &order.number]);
    for words in [
        "was looked at (amount_differs): accept, by key:",
        ", because \"looked at it\"\n",
        "pays the order, by key:",
    ] {
        assert!(
            told.text.contains(words),
            "{words} is not in:\n{}",
            told.text
        );
    }
}

async fn another_currency_completes_nothing(mut stage: Stage) {
    let order = stage.order().await;
    stage.next(
        "checkout_session.create",
        Fault::WrongCurrency {
            currency: "php".to_owned(),
        },
    );
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "under_review").await;
}

async fn an_amount_that_is_refused_goes_back(mut stage: Stage) {
    let order = stage.order().await;
    stage.next(
        "checkout_session.create",
        Fault::WrongAmount {
            amount: PRICE_MINOR - 100,
        },
    );
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "under_review").await;
    let refused = stage.review(order.payment, "refuse").await;
    assert_eq!(refused.status, 200, "{}", refused.text);
    stage.refresh(order.payment).await;
    assert_eq!(stage.stored_status(order.payment).await, "failed");
    stage.must_have_kept(&order, 0);
    assert_eq!(stage.book().keys(&order.number, "refund.create").len(), 1);
    let again = stage
        .create(order.consultation, bayar_tests::stage::PRICE)
        .await;
    assert_eq!(again.status, 201, "the order is free again: {}", again.text);
}

async fn a_settlement_that_is_taken_back_reopens_the_order(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let transaction = account(&stage, &order, "permata_va");
    stage.act(Action::MidtransPay {
        transaction: transaction.clone(),
        late: false,
    });
    stage.must_become(order.payment, "completed").await;
    stage.act(Action::MidtransReverse { transaction });
    stage.must_become(order.payment, "failed").await;
    stage.must_have_kept(&order, 0);
    let again = stage
        .create(order.consultation, bayar_tests::stage::PRICE)
        .await;
    assert_eq!(again.status, 201, "the order is free again: {}", again.text);
}

async fn challenged(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    // A card that is looked at by people.
    stage
        .gateways
        .pay_midtrans_card(&order.number, "4511111111111117")
        .unwrap();
    stage.must_become(order.payment, "under_review").await;
    order
}

async fn a_challenge_is_accepted_by_an_operator(mut stage: Stage) {
    let order = challenged(&mut stage).await;
    let accepted = stage.review(order.payment, "accept").await;
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn a_challenge_is_refused_by_an_operator(mut stage: Stage) {
    let order = challenged(&mut stage).await;
    let refused = stage.review(order.payment, "refuse").await;
    assert_eq!(refused.status, 200, "{}", refused.text);
    stage.must_become(order.payment, "failed").await;
    stage.must_have_kept(&order, 0);
}
