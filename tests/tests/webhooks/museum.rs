//! Faults that others shipped around webhooks, each under its own name. None of them is ours.

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::program::wait_until;
use serde_json::json;

use crate::stage::{Ordered, Stage, on_both_stores};

on_both_stores! {
    return_page_and_webhook_at_once_complete_it_and_tell_of_it_once,
    a_webhook_that_overtakes_the_checkout_it_is_about_is_not_lost,
    money_of_a_superseded_checkout_is_not_discarded,
    schedule_and_webhook_at_once_give_a_surplus_back_once,
    a_notification_that_is_posted_again_after_the_money_went_back_changes_nothing,
}

/// How often the world is told that a payment is complete.
async fn told_complete(stage: &Stage, order: &Ordered) -> usize {
    let told = format!(
        "SELECT kind AS json FROM outbox WHERE aggregate = 'payment:{}' AND kind = 'payment.completed'",
        order.payment
    );
    stage.store.texts(&told).await.len()
}

/// Two doors, and the mail sent twice. The cure of others was to ignore webhooks for two minutes.
async fn return_page_and_webhook_at_once_complete_it_and_tell_of_it_once(mut stage: Stage) {
    for _ in 0..5 {
        let order = stage.open("stripe").await;
        let paid = stage.gateways.pay_stripe(&order.number).unwrap();
        // Its webhooks are on their way.
        let url = paid["redirect"].as_str().unwrap();
        let page = &url[url.find("/checkout/").unwrap()..];
        let browser = stage.server.anybody();
        let (one, two) = tokio::join!(browser.get(page), browser.get(page));
        for answer in [one, two] {
            let answer = answer.unwrap();
            assert!(matches!(answer.status, 200 | 409), "{}", answer.text);
        }
        stage.must_become(&order, "completed").await;
        stage.all_is_done().await;
        stage.must_have_kept(&order, 1).await;
        assert_eq!(told_complete(&stage, &order).await, 1);
    }
}

/// The shop does not know yet that the checkout opened, and hears that it is paid.
async fn a_webhook_that_overtakes_the_checkout_it_is_about_is_not_lost(mut stage: Stage) {
    for (gateway, operation) in [
        ("stripe", "checkout_session.create"),
        ("midtrans", "snap.create"),
    ] {
        let order = stage.order().await;
        stage.all(operation, Fault::TimeoutAfter);
        assert_eq!(stage.process(&order, gateway).await, 202);
        stage.calm();
        stage.pay(&order, gateway);
        stage.must_become(&order, "completed").await;
        stage.all_is_done().await;
        stage.must_have_kept(&order, 1).await;
    }
}

/// The buyer pays what another checkout took the place of, and the webhook matches nothing that is open.
async fn money_of_a_superseded_checkout_is_not_discarded(mut stage: Stage) {
    let order = stage.open("midtrans").await;
    let transaction = choose_a_wallet(&stage, &order);
    wait_until("the other gateway is open", async || {
        stage.process(&order, "stripe").await == 200
    })
    .await;
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
    // Nobody asks: the webhook alone has to do it.
    stage.must_become(&order, "completed").await;
    stage.must_have_kept(&order, 1).await;
}

fn choose_a_wallet(stage: &Stage, order: &Ordered) -> String {
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "gopay".to_owned(),
    });
    chosen["transaction_id"].as_str().unwrap().to_owned()
}

/// An hourly poller and a webhook both worked on the same batch, and both sent the money.
async fn schedule_and_webhook_at_once_give_a_surplus_back_once(mut stage: Stage) {
    let order = stage.open("midtrans").await;
    let transaction = choose_a_wallet(&stage, &order);
    wait_until("the other gateway is open", async || {
        stage.process(&order, "stripe").await == 200
    })
    .await;
    stage.pay(&order, "stripe");
    stage.must_become(&order, "completed").await;
    stage.act(Action::MidtransPay {
        transaction,
        late: true,
    });
    // The webhook of it is on its way, and here come the others.
    let all_due = "UPDATE jobs SET due_at = '2020-01-01T00:00:00.000000Z' WHERE done_at IS NULL";
    stage.store.run(all_due).await;
    let installation = &stage.installation;
    let sweeps = || installation.ran(&["schedule", "run", "check-unresolved"]);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2).map(|_| scope.spawn(sweeps)).collect();
        for run in runs {
            let (status, told) = run.join().unwrap();
            assert!(status.success(), "{told}");
        }
    });
    stage.all_is_done().await;
    wait_until("the surplus is back", async || {
        let refunds = "SELECT status AS json FROM refunds WHERE origin = 'surplus'";
        stage.store.texts(refunds).await == ["succeeded"]
    })
    .await;
    stage.must_have_kept(&order, 1).await;
    let book = stage.book();
    let asked = book.requests();
    let keys: std::collections::BTreeSet<_> = asked
        .filter(|(_, request)| request.operation.contains("refund"))
        .filter_map(|(_, request)| request.key.clone())
        .collect();
    assert!(keys.len() <= 1, "{keys:?}");
    let back: i64 = book
        .captures(&order.number)
        .iter()
        .map(|it| it.refunded)
        .sum();
    assert_eq!(back, 150_000, "once, and all of it");
}

/// Its signature does not know the time: whoever has recorded it can post it again, for ever.
async fn a_notification_that_is_posted_again_after_the_money_went_back_changes_nothing(
    mut stage: Stage,
) {
    let order = stage.open("midtrans").await;
    stage.pay(&order, "midtrans");
    stage.must_become(&order, "completed").await;
    stage.act(Action::MidtransRefund {
        transaction: stage.money(&order),
        amount: None,
    });
    stage.must_become(&order, "refunded").await;
    stage.all_is_done().await;
    let recorded = stage.gateways.deliveries().unwrap();
    assert!(
        recorded
            .iter()
            .any(|delivery| delivery.event == "settlement")
    );
    let stranger = stage.server.anybody();
    for delivery in recorded.iter().rev() {
        let body = serde_json::from_str(&delivery.body).unwrap();
        let answer = stranger.post("/midtrans/notification", &[], &body).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    stage.all_is_done().await;
    assert_eq!(stage.status(&order).await, "refunded");
    assert_eq!(stage.times(&order, "completed").await, 1);
    assert_eq!(told_complete(&stage, &order).await, 1);
    let parked = stage.webhooks("&status=parked").await;
    assert_eq!(json!(parked), json!([]));
}
