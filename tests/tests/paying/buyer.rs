//! The life of a payment, when nothing goes wrong.

use bayar_sandbox::sim::Action;
use bayar_tests::stage::{DECLINED, Stage, VISA, on_both_stores};
use serde_json::json;

on_both_stores! {
    a_payment_is_paid_at_stripe,
    a_payment_is_paid_at_midtrans,
    an_open_checkout_is_given_back_as_it_is,
    a_declined_card_is_no_end,
    three_d_secure_is_passed,
    a_virtual_account_is_paid_later,
    a_slow_bank_is_waited_for,
    a_ticket_leads_a_browser_to_the_checkout,
    confirming_compares_with_the_gateway,
    a_cancelled_payment_can_be_paid_by_nobody,
    papers_follow_the_money,
}

async fn a_payment_is_paid_at_stripe(mut stage: Stage) {
    let order = stage.order_in("PHP", "5000").await;
    let door = stage.open(order.payment, "stripe").await;
    assert!(door.url.starts_with(&stage.simulator.url()), "{}", door.url);
    assert_eq!(stage.stored_status(order.payment).await, "processing");
    stage.pay_stripe(&order);
    assert_eq!(stage.status(order.payment).await, "completed");
    stage.must_have_kept(&order, 1);
    assert_eq!(stage.book().captures(&order.number)[0].amount, 500_000);
}

async fn a_payment_is_paid_at_midtrans(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    stage.pay_midtrans(&order);
    assert_eq!(stage.status(order.payment).await, "completed");
    stage.must_have_kept(&order, 1);
    assert_eq!(stage.book().captures(&order.number)[0].amount, 150_000);
}

async fn an_open_checkout_is_given_back_as_it_is(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        let first = stage.open(order.payment, gateway).await;
        let again = stage.post(order.payment, "process", &json!({})).await;
        assert_eq!(bayar_tests::stage::door(&again), Some(first));
        assert_eq!(stage.opened(&order), 1);
    }
}

async fn a_declined_card_is_no_end(mut stage: Stage) {
    let order = stage.order().await;
    let first = stage.open(order.payment, "stripe").await;
    let declined = stage.gateways.act(Action::StripePayCard {
        session: order.number.clone(),
        card: DECLINED.to_owned(),
    });
    assert!(declined.is_err());
    assert_eq!(stage.status(order.payment).await, "processing");
    assert_eq!(stage.open(order.payment, "stripe").await, first);
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn three_d_secure_is_passed(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.act(Action::StripePayCard {
        session: order.number.clone(),
        card: "4000002760003184".to_owned(),
    });
    assert_eq!(stage.status(order.payment).await, "processing");
    stage.act(Action::StripeAuthenticate {
        session: order.number.clone(),
        passed: true,
    });
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn a_virtual_account_is_paid_later(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "bca_va".to_owned(),
    });
    assert_eq!(stage.status(order.payment).await, "processing");
    stage.act(Action::MidtransPay {
        transaction: chosen["transaction_id"].as_str().unwrap().to_owned(),
        late: false,
    });
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn a_slow_bank_is_waited_for(mut stage: Stage) {
    for (came, status) in [(true, "completed"), (false, "pending")] {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        let session = order.number.clone();
        stage.act(Action::StripePayBank {
            session: session.clone(),
        });
        // Complete and unpaid is not paid.
        assert_eq!(stage.status(order.payment).await, "processing");
        stage.act(Action::StripeBankEnds { session, came });
        stage.must_become(order.payment, status).await;
        stage.must_have_kept(&order, usize::from(came));
    }
}

async fn a_ticket_leads_a_browser_to_the_checkout(mut stage: Stage) {
    let order = stage.order().await;
    let (_, path) = order
        .process_url
        .split_at(order.process_url.find("/payment/").unwrap());
    let browser = stage.server.anybody();
    let answer = browser.get(path).await.unwrap();
    assert_eq!(answer.status, 303, "{}", answer.text);
    let url = answer.header("Location").unwrap().to_owned();
    assert_eq!(url, stage.open(order.payment, "stripe").await.url);
    let forged = path.replace("ticket=A", "ticket=B");
    assert_ne!(forged, path);
    let answer = browser.get(&forged).await.unwrap();
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert_eq!(stage.opened(&order), 1);
}

async fn confirming_compares_with_the_gateway(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        let early = stage
            .post(
                order.payment,
                "confirm",
                &json!({ "transaction_id": "pi_forged" }),
            )
            .await;
        assert_eq!(
            early.code().as_deref(),
            Some("transaction_mismatch"),
            "{}",
            early.text
        );
        let session = stage.book().sessions(&order.number)[0].session.clone();
        let unpaid = stage
            .post(
                order.payment,
                "confirm",
                &json!({ "transaction_id": session }),
            )
            .await;
        assert_eq!(
            unpaid.code().as_deref(),
            Some("not_paid_yet"),
            "{}",
            unpaid.text
        );
        if gateway == "stripe" {
            stage.pay_stripe(&order);
        } else {
            stage.pay_midtrans(&order);
        }
        stage.must_become(order.payment, "completed").await;
        let capture = stage.book().captures(&order.number)[0].id.clone();
        for name in [capture.clone(), format!("stripe_{capture}")] {
            let body = json!({ "transaction_id": name, "receipt_url": "https://forged.example" });
            let confirmed = stage.post(order.payment, "confirm", &body).await;
            assert_eq!(confirmed.status, 200, "{}", confirmed.text);
            assert_eq!(confirmed.json()["data"]["status"], "completed");
            assert!(
                !confirmed.text.contains("forged.example"),
                "{}",
                confirmed.text
            );
        }
        let other = stage
            .post(
                order.payment,
                "confirm",
                &json!({ "transaction_id": "pi_forged" }),
            )
            .await;
        assert_eq!(other.status, 422, "{}", other.text);
    }
}

async fn a_cancelled_payment_can_be_paid_by_nobody(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        let cancelled = stage.post(order.payment, "cancel", &json!({})).await;
        assert_eq!(cancelled.status, 200, "{gateway}: {}", cancelled.text);
        assert_eq!(stage.stored_status(order.payment).await, "cancelled");
        let paid = if gateway == "stripe" {
            stage.gateways.act(Action::StripePayCard {
                session: order.number.clone(),
                card: VISA.to_owned(),
            })
        } else {
            stage.gateways.pay_midtrans(&order.number, "gopay")
        };
        assert!(paid.is_err(), "{gateway}: it was closed");
        stage.must_have_kept(&order, 0);
        let again = stage
            .create(order.consultation, bayar_tests::stage::PRICE)
            .await;
        assert_eq!(again.status, 201, "the order is free again: {}", again.text);
    }
}

async fn papers_follow_the_money(mut stage: Stage) {
    let order = stage.order_in("PHP", "5000").await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    let customer = stage.customer();
    let path = format!("/api/v1/payments/{}", order.payment);
    let invoice = customer
        .get(&format!("{path}/invoice"))
        .await
        .unwrap()
        .json();
    assert_eq!(invoice["data"]["status"], "paid", "{invoice}");
    let taxes = customer.get(&format!("{path}/taxes")).await.unwrap().json();
    for tax in taxes["data"].as_array().unwrap() {
        assert_eq!(tax["status"], "collected", "{tax}");
    }
    let told = customer
        .get(&format!("/api/v1/orders/{}", order.number))
        .await
        .unwrap()
        .json();
    assert_eq!(told["data"]["status"], "processing", "{told}");
}
