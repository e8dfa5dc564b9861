//! The buyer comes back, or never does; somebody pretends to; everybody asks at once.

use bayar_tests::program::wait_until;
use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::json;

on_both_stores! {
    who_never_comes_back_has_paid_all_the_same,
    coming_back_proves_nothing,
    coming_back_after_paying_shows_it,
    a_return_ticket_shows_nothing_but_whether_it_is_paid,
    everybody_asking_at_once_completes_it_once,
}

async fn who_never_comes_back_has_paid_all_the_same(mut stage: Stage) {
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        if gateway == "stripe" {
            stage.pay_stripe(&order);
        } else {
            stage.pay_midtrans(&order);
        }
        let told = stage.check_status(&order).await;
        assert_eq!(told.code, Some(2), "{}", told.text);
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        wait_until("the gateway may be asked again", async || {
            stage.check_status(&order).await.code == Some(0)
        })
        .await;
    }
}

async fn coming_back_proves_nothing(mut stage: Stage) {
    for page in ["stripe/return", "midtrans/finish"] {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        let path = stage.return_path(&order).replace("stripe/return", page);
        let lies = "status=success&transaction_status=settlement&status_code=200";
        let path = format!("{path}&{lies}&order_id={}", order.number);
        let page = stage.server.anybody().get(&path).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text);
        assert_ne!(stage.stored_status(order.payment).await, "completed");
    }
}

async fn coming_back_after_paying_shows_it(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    let path = stage.return_path(&order);
    let before = stage.server.anybody().get(&path).await.unwrap();
    stage.pay_stripe(&order);
    wait_until("the page shows it", async || {
        let after = stage.server.anybody().get(&path).await.unwrap();
        after.text != before.text
    })
    .await;
    assert_eq!(stage.stored_status(order.payment).await, "completed");
}

async fn a_return_ticket_shows_nothing_but_whether_it_is_paid(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    let path = stage.return_path(&order);
    stage.pay_stripe(&order);
    let page = stage.server.anybody().get(&path).await.unwrap();
    for secret in [
        order.number.as_str(),
        "150000",
        "150.000",
        "buyer@example.com",
    ] {
        assert!(!page.text.contains(secret), "{secret} in {}", page.text);
    }
    let forged = stage
        .server
        .anybody()
        .get("/checkout/stripe/return?ticket=AQAAAAAAAABk")
        .await;
    let forged = forged.unwrap();
    assert!(
        forged
            .text
            .contains("Sesi pembayaran tidak sah atau telah tamat."),
        "{}",
        forged.text
    );
}

async fn everybody_asking_at_once_completes_it_once(mut stage: Stage) {
    for _ in 0..3 {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        let path = stage.return_path(&order);
        stage.pay_stripe(&order);
        let browser = stage.server.anybody();
        let empty = json!({});
        let wrong = json!({ "transaction_id": order.number });
        let _ = tokio::join!(
            stage.post(order.payment, "refresh", &empty),
            stage.post(order.payment, "refresh", &empty),
            stage.post(order.payment, "confirm", &wrong),
            browser.get(&path),
            stage.process(order.payment, "stripe"),
            stage.post(order.payment, "cancel", &empty),
            stage.process(order.payment, "midtrans"),
        );
        stage.must_become(order.payment, "completed").await;
        assert_eq!(stage.times(order.payment, "completed").await, 1);
        stage.must_have_kept(&order, 1);
        let told = stage.announced(&order).await;
        let completed = told
            .iter()
            .filter(|kind| *kind == "payment.completed")
            .count();
        assert_eq!(completed, 1, "{told:?}");
    }
}
