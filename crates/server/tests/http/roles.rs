//! Who may do what.

use bayar_app::identity::Role;
use serde_json::{Value, json};

use crate::support::{Person, Server, get, payment, post};

fn fee(server: &Server, patient: &Person) -> Value {
    json!({
        "consultation_id": server.fresh(), "patient_id": patient.id, "amount": 5000, "currency": "PHP",
    })
}

fn goods(server: &Server, patient: &Person) -> Value {
    json!({
        "user_id": patient.id,
        "currency": "PHP",
        "items": [{ "name": "Masker", "quantity": 1, "unit_amount": 5000 }],
        "external_ref": format!("cart-{}", server.fresh()),
    })
}

#[test]
fn only_an_application_registers_orders() {
    let server = Server::start();
    let patient = server.customer();
    let operator_key = server.key("tool", Role::Operator, "all");
    for token in [&patient.token, &server.operator().token, &operator_key] {
        for (path, body) in [
            ("/api/v1/consultations", fee(&server, &patient)),
            ("/api/v1/orders", goods(&server, &patient)),
        ] {
            let answer = post(path).bearer(token).json(&body).send(&server);
            answer.problem(403, "forbidden");
            // Whether the order is right is nothing they hear about.
            let answer = post(path).bearer(token).json(&json!({})).send(&server);
            answer.problem(403, "forbidden");
        }
    }
    for (path, body) in [
        ("/api/v1/consultations", fee(&server, &patient)),
        ("/api/v1/orders", goods(&server, &patient)),
    ] {
        let request = post(path).bearer(server.service()).json(&body);
        assert_eq!(request.send(&server).data(201)["user_id"], patient.id);
    }
}

#[test]
fn only_those_who_run_orders_cancel_and_complete_them() {
    let server = Server::start();
    let patient = server.customer();
    let made = server.pay(&patient);
    let number = made["payment"]["order_number"].as_str().unwrap();
    for end in ["cancel", "complete"] {
        let request = post(&format!("/api/v1/orders/{number}/{end}"));
        let answer = request.clone().bearer(&patient.token).send(&server);
        answer.problem(403, "forbidden");
        // These may, and hear what the order is like.
        let operator = server.operator().token;
        for token in [operator.as_str(), server.service()] {
            let answer = request.clone().bearer(token).send(&server);
            assert_eq!(answer.status, 409, "{}", answer.text());
        }
    }
}

#[test]
fn an_application_pays_for_anybody() {
    let server = Server::start();
    let people = [server.customer(), server.operator()];
    for person in people {
        let (_, mut body) = server.wish(&person);
        body["user_id"] = json!(person.id);
        let made = payment(server.service())
            .json(&body)
            .send(&server)
            .data(201);
        assert_eq!(made["payment"]["user_id"], person.id);
        let events = get(&format!("/api/v1/payments/{}/events", made["payment_id"]));
        let events = events.bearer(server.service()).send(&server).data(200);
        let by = events[0]["by"].as_str().unwrap();
        assert!(by.starts_with("key:"), "{by}");
    }
}

#[test]
fn an_application_names_the_owner_of_the_order() {
    let server = Server::start();
    let (patient, other) = (server.customer(), server.customer());
    let (_, mut body) = server.wish(&patient);
    body["user_id"] = json!(other.id);
    let answer = payment(server.service()).json(&body).send(&server);
    answer.problem(403, "forbidden");
    assert_eq!(server.payments_of(&patient.token), 0);
}

#[test]
fn nobody_else_pays_an_order() {
    let server = Server::start();
    let patient = server.customer();
    let (_, mut body) = server.wish(&patient);
    let operator_key = server.key("tool", Role::Operator, "all");
    let tokens = [
        server.customer().token,
        server.operator().token,
        operator_key,
    ];
    for user in [None, Some(patient.id)] {
        body["user_id"] = json!(user);
        for token in &tokens {
            let request = payment(token).json(&body);
            let answer = request.send(&server);
            if user.is_none() && *token == tokens[2] {
                assert_eq!(answer.wrong_fields(), ["user_id"]);
            } else {
                answer.problem(403, "forbidden");
            }
        }
    }
    // The owner may say who they are, too.
    let made = payment(&patient.token).json(&body).send(&server);
    assert_eq!(made.status, 201);
}

#[test]
fn what_belongs_to_others_is_not_shown() {
    let server = Server::start();
    let (patient, other) = (server.customer(), server.customer());
    let made = server.pay(&patient);
    let id = &made["payment_id"];
    let number = made["payment"]["order_number"].as_str().unwrap();
    let paths = ["", "/events", "/invoice", "/taxes", "/refunds"];
    let mut paths: Vec<_> = paths
        .map(|part| format!("/api/v1/payments/{id}{part}"))
        .into();
    paths.push(format!("/api/v1/orders/{number}"));
    for path in paths {
        let ask = |token: &str| get(&path).bearer(token).send(&server);
        ask(&other.token).problem(403, "forbidden");
        let operator = server.operator().token;
        for token in [&patient.token, &operator, server.service()] {
            assert_eq!(ask(token).status, 200, "{path}");
        }
    }
    let cancel = post(&format!("/api/v1/payments/{id}/cancel"));
    cancel
        .clone()
        .bearer(&other.token)
        .send(&server)
        .problem(403, "forbidden");
    let still = get(&format!("/api/v1/payments/{id}")).bearer(&patient.token);
    assert_eq!(still.send(&server).data(200)["status"], "pending");
    let cancelled = cancel.bearer(server.operator().token).send(&server);
    assert_eq!(cancelled.data(200)["status"], "cancelled");
}

#[test]
fn only_operators_review() {
    let server = Server::start();
    let patient = server.customer();
    let id = &server.pay(&patient)["payment_id"];
    let review = post(&format!("/api/v1/payments/{id}/review"));
    let body = json!({ "decision": "accept", "reason": "the bank says so" });
    let small_key = server.key("reader", Role::Operator, "read");
    for token in [&patient.token, &small_key, &server.service().to_owned()] {
        let request = review.clone().bearer(token);
        request
            .clone()
            .json(&body)
            .send(&server)
            .problem(403, "forbidden");
        // Whether the request is right is nothing they hear about.
        request
            .json(&json!({}))
            .send(&server)
            .problem(403, "forbidden");
    }
    let key = server.key("tool", Role::Operator, "payments");
    for token in [&server.operator().token, &key] {
        let answer = review.clone().bearer(token).json(&body).send(&server);
        answer.problem(409, "nothing_to_review");
    }
}

#[test]
fn only_the_owner_and_their_application_pay() {
    let server = Server::start();
    let (patient, other) = (server.customer(), server.customer());
    let id = &server.pay(&patient)["payment_id"];
    let process = post(&format!("/api/v1/payments/{id}/process"));
    let operator_key = server.key("tool", Role::Operator, "all");
    for token in [&other.token, &server.operator().token, &operator_key] {
        let answer = process.clone().bearer(token).send(&server);
        answer.problem(403, "forbidden");
    }
    for token in [patient.token.as_str(), server.service()] {
        let answer = process.clone().bearer(token).send(&server);
        answer.problem(503, "gateway_unavailable");
    }
}

#[test]
fn nobody_asks_about_what_belongs_to_others() {
    let server = Server::start();
    let (patient, other) = (server.customer(), server.customer());
    let id = &server.pay(&patient)["payment_id"];
    let confirm = post(&format!("/api/v1/payments/{id}/confirm"));
    let confirm = |token: &str| {
        let request = confirm.clone().bearer(token);
        request
            .json(&json!({ "transaction_id": "pi_1" }))
            .send(&server)
    };
    let refresh = post(&format!("/api/v1/payments/{id}/refresh"));
    let refresh = |token: &str| refresh.clone().bearer(token).send(&server);
    confirm(&other.token).problem(403, "forbidden");
    refresh(&other.token).problem(403, "forbidden");
    let operator = server.operator().token;
    for token in [patient.token.as_str(), &operator, server.service()] {
        confirm(token).problem(422, "transaction_mismatch");
        assert_eq!(refresh(token).data(200)["payment"]["id"], *id);
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = Server::start();
    let patient = server.customer();
    let tokens = [patient.token.as_str(), server.service()];
    let made = server.pay(&patient);
    let there = made["payment_id"].as_i64().unwrap();
    let mut ids = vec![(there + 1).to_string()];
    // One payment has one address.
    for spelling in [
        "0{}", "+{}", "-{}", "{}.0", "{}e0", "{}%20", "%20{}", "{}%00", "0x{}", "..%2f{}",
    ] {
        ids.push(spelling.replace("{}", &there.to_string()));
    }
    for id in [
        "0",
        "abc",
        "9223372036854775808",
        "99999999999999999999999999999999",
        "%D9%A1",
        "%FF",
        "'%20OR%201=1",
    ] {
        ids.push(id.to_owned());
    }
    for id in &ids {
        for token in tokens {
            for part in ["", "/events", "/invoice", "/taxes", "/refunds"] {
                let path = format!("/api/v1/payments/{id}{part}");
                let answer = get(&path).bearer(token).send(&server);
                assert_eq!(answer.status, 404, "{path}: {}", answer.text());
                let code = answer.json()["code"].as_str().unwrap().to_owned();
                assert!(
                    ["payment_not_found", "not_found"].contains(&code.as_str()),
                    "{code}"
                );
                answer.problem(404, &code);
            }
            for part in ["cancel", "process", "refresh", "confirm"] {
                let request = post(&format!("/api/v1/payments/{id}/{part}")).bearer(token);
                let request = match part {
                    "confirm" => request.json(&json!({ "transaction_id": "pi_1" })),
                    _ => request,
                };
                assert_eq!(request.send(&server).status, 404, "{id}/{part}");
            }
        }
    }
    for id in &ids {
        let request = post(&format!("/api/v1/payments/{id}/refund"));
        let request = request
            .bearer(server.service())
            .header("Idempotency-Key", "k-1");
        let answer = request.json(&json!({ "reason": "why" })).send(&server);
        assert_eq!(answer.status, 404, "{id}: {}", answer.text());
    }
    for number in [
        "INV202507180407-3C2A",
        "INV",
        "1",
        "inv202507180407-3c2a",
        "%00",
        "%FF",
    ] {
        let path = format!("/api/v1/orders/{number}");
        for token in tokens {
            let answer = get(&path).bearer(token).send(&server);
            assert_eq!(answer.status, 404, "{number}");
        }
        for end in ["cancel", "complete"] {
            let request = post(&format!("{path}/{end}")).bearer(server.service());
            assert_eq!(request.send(&server).status, 404, "{number}");
        }
    }
}

#[test]
fn a_key_reaches_as_far_as_its_scopes() {
    let server = Server::start();
    let patient = server.customer();
    let made = server.pay(&patient);
    let id = &made["payment_id"];
    let number = made["payment"]["order_number"].as_str().unwrap();
    let (_, mut wish) = server.wish(&patient);
    wish["user_id"] = json!(patient.id);
    let calls = [
        ("read", get("/api/v1/payment-methods"), 200),
        ("read", get("/api/v1/payments"), 200),
        ("read", get(&format!("/api/v1/payments/{id}")), 200),
        ("read", get(&format!("/api/v1/payments/{id}/events")), 200),
        ("read", get(&format!("/api/v1/payments/{id}/invoice")), 200),
        ("read", get(&format!("/api/v1/payments/{id}/taxes")), 200),
        ("read", get(&format!("/api/v1/payments/{id}/refunds")), 200),
        (
            "refunds",
            post(&format!("/api/v1/payments/{id}/refund"))
                .header("Idempotency-Key", "k-1")
                .json(&json!({ "reason": "why" })),
            409,
        ),
        ("read", get(&format!("/api/v1/orders/{number}")), 200),
        (
            "orders",
            post(&format!("/api/v1/orders/{number}/complete")),
            409,
        ),
        (
            "orders",
            post(&format!("/api/v1/orders/{number}/cancel")),
            409,
        ),
        (
            "orders",
            post("/api/v1/consultations").json(&fee(&server, &patient)),
            201,
        ),
        (
            "orders",
            post("/api/v1/orders").json(&goods(&server, &patient)),
            201,
        ),
        (
            "payments",
            post(&format!("/api/v1/payments/{id}/process")),
            503,
        ),
        (
            "payments",
            post(&format!("/api/v1/payments/{id}/confirm"))
                .json(&json!({ "transaction_id": "pi_1" })),
            422,
        ),
        (
            "payments",
            post(&format!("/api/v1/payments/{id}/refresh")),
            200,
        ),
        (
            "payments",
            post(&format!("/api/v1/payments/{id}/cancel")),
            200,
        ),
        ("payments", post("/api/v1/payments").json(&wish), 201),
    ];
    for held in ["read", "orders", "payments", "refunds"] {
        let key = server.key(held, Role::Service, held);
        for (wanted, call, status) in &calls {
            let answer = call.clone().bearer(&key).send(&server);
            if held == *wanted {
                assert_eq!(answer.status, *status, "{call:?}: {}", answer.text());
            } else {
                answer.problem(403, "forbidden");
            }
        }
    }
    assert_eq!(server.payments_of(&patient.token), 2);
}
