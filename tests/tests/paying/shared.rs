//! Several servers of one installation, and what they write into their logs.

use std::time::Duration;

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::program::wait_until;
use bayar_tests::stage::{Stage, door, on_both_stores};
use serde_json::json;

on_both_stores! {
    nobody_waits_for_a_connection_because_somebody_waits_for_a_gateway,
    no_log_tells_a_secret,
}

/// A process is put to sleep while it speaks with the gateway. Another one takes the call over, the buyer pays,
/// and the first one wakes up with its old answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_slept_writes_nothing_over_what_another_did() {
    let mut stage = Stage::on_postgres().await;
    let other = stage.installation.serve().await;
    let order = stage.order().await;
    stage.next("checkout_session.create", Fault::Slow { ms: 500 });
    let sleeper = stage.customer();
    let path = format!("/api/v1/payments/{}/process", order.payment);
    let pressed = path.clone();
    let asked = tokio::spawn(async move {
        let body = json!({ "gateway": "stripe" });
        sleeper.post(&pressed, &[], &body).await
    });
    wait_until("the gateway is asked", async || {
        let book = stage.book();
        book.requests()
            .any(|(_, it)| it.operation == "checkout_session.create")
    })
    .await;
    stage.server.pause();
    stage.let_leases_end().await;
    let awake = stage.customer().at(other.address);
    wait_until("the other one has a checkout", async || {
        let answer = awake.post(&path, &[], &json!({})).await.unwrap();
        door(&answer).is_some()
    })
    .await;
    stage.pay_stripe(&order);
    let refresh = format!("/api/v1/payments/{}/refresh", order.payment);
    let told = awake.post(&refresh, &[], &json!({})).await.unwrap();
    assert_eq!(
        told.json()["data"]["payment"]["status"],
        "completed",
        "{}",
        told.text
    );
    stage.server.resume();
    let late = asked.await.unwrap().unwrap();
    assert!(matches!(late.status, 200 | 202 | 409), "{}", late.text);
    assert_eq!(stage.status(order.payment).await, "completed");
    assert_eq!(stage.times(order.payment, "completed").await, 1);
    assert_eq!(stage.opened(&order), 1);
    assert_eq!(
        stage
            .book()
            .keys(&order.number, "checkout_session.create")
            .len(),
        1
    );
    stage.must_have_kept(&order, 1);
}

/// Two servers are asked for the same checkout at the same moment, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_asked_at_once_open_one_checkout() {
    let mut stage = Stage::on_postgres().await;
    let other = stage.installation.serve().await;
    for _ in 0..10 {
        let order = stage.order().await;
        let path = format!("/api/v1/payments/{}/process", order.payment);
        let presses = (0..10).map(|number| {
            let address = if number % 2 == 0 {
                stage.server.address
            } else {
                other.address
            };
            let (customer, path) = (stage.customer().at(address), path.clone());
            async move {
                let gateway = if number % 4 < 2 { "stripe" } else { "midtrans" };
                let body = json!({ "gateway": gateway });
                customer.post(&path, &[], &body).await.unwrap()
            }
        });
        for answer in futures_util::future::join_all(presses).await {
            assert!(matches!(answer.status, 200 | 202 | 409), "{}", answer.text);
        }
        stage.open_in_the_end(order.payment, "stripe").await;
        stage.pay_stripe(&order);
        stage.must_become(order.payment, "completed").await;
        stage.must_have_kept(&order, 1);
    }
}

/// Two connections to the database, and twenty buyers whose gateway takes its time.
async fn nobody_waits_for_a_connection_because_somebody_waits_for_a_gateway(mut stage: Stage) {
    stage.installation.set("GATEWAY_TIMEOUT", "15s");
    if stage.is_shared() {
        stage.installation.set("DATABASE_POOL_SIZE", "2");
    }
    stage = stage.restarted().await;
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(stage.order().await);
    }
    stage.all("checkout_session.create", Fault::Slow { ms: 8000 });
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
    assert!(log.lines().count() > 20, "{log}");
    for secret in secrets {
        assert!(secret.len() > 5, "{secret:?}");
        for line in log.lines() {
            assert!(!line.contains(&secret), "{secret} in {line}");
        }
    }
}
