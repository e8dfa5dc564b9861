//! Several servers of one installation, and what they write into their logs.

use std::time::Duration;

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::program::wait_until;
use serde_json::json;

use crate::stage::{Stage, door, on_both_stores};

on_both_stores! {
    nobody_waits_for_a_connection_because_somebody_waits_for_a_gateway,
    no_log_tells_a_secret,
}

/// Two connections to the database, and twenty buyers whose gateway takes its time.
async fn nobody_waits_for_a_connection_because_somebody_waits_for_a_gateway(mut stage: Stage) {
    stage.installation.set("GATEWAY_TIMEOUT", "10s");
    if stage.is_shared() {
        stage.installation.set("DATABASE_POOL_SIZE", "2");
    }
    stage = stage.restarted().await;
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(stage.order().await);
    }
    stage.all("checkout_session.create", Fault::Slow { ms: 3000 });
    let opening = orders
        .iter()
        .map(|order| stage.process(order.payment, "stripe"));
    let others = async {
        // By then all twenty are at the gateway.
        wait_until("all are at the gateway", async || {
            let book = stage.book();
            let asked = book
                .requests()
                .filter(|(_, it)| it.operation == "checkout_session.create");
            asked.count() >= 20
        })
        .await;
        let before_any_answer = stage.book().orders().len();
        for order in &orders {
            assert_eq!(stage.stored_status(order.payment).await, "processing");
        }
        (before_any_answer, stage.book().orders().len())
    };
    let (answers, (before, after)) = tokio::join!(futures_util::future::join_all(opening), others);
    assert!(
        answers.iter().all(|answer| door(answer).is_some()),
        "{}",
        answers[0].text
    );
    assert_eq!(
        (before, after),
        (0, 0),
        "twenty answers came while all gateways were silent"
    );
}

/// Everything a payment goes through, and then every line of the log is looked at.
async fn no_log_tells_a_secret(mut stage: Stage) {
    stage.installation.set("LOG_LEVEL", "trace");
    stage = stage.restarted().await;
    let mut secrets = vec![
        "sk_test_simulated".to_owned(),
        "SB-Mid-server-simulated".to_owned(),
        "U0ItTWlkLXNlcnZlci1zaW11bGF0ZWQ".to_owned(),
        "whsec_".to_owned(),
        "4242424242424242".to_owned(),
        "4000000000000002".to_owned(),
        "_secret_".to_owned(),
        "5a5a5a5a".to_owned(),
        "a secret for tests".to_owned(),
        "a password for tests".to_owned(),
    ];
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        let ticket = order
            .process_url
            .split("ticket=")
            .nth(1)
            .unwrap()
            .to_owned();
        let browser = stage.server.anybody();
        let path = order.process_url.find("/payment/").unwrap();
        browser.get(&order.process_url[path..]).await.unwrap();
        secrets.push(ticket);
        secrets.push(stage.customer().token().to_owned());
        stage.next("checkout_session.create", Fault::CutOff);
        stage.next("snap.create", Fault::CutOff);
        stage.open_in_the_end(order.payment, gateway).await;
        if gateway == "stripe" {
            let path = stage.return_path(&order);
            secrets.push(path.split("ticket=").nth(1).unwrap().to_owned());
            browser.get(&path).await.unwrap();
            let declined = Action::StripePayCard {
                session: order.number.clone(),
                card: "4000000000000002".to_owned(),
            };
            stage.gateways.act(declined).unwrap_err();
            stage.pay_stripe(&order);
        } else {
            stage.pay_midtrans(&order);
        }
        stage.must_become(order.payment, "completed").await;
        let capture = stage.book().captures(&order.number)[0].id.clone();
        let confirm = json!({ "transaction_id": capture });
        stage.post(order.payment, "confirm", &confirm).await;
        stage.post(order.payment, "cancel", &json!({})).await;
        for span in stage.book().sessions(&order.number) {
            secrets.push(span.session);
        }
    }
    tokio::time::timeout(Duration::from_secs(20), async {
        wait_until("the log is written", async || {
            stage.server.log().contains("cancel")
        })
        .await;
    })
    .await
    .unwrap();
    let log = stage.server.log();
    assert!(log.lines().count() > 50, "{log}");
    for secret in secrets {
        assert!(secret.len() > 5, "{secret:?}");
        for line in log.lines() {
            assert!(!line.contains(&secret), "{secret} in {line}");
        }
    }
}
