//! The life of a payment, as far as it goes without a gateway.

use serde_json::{Value, json};

use crate::support::{Answer, Server, eventually, get, payment, post};

fn cancel(server: &Server, token: &str, id: &Value) -> Answer {
    post(&format!("/api/v1/payments/{id}/cancel"))
        .bearer(token)
        .send(server)
}

fn read(server: &Server, token: &str, path: &str) -> Value {
    get(&format!("/api/v1/payments/{path}"))
        .bearer(token)
        .send(server)
        .data(200)
}

#[test]
fn a_payment_that_is_called_off_frees_its_order() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let first = request.send(&server).data(201);
    let id = &first["payment_id"];
    assert_eq!(request.send(&server).status, 409);

    let answer = cancel(&server, &patient.token, id);
    assert_eq!(answer.json()["message"], "Pembayaran berhasil dibatalkan");
    let cancelled = answer.data(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert!(cancelled["updated_at"].as_str() > cancelled["created_at"].as_str());

    let second = request.send(&server).data(201);
    assert_ne!(second["payment_id"], first["payment_id"]);
    assert_eq!(
        second["payment"]["order_number"],
        first["payment"]["order_number"]
    );
    assert_eq!(server.payments_of(&patient.token), 2);
}

#[test]
fn calling_off_twice_does_it_once() {
    let server = Server::start();
    let patient = server.customer();
    let id = server.pay(&patient)["payment_id"].clone();
    let first = cancel(&server, &patient.token, &id).data(200);
    assert_eq!(cancel(&server, &patient.token, &id).data(200), first);
    let events = read(&server, &patient.token, &format!("{id}/events"));
    let steps: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            (
                event["version"].as_i64().unwrap(),
                event["to"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(steps, [(1, "pending"), (2, "cancelled")]);
    assert_eq!(events[1]["from"], "pending");
    assert_eq!(events[1]["by"], format!("user:{}", patient.id));
}

#[test]
fn the_papers_of_a_payment_that_is_called_off_are_void() {
    let server = Server::start();
    let patient = server.customer();
    let made = server.pay(&patient);
    let id = &made["payment_id"];
    cancel(&server, &patient.token, id).data(200);
    let invoice = read(&server, &patient.token, &format!("{id}/invoice"));
    assert_eq!(invoice["status"], "void");
    assert_eq!(invoice["invoice_number"], made["invoice"]["invoice_number"]);
    for tax in read(&server, &patient.token, &format!("{id}/taxes"))
        .as_array()
        .unwrap()
    {
        assert_eq!(tax["status"], "void");
    }
}

#[test]
fn calling_off_an_old_payment_leaves_the_new_one_alone() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let first = request.send(&server).data(201);
    cancel(&server, &patient.token, &first["payment_id"]).data(200);
    let second = request.send(&server).data(201);
    cancel(&server, &patient.token, &first["payment_id"]).data(200);
    let id = &second["payment_id"];
    assert_eq!(
        read(&server, &patient.token, &id.to_string())["status"],
        "pending"
    );
    assert_eq!(request.send(&server).status, 409);
}

#[test]
fn a_payment_whose_time_is_over_makes_room_on_the_spot() {
    let server = Server::with(&[("PAYMENT_TTL", "1s")]);
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let ask = |key: &str| {
        request
            .clone()
            .header("Idempotency-Key", key)
            .json(&body)
            .send(&server)
    };
    let first = ask("k-1").data(201);
    let second = eventually("the order is free", || {
        let answer = ask("k-2");
        if answer.status == 409 {
            assert_eq!(answer.json()["data"]["payment_id"], first["payment_id"]);
            return None;
        }
        Some(answer.data(201))
    });
    assert_ne!(second["payment_id"], first["payment_id"]);
    let id = &first["payment_id"];
    let expired = read(&server, &patient.token, &id.to_string());
    assert_eq!(expired["status"], "expired");
    let events = read(&server, &patient.token, &format!("{id}/events"));
    assert_eq!(
        (&events[1]["to"], &events[1]["by"]),
        (&json!("expired"), &json!("system"))
    );
    let invoice = read(&server, &patient.token, &format!("{id}/invoice"));
    assert_eq!(invoice["status"], "void");
    // What has ended is not called off.
    cancel(&server, &patient.token, id).problem(409, "payment_not_cancellable");
    // And its key is answered as before.
    assert_eq!(ask("k-1").data(201), first);
    assert_eq!(server.payments_of(&patient.token), 2);
}

#[test]
fn those_who_run_it_call_payments_off_too() {
    let server = Server::start();
    let patient = server.customer();
    let operator = server.operator();
    for (token, by) in [
        (operator.token.as_str(), format!("user:{}", operator.id)),
        (server.service(), "key:1".to_owned()),
    ] {
        let id = server.pay(&patient)["payment_id"].clone();
        assert_eq!(cancel(&server, token, &id).data(200)["status"], "cancelled");
        let events = read(&server, &patient.token, &format!("{id}/events"));
        assert_eq!(events[1]["by"], by);
    }
}

#[test]
fn no_body_and_any_body_call_a_payment_off() {
    let server = Server::start();
    let patient = server.customer();
    let id = server.pay(&patient)["payment_id"].clone();
    let request = post(&format!("/api/v1/payments/{id}/cancel")).bearer(&patient.token);
    assert_eq!(request.json(&json!({})).send(&server).status, 200);
}

#[test]
fn an_order_has_one_live_payment_whatever_it_is_named_by() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let first = request.json(&body).send(&server).data(201);
    let by_number = json!({
        "order_number": first["payment"]["order_number"], "amount": 5000, "payment_method": "stripe",
    });
    let answer = payment(&patient.token).json(&by_number).send(&server);
    assert_eq!(answer.status, 409);
    assert_eq!(answer.json()["data"]["payment_id"], first["payment_id"]);
}
