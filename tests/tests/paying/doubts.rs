//! The gateway does not answer, or answers what tells nothing: nobody is charged twice and nothing stays stuck.

use bayar_sandbox::sim::Fault;
use bayar_tests::stage::{Ordered, Stage, door, on_both_stores};
use serde_json::json;

on_both_stores! {
    silence_before_it_happened_leads_to_one_checkout,
    silence_after_it_happened_leads_to_one_checkout,
    a_broken_connection_leads_to_one_checkout,
    half_an_answer_leads_to_one_checkout,
    a_page_of_a_machine_in_between_leads_to_one_checkout,
    a_failure_kept_for_the_key_after_it_happened_is_looked_up,
    a_failure_kept_for_the_key_before_it_happened_leads_to_another_key,
    too_many_requests_open_nothing_and_can_be_tried_again,
    where_nobody_listens_nothing_is_open_and_the_other_gateway_can_be_taken,
    an_unknown_outcome_is_told_as_such_and_where_to_look,
    an_amount_that_the_gateway_refuses_frees_the_payment,
    a_gateway_in_trouble_while_closing_leaves_one_door,
    what_a_gateway_does_not_say_is_never_called_failed,
}

/// After any doubt, pressing the button again leads to the one checkout, under the one key, and it can be paid.
async fn must_lead_to_one(stage: &Stage, order: &Ordered, gateway: &str) {
    stage.calm();
    stage.open_in_the_end(order.payment, gateway).await;
    let (operation, pay): (_, fn(&Stage, &Ordered)) = match gateway {
        "stripe" => ("checkout_session.create", Stage::pay_stripe),
        _ => ("snap.create", Stage::pay_midtrans),
    };
    assert_eq!(stage.opened(order), 1, "{gateway}");
    if gateway == "stripe" {
        assert_eq!(stage.book().keys(&order.number, operation).len(), 1);
    }
    pay(stage, order);
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(order, 1);
}

async fn doubt(mut stage: Stage, fault: Fault) {
    for (gateway, operation) in [
        ("stripe", "checkout_session.create"),
        ("midtrans", "snap.create"),
    ] {
        let order = stage.order().await;
        stage.all(operation, fault.clone());
        let first = stage.process(order.payment, gateway).await;
        assert_eq!(first.status, 202, "{gateway} {fault:?}: {}", first.text);
        assert_eq!(stage.stored_status(order.payment).await, "processing");
        must_lead_to_one(&stage, &order, gateway).await;
    }
}

async fn silence_before_it_happened_leads_to_one_checkout(stage: Stage) {
    doubt(stage, Fault::TimeoutBefore).await;
}

async fn silence_after_it_happened_leads_to_one_checkout(stage: Stage) {
    doubt(stage, Fault::TimeoutAfter).await;
}

async fn a_broken_connection_leads_to_one_checkout(stage: Stage) {
    doubt(stage, Fault::ResetAfter).await;
}

async fn half_an_answer_leads_to_one_checkout(stage: Stage) {
    doubt(stage, Fault::CutOff).await;
}

async fn a_page_of_a_machine_in_between_leads_to_one_checkout(stage: Stage) {
    doubt(stage, Fault::Error503Html { applied: false }).await;
}

async fn a_failure_kept_for_the_key_after_it_happened_is_looked_up(mut stage: Stage) {
    let order = stage.order().await;
    stage.next("checkout_session.create", Fault::Error500After);
    stage.process(order.payment, "stripe").await;
    must_lead_to_one(&stage, &order, "stripe").await;
}

async fn a_failure_kept_for_the_key_before_it_happened_leads_to_another_key(mut stage: Stage) {
    let order = stage.order().await;
    stage.next(
        "checkout_session.create",
        Fault::Error500Before { stored: true },
    );
    stage.process(order.payment, "stripe").await;
    stage.calm();
    stage.open_in_the_end(order.payment, "stripe").await;
    assert_eq!(stage.opened(&order), 1);
    assert_eq!(
        stage
            .book()
            .keys(&order.number, "checkout_session.create")
            .len(),
        2
    );
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

async fn too_many_requests_open_nothing_and_can_be_tried_again(mut stage: Stage) {
    for (gateway, operation) in [
        ("stripe", "checkout_session.create"),
        ("midtrans", "snap.create"),
    ] {
        let order = stage.order().await;
        stage.all(
            operation,
            Fault::RateLimited {
                lock_timeout: false,
            },
        );
        let refused = stage.process(order.payment, gateway).await;
        assert_eq!(refused.status, 503, "{}", refused.text);
        assert_eq!(refused.code().as_deref(), Some("gateway_unavailable"));
        assert!(refused.header("Retry-After").is_some());
        assert_eq!(stage.opened(&order), 0);
        assert_eq!(stage.stored_status(order.payment).await, "pending");
        stage.calm();
        stage.open(order.payment, gateway).await;
        assert_eq!(stage.opened(&order), 1);
    }
}

async fn where_nobody_listens_nothing_is_open_and_the_other_gateway_can_be_taken(mut stage: Stage) {
    stage
        .installation
        .set("STRIPE_API_BASE", "http://127.0.0.1:1");
    stage
        .installation
        .set("STRIPE_ACCOUNT_ID", "acct_1Simulated");
    stage = stage.restarted().await;
    let order = stage.order().await;
    let refused = stage.process(order.payment, "stripe").await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert_eq!(stage.stored_status(order.payment).await, "pending");
    stage.open(order.payment, "midtrans").await;
    stage.pay_midtrans(&order);
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

/// Our own answer to a doubt is an honest one: it is not known yet, and here is where to look.
async fn an_unknown_outcome_is_told_as_such_and_where_to_look(mut stage: Stage) {
    let order = stage.order().await;
    stage.all("checkout_session.create", Fault::TimeoutAfter);
    let unknown = stage.process(order.payment, "stripe").await;
    assert_eq!(unknown.status, 202, "{}", unknown.text);
    let place = format!("/api/v1/payments/{}", order.payment);
    assert_eq!(unknown.header("Location"), Some(place.as_str()));
    assert!(unknown.header("Retry-After").is_some());
    assert_eq!(stage.customer().get(&place).await.unwrap().status, 200);
}

async fn an_amount_that_the_gateway_refuses_frees_the_payment(mut stage: Stage) {
    // Stripe wants half a dollar of dollars; the order is in rupiah and Midtrans takes it.
    let order = stage.order_in("IDR", "1000").await;
    let refused = stage.process(order.payment, "stripe").await;
    if refused.status == 200 {
        // The minimum of the simulator is below ours: nothing to refuse.
        return;
    }
    assert!((400..=502).contains(&refused.status), "{}", refused.text);
    assert_eq!(stage.stored_status(order.payment).await, "pending");
    stage.open(order.payment, "midtrans").await;
}

async fn a_gateway_in_trouble_while_closing_leaves_one_door(mut stage: Stage) {
    for fault in [
        Fault::TimeoutBefore,
        Fault::TimeoutAfter,
        Fault::Error500After,
        Fault::CutOff,
    ] {
        let order = stage.order().await;
        stage.open(order.payment, "stripe").await;
        stage.all("checkout_session.expire", fault.clone());
        let other = stage.process(order.payment, "midtrans").await;
        assert!(
            matches!(other.status, 200 | 202),
            "{fault:?}: {}",
            other.text
        );
        stage.calm();
        stage.open_in_the_end(order.payment, "midtrans").await;
        stage.pay_midtrans(&order);
        stage.must_become(order.payment, "completed").await;
        stage.must_have_kept(&order, 1);
    }
}

async fn what_a_gateway_does_not_say_is_never_called_failed(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.all("checkout_session.retrieve", Fault::TimeoutBefore);
    let told = stage.post(order.payment, "refresh", &json!({})).await;
    assert_eq!(told.status, 503, "{}", told.text);
    assert_eq!(stage.stored_status(order.payment).await, "processing");
    assert!(door(&stage.process(order.payment, "stripe").await).is_some());
    stage.calm();
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
}
