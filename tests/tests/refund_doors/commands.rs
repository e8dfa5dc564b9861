//! What operators do about refunds at the command line, beside a server that runs.

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::stage::{Ordered, PRICE_MINOR, Ran, Stage, on_both_stores};
use serde_json::{Value, json};

on_both_stores! {
    what_a_gateway_cannot_give_back_is_transferred_by_hand,
    a_refund_that_failed_is_taken_over,
    a_refund_that_failed_is_asked_for_anew,
    what_is_withdrawn_can_be_given_back_by_another_refund,
    what_a_gateway_may_have_is_not_touched_by_hand,
    refunds_are_listed_with_what_is_still_to_do,
    what_cannot_be_done_says_why,
    the_commands_explain_themselves,
}

const OPERATOR: &str = "ani@example.com";

fn add_operator(stage: &Stage) {
    let add = [
        "users",
        "add",
        OPERATOR,
        "--role",
        "operator",
        "--password-stdin",
    ];
    stage.installation.run(&add, "a password for operators");
}

/// An order that is paid by a virtual account, which nobody can refund by a request.
async fn paid_by_virtual_account(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "bca_va".to_owned(),
    });
    stage.act(Action::MidtransPay {
        transaction: chosen["transaction_id"].as_str().unwrap().to_owned(),
        late: false,
    });
    stage.must_become(order.payment, "completed").await;
    order
}

async fn paid_by_card(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    order
}

/// Asks for a refund over HTTP, which answers with this status. Answers all that it says.
async fn ask(
    stage: &Stage,
    order: &Ordered,
    key: &str,
    amount: Option<&str>,
    status: u16,
) -> Value {
    let path = format!("/api/v1/payments/{}/refund", order.payment);
    let body = json!({ "amount": amount, "reason": "the doctor was ill" });
    let headers = [("Idempotency-Key", key)];
    let answer = stage.operator().post(&path, &headers, &body).await.unwrap();
    assert_eq!(answer.status, status, "{}", answer.text);
    answer.json()
}

/// Asks for a refund that cannot be made by a request. Answers its id.
async fn manual(stage: &Stage, order: &Ordered, key: &str, amount: Option<&str>) -> String {
    let refused = ask(stage, order, key, amount, 409).await;
    assert_eq!(refused["code"], "refund_needs_manual_transfer", "{refused}");
    refused["refund_id"].to_string()
}

/// The result of a command that succeeds.
fn done(stage: &Stage, arguments: &[&str]) -> String {
    stage.installation.run(arguments, "")
}

fn json_of(stage: &Stage, arguments: &[&str]) -> Value {
    let told = done(stage, &[arguments, &["--json"]].concat());
    serde_json::from_str(&told).unwrap()
}

/// What is said by a command that is refused.
fn refused(stage: &Stage, arguments: &[&str]) -> String {
    let Ran { code, text } = stage.command(arguments);
    assert_eq!(code, Some(1), "{arguments:?}: {text}");
    text
}

/// Who moved a refund where, one after the other.
fn story(shown: &Value) -> Vec<(String, String)> {
    let events = shown["events"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events
        .map(|event| (text(&event["to"]), text(&event["by"])))
        .collect()
}

async fn what_a_gateway_cannot_give_back_is_transferred_by_hand(mut stage: Stage) {
    add_operator(&stage);
    let order = paid_by_virtual_account(&mut stage).await;
    let id = manual(&stage, &order, "k-1", Some("50000")).await;
    // Its money is kept for it, and the same wish makes no second one.
    assert_eq!(manual(&stage, &order, "k-1", Some("50000")).await, id);
    let more = ask(&stage, &order, "k-2", Some("100001"), 409).await;
    assert_eq!(more["code"], "refund_exceeds_payment", "{more}");
    assert_eq!(more["available"], "100000.00", "{more}");

    let settle = ["refunds", "settle", &id, "--reference", "BCA 4711"];
    let settled = json_of(&stage, &[&settle[..], &["--by", OPERATOR]].concat());
    assert_eq!(settled["status"], "succeeded");
    assert_eq!(settled["transfer_reference"], "BCA 4711");
    // Once more does nothing, and another transfer is another matter.
    let again = done(&stage, &settle);
    assert!(again.contains("BCA 4711"), "{again}");
    let other = refused(
        &stage,
        &["refunds", "settle", &id, "--reference", "BCA 4712"],
    );
    assert!(
        other.contains(&format!("refund {id} is succeeded")),
        "{other}"
    );

    let shown = json_of(&stage, &["refunds", "show", &id]);
    assert_eq!(shown["order_number"], order.number.as_str());
    let notes = shown["credit_notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{shown}");
    assert_eq!(notes[0]["amount"], "50000.00");
    let story = story(&shown);
    let (to, by) = story.last().unwrap();
    assert_eq!(to, "succeeded", "{shown}");
    assert!(by.starts_with("user:"), "{shown}");
    assert_eq!(story.iter().filter(|(to, _)| to == "succeeded").count(), 1);

    let told = ask(&stage, &order, "k-1", Some("50000"), 200).await;
    assert_eq!(told["data"]["refund"]["transfer_reference"], "BCA 4711");
    assert_eq!(told["data"]["payment"]["status"], "partially_refunded");
    // No gateway was asked to move money.
    let captures = stage.book().captures(&order.number);
    assert_eq!(captures[0].kept(), PRICE_MINOR / 100);
}

async fn a_refund_that_failed_is_taken_over(mut stage: Stage) {
    add_operator(&stage);
    let order = paid_by_card(&mut stage).await;
    stage.next("refund.create", Fault::RefundRefused);
    let failed = ask(&stage, &order, "k-1", None, 409).await;
    assert_eq!(failed["code"], "refund_failed", "{failed}");
    let id = failed["refund_id"].to_string();
    let shown = stage.command(&["refunds", "show", &id]);
    assert_eq!(shown.code, Some(0), "{}", shown.text);
    assert!(
        shown.text.contains(&format!("refunds take-over {id}")),
        "{}",
        shown.text
    );

    let early = refused(&stage, &["refunds", "settle", &id, "--reference", "x"]);
    assert!(early.contains(&format!("refund {id} is failed")), "{early}");
    let taken = json_of(&stage, &["refunds", "take-over", &id, "--by", OPERATOR]);
    assert_eq!(taken["status"], "manual");
    // Twice does it once.
    done(&stage, &["refunds", "take-over", &id]);
    let shown = stage.command(&["refunds", "show", &id]);
    assert!(
        shown.text.contains(&format!("refunds settle {id}")),
        "{}",
        shown.text
    );
    let settle = ["refunds", "settle", &id, "--reference", "BCA 4711"];
    let told = done(&stage, &settle);
    assert!(
        told.contains("is succeeded (transferred by hand: BCA 4711)"),
        "{told}"
    );

    let story = story(&json_of(&stage, &["refunds", "show", &id]));
    let manual = story.iter().position(|(to, _)| to == "manual").unwrap();
    assert!(story[manual].1.starts_with("user:"), "{story:?}");
    assert_eq!(
        story[manual + 1..],
        [("succeeded".to_owned(), "command".to_owned())]
    );
    assert_eq!(stage.stored_status(order.payment).await, "refunded");
}

async fn a_refund_that_failed_is_asked_for_anew(mut stage: Stage) {
    add_operator(&stage);
    let order = paid_by_card(&mut stage).await;
    stage.next("refund.create", Fault::RefundRefused);
    let failed = ask(&stage, &order, "k-1", Some("2000"), 409).await;
    let id = failed["refund_id"].to_string();
    let shown = stage.command(&["refunds", "show", &id]);
    for door in ["retry", "take-over", "withdraw"] {
        let named = format!("refunds {door} {id}");
        assert!(shown.text.contains(&named), "{}", shown.text);
    }
    let anew = json_of(&stage, &["refunds", "retry", &id, "--by", OPERATOR]);
    assert_ne!(anew["refund_id"].to_string(), id);
    assert_eq!(anew["status"], "succeeded", "{anew}");
    assert_eq!(anew["amount"], "2000.00", "{anew}");
    assert!(anew["by"].as_str().unwrap().starts_with("user:"), "{anew}");
    assert_eq!(anew["reason"], "the doctor was ill");
    // Whoever asked for the first hears of the one in its place, and asks for no other.
    let told = ask(&stage, &order, "k-1", Some("2000"), 200).await;
    assert_eq!(told["data"]["refund"]["id"], anew["refund_id"]);
    assert_eq!(told["data"]["refund"]["status"], "succeeded");
    let again = refused(&stage, &["refunds", "retry", &id]);
    assert!(again.contains("still owed"), "{again}");
    assert_eq!(json_of(&stage, &["refunds", "list", "--open"]), json!([]));
    let shown = stage.command(&["refunds", "show", &id]);
    assert!(shown.text.contains("(withdrawn)"), "{}", shown.text);
    assert!(!shown.text.contains("refunds retry"), "{}", shown.text);
    assert_eq!(
        stage.stored_status(order.payment).await,
        "partially_refunded"
    );
}

async fn what_is_withdrawn_can_be_given_back_by_another_refund(mut stage: Stage) {
    let order = paid_by_virtual_account(&mut stage).await;
    let id = manual(&stage, &order, "k-1", None).await;
    let more = ask(&stage, &order, "k-2", Some("1"), 409).await;
    assert_eq!(more["available"], "0.00", "{more}");
    let withdrawn = json_of(&stage, &["refunds", "withdraw", &id]);
    assert_eq!(withdrawn["status"], "failed");
    assert_eq!(withdrawn["failure"], "withdrawn");
    done(&stage, &["refunds", "withdraw", &id]);
    let told = ask(&stage, &order, "k-1", None, 409).await;
    assert_eq!(told["code"], "refund_failed", "{told}");
    let other = manual(&stage, &order, "k-2", None).await;
    assert_ne!(other, id);
    refused(&stage, &["refunds", "take-over", &id]);
    refused(&stage, &["refunds", "settle", &id, "--reference", "x"]);
}

async fn what_a_gateway_may_have_is_not_touched_by_hand(mut stage: Stage) {
    let order = paid_by_card(&mut stage).await;
    stage.all("refund.create", Fault::TimeoutAfter);
    let unknown = ask(&stage, &order, "k-1", None, 202).await;
    let id = unknown["data"]["refund"]["id"].to_string();
    for arguments in [
        &["refunds", "take-over", &id][..],
        &["refunds", "withdraw", &id],
        &["refunds", "retry", &id],
        &["refunds", "settle", &id, "--reference", "x"],
    ] {
        let said = refused(&stage, arguments);
        assert!(said.contains(&format!("refund {id} is unknown")), "{said}");
    }
    stage.calm();
    stage.must_become(order.payment, "refunded").await;
    for what in ["take-over", "withdraw"] {
        let said = refused(&stage, &["refunds", what, &id]);
        assert!(
            said.contains(&format!("refund {id} is succeeded")),
            "{said}"
        );
    }
}

async fn refunds_are_listed_with_what_is_still_to_do(mut stage: Stage) {
    assert_eq!(json_of(&stage, &["refunds", "list"]), json!([]));
    let card = paid_by_card(&mut stage).await;
    let account = paid_by_virtual_account(&mut stage).await;
    let done_at_once = ask(&stage, &card, "a", Some("1000"), 200).await;
    let by_hand = manual(&stage, &account, "b", Some("2000")).await;
    let ids = |listed: &Value| -> Vec<String> {
        let listed = listed.as_array().unwrap().iter();
        listed
            .map(|refund| refund["refund_id"].to_string())
            .collect()
    };
    let all = json_of(&stage, &["refunds", "list"]);
    let first = done_at_once["data"]["refund"]["id"].to_string();
    assert_eq!(ids(&all), [first, by_hand.clone()]);
    for (field, value) in [
        ("payment_id", json!(card.payment)),
        ("amount", json!("1000.00")),
        ("currency", json!("IDR")),
        ("status", json!("succeeded")),
        ("origin", json!("requested")),
        ("reason", json!("the doctor was ill")),
    ] {
        assert_eq!(all[0][field], value, "{field}: {all}");
    }
    assert!(all[0]["by"].as_str().unwrap().starts_with("key:"), "{all}");
    let open = json_of(&stage, &["refunds", "list", "--open"]);
    assert_eq!(ids(&open), std::slice::from_ref(&by_hand));
    let table = done(&stage, &["refunds", "list", "--open"]);
    for word in [&by_hand, "2000.00 IDR", "manual", "the doctor was ill"] {
        assert!(table.contains(word), "{word} is not in:\n{table}");
    }
    done(&stage, &["refunds", "settle", &by_hand, "--reference", "x"]);
    assert_eq!(json_of(&stage, &["refunds", "list", "--open"]), json!([]));
    assert_eq!(ids(&json_of(&stage, &["refunds", "list"])).len(), 2);
}

async fn what_cannot_be_done_says_why(mut stage: Stage) {
    for arguments in [
        &["refunds", "show", "77"][..],
        &["refunds", "withdraw", "77"],
        &["refunds", "take-over", "77"],
        &["refunds", "retry", "77"],
        &["refunds", "give-up", "77"],
        &["refunds", "settle", "77", "--reference", "x"],
    ] {
        let said = refused(&stage, arguments);
        assert!(said.contains("there is no refund 77"), "{said}");
    }
    let order = paid_by_virtual_account(&mut stage).await;
    let id = manual(&stage, &order, "k", None).await;
    let settle = ["refunds", "settle", &id, "--reference", "x", "--by"];
    for (who, why) in [
        ("nobody@example.com", "nobody with an account here"),
        ("buyer@example.com", "is no operator"),
        ("ani", ""),
    ] {
        let said = refused(&stage, &[&settle[..], &[who]].concat());
        assert!(said.contains(why), "{said}");
    }
    let long = "x".repeat(256);
    for arguments in [
        &["refunds"][..],
        &["refunds", "show"],
        &["refunds", "show", "0"],
        &["refunds", "show", "seven"],
        &["refunds", "settle", &id],
        &["refunds", "settle", &id, "--reference", ""],
        &["refunds", "settle", &id, "--reference", &long],
        &["refunds", "forget", &id],
    ] {
        refused(&stage, arguments);
    }
    let shown = json_of(&stage, &["refunds", "show", &id]);
    assert_eq!(shown["status"], "manual");
}

async fn the_commands_explain_themselves(stage: Stage) {
    let help = done(&stage, &["refunds", "--help"]);
    for command in [
        "list",
        "show",
        "settle",
        "take-over",
        "retry",
        "give-up",
        "withdraw",
    ] {
        assert!(help.contains(command), "{help}");
        let help = done(&stage, &["refunds", command, "--help"]);
        assert!(help.contains("Usage: bayar refunds"), "{help}");
    }
}
