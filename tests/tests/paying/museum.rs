//! Faults that others shipped, each under its own name. None of them is ours.

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::program::wait_until;
use bayar_tests::stage::{PRICE, Stage, VISA, on_both_stores};
use serde_json::json;

on_both_stores! {
    a_retry_after_a_doubt_does_not_draw_a_new_key,
    two_tabs_with_3d_secure_make_one_payment,
    a_superseded_session_does_not_stay_payable,
    a_second_session_does_not_overwrite_the_first,
    return_page_and_button_do_not_both_complete_it,
    a_stored_failure_is_not_retried_for_ever,
    nothing_is_called_failed_without_proof,
    a_doubt_is_not_stored_as_the_final_answer,
    whoever_asks_second_does_not_cancel_the_first_ones_charge,
    who_buys_again_after_a_crash_is_not_charged_again,
}

async fn a_retry_after_a_doubt_does_not_draw_a_new_key(mut stage: Stage) {
    let order = stage.order().await;
    stage.all("checkout_session.create", Fault::TimeoutAfter);
    for _ in 0..2 {
        stage.process(order.payment, "stripe").await;
    }
    stage.calm();
    stage.open_in_the_end(order.payment, "stripe").await;
    assert_eq!(
        stage
            .book()
            .keys(&order.number, "checkout_session.create")
            .len(),
        1
    );
    assert_eq!(stage.opened(&order), 1);
}

async fn two_tabs_with_3d_secure_make_one_payment(mut stage: Stage) {
    let order = stage.order().await;
    let one = stage.open(order.payment, "stripe").await;
    let two = stage.open(order.payment, "stripe").await;
    assert_eq!(one, two);
    let session = order.number.clone();
    stage.act(Action::StripePayCard {
        session: session.clone(),
        card: "4000002760003184".to_owned(),
    });
    stage.act(Action::StripeAuthenticate {
        session: session.clone(),
        passed: true,
    });
    let again = stage.gateways.act(Action::StripePayCard {
        session,
        card: VISA.to_owned(),
    });
    assert!(again.is_err());
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn a_superseded_session_does_not_stay_payable(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    let first = stage.book().sessions(&order.number)[0].session.clone();
    stage.open(order.payment, "midtrans").await;
    let late = stage.gateways.act(Action::StripePayCard {
        session: first,
        card: VISA.to_owned(),
    });
    assert!(late.is_err(), "the first session was closed");
}

async fn a_second_session_does_not_overwrite_the_first(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "gopay".to_owned(),
    });
    stage.open(order.payment, "stripe").await;
    // The money of the first one comes all the same, and is found.
    stage.act(Action::MidtransPay {
        transaction: chosen["transaction_id"].as_str().unwrap().to_owned(),
        late: true,
    });
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn return_page_and_button_do_not_both_complete_it(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    let path = stage.return_path(&order);
    stage.pay_stripe(&order);
    let browser = stage.server.anybody();
    let empty = json!({});
    let _ = tokio::join!(
        browser.get(&path),
        stage.post(order.payment, "refresh", &empty)
    );
    stage.must_become(order.payment, "completed").await;
    assert_eq!(stage.times(order.payment, "completed").await, 1);
}

async fn a_stored_failure_is_not_retried_for_ever(mut stage: Stage) {
    let order = stage.order().await;
    stage.next(
        "checkout_session.create",
        Fault::Error500Before { stored: true },
    );
    stage.process(order.payment, "stripe").await;
    stage.open_in_the_end(order.payment, "stripe").await;
    assert_eq!(stage.opened(&order), 1);
}

async fn nothing_is_called_failed_without_proof(mut stage: Stage) {
    let order = stage.order().await;
    stage.all("checkout_session.create", Fault::TimeoutBefore);
    stage.process(order.payment, "stripe").await;
    assert_eq!(stage.times(order.payment, "failed").await, 0);
    assert_eq!(stage.stored_status(order.payment).await, "processing");
}

async fn a_doubt_is_not_stored_as_the_final_answer(mut stage: Stage) {
    let order = stage.order().await;
    stage.all("checkout_session.create", Fault::TimeoutAfter);
    let doubt = stage.process(order.payment, "stripe").await;
    assert_eq!(doubt.status, 202);
    stage.calm();
    stage.open_in_the_end(order.payment, "stripe").await;
}

async fn whoever_asks_second_does_not_cancel_the_first_ones_charge(mut stage: Stage) {
    let order = stage.order().await;
    stage.all("checkout_session.create", Fault::Slow { ms: 700 });
    let (one, two) = tokio::join!(
        stage.process(order.payment, "stripe"),
        stage.process(order.payment, "stripe"),
    );
    for answer in [&one, &two] {
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
    }
    let open = stage.book().sessions(&order.number);
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].until, None);
}

/// The money was taken, the process died before anybody wrote it down, and the shopper begins anew.
async fn who_buys_again_after_a_crash_is_not_charged_again(mut stage: Stage) {
    for (gateway, other) in [("stripe", "midtrans"), ("midtrans", "stripe")] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        if gateway == "stripe" {
            stage.pay_stripe(&order);
        } else {
            stage.pay_midtrans(&order);
        }
        stage = stage.restarted_until("settle.before_commit").await;
        let path = format!("/api/v1/payments/{}/refresh", order.payment);
        let lost = stage.customer().post(&path, &[], &json!({})).await;
        assert!(lost.is_err(), "{lost:?}");
        stage = stage.revived().await;
        stage.let_leases_end().await;

        let again = stage.create(order.consultation, PRICE).await;
        assert_eq!(again.code().as_deref(), Some("duplicate_payment"));
        assert_eq!(again.number("/data/payment_id"), order.payment);
        wait_until("nothing is left to pay", async || {
            let pressed = stage.process(order.payment, other).await;
            assert_ne!(pressed.status, 200, "another door: {}", pressed.text);
            pressed.code().as_deref() == Some("payment_not_payable")
        })
        .await;
        stage.must_become(order.payment, "completed").await;
        assert_eq!(stage.opened(&order), 1);
        stage.must_have_kept(&order, 1);
    }
}
