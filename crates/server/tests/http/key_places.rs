//! Where an idempotency key may stand, and what is one.

use serde_json::{Value, json};

use crate::support::{Server, payment};

#[test]
fn keys_that_differ_are_refused() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let standard = |key: &'static str| ("Idempotency-Key", key);
    let custom = |key: &'static str| ("X-Idempotency-Key", key);
    let none = Value::Null;
    for (headers, field) in [
        (vec![standard("a"), custom("b")], none.clone()),
        (vec![standard("a")], json!("b")),
        (vec![custom("a")], json!("b")),
        (vec![standard("a"), custom("a")], json!("b")),
        (vec![standard("a"), standard("b")], none.clone()),
        (vec![custom("a"), custom("b")], none.clone()),
        (vec![standard("a"), custom("A")], none.clone()),
        (vec![standard("a"), custom("a ")], json!("a b")),
    ] {
        let mut body = body.clone();
        body["idempotency_key"] = field;
        let request = headers
            .iter()
            .fold(request.clone(), |request, (name, key)| {
                request.header(name, key)
            });
        let answer = request.json(&body).send(&server);
        assert_eq!(answer.wrong_fields(), ["idempotency_key"], "{headers:?}");
    }
    assert_eq!(server.payments_of(&patient.token), 0);
}

#[test]
fn keys_that_agree_are_one() {
    let server = Server::start();
    let patient = server.customer();
    let (request, mut body) = server.wish(&patient);
    body["idempotency_key"] = json!("k-1");
    let request = request
        .header("Idempotency-Key", "\"k-1\"")
        .header("idempotency-key", "k-1")
        .header("X-IDEMPOTENCY-KEY", "k-1")
        .json(&body);
    assert_eq!(request.send(&server).status, 201);
}

#[test]
fn what_is_no_key_is_refused() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let long = "k".repeat(256);
    for name in ["Idempotency-Key", "X-Idempotency-Key"] {
        for key in ["", "\"\"", long.as_str(), "käse", "k\tk", "\u{661}"] {
            let request = request.clone().header(name, key).json(&body);
            let answer = request.send(&server);
            assert_eq!(answer.wrong_fields(), ["idempotency_key"], "{name}: {key}");
        }
    }
    for key in [
        json!(""),
        json!("\"\""),
        json!(long),
        json!("käse"),
        json!("k\tk"),
        json!("k\nk"),
        json!("k\u{0}"),
        json!("\u{661}"),
        json!(1),
        json!(1.5),
        json!(true),
        json!(["k"]),
        json!({ "k": "k" }),
    ] {
        let mut body = body.clone();
        body["idempotency_key"] = key.clone();
        let answer = request.clone().json(&body).send(&server);
        assert_eq!(answer.wrong_fields(), ["idempotency_key"], "{key}");
    }
    assert_eq!(server.payments_of(&patient.token), 0);
}

#[test]
fn every_printable_character_may_stand_in_a_key() {
    let server = Server::start();
    let patient = server.customer();
    let printable: String = (' '..='~').collect();
    let longest = "~".repeat(255);
    for key in [printable.trim(), longest.as_str(), "k", "a b", "'\\;:/?"] {
        let (request, body) = server.wish(&patient);
        let request = request.header("Idempotency-Key", key).json(&body);
        let first = request.send(&server);
        assert_eq!(first.status, 201, "{key}");
        assert_eq!(request.send(&server).body, first.body, "{key}");
    }
}

#[test]
fn null_in_the_body_is_no_key() {
    let server = Server::start();
    let patient = server.customer();
    let (_, mut body) = server.wish(&patient);
    body["idempotency_key"] = Value::Null;
    let request = payment(&patient.token).json(&body);
    assert_eq!(request.send(&server).status, 201);
    let again = request.send(&server);
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["data"]["same_key"], false);
}
