//! The commands, as people and cron use them.

use bayar_tests::stage::{Stage, on_both_stores};
use serde_json::Value;

on_both_stores! {
    check_all_tells_what_is_wrong_and_mends_it_when_it_is_told_to,
    check_all_of_nothing_is_well,
    check_all_says_what_it_could_not_find_out,
    the_schedule_says_what_runs_when,
    operators_see_what_is_not_at_its_end,
}

async fn check_all_tells_what_is_wrong_and_mends_it_when_it_is_told_to(mut stage: Stage) {
    let (paid, open, done) = (
        stage.order().await,
        stage.order().await,
        stage.order().await,
    );
    for order in [&paid, &open, &done] {
        stage.open(order.payment, "stripe").await;
    }
    stage.pay_stripe(&done);
    stage.must_become(done.payment, "completed").await;
    stage.pay_stripe(&paid);
    let told = stage.command(&["payments", "check-all"]);
    assert_eq!(told.code, Some(2), "{}", told.text);
    assert!(
        told.text.contains("Found 2 orders with pending payments:"),
        "{}",
        told.text
    );
    assert!(
        told.text.contains("Would fix: processing -> completed"),
        "{}",
        told.text
    );
    assert!(!told.text.contains(&done.number), "{}", told.text);
    assert_eq!(stage.stored_status(paid.payment).await, "processing");
    stage.store.run("DELETE FROM payment_reads").await;
    let told = stage.command(&["payments", "check-all", "--fix"]);
    assert_eq!(told.code, Some(2), "{}", told.text);
    let row = told
        .text
        .lines()
        .find(|line| line.contains(&paid.number))
        .unwrap();
    let cells: Vec<_> = row
        .split('|')
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(cells[..3], [paid.number.as_str(), "pending", "processing"]);
    assert_eq!(cells[4], "Fixed: processing -> completed");
    assert_eq!(stage.stored_status(paid.payment).await, "completed");
    stage.store.run("DELETE FROM payment_reads").await;
    for arguments in [
        ["payments", "check-all", "--json"].as_slice(),
        &["payments", "check-all", "--fix", "--json"],
    ] {
        let told = stage.installation.run(arguments, "");
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["found"], 1);
        let order = &told["orders"][0];
        assert_eq!(order["order_number"], open.number);
        assert_eq!(order["payments"][0]["action"], "none");
        assert_eq!(order["payments"][0]["payment_status"], "processing");
    }
}

async fn check_all_of_nothing_is_well(stage: Stage) {
    let told = stage.command(&["payments", "check-all"]);
    assert_eq!(told.code, Some(0), "{}", told.text);
    assert!(
        told.text.contains("Found 0 orders with pending payments:"),
        "{}",
        told.text
    );
}

async fn check_all_says_what_it_could_not_find_out(mut stage: Stage) {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.all(
        "checkout_session.retrieve",
        bayar_sandbox::sim::Fault::Error500Before { stored: false },
    );
    for arguments in [
        ["payments", "check-all"].as_slice(),
        &["payments", "check-all", "--fix"],
    ] {
        let told = stage.command(arguments);
        assert_eq!(told.code, Some(1), "{}", told.text);
        assert!(told.text.contains("Not known: "), "{}", told.text);
    }
}

async fn the_schedule_says_what_runs_when(stage: Stage) {
    let list = || {
        let told = stage.installation.run(&["schedule", "list", "--json"], "");
        serde_json::from_str::<Value>(&told).unwrap()
    };
    let before = list();
    let names: Vec<_> = before
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["name"].clone())
        .collect();
    assert_eq!(
        names,
        [
            "check-unresolved",
            "cleanup-expired",
            "read-events",
            "sweep-book"
        ]
    );
    assert_eq!(before[0]["cron"], "*/5 * * * *");
    assert_eq!(before[1]["cron"], "0 3 * * *");
    assert_eq!(before[1]["time_zone"], "Asia/Jakarta");
    let at_three = before[1]["next_run"].as_str().unwrap();
    assert!(at_three.contains("T20:00:00Z"), "{at_three}");
    assert_eq!(before[0]["last_run"], Value::Null);
    // For cron: nothing before its time, and each once at its time.
    let not_yet = "UPDATE schedule SET due_at = '2099-01-01T00:00:00.000000Z'";
    stage.store.run(not_yet).await;
    let ran = stage.command(&["schedule", "run"]);
    assert!(ran.text.contains("nothing is due"), "{}", ran.text);
    stage
        .store
        .run("UPDATE schedule SET due_at = '2020-01-01T00:00:00.000000Z'")
        .await;
    let ran = stage.installation.run(&["schedule", "run", "--json"], "");
    let ran: Value = serde_json::from_str(&ran).unwrap();
    assert_eq!(ran.as_array().unwrap().len(), 4, "{ran}");
    let table = stage.command(&["schedule", "list"]);
    for cell in ["check-unresolved", "*/5 * * * *", "03:00:00 WIB"] {
        assert!(table.text.contains(cell), "{}", table.text);
    }
    stage.store.run(not_yet).await;
    let ran = stage.command(&["schedule", "run"]);
    assert!(ran.text.contains("nothing is due"), "{}", ran.text);
    let after = list();
    assert!(
        after[0]["last_result"]
            .as_str()
            .unwrap()
            .starts_with("0 looked at"),
        "{after}"
    );
    assert_eq!(after[0]["last_failed"], false);
    let unknown = stage.command(&["schedule", "run", "nothing"]);
    assert_eq!(unknown.code, Some(1), "{}", unknown.text);
    assert!(
        unknown
            .text
            .contains("check-unresolved or cleanup-expired or read-events or sweep-book"),
        "{}",
        unknown.text
    );
}

async fn operators_see_what_is_not_at_its_end(mut stage: Stage) {
    let (first, done, second) = (
        stage.order().await,
        stage.order().await,
        stage.order().await,
    );
    stage.open(done.payment, "stripe").await;
    stage.pay_stripe(&done);
    stage.must_become(done.payment, "completed").await;
    let refused = stage
        .customer()
        .get("/api/v1/ops/unresolved")
        .await
        .unwrap();
    assert_eq!(refused.status, 403, "{}", refused.text);
    let page = stage
        .operator()
        .get("/api/v1/ops/unresolved?limit=1")
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text);
    let page = page.json();
    assert_eq!(page["data"][0]["payment_id"], first.payment);
    assert_eq!(page["data"][0]["order_number"], first.number);
    assert_eq!(page["data"][0]["status"], "pending");
    assert!(page["data"][0]["age_seconds"].as_i64().unwrap() >= 0);
    let next = page["meta"]["next_after"].as_i64().unwrap();
    let path = format!("/api/v1/ops/unresolved?after={next}");
    let page = stage.operator().get(&path).await.unwrap().json();
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(page["data"][0]["payment_id"], second.payment);
    assert_eq!(page["meta"]["next_after"], Value::Null);
    let too_many = stage
        .operator()
        .get("/api/v1/ops/unresolved?limit=101")
        .await
        .unwrap();
    assert_eq!(too_many.status, 422, "{}", too_many.text);
}
