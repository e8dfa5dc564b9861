//! What stands in a wish for a refund, and who may have one. No money has come in here.

use bayar_app::identity::Role;
use serde_json::{Value, json};

use crate::support::{Person, Request, Server, get, post};

/// An operator, and a payment that nobody has paid.
struct Desk {
    server: Server,
    operator: Person,
    payment: Value,
}

impl Desk {
    fn open() -> Self {
        Self::with(&[])
    }

    fn with(settings: &[(&str, &str)]) -> Self {
        let server = Server::with(settings);
        let operator = server.operator();
        let payment = server.pay(&server.customer())["payment_id"].clone();
        Self {
            server,
            operator,
            payment,
        }
    }

    fn bare(&self) -> Request {
        post(&format!("/api/v1/payments/{}/refund", self.payment)).bearer(&self.operator.token)
    }

    fn request(&self) -> Request {
        self.bare().header("Idempotency-Key", "k-1")
    }
}

#[test]
fn an_amount_and_a_reason_are_what_they_must_be() {
    let desk = Desk::open();
    let long = "x".repeat(256);
    for (body, fields) in [
        (json!({}), &["reason"][..]),
        (json!({ "reason": null }), &["reason"]),
        (json!({ "reason": "" }), &["reason"]),
        (json!({ "reason": "   " }), &["reason"]),
        (json!({ "reason": "\u{a0}\u{2003}" }), &["reason"]),
        (json!({ "reason": 7 }), &["reason"]),
        (json!({ "reason": ["why"] }), &["reason"]),
        (json!({ "reason": long }), &["reason"]),
        (json!({ "reason": "a\nb" }), &["reason"]),
        (json!({ "reason": "a\u{0}b" }), &["reason"]),
        (json!({ "reason": "why", "amount": "" }), &["amount"]),
        (json!({ "reason": "why", "amount": "much" }), &["amount"]),
        (json!({ "reason": "why", "amount": -1 }), &["amount"]),
        (json!({ "reason": "why", "amount": "-1" }), &["amount"]),
        (json!({ "reason": "why", "amount": "1e3" }), &["amount"]),
        (json!({ "reason": "why", "amount": "1,000" }), &["amount"]),
        (json!({ "reason": "why", "amount": "007" }), &["amount"]),
        (json!({ "reason": "why", "amount": " 5" }), &["amount"]),
        (json!({ "reason": "why", "amount": "5." }), &["amount"]),
        (json!({ "reason": "why", "amount": "٥" }), &["amount"]),
        (json!({ "reason": "why", "amount": true }), &["amount"]),
        (json!({ "reason": "why", "amount": [5] }), &["amount"]),
        (
            json!({ "reason": "why", "amount": { "value": 5 } }),
            &["amount"],
        ),
        (json!({ "reason": "why", "status": "paid" }), &["status"]),
        (json!({ "reason": "why", "refund_id": 1 }), &["refund_id"]),
        (
            json!({ "Reason": "why", "amount": "x", "y": 1 }),
            &["Reason", "amount", "reason", "y"],
        ),
    ] {
        let answer = desk.request().json(&body).send(&desk.server);
        assert_eq!(answer.wrong_fields(), fields, "{body}");
    }
    // As it is written, and not as a float would have it.
    for amount in ["1e3", "1E3", "5.", "05", "+5", "0x5", "NaN"] {
        let body = format!(r#"{{"reason":"why","amount":{amount}}}"#);
        let answer = desk.request().body("application/json", body);
        let status = answer.send(&desk.server).status;
        assert!([400, 422].contains(&status), "{amount}: {status}");
    }
}

#[test]
fn an_amount_fits_its_currency_and_is_something() {
    let desk = Desk::open();
    for (amount, words) in [
        ("0", "The amount must be above zero"),
        ("0.00", "The amount must be above zero"),
        ("1.001", "An amount in PHP has at most 2 decimal places"),
    ] {
        let request = desk.request().header("Accept-Language", "en");
        let body = json!({ "reason": "why", "amount": amount });
        let answer = request.json(&body).send(&desk.server);
        let problem = answer.problem(422, "validation_failed");
        assert_eq!(problem["errors"], json!({ "amount": [words] }), "{amount}");
    }
}

#[test]
fn a_wish_for_a_refund_names_itself() {
    let desk = Desk::open();
    let body = json!({ "reason": "why" });
    for (language, message) in [
        (
            "id",
            "Permintaan ini memerlukan kunci idempotensi, misalnya di header Idempotency-Key",
        ),
        (
            "ms",
            "Permintaan ini memerlukan kunci idempotensi, contohnya dalam pengepala Idempotency-Key",
        ),
        (
            "en",
            "This request needs an idempotency key, for example in the header Idempotency-Key",
        ),
    ] {
        let request = desk.bare().header("Accept-Language", language);
        let answer = request.json(&body).send(&desk.server);
        let problem = answer.problem(400, "idempotency_key_required");
        assert_eq!(problem["message"], message);
    }
    let null = json!({ "reason": "why", "idempotency_key": null });
    let answer = desk.bare().json(&null).send(&desk.server);
    answer.problem(400, "idempotency_key_required");
}

#[test]
fn a_key_may_stand_where_it_stands_for_payments() {
    let desk = Desk::open();
    let body = json!({ "reason": "why" });
    let with_key = json!({ "reason": "why", "idempotency_key": "k" });
    for request in [
        desk.bare().header("Idempotency-Key", "k").json(&body),
        desk.bare().header("Idempotency-Key", "\"k\"").json(&body),
        desk.bare().header("X-Idempotency-Key", "k").json(&body),
        desk.bare().json(&with_key),
        desk.bare()
            .header("Idempotency-Key", "\"k\"")
            .header("X-Idempotency-Key", "k")
            .json(&with_key),
    ] {
        let answer = request.send(&desk.server);
        answer.problem(409, "payment_not_refundable");
    }
    let long = "k".repeat(256);
    for (header, field) in [
        (None, json!("")),
        (None, json!(7)),
        (None, json!(long)),
        (None, json!("\u{e9}")),
        (Some(""), Value::Null),
        (Some(long.as_str()), Value::Null),
        (Some("one"), json!("another")),
    ] {
        let request = match header {
            Some(key) => desk.bare().header("Idempotency-Key", key),
            None => desk.bare(),
        };
        let body = json!({ "reason": "why", "idempotency_key": field });
        let answer = request.json(&body).send(&desk.server);
        assert_eq!(answer.wrong_fields(), ["idempotency_key"], "{field}");
    }
}

#[test]
fn a_body_is_json() {
    let desk = Desk::open();
    let broken = desk
        .request()
        .body("application/json", "{")
        .send(&desk.server);
    broken.problem(400, "invalid_request");
    let nothing = desk.request().send(&desk.server);
    nothing.problem(415, "unsupported_media_type");
    let form = desk
        .request()
        .body("application/x-www-form-urlencoded", "reason=why");
    form.send(&desk.server)
        .problem(415, "unsupported_media_type");
    let huge = format!(r#"{{"reason":"{}"}}"#, "x".repeat(70_000));
    let huge = desk.request().body("application/json", huge);
    huge.send(&desk.server).problem(413, "payload_too_large");
    let twice = r#"{"reason":"why","amount":1,"amount":2}"#;
    let twice = desk.request().body("application/json", twice);
    twice.send(&desk.server).problem(400, "invalid_request");
}

#[test]
fn what_nobody_paid_is_not_given_back() {
    let desk = Desk::open();
    for (language, message) in [
        (
            "id",
            "Tidak ada dana dari pembayaran ini yang dapat dikembalikan",
        ),
        (
            "ms",
            "Tiada wang daripada pembayaran ini yang boleh dipulangkan",
        ),
        ("en", "There is no money of this payment to give back"),
    ] {
        let request = desk.request().header("Accept-Language", language);
        let answer = request.json(&json!({ "reason": "why" })).send(&desk.server);
        let problem = answer.problem(409, "payment_not_refundable");
        assert_eq!(problem["message"], message);
    }
    let list = format!("/api/v1/payments/{}/refunds", desk.payment);
    let list = get(&list).bearer(&desk.operator.token).send(&desk.server);
    assert_eq!(list.data(200), json!([]));
}

#[test]
fn what_is_refused_binds_no_key() {
    let desk = Desk::open();
    let other = desk.server.pay(&desk.server.customer())["payment_id"].clone();
    for payment in [&desk.payment, &other] {
        for reason in ["one", "another"] {
            let request = post(&format!("/api/v1/payments/{payment}/refund"));
            let request = request
                .bearer(&desk.operator.token)
                .header("Idempotency-Key", "k-1");
            let answer = request
                .json(&json!({ "reason": reason }))
                .send(&desk.server);
            answer.problem(409, "payment_not_refundable");
        }
    }
}

#[test]
fn only_operators_and_applications_give_money_back() {
    let desk = Desk::open();
    let server = &desk.server;
    let body = json!({ "reason": "why" });
    let ask = |token: &str, body: &Value| {
        let request = post(&format!("/api/v1/payments/{}/refund", desk.payment));
        let request = request.bearer(token).header("Idempotency-Key", "k-1");
        request.json(body).send(server)
    };
    let customer = server.customer();
    let keys: Vec<_> = ["read", "orders", "payments"]
        .map(|scope| server.key(scope, Role::Service, scope))
        .into();
    let shut_out = [&[customer.token.clone()][..], &keys].concat();
    for token in &shut_out {
        ask(token, &body).problem(403, "forbidden");
        // Whether the request is right, and the payment there, is nothing they hear about.
        ask(token, &json!({})).problem(403, "forbidden");
        let request = post("/api/v1/payments/999999/refund").bearer(token);
        request.json(&body).send(server).problem(403, "forbidden");
        let request = post("/api/v1/payments/x/refund").bearer(token);
        request
            .bare_body("x")
            .send(server)
            .problem(403, "forbidden");
    }
    let small = server.key("tool", Role::Operator, "refunds");
    for token in [&desk.operator.token, server.service(), &small] {
        ask(token, &body).problem(409, "payment_not_refundable");
    }
}

#[test]
fn the_settings_say_who_gives_money_back() {
    for (roles, operator, service) in [
        ("operator", 409, 403),
        ("service", 403, 409),
        ("service, operator", 409, 409),
    ] {
        let desk = Desk::with(&[("REFUND_ROLES", roles)]);
        let request = post(&format!("/api/v1/payments/{}/refund", desk.payment));
        let request = request.header("Idempotency-Key", "k-1");
        let request = request.json(&json!({ "reason": "why" }));
        for (token, status) in [
            (desk.operator.token.as_str(), operator),
            (desk.server.service(), service),
        ] {
            let answer = request.clone().bearer(token).send(&desk.server);
            assert_eq!(answer.status, status, "{roles}: {}", answer.text());
        }
    }
}
