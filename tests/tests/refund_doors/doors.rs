//! Refunds as operators and applications ask for them, and as buyers see them.

use bayar_sandbox::sim::{Action, Fault};
use bayar_tests::program::{Answer, Client};
use bayar_tests::stage::{Ordered, Stage, on_both_stores};
use serde_json::{Value, json};

on_both_stores! {
    all_of_it_goes_back_and_its_papers_say_so,
    parts_go_back_until_nothing_is_left,
    more_than_there_is_stays,
    the_same_wish_moves_no_more_money,
    a_key_belongs_to_one_wish_of_one_person,
    two_operators_at_once_give_back_no_more_than_came_in,
    what_nobody_knows_yet_is_told_later,
    what_fails_is_told_and_can_be_asked_for_again,
    a_gateway_that_is_away_keeps_the_money_for_the_refund,
    a_day_has_a_limit_for_each_person,
    what_went_back_at_the_dashboard_is_shown,
    a_buyer_who_comes_back_late_hears_that_it_went_back,
    the_figures_tell_of_refunds,
}

/// Somebody who runs the payment desk, with an account and not a key.
async fn operator(stage: &Stage, email: &str) -> Client {
    let password = "a password for operators";
    let add = [
        "users",
        "add",
        email,
        "--role",
        "operator",
        "--password-stdin",
    ];
    stage.installation.run(&add, password);
    let credentials = json!({ "email": email, "password": password });
    let anybody = stage.server.anybody();
    let login = anybody.post("/api/login", &[], &credentials).await.unwrap();
    let token = login.json()["token"].as_str().unwrap().to_owned();
    Client::new(stage.server.address, &token)
}

/// An order of 5000.00 PHP that is paid at Stripe.
async fn paid(stage: &mut Stage) -> Ordered {
    let order = stage.order_in("PHP", "5000").await;
    stage.open(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    order
}

async fn ask(who: &Client, order: &Ordered, key: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/payments/{}/refund", order.payment);
    let headers = [("Idempotency-Key", key), ("Accept-Language", "en")];
    who.post(&path, &headers, body).await.unwrap()
}

fn data(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    answer.json()["data"].clone()
}

/// A problem, without what is the same about all of them.
fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.code().as_deref(), Some(code), "{}", answer.text);
    answer.json()
}

async fn shown(stage: &Stage, order: &Ordered, what: &str) -> Value {
    let path = format!("/api/v1/payments/{}/{what}", order.payment);
    let answer = stage.customer().get(&path).await.unwrap();
    data(&answer, 200)
}

fn some(amount: &str) -> Value {
    json!({ "amount": amount, "reason": "the doctor was ill" })
}

fn all() -> Value {
    json!({ "reason": "the doctor was ill" })
}

/// By the gateway's own book: so much of what came in is still there.
fn must_be_left(stage: &Stage, order: &Ordered, minor: i64) {
    let captures = stage.book().captures(&order.number);
    let kept: i64 = captures.iter().map(|capture| capture.kept()).sum();
    assert_eq!(kept, minor, "{captures:?}");
}

async fn all_of_it_goes_back_and_its_papers_say_so(mut stage: Stage) {
    let order = paid(&mut stage).await;
    let asked = ask(&stage.operator(), &order, "k-1", &all()).await;
    assert_eq!(asked.header("idempotent-replayed"), None);
    assert_eq!(asked.json()["message"], "The money was given back");
    let told = data(&asked, 200);
    assert_eq!(told["refund_amount"], "5000.00");
    assert_eq!(told["payment"]["status"], "refunded");
    let refund = &told["refund"];
    for (field, value) in [
        ("payment_id", json!(order.payment)),
        ("gateway_refund_id", Value::Null),
        ("amount", json!("5000.00")),
        ("currency", json!("PHP")),
        ("status", json!("succeeded")),
        ("failure", Value::Null),
        ("transfer_reference", Value::Null),
        ("reason", json!("the doctor was ill")),
        ("origin", json!("requested")),
    ] {
        assert_eq!(refund[field], value, "{field}: {refund}");
    }
    let notes = refund["credit_notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{refund}");
    let number = notes[0]["credit_note_number"].as_str().unwrap();
    assert!(number.starts_with("CN-"), "{number}");
    assert_eq!(notes[0]["amount"], "5000.00");
    let taxes = shown(&stage, &order, "taxes").await;
    for tax in taxes.as_array().unwrap() {
        assert_eq!(tax["status"], "reversed", "{tax}");
        let share = json!({ "tax_id": tax["id"], "tax_amount": tax["tax_amount"] });
        assert!(
            notes[0]["taxes"].as_array().unwrap().contains(&share),
            "{share}: {refund}"
        );
    }
    assert_eq!(shown(&stage, &order, "invoice").await["status"], "refunded");
    let events = shown(&stage, &order, "events").await;
    let last = events.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["to"], "refunded", "{events}");
    // The owner sees the same.
    assert_eq!(shown(&stage, &order, "refunds").await, json!([refund]));
    must_be_left(&stage, &order, 0);
    // The document names each field.
    let document = stage.server.anybody().get("/openapi.json").await.unwrap();
    let document = document.json();
    for (schema, object) in [("Refund", refund), ("CreditNote", &notes[0])] {
        let described = &document["components"]["schemas"][schema]["properties"];
        let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect();
        let (described, answered): (Vec<_>, Vec<_>) = (names(described), names(object));
        assert_eq!(described, answered, "{schema}");
    }
}

async fn parts_go_back_until_nothing_is_left(mut stage: Stage) {
    let order = paid(&mut stage).await;
    let service = stage.service();
    for (key, body, amount, status) in [
        ("a", some("1666.66"), "1666.66", "partially_refunded"),
        ("b", some("1666.66"), "1666.66", "partially_refunded"),
        ("c", all(), "1666.68", "refunded"),
    ] {
        let told = data(&ask(&service, &order, key, &body).await, 200);
        assert_eq!(told["refund_amount"], amount);
        assert_eq!(told["payment"]["status"], status);
        let invoice = shown(&stage, &order, "invoice").await;
        assert_eq!(invoice["status"], status, "{invoice}");
    }
    let again = ask(&service, &order, "d", &some("0.01")).await;
    let refused = problem(&again, 409, "refund_exceeds_payment");
    assert_eq!(refused["available"], "0.00");
    let refunds = shown(&stage, &order, "refunds").await;
    let notes: Vec<_> = refunds
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|refund| refund["credit_notes"].as_array().unwrap().clone())
        .collect();
    assert_eq!(notes.len(), 3, "{refunds}");
    for tax in shown(&stage, &order, "taxes").await.as_array().unwrap() {
        let shares = notes
            .iter()
            .flat_map(|note| note["taxes"].as_array().unwrap());
        let own = shares.filter(|share| share["tax_id"] == tax["id"]);
        let sum: i64 = own.map(|share| minor(&share["tax_amount"])).sum();
        assert_eq!(sum, minor(&tax["tax_amount"]), "{refunds}");
    }
    must_be_left(&stage, &order, 0);
}

/// An amount with two decimals, in the smallest unit.
fn minor(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

async fn more_than_there_is_stays(mut stage: Stage) {
    let order = paid(&mut stage).await;
    let operator = stage.operator();
    let path = format!("/api/v1/payments/{}/refund", order.payment);
    for (language, message) in [
        ("id", "Paling banyak 5000.00 PHP yang dapat dikembalikan"),
        ("ms", "Paling banyak 5000.00 PHP boleh dipulangkan"),
        ("en", "At most 5000.00 PHP can be given back"),
    ] {
        let headers = [("Idempotency-Key", "k"), ("Accept-Language", language)];
        let answer = operator.post(&path, &headers, &some("5000.01")).await;
        let refused = problem(&answer.unwrap(), 409, "refund_exceeds_payment");
        assert_eq!(refused["message"], message);
        assert_eq!(refused["available"], "5000.00");
        assert_eq!(refused["currency"], "PHP");
    }
    // The key was bound to nothing.
    data(&ask(&operator, &order, "k", &some("2000")).await, 200);
    let refused = ask(&operator, &order, "l", &some("3000.01")).await;
    let refused = problem(&refused, 409, "refund_exceeds_payment");
    assert_eq!(refused["available"], "3000.00");
    must_be_left(&stage, &order, 300_000);
}

async fn the_same_wish_moves_no_more_money(mut stage: Stage) {
    let order = paid(&mut stage).await;
    let operator = stage.operator();
    let first = data(&ask(&operator, &order, "k-1", &some("2000")).await, 200);
    // However it is written, and wherever the key stands.
    for body in [
        some("2000"),
        some("2000.00"),
        json!({ "reason": "the doctor was ill", "amount": 2000 }),
    ] {
        let again = ask(&operator, &order, "\"k-1\"", &body).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(data(&again, 200), first);
    }
    let path = format!("/api/v1/payments/{}/refund", order.payment);
    let mut body = some("2000");
    body["idempotency_key"] = json!("k-1");
    let in_body = operator.post(&path, &[], &body).await.unwrap();
    assert_eq!(data(&in_body, 200), first);
    let headers = [("X-Idempotency-Key", "k-1")];
    let in_header = operator.post(&path, &headers, &some("2000")).await;
    assert_eq!(data(&in_header.unwrap(), 200), first);
    // Not even when the whole of it has gone back since.
    data(&ask(&operator, &order, "k-2", &all()).await, 200);
    let again = data(&ask(&operator, &order, "k-1", &some("2000")).await, 200);
    assert_eq!(again["refund"], first["refund"]);
    assert_eq!(again["payment"]["status"], "refunded");
    must_be_left(&stage, &order, 0);
    assert_eq!(
        shown(&stage, &order, "refunds")
            .await
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

async fn a_key_belongs_to_one_wish_of_one_person(mut stage: Stage) {
    let (order, other) = (paid(&mut stage).await, paid(&mut stage).await);
    let ani = operator(&stage, "ani@example.com").await;
    let budi = operator(&stage, "budi@example.com").await;
    let first = data(&ask(&ani, &order, "k", &some("1000")).await, 200);
    for (order, body) in [
        (&order, some("1000.01")),
        (&order, all()),
        (&order, json!({ "amount": 1000, "reason": "another" })),
        (&other, some("1000")),
    ] {
        let answer = ask(&ani, order, "k", &body).await;
        problem(&answer, 422, "idempotency_key_reused");
    }
    let second = data(&ask(&budi, &order, "k", &some("1000")).await, 200);
    assert_ne!(second["refund"]["id"], first["refund"]["id"]);
    must_be_left(&stage, &order, 300_000);
    must_be_left(&stage, &other, 500_000);
}

async fn two_operators_at_once_give_back_no_more_than_came_in(mut stage: Stage) {
    let order = paid(&mut stage).await;
    let people = [
        operator(&stage, "ani@example.com").await,
        operator(&stage, "budi@example.com").await,
    ];
    let asking = (0..8).map(|number| {
        let who = people[number % 2].clone();
        let order = order.clone();
        tokio::spawn(async move {
            // Two presses each.
            let key = format!("k-{}", number / 4);
            let mut last = ask(&who, &order, &key, &some("2000")).await;
            // Somebody else was at it just then: the button is pressed again.
            for _ in 0..50 {
                if last.code().as_deref() != Some("payment_in_progress") {
                    break;
                }
                last = ask(&who, &order, &key, &some("2000")).await;
            }
            last
        })
    });
    let asking: Vec<_> = asking.collect();
    let mut given = std::collections::BTreeSet::new();
    for asked in asking {
        let answer = asked.await.unwrap();
        if answer.status == 409 {
            problem(&answer, 409, "refund_exceeds_payment");
        } else {
            assert!([200, 202].contains(&answer.status), "{}", answer.text);
            given.insert(answer.number("/data/refund/id"));
        }
    }
    assert_eq!(given.len(), 2, "{given:?}");
    stage.refresh(order.payment).await;
    must_be_left(&stage, &order, 100_000);
}

async fn what_nobody_knows_yet_is_told_later(mut stage: Stage) {
    let order = paid(&mut stage).await;
    stage.all("refund.create", Fault::TimeoutAfter);
    let operator = stage.operator();
    let asked = ask(&operator, &order, "k-1", &some("2000")).await;
    let told = data(&asked, 202);
    let place = format!("/api/v1/payments/{}/refunds", order.payment);
    assert_eq!(asked.header("location"), Some(place.as_str()));
    assert!(asked.header("retry-after").is_some());
    assert_eq!(
        asked.json()["message"],
        "The refund is recorded and is being processed"
    );
    assert_eq!(told["refund"]["status"], "unknown");
    assert_eq!(told["refund"]["credit_notes"], json!([]));
    assert_eq!(told["payment"]["status"], "completed");
    // Its money is set aside meanwhile.
    let more = ask(&operator, &order, "k-2", &some("3000.01")).await;
    let more = problem(&more, 409, "refund_exceeds_payment");
    assert_eq!(more["available"], "3000.00");
    let again = ask(&operator, &order, "k-1", &some("2000")).await;
    assert_eq!(data(&again, 202)["refund"]["id"], told["refund"]["id"]);
    stage.calm();
    stage.must_become(order.payment, "partially_refunded").await;
    let later = ask(&operator, &order, "k-1", &some("2000")).await;
    let later = data(&later, 200);
    assert_eq!(later["refund"]["id"], told["refund"]["id"]);
    assert_eq!(later["refund"]["status"], "succeeded");
    must_be_left(&stage, &order, 300_000);
}

async fn what_fails_is_told_and_can_be_asked_for_again(mut stage: Stage) {
    let order = paid(&mut stage).await;
    stage.next("refund.create", Fault::RefundRefused);
    let operator = stage.operator();
    let failed = ask(&operator, &order, "k-1", &some("2000")).await;
    let failed = problem(&failed, 409, "refund_failed");
    let refunds = shown(&stage, &order, "refunds").await;
    assert_eq!(refunds[0]["id"], failed["refund_id"]);
    assert_eq!(refunds[0]["status"], "failed");
    assert_eq!(refunds[0]["failure"], "failed");
    must_be_left(&stage, &order, 500_000);
    // The same wish is told the same, and another one is another refund.
    let again = ask(&operator, &order, "k-1", &some("2000")).await;
    let again = problem(&again, 409, "refund_failed");
    assert_eq!(again["refund_id"], failed["refund_id"]);
    data(&ask(&operator, &order, "k-2", &all()).await, 200);
    must_be_left(&stage, &order, 0);
}

async fn a_gateway_that_is_away_keeps_the_money_for_the_refund(mut stage: Stage) {
    let order = paid(&mut stage).await;
    let operator = stage.operator();
    // Nobody takes a request for a refund, and nobody answers what became of it.
    stage.all("refund.create", Fault::ResetBefore);
    let asked = ask(&operator, &order, "k-1", &all()).await;
    let told = data(&asked, 202);
    assert_eq!(told["payment"]["status"], "completed");
    must_be_left(&stage, &order, 500_000);
    stage.calm();
    stage.must_become(order.payment, "refunded").await;
    let later = data(&ask(&operator, &order, "k-1", &all()).await, 200);
    assert_eq!(later["refund"]["id"], told["refund"]["id"]);
    must_be_left(&stage, &order, 0);
}

async fn a_day_has_a_limit_for_each_person(mut stage: Stage) {
    stage
        .installation
        .set("REFUND_DAILY_LIMITS", "PHP:3000,IDR:1");
    let mut stage = stage.restarted().await;
    let order = paid(&mut stage).await;
    let ani = operator(&stage, "ani@example.com").await;
    let budi = operator(&stage, "budi@example.com").await;
    data(&ask(&ani, &order, "a", &some("2000")).await, 200);
    let refused = ask(&ani, &order, "b", &some("1000.01")).await;
    let refused = problem(&refused, 409, "refund_daily_limit");
    assert_eq!(refused["available"], "1000.00");
    assert_eq!(refused["currency"], "PHP");
    assert_eq!(
        refused["message"],
        "This is above your refund limit for today: 1000.00 PHP is left"
    );
    // Where no amount stands, all that is left is what counts.
    problem(
        &ask(&ani, &order, "b", &all()).await,
        409,
        "refund_daily_limit",
    );
    data(&ask(&ani, &order, "b", &some("1000")).await, 200);
    data(&ask(&budi, &order, "a", &some("2000")).await, 200);
    must_be_left(&stage, &order, 0);
}

async fn what_went_back_at_the_dashboard_is_shown(mut stage: Stage) {
    let order = paid(&mut stage).await;
    let made = stage.act(Action::StripeRefund {
        payment_intent: order.number.clone(),
        amount: Some(150_000),
    });
    stage.must_become(order.payment, "partially_refunded").await;
    let refunds = shown(&stage, &order, "refunds").await;
    let external = &refunds[0];
    assert_eq!(external["id"], Value::Null, "{refunds}");
    assert_eq!(external["gateway_refund_id"], made["refund"]);
    assert_eq!(external["origin"], "external");
    assert_eq!(external["status"], "succeeded");
    assert_eq!(external["amount"], "1500.00");
    assert_eq!(external["credit_notes"][0]["amount"], "1500.00");
    let rest = data(&ask(&stage.operator(), &order, "k", &all()).await, 200);
    assert_eq!(rest["refund_amount"], "3500.00");
    let refunds = shown(&stage, &order, "refunds").await;
    assert_eq!(refunds.as_array().unwrap().len(), 2, "{refunds}");
    assert_eq!(refunds[1], rest["refund"]);
}

async fn a_buyer_who_comes_back_late_hears_that_it_went_back(mut stage: Stage) {
    let order = stage.order_in("PHP", "5000").await;
    stage.open(order.payment, "stripe").await;
    let path = stage.return_path(&order);
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    let operator = stage.operator();
    let page = async |stage: &Stage| {
        let answer = stage.server.anybody().get(&path).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text
    };
    data(&ask(&operator, &order, "a", &some("2000")).await, 200);
    assert!(page(&stage).await.contains("Pembayaran telah diterima"));
    data(&ask(&operator, &order, "b", &all()).await, 200);
    assert!(page(&stage).await.contains("Dana telah dikembalikan"));
}

async fn the_figures_tell_of_refunds(mut stage: Stage) {
    let order = paid(&mut stage).await;
    let operator = stage.operator();
    for _ in 0..2 {
        data(&ask(&operator, &order, "k", &some("2000")).await, 200);
    }
    problem(
        &ask(&operator, &order, "l", &some("9000")).await,
        409,
        "refund_exceeds_payment",
    );
    let figures = stage.server.anybody().get("/metrics").await.unwrap().text;
    for line in [
        r#"bayar_refund_requests_total{outcome="done"} 1"#,
        r#"bayar_refund_requests_total{outcome="replayed"} 1"#,
        r#"bayar_refund_requests_total{outcome="refused"} 1"#,
        r#"bayar_refund_moves_total{to="succeeded",origin="requested"} 1"#,
        r#"bayar_payment_moves_total{to="partially_refunded",method="stripe"} 1"#,
    ] {
        assert!(figures.contains(line), "{line} is not in:\n{figures}");
    }
}
