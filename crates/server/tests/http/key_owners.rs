//! Whose idempotency keys are whose.

use bayar_app::identity::Role;
use serde_json::json;

use crate::idempotency::{assert_duplicate, assert_replayed};
use crate::support::{Request, Server, payment};

#[test]
fn two_people_use_the_same_key_and_never_meet() {
    let server = Server::start();
    let people = [server.customer(), server.customer()];
    let [one, other] = people.map(|person| {
        let (request, body) = server.wish(&person);
        let answer = request
            .header("Idempotency-Key", "k-1")
            .json(&body)
            .send(&server);
        (person, answer.data(201))
    });
    assert_ne!(one.1["payment_id"], other.1["payment_id"]);
    assert_eq!(one.1["payment"]["user_id"], one.0.id);
    assert_eq!(other.1["payment"]["user_id"], other.0.id);
}

#[test]
fn nobody_hears_the_answer_to_somebody_elses_key_by_naming_them() {
    let server = Server::start();
    let patient = server.customer();
    let (request, mut body) = server.wish(&patient);
    assert_eq!(
        request
            .header("Idempotency-Key", "k-1")
            .json(&body)
            .send(&server)
            .status,
        201
    );
    body["user_id"] = json!(patient.id);
    let operator_key = server.key("tool", Role::Operator, "all");
    for (token, amount) in [
        (server.customer().token, 5000),
        (server.customer().token, 6000),
        (server.operator().token, 5000),
        (operator_key, 5000),
    ] {
        body["amount"] = json!(amount);
        let request = payment(&token).header("Idempotency-Key", "k-1").json(&body);
        let answer = request.send(&server);
        answer.problem(403, "forbidden");
        assert!(!answer.text().contains("ticket"), "{}", answer.text());
    }
    assert_eq!(server.payments_of(&patient.token), 1);
}

#[test]
fn an_application_and_a_person_do_not_share_keys() {
    let server = Server::start();
    let patient = server.customer();
    let (request, mut body) = server.wish(&patient);
    let key = |request: Request| request.header("Idempotency-Key", "k-1");
    let first = key(request).json(&body).send(&server).data(201);
    body["user_id"] = json!(patient.id);
    let shop = key(payment(server.service())).json(&body);
    assert_duplicate(&shop.send(&server), &first, false);
}

#[test]
fn a_key_of_an_application_holds_whichever_of_its_keys_it_shows() {
    let server = Server::start();
    let patient = server.customer();
    let (_, mut body) = server.wish(&patient);
    body["user_id"] = json!(patient.id);
    let rotated = server.key("new-shop", Role::Service, "all");
    let ask = |token: &str| {
        let request = payment(token).header("Idempotency-Key", "k-1").json(&body);
        request.send(&server)
    };
    let first = ask(server.service());
    assert_eq!(first.status, 201);
    assert_replayed(&first, &ask(&rotated));
}
