//! The gateways' own lists: what no webhook told is found there, and so is money that is not written down.

use std::time::Duration;

use bayar_sandbox::sim::{Action, Fault, Rule};
use bayar_tests::stage::{Ordered, Ran, Stage, on_both_stores};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::moments::{let_all_leases_end, let_jobs_be_due};

on_both_stores! {
    an_event_list_finds_a_lost_webhook,
    a_dashboard_refund_is_found_without_a_webhook,
    a_page_of_events_that_is_interrupted_loses_none,
    an_event_whose_payment_cannot_be_read_is_not_lost,
    a_sweep_finds_money_whose_fact_is_missing,
    money_that_is_not_written_down_is_told_and_left_alone,
    the_money_of_another_installation_is_left_alone,
    a_wallet_that_was_paid_after_its_page_was_closed_is_given_back_though_nobody_says_so,
    a_settlement_that_is_taken_back_is_found_though_nobody_says_so,
    a_payment_that_cannot_be_read_holds_up_no_other_one,
    three_payments_that_cannot_be_read_hold_up_no_other_one,
    late_money_is_found_however_long_nobody_swept,
    a_sweep_that_dies_goes_on_where_it_was,
    a_sweep_that_broke_off_begins_anew_before_the_next_night,
    the_pace_counts_requests_and_not_jobs,
}

fn run(stage: &Stage, name: &str) -> String {
    let Ran { code, text } = stage.command(&["schedule", "run", name]);
    // Whoever runs it by cron is told how it went.
    let failed = i32::from(has_failed(stage, name));
    assert_eq!(code, Some(failed), "{text}");
    text
}

fn read_events(stage: &Stage) -> String {
    run(stage, "read-events")
}

fn has_failed(stage: &Stage, name: &str) -> bool {
    let told = stage.installation.run(&["schedule", "list", "--json"], "");
    let told: Value = serde_json::from_str(&told).unwrap();
    let runs = told.as_array().unwrap();
    let run = runs.iter().find(|run| run["name"] == name).unwrap();
    run["last_failed"].as_bool().unwrap()
}

/// How many requests a gateway ever got.
fn requests(stage: &Stage) -> usize {
    stage.book().requests().count()
}

async fn paid_unheard(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    order
}

async fn an_event_list_finds_a_lost_webhook(mut stage: Stage) {
    let order = paid_unheard(&mut stage).await;
    let unpaid = stage.order().await;
    stage.open(unpaid.payment, "stripe").await;
    let told = read_events(&stage);
    assert!(told.contains("1 payments read, 1 with news"), "{told}");
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    assert_eq!(stage.times(order.payment, "completed").await, 1);
    assert_eq!(stage.stored_status(unpaid.payment).await, "processing");
    // Where nothing happened, one request finds that out.
    let before = requests(&stage);
    let told = read_events(&stage);
    assert!(told.contains("0 events, 0 payments read"), "{told}");
    let account = 1;
    assert!(requests(&stage) - before <= 1 + account, "{told}");
    // What a webhook told already costs no request either.
    let heard = paid_unheard(&mut stage).await;
    stage.must_become(heard.payment, "completed").await;
    let told = read_events(&stage);
    assert!(told.contains("0 payments read"), "{told}");
    assert!(!told.contains("0 events"), "{told}");
    stage.must_have_kept(&order, 1);
}

async fn a_dashboard_refund_is_found_without_a_webhook(mut stage: Stage) {
    let order = paid_unheard(&mut stage).await;
    read_events(&stage);
    let money = stage.book().kept_captures(&order.number);
    stage.act(Action::StripeRefund {
        payment_intent: money[0].id.clone(),
        amount: Some(1_000_000),
    });
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    let told = read_events(&stage);
    assert!(told.contains("1 with news"), "{told}");
    let status = stage.stored_status(order.payment).await;
    assert_eq!(status, "partially_refunded");
}

async fn a_page_of_events_that_is_interrupted_loses_none(mut stage: Stage) {
    for step in ["schedule.taken", "events.before_keep", "events.kept"] {
        let order = paid_unheard(&mut stage).await;
        stage.installation.set("BAYAR_KILL_AT", step);
        let died = stage.command(&["schedule", "run", "read-events"]);
        assert_eq!(died.code, None, "{step}: {}", died.text);
        stage.installation.set("BAYAR_KILL_AT", "");
        let_all_leases_end(&stage).await;
        read_events(&stage);
        assert_eq!(
            stage.stored_status(order.payment).await,
            "completed",
            "{step}"
        );
        assert_eq!(stage.times(order.payment, "completed").await, 1, "{step}");
    }
}

async fn an_event_whose_payment_cannot_be_read_is_not_lost(mut stage: Stage) {
    let order = paid_unheard(&mut stage).await;
    for fault in [Fault::Error500Before { stored: false }, Fault::Garbage] {
        stage.all("checkout_session.retrieve", fault);
        read_events(&stage);
        assert!(has_failed(&stage, "read-events"));
        assert_eq!(stage.stored_status(order.payment).await, "processing");
        stage.calm();
    }
    read_events(&stage);
    assert!(!has_failed(&stage, "read-events"));
    assert_eq!(stage.stored_status(order.payment).await, "completed");
}

async fn a_sweep_finds_money_whose_fact_is_missing(mut stage: Stage) {
    let order = paid_unheard(&mut stage).await;
    let told = run(&stage, "sweep-book");
    assert!(
        told.contains("1 paid checkouts, 1 were not known to be paid"),
        "{told}"
    );
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    let told = run(&stage, "sweep-book");
    assert!(
        told.contains("1 paid checkouts, 0 were not known"),
        "{told}"
    );
    stage.must_have_kept(&order, 1);
}

/// As if nothing had ever been written down about what was opened.
async fn hide(stage: &Stage, hidden: bool) {
    let sign = if hidden { "+" } else { "-" };
    let moved = format!("UPDATE attempts SET id = id {sign} 1000000");
    stage.store.run(&moved).await;
}

async fn money_that_is_not_written_down_is_told_and_left_alone(mut stage: Stage) {
    let order = paid_unheard(&mut stage).await;
    hide(&stage, true).await;
    for name in ["sweep-book", "read-events"] {
        // As long as it is so, each run says so.
        for _ in 0..2 {
            let told = run(&stage, name);
            let lost = "not written down here: see bayar payments rebuild";
            assert!(told.contains(lost), "{name}: {told}");
            assert!(has_failed(&stage, name), "{name}");
        }
    }
    assert_eq!(stage.stored_status(order.payment).await, "processing");
    hide(&stage, false).await;
    run(&stage, "sweep-book");
    read_events(&stage);
    for name in ["sweep-book", "read-events"] {
        assert!(!has_failed(&stage, name), "{name}");
    }
    assert_eq!(stage.stored_status(order.payment).await, "completed");
}

async fn the_money_of_another_installation_is_left_alone(mut stage: Stage) {
    let order = paid_unheard(&mut stage).await;
    let ours = stage
        .store
        .texts("SELECT word AS json FROM installation")
        .await;
    stage
        .store
        .run("UPDATE installation SET word = 'anotherone1'")
        .await;
    for name in ["sweep-book", "read-events"] {
        let told = run(&stage, name);
        assert!(!told.contains("not written down"), "{name}: {told}");
        assert!(!has_failed(&stage, name), "{name}");
    }
    assert_eq!(stage.stored_status(order.payment).await, "processing");
    let back = format!("UPDATE installation SET word = '{}'", ours[0]);
    stage.store.run(&back).await;
    run(&stage, "sweep-book");
    assert_eq!(stage.stored_status(order.payment).await, "completed");
}

async fn the_pace_counts_requests_and_not_jobs(mut stage: Stage) {
    let mut paid = Vec::new();
    for _ in 0..6 {
        paid.push(paid_unheard(&mut stage).await);
    }
    let_jobs_be_due(&stage).await;
    stage.installation.set("WORK_GATEWAY_RATE", "5/sec");
    let before = requests(&stage);
    let begun = tokio::time::Instant::now();
    run(&stage, "check-unresolved");
    let (took, asked): (Duration, usize) = (begun.elapsed(), requests(&stage) - before);
    assert!(asked > paid.len(), "{asked}: each is more than one request");
    let allowed = took.as_millis() * 5 / 1000 + 1;
    assert!(asked as u128 <= allowed, "{asked} in {took:?}");
    for order in &paid {
        assert_eq!(stage.stored_status(order.payment).await, "completed");
    }
}

/// A wallet is paid after its page was closed and the order was paid elsewhere. Nobody says so.
async fn paid_twice_unheard(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "gopay".to_owned(),
    });
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.refresh(order.payment).await;
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    stage.act(Action::MidtransPay {
        transaction: chosen["transaction_id"].as_str().unwrap().to_owned(),
        late: true,
    });
    order
}

/// Midtrans keeps no list, so what ended there is read once more.
async fn a_wallet_that_was_paid_after_its_page_was_closed_is_given_back_though_nobody_says_so(
    mut stage: Stage,
) {
    let order = paid_twice_unheard(&mut stage).await;
    let told = run(&stage, "sweep-book");
    assert!(
        told.contains("1 that ended were read again, 1 with news"),
        "{told}"
    );
    let told = run(&stage, "sweep-book");
    assert!(told.contains("0 with news"), "{told}");
    stage.must_have_kept(&order, 1);
}

/// All that one payment is asked about goes wrong, for ever.
fn never_tell(stage: &Stage, order: &Ordered) {
    for operation in ["checkout_session.retrieve", "core.status"] {
        let rule = Rule::next(Fault::Error500Before { stored: false });
        let rule = rule.at(operation).order(&order.number).times(0);
        stage.gateways.add_fault(rule).unwrap();
    }
}

async fn a_payment_that_cannot_be_read_holds_up_no_other_one(mut stage: Stage) {
    let silent = paid_unheard(&mut stage).await;
    never_tell(&stage, &silent);
    for _ in 0..2 {
        let order = paid_unheard(&mut stage).await;
        let told = read_events(&stage);
        assert!(told.contains("1 to be read again"), "{told}");
        assert_eq!(stage.stored_status(order.payment).await, "completed");
    }
    let (unswept, swept) = (
        paid_twice_unheard(&mut stage).await,
        paid_twice_unheard(&mut stage).await,
    );
    never_tell(&stage, &unswept);
    run(&stage, "sweep-book");
    assert!(has_failed(&stage, "sweep-book"));
    stage.must_have_kept(&swept, 1);
    assert_eq!(stage.stored_status(silent.payment).await, "processing");
    stage.calm();
    read_events(&stage);
    assert_eq!(stage.stored_status(silent.payment).await, "completed");
    let told = run(&stage, "sweep-book");
    assert!(told.contains("1 with news"), "{told}");
    assert!(!has_failed(&stage, "sweep-book"));
    stage.must_have_kept(&unswept, 1);
}

/// As many as are taken for a gateway in trouble, and for ever.
async fn three_payments_that_cannot_be_read_hold_up_no_other_one(mut stage: Stage) {
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(paid_unheard(&mut stage).await);
        silent.push(paid_twice_unheard(&mut stage).await);
    }
    for order in &silent {
        never_tell(&stage, order);
    }
    let paid = paid_unheard(&mut stage).await;
    let swept = paid_twice_unheard(&mut stage).await;
    for name in ["read-events", "sweep-book"] {
        for _ in 0..2 {
            run(&stage, name);
            assert!(has_failed(&stage, name), "{name}");
        }
        assert_eq!(stage.stored_status(paid.payment).await, "completed");
    }
    stage.must_have_kept(&swept, 1);
    stage.calm();
    run(&stage, "sweep-book");
    run(&stage, "read-events");
    for order in &silent {
        stage.must_have_kept(order, 1);
    }
}

async fn late_money_is_found_however_long_nobody_swept(mut stage: Stage) {
    run(&stage, "sweep-book");
    let order = paid_twice_unheard(&mut stage).await;
    // Nobody has swept for ten days, and it ended on the first of them.
    let began = stage.time() - TimeDelta::days(10);
    let kept = stage
        .store
        .texts("SELECT cursor AS json FROM schedule WHERE name = 'sweep-book'")
        .await;
    let mut kept: Value = serde_json::from_str(&kept[0]).unwrap();
    for (_, place) in kept.as_object_mut().unwrap() {
        assert!(place["began"].is_string(), "{place}");
        place["began"] = began.to_rfc3339().into();
    }
    stage
        .store
        .run(&format!(
            "UPDATE schedule SET cursor = '{kept}' WHERE name = 'sweep-book'"
        ))
        .await;
    let ended = (began + TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%S%.6fZ");
    stage
        .store
        .run(&format!(
            "UPDATE attempts SET updated_at = '{ended}' WHERE gateway = 'midtrans'"
        ))
        .await;
    let told = run(&stage, "sweep-book");
    assert!(told.contains("1 with news"), "{told}");
    stage.must_have_kept(&order, 1);
}

/// What was read before it died is not read again, and the rest is.
async fn a_sweep_that_dies_goes_on_where_it_was(mut stage: Stage) {
    // One more than it reads before it writes down how far it is.
    let mut ended = Vec::new();
    for _ in 0..50 {
        let order = stage.order().await;
        stage.open(order.payment, "midtrans").await;
        let told = stage.post(order.payment, "cancel", &json!({})).await;
        assert_eq!(told.status, 200, "{}", told.text);
        ended.push(order);
    }
    let last = paid_twice_unheard(&mut stage).await;
    let reads = |stage: &Stage, order: &Ordered| {
        let book = stage.book();
        let about = book.requests().filter(|(_, request)| {
            request.order.as_ref() == Some(&order.number) && request.operation == "core.status"
        });
        about.count()
    };
    let before: Vec<_> = ended.iter().map(|order| reads(&stage, order)).collect();
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    stage.installation.set("BAYAR_KILL_AT", "sweep.kept");
    let died = stage.command(&["schedule", "run", "sweep-book"]);
    assert_eq!(died.code, None, "{}", died.text);
    stage.installation.set("BAYAR_KILL_AT", "");
    let_all_leases_end(&stage).await;
    let told = run(&stage, "sweep-book");
    assert!(
        told.contains("1 that ended were read again, 1 with news"),
        "{told}"
    );
    for (order, before) in ended.iter().zip(before) {
        assert_eq!(reads(&stage, order), before + 1, "{order:?}");
    }
    stage.must_have_kept(&last, 1);
    // The next one begins where it should.
    let told = run(&stage, "sweep-book");
    assert!(told.contains("51 that ended were read again"), "{told}");
}

async fn a_sweep_that_broke_off_begins_anew_before_the_next_night(mut stage: Stage) {
    let next_run = |stage: &Stage| {
        let told = stage.installation.run(&["schedule", "list", "--json"], "");
        let told: Value = serde_json::from_str(&told).unwrap();
        let mut runs = told.as_array().unwrap().iter();
        let run = runs.find(|run| run["name"] == "sweep-book").unwrap();
        let next: DateTime<Utc> = run["next_run"].as_str().unwrap().parse().unwrap();
        next
    };
    let order = paid_twice_unheard(&mut stage).await;
    stage.all(
        "checkout_session.list",
        Fault::Error500Before { stored: false },
    );
    run(&stage, "sweep-book");
    assert!(has_failed(&stage, "sweep-book"));
    let soon = stage.time() + TimeDelta::minutes(10);
    assert!(next_run(&stage) <= soon, "{}", next_run(&stage));
    // The other gateway was swept all the same.
    stage.must_have_kept(&order, 1);
    stage.calm();
    run(&stage, "sweep-book");
    assert!(!has_failed(&stage, "sweep-book"));
}

async fn a_settlement_that_is_taken_back_is_found_though_nobody_says_so(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "permata_va".to_owned(),
    });
    let transaction = chosen["transaction_id"].as_str().unwrap().to_owned();
    stage.act(Action::MidtransPay {
        transaction: transaction.clone(),
        late: false,
    });
    stage.refresh(order.payment).await;
    assert_eq!(stage.stored_status(order.payment).await, "completed");
    stage.act(Action::MidtransReverse { transaction });
    let told = run(&stage, "sweep-book");
    assert!(told.contains("1 with news"), "{told}");
    assert_eq!(stage.stored_status(order.payment).await, "failed");
}
