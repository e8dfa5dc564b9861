//! Opening a Snap page.

use bayar_app::port::gateway::{
    CallError, Checkout, CheckoutRecord, FaultKind, Line, PaymentGateway as _, Sent, Unfit,
};
use bayar_app::port::store::{Installation, Operation};
use bayar_domain::{AttemptId, Currency, Money, OrderNumber, PaymentId};
use chrono::TimeDelta;
use serde_json::Value;

use super::support::{Fixture, KEY, Reply, Server, TOKEN, idr};

struct Wanted {
    amount: Money,
    lines: Vec<Line>,
    success_url: String,
    cancel_url: String,
    lasting: TimeDelta,
    record: CheckoutRecord,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            amount: idr(11_000),
            lines: vec![
                line("Consultation", 1, idr(10_000)),
                line("PPN", 2, idr(500)),
            ],
            success_url: "https://shop.example/ok?token=abc".to_owned(),
            cancel_url: "https://shop.example/back".to_owned(),
            lasting: TimeDelta::minutes(60),
            record: CheckoutRecord::default(),
        }
    }
}

fn line(name: &str, quantity: u32, unit_amount: Money) -> Line {
    Line {
        name: name.to_owned(),
        quantity,
        unit_amount,
    }
}

impl Wanted {
    fn request(&self, fixture: &Fixture) -> Result<bayar_app::port::gateway::Request, Unfit> {
        let installation = Installation::new("shop0001").unwrap();
        let order: OrderNumber = number();
        let checkout = Checkout {
            installation: &installation,
            order: &order,
            payment: PaymentId::new(7).unwrap(),
            attempt: AttemptId::new(12).unwrap(),
            record: &self.record,
            amount: self.amount,
            lines: &self.lines,
            success_url: &self.success_url,
            cancel_url: &self.cancel_url,
            now: fixture.now + TimeDelta::milliseconds(400),
            expires_at: fixture.now + TimeDelta::milliseconds(400) + self.lasting,
        };
        fixture.gateway.to_open(&checkout, &fixture.key)
    }
}

fn number() -> OrderNumber {
    "INV202507180407-3C2A".parse().unwrap()
}

fn body_of(wanted: &Wanted, fixture: &Fixture) -> Value {
    serde_json::from_str(&wanted.request(fixture).unwrap().body).unwrap()
}

#[test]
fn the_rows_that_a_page_is_opened_for_stand_behind_its_marks() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    let fields = |record: &str| {
        let wanted = Wanted {
            record: CheckoutRecord::new(vec!["x".repeat(1_000), record.to_owned()]),
            ..Wanted::default()
        };
        let body = body_of(&wanted, &fixture);
        let field = |nth: u8| {
            body[format!("custom_field{nth}")]
                .as_str()
                .unwrap()
                .to_owned()
        };
        [field(1), field(2), field(3)]
    };
    let marks = [
        "INV202507180407-3C2A",
        "payment:7 attempt:12",
        "shop0001 11000.00 IDR",
    ];
    for length in [1, 234, 235, 500, 701] {
        let record: String = "1;o,12,".chars().cycle().take(length).collect();
        let fields = fields(&record);
        let mut told = String::new();
        for (field, mark) in fields.iter().zip(marks) {
            assert!(field.len() <= 255, "{length}: {field}");
            let behind = field.strip_prefix(mark).unwrap();
            told.push_str(behind.strip_prefix(' ').unwrap_or(behind));
        }
        assert_eq!(told, record);
    }
    // One letter more, and there is no room.
    assert_eq!(fields(&"x".repeat(702)), marks);
}

fn created() -> Reply {
    Reply::Of(
        201,
        format!(r#"{{"token":"{TOKEN}","redirect_url":"https://snap.example/v4/{TOKEN}"}}"#),
    )
}

#[tokio::test]
async fn a_page_is_asked_for_in_whole_rupiah_with_all_that_is_needed_to_find_it_again() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    let request = Wanted::default().request(&fixture).unwrap();
    assert_eq!(request.path, "/snap/v1/transactions");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["transaction_details"]["order_id"], KEY);
    assert_eq!(body["transaction_details"]["gross_amount"], 11_000);
    assert_eq!(
        body["item_details"],
        serde_json::json!([
            {"id": "1", "price": 10_000, "quantity": 1, "name": "Consultation"},
            {"id": "2", "price": 500, "quantity": 2, "name": "PPN"},
        ])
    );
    assert_eq!(body["credit_card"]["secure"], true);
    assert_eq!(
        body["callbacks"]["finish"],
        "https://shop.example/ok?token=abc"
    );
    assert_eq!(body["callbacks"]["error"], "https://shop.example/back");
    assert_eq!(body["custom_field1"], "INV202507180407-3C2A");
    assert_eq!(body["custom_field2"], "payment:7 attempt:12");
    assert_eq!(body["custom_field3"], "shop0001 11000.00 IDR");
    let methods = body["enabled_payments"].as_array().unwrap();
    assert!(methods.iter().any(|method| method == "credit_card"));
    assert!(
        !methods.iter().any(|method| method == "dana"),
        "cannot be read by its order"
    );
}

#[tokio::test]
async fn nothing_outlives_the_deadline_even_when_the_request_is_repeated_to_the_last() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    for minutes in [6, 7, 10, 30, 60, 61, 24 * 60] {
        let wanted = Wanted {
            lasting: TimeDelta::minutes(minutes),
            ..Wanted::default()
        };
        let request = wanted.request(&fixture).unwrap();
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["expiry"]["start_time"], "2025-07-18 11:07:00 +0700");
        assert_eq!(body["expiry"]["unit"], "minute");
        assert_eq!(body["expiry"]["duration"], minutes);
        let page = body["page_expiry"]["duration"].as_i64().unwrap();
        assert!(page >= 5, "{minutes}: {page}");
        let ends = request.good_until + TimeDelta::minutes(page);
        assert!(
            ends <= fixture.now + TimeDelta::minutes(minutes),
            "{minutes}: {ends}"
        );
        assert!(request.good_until > fixture.now, "{minutes}");
        // Later the gateway does not know the key any more.
        assert!(
            request.good_until <= fixture.now + TimeDelta::minutes(5),
            "{minutes}"
        );
    }
    let long = Wanted {
        lasting: TimeDelta::days(30),
        ..Wanted::default()
    };
    assert_eq!(body_of(&long, &fixture)["expiry"]["duration"], 7 * 24 * 60);
    for seconds in [-60, 0, 299, 300, 359] {
        let short = Wanted {
            lasting: TimeDelta::seconds(seconds),
            ..Wanted::default()
        };
        assert!(short.request(&fixture).is_err(), "{seconds}");
    }
}

#[tokio::test]
async fn what_midtrans_cannot_take_is_refused_before_anybody_is_asked() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    let half = Money::new(1_000_050, Currency::Idr);
    let php = Money::new(500_000, Currency::Php);
    let long = format!("https://shop.example/{}", "a".repeat(235));
    assert_eq!(long.len(), 256);
    let with = |amount, lines| Wanted {
        amount,
        lines,
        ..Wanted::default()
    };
    for unfit in [
        with(half, vec![line("a", 1, half)]),
        with(php, vec![line("a", 1, php)]),
        with(idr(0), vec![line("a", 1, idr(0))]),
        with(idr(-5), vec![line("a", 1, idr(-5))]),
        with(idr(10_000), vec![line("a", 1, idr(9_999))]),
        with(idr(10_000), vec![line("a", 3, idr(10_000))]),
        with(idr(10_000), vec![]),
        with(idr(10_000), vec![line("a", 1, php)]),
        with(
            idr(10_000),
            vec![line("a", 2, Money::new(i64::MAX, Currency::Idr))],
        ),
        Wanted {
            success_url: long.clone(),
            ..Wanted::default()
        },
        Wanted {
            cancel_url: long,
            ..Wanted::default()
        },
    ] {
        assert!(unfit.request(&fixture).is_err(), "{:?}", unfit.amount);
    }
}

#[tokio::test]
async fn lines_always_sum_to_the_amount() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    let third = |minor| Money::new(minor, Currency::Idr);
    let cases = [
        vec![line("a", 1, idr(12_000)), line("discount", 1, idr(-1_000))],
        vec![line("a", 1, third(550_050)), line("b", 1, third(549_950))],
        vec![line("a", 1, idr(11_000)), line("nothing", 0, idr(5))],
        vec![line("a", 11, idr(1_000))],
    ];
    for lines in cases {
        let shown = format!("{lines:?}");
        let wanted = Wanted {
            lines,
            ..Wanted::default()
        };
        let body = body_of(&wanted, &fixture);
        let items = body["item_details"].as_array().unwrap();
        let sum: i64 = items
            .iter()
            .map(|item| item["price"].as_i64().unwrap() * item["quantity"].as_i64().unwrap())
            .sum();
        assert_eq!(sum, 11_000, "{shown}");
        assert!(
            items
                .iter()
                .all(|item| item["quantity"].as_i64().unwrap() > 0),
            "{shown}"
        );
    }
    let halves = Wanted {
        lines: vec![line("a", 1, third(550_050)), line("b", 1, third(549_950))],
        ..Wanted::default()
    };
    assert_eq!(
        body_of(&halves, &fixture)["item_details"],
        serde_json::json!([{"id": "1", "price": 11_000, "quantity": 1, "name": "INV202507180407-3C2A"}])
    );
}

#[tokio::test]
async fn names_are_cut_and_hold_no_pipe() {
    let fixture = Fixture::at_base("http://127.0.0.1:9");
    let wanted = Wanted {
        amount: idr(3),
        lines: vec![
            line(&"é".repeat(60), 1, idr(1)),
            line("tea|coffee\n", 1, idr(1)),
            line(" | ", 1, idr(1)),
        ],
        ..Wanted::default()
    };
    let body = body_of(&wanted, &fixture);
    let names: Vec<&str> = body["item_details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [&"é".repeat(50), "tea coffee", "INV202507180407-3C2A"]
    );
}

#[tokio::test]
async fn a_page_is_opened_with_the_key_and_tells_where_and_until_when() {
    let server = Server::of([created()]).await;
    let fixture = Fixture::at(&server);
    let request = Wanted::default().request(&fixture).unwrap();
    let Sent::Opened(session) = fixture.send(Operation::Open, &request).await.unwrap() else {
        panic!("no page");
    };
    assert_eq!(session.reference.as_str(), TOKEN);
    assert_eq!(session.url, format!("https://snap.example/v4/{TOKEN}"));
    assert_eq!(session.expires_at, fixture.now + TimeDelta::minutes(60));
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /snap/v1/transactions");
    assert_eq!(seen[0].body, request.body);
    assert_eq!(seen[0].header("idempotency-key"), Some(KEY));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(
        seen[0].header("authorization"),
        Some("Basic U0ItTWlkLXNlcnZlci1hYmMxMjM6")
    );
}

#[tokio::test]
async fn a_name_that_is_taken_is_no_proof_of_anything() {
    for message in [
        "transaction_details.order_id has already been taken",
        "transaction_details.order_id sudah digunakan",
    ] {
        let body = format!(r#"{{"error_messages":["{message}"]}}"#);
        let error = opened([Reply::Of(400, body)]).await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
        assert_eq!(error.fault().kind, FaultKind::Idempotency);
    }
    let core = r#"{"status_code":"406","status_message":"duplicate","id":"abc-1"}"#;
    let error = opened([Reply::Of(200, core.to_owned())]).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    assert_eq!(error.fault().request_id.as_deref(), Some("abc-1"));
}

#[tokio::test]
async fn refusals_of_a_page_are_proof() {
    for (status, body, kind) in [
        (
            400,
            r#"{"error_messages":["transaction_details.gross_amount is not equal to the sum of item_details"]}"#,
            FaultKind::Amount,
        ),
        (
            400,
            r#"{"error_messages":["callbacks.finish is invalid"]}"#,
            FaultKind::InvalidRequest,
        ),
        (
            401,
            r#"{"error_messages":["Access denied due to unauthorized transaction"]}"#,
            FaultKind::Authentication,
        ),
        (403, r"{}", FaultKind::Authentication),
        (200, r#"{"status_code":"402"}"#, FaultKind::Authentication),
        (200, r#"{"status_code":"413"}"#, FaultKind::InvalidRequest),
    ] {
        let error = opened([Reply::Of(status, body.to_owned())])
            .await
            .unwrap_err();
        assert!(matches!(error, CallError::Refused(_)), "{body}: {error:?}");
        assert_eq!(error.fault().kind, kind, "{body}");
    }
}

#[tokio::test]
async fn a_page_without_its_name_or_address_is_not_open() {
    for body in [
        format!(r#"{{"token":"{TOKEN}"}}"#),
        r#"{"redirect_url":"https://snap.example"}"#.to_owned(),
        "{}".to_owned(),
    ] {
        let error = opened([Reply::Of(201, body)]).await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_after_a_try_that_was_unclear_proves_nothing() {
    let refusal = Reply::Of(
        400,
        r#"{"error_messages":["callbacks.finish is invalid"]}"#.to_owned(),
    );
    for unclear in [Reply::Hang, Reply::Drop, Reply::Of(500, "{}".to_owned())] {
        let error = opened([unclear, refusal.clone()]).await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_still_at_work_is_waited_for() {
    let at_work = || Reply::Of(202, r#"{"status_message":"in process"}"#.to_owned());
    let sent = opened([at_work(), created()]).await.unwrap();
    assert!(matches!(sent, Sent::Opened(_)));
    let error = opened([at_work(), at_work(), at_work()]).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    assert_eq!(error.fault().kind, FaultKind::Idempotency);
}

async fn opened(script: impl IntoIterator<Item = Reply>) -> Result<Sent, CallError> {
    let server = Server::of(script).await;
    let fixture = Fixture::at(&server);
    let request = Wanted::default().request(&fixture).unwrap();
    let sent = fixture.send(Operation::Open, &request).await;
    server.seen();
    sent
}
