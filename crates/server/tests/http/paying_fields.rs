//! What stands in requests about paying, field by field.

use serde_json::{Value, json};

use crate::support::{Person, Request, Server, post};

fn act(id: &Value, what: &str, person: &Person) -> Request {
    post(&format!("/api/v1/payments/{id}/{what}")).bearer(&person.token)
}

/// Bodies, and the fields that are wrong with each.
fn assert_wrong(server: &Server, request: &Request, cases: &[(Value, &[&str])]) {
    for (body, fields) in cases {
        let answer = request.clone().json(body).send(server);
        assert_eq!(answer.wrong_fields(), *fields, "{body}");
    }
}

#[test]
fn a_gateway_is_named_as_it_is_called() {
    let server = Server::start();
    let patient = server.customer();
    let id = &server.pay(&patient)["payment_id"];
    assert_wrong(
        &server,
        &act(id, "process", &patient),
        &[
            (json!({ "gateway": "paypal" }), &["gateway"]),
            (json!({ "gateway": "Stripe" }), &["gateway"]),
            (json!({ "gateway": "" }), &["gateway"]),
            (json!({ "gateway": 1 }), &["gateway"]),
            (json!({ "gateway": ["stripe"] }), &["gateway"]),
            (json!({ "gatway": "stripe" }), &["gatway"]),
        ],
    );
}

#[test]
fn a_body_may_be_left_out_where_nothing_has_to_be_said() {
    let server = Server::start();
    let patient = server.customer();
    let id = &server.pay(&patient)["payment_id"];
    let process = || act(id, "process", &patient);
    for request in [
        process(),
        process().body("application/json", ""),
        process().json(&json!({})),
        process().json(&json!({ "gateway": null })),
        process().json(&json!({ "gateway": "stripe" })),
    ] {
        let answer = request.send(&server);
        answer.problem(503, "gateway_unavailable");
    }
    let strange = process().body("text/xml", "<gateway/>").send(&server);
    strange.problem(415, "unsupported_media_type");
    let broken = process().body("application/json", "{").send(&server);
    broken.problem(400, "invalid_request");
}

#[test]
fn a_transaction_is_named() {
    let server = Server::start();
    let patient = server.customer();
    let id = &server.pay(&patient)["payment_id"];
    let long = "x".repeat(256);
    assert_wrong(
        &server,
        &act(id, "confirm", &patient),
        &[
            (json!({}), &["transaction_id"]),
            (json!({ "transaction_id": null }), &["transaction_id"]),
            (json!({ "transaction_id": "" }), &["transaction_id"]),
            (json!({ "transaction_id": 7 }), &["transaction_id"]),
            (json!({ "transaction_id": long }), &["transaction_id"]),
            (json!({ "transaction_id": "pi\n1" }), &["transaction_id"]),
            (
                json!({ "transaction_id": "pi_1", "receipt_url": 1, "status": "paid" }),
                &["receipt_url", "status"],
            ),
        ],
    );
    let said = json!({ "transaction_id": "pi_1", "receipt_url": "https://receipts.example/1" });
    let answer = act(id, "confirm", &patient).json(&said).send(&server);
    answer.problem(422, "transaction_mismatch");
}

#[test]
fn a_decision_has_a_reason() {
    let server = Server::start();
    let operator = server.operator();
    let id = &server.pay(&server.customer())["payment_id"];
    let long = "x".repeat(501);
    assert_wrong(
        &server,
        &act(id, "review", &operator),
        &[
            (json!({}), &["decision", "reason"]),
            (json!({ "decision": "accept" }), &["reason"]),
            (json!({ "decision": "accept", "reason": "" }), &["reason"]),
            (json!({ "decision": "accept", "reason": long }), &["reason"]),
            (json!({ "decision": "yes", "reason": "why" }), &["decision"]),
            (json!({ "decision": true, "reason": "why" }), &["decision"]),
            (
                json!({ "decision": "refuse", "reason": "why", "amount": 1 }),
                &["amount"],
            ),
        ],
    );
}
