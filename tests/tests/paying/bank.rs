//! A bank takes days over a payment: the buyer has done their part, and there is nothing to press.

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::program::{Answer, wait_until};
use bayar_tests::stage::{Ordered, Stage, door, on_both_stores};
use serde_json::json;

on_both_stores! {
    a_payment_that_a_bank_works_on_is_told_as_such,
    the_pages_say_that_it_is_being_checked,
    after_a_bank_that_failed_it_can_be_paid_again,
    a_door_that_cannot_be_closed_because_of_a_bank_is_told_as_such,
    a_checkout_that_was_paid_meanwhile_is_not_given_again,
    a_gateway_that_says_nothing_keeps_nobody_from_paying,
}

/// An order whose checkout is with a bank.
async fn with_the_bank(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    bank_begins(stage, &order);
    order
}

fn bank_begins(stage: &Stage, order: &Ordered) {
    stage.act(Action::StripePayBank {
        session: order.number.clone(),
    });
}

fn bank_ends(stage: &Stage, order: &Ordered, came: bool) {
    let session = order.number.clone();
    stage.act(Action::StripeBankEnds { session, came });
}

/// The gateway may be asked again at once.
async fn let_it_be_asked(stage: &Stage) {
    stage.store.run("DELETE FROM payment_reads").await;
}

fn must_be_checked(answer: &Answer) {
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert_eq!(answer.code().as_deref(), Some("payment_being_checked"));
    let kind = answer.header("Content-Type").unwrap();
    assert_eq!(kind, "application/problem+json");
    assert!(answer.header("Retry-After").is_some());
}

async fn a_payment_that_a_bank_works_on_is_told_as_such(mut stage: Stage) {
    let order = with_the_bank(&mut stage).await;
    let_it_be_asked(&stage).await;
    for gateway in ["stripe", "midtrans", "stripe"] {
        must_be_checked(&stage.process(order.payment, gateway).await);
        // The second time it was asked a moment ago.
        must_be_checked(&stage.process(order.payment, gateway).await);
        let_it_be_asked(&stage).await;
    }
    let path = format!("/api/v1/payments/{}/process", order.payment);
    for (language, words) in [
        ("id", "Bank sedang memproses pembayaran Anda"),
        ("ms", "Bank sedang memproses pembayaran anda"),
        ("en", "A bank is working on your payment"),
    ] {
        let accept = [("Accept-Language", language)];
        let customer = stage.customer();
        let answer = customer.post(&path, &accept, &json!({})).await.unwrap();
        must_be_checked(&answer);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(words), "{message}");
    }
    // Nobody tried to close what cannot be closed.
    let book = stage.book();
    let closings = book.keys(&order.number, "checkout_session.expire");
    assert!(closings.is_empty(), "{closings:?}");
    assert_eq!(stage.stored_status(order.payment).await, "processing");

    bank_ends(&stage, &order, true);
    let_it_be_asked(&stage).await;
    let paid = stage.process(order.payment, "midtrans").await;
    assert_eq!(paid.code().as_deref(), Some("payment_not_payable"));
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    assert_eq!(stage.opened(&order), 1);
    stage.must_have_kept(&order, 1);
}

async fn the_pages_say_that_it_is_being_checked(mut stage: Stage) {
    let order = with_the_bank(&mut stage).await;
    let start = order.process_url.find("/payment/").unwrap();
    let process = &order.process_url[start..];
    let back = stage.return_path(&order);
    let browser = stage.server.anybody();
    for (path, status) in [(process, 409), (&back, 200), (process, 409), (&back, 200)] {
        let page = browser.get(path).await.unwrap();
        assert_eq!(page.status, status, "{}", page.text);
        for words in [
            "<h1>Pembayaran sedang diperiksa.</h1>",
            "Bank sedang memproses pembayaran Anda",
            "http-equiv=\"refresh\"",
        ] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
    }
    bank_ends(&stage, &order, true);
    for path in [process, &back] {
        wait_until("the page shows that it is paid", async || {
            let page = browser.get(path).await.unwrap();
            page.text.contains("<h1>Pembayaran telah diterima.</h1>")
        })
        .await;
    }
}

async fn after_a_bank_that_failed_it_can_be_paid_again(mut stage: Stage) {
    for second in ["stripe", "midtrans"] {
        let order = with_the_bank(&mut stage).await;
        let_it_be_asked(&stage).await;
        must_be_checked(&stage.process(order.payment, second).await);
        bank_ends(&stage, &order, false);
        let_it_be_asked(&stage).await;
        let door = stage.open(order.payment, second).await;
        assert_eq!(door.gateway, second);
        assert_eq!(stage.opened(&order), 2);
        if second == "stripe" {
            stage.pay_stripe(&order);
        } else {
            stage.pay_midtrans(&order);
        }
        stage.must_become(order.payment, "completed").await;
        stage.must_have_kept(&order, 1);
    }
}

/// The bank begins in the moment in which nobody can be asked, and the buyer wants another gateway.
async fn a_door_that_cannot_be_closed_because_of_a_bank_is_told_as_such(mut stage: Stage) {
    for came in [true, false] {
        let order = with_the_bank(&mut stage).await;
        stage.all(
            "checkout_session.retrieve",
            Fault::Error503Html { applied: false },
        );
        let_it_be_asked(&stage).await;
        let unknown = stage.process(order.payment, "midtrans").await;
        assert_eq!(unknown.status, 202, "{}", unknown.text);
        stage.calm();
        let_it_be_asked(&stage).await;
        for gateway in ["midtrans", "stripe"] {
            must_be_checked(&stage.process(order.payment, gateway).await);
        }
        assert_eq!(stage.opened(&order), 1);
        bank_ends(&stage, &order, came);
        let wanted = if came { "completed" } else { "pending" };
        stage.must_become(order.payment, wanted).await;
        stage.must_have_kept(&order, usize::from(came));
    }
}

async fn a_checkout_that_was_paid_meanwhile_is_not_given_again(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    let_it_be_asked(&stage).await;
    let again = stage.process(order.payment, "stripe").await;
    assert_eq!(again.code().as_deref(), Some("payment_not_payable"));
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    assert_eq!(stage.times(order.payment, "completed").await, 1);
    stage.must_have_kept(&order, 1);
}

async fn a_gateway_that_says_nothing_keeps_nobody_from_paying(mut stage: Stage) {
    let order = stage.order().await;
    let open = stage.open(order.payment, "stripe").await;
    for fault in [
        Fault::TimeoutBefore,
        Fault::Error503Html { applied: false },
        Fault::CutOff,
    ] {
        stage.all("checkout_session.retrieve", fault);
        let_it_be_asked(&stage).await;
        let again = stage.process(order.payment, "stripe").await;
        assert_eq!(door(&again).as_ref(), Some(&open), "{}", again.text);
        stage.calm();
    }
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}
