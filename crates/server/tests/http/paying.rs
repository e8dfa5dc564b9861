//! Paying while no gateway can be reached.

use serde_json::{Value, json};

use crate::support::{NOBODY, Person, Request, Server, get, payment, post};

fn act(id: &Value, what: &str, patient: &Person) -> Request {
    post(&format!("/api/v1/payments/{id}/{what}")).bearer(&patient.token)
}

fn status_of(server: &Server, id: &Value, patient: &Person) -> Value {
    let request = get(&format!("/api/v1/payments/{id}")).bearer(&patient.token);
    request.send(server).data(200)["status"].clone()
}

/// Whether we are still to ask who we are there, or know it and ask for a checkout at once.
const ACCOUNTS: [&str; 2] = ["", "acct_1"];

#[test]
fn a_gateway_that_is_not_there_is_told_of_and_nothing_is_stuck() {
    for account in ACCOUNTS {
        let server = Server::with(&[("STRIPE_ACCOUNT_ID", account)]);
        let patient = server.customer();
        let id = &server.pay(&patient)["payment_id"];
        for _ in 0..2 {
            let answer = act(id, "process", &patient).send(&server);
            answer.problem(503, "gateway_unavailable");
            let pause: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=60).contains(&pause), "{pause}");
            assert_eq!(status_of(&server, id, &patient), "pending", "{account}");
        }
        let cancelled = act(id, "cancel", &patient).send(&server);
        assert_eq!(cancelled.data(200)["status"], "cancelled", "{account}");
    }
}

#[test]
fn whoever_waits_for_a_gateway_is_told_in_their_language() {
    let server = Server::start();
    let patient = server.customer();
    let id = &server.pay(&patient)["payment_id"];
    for (language, message) in [
        (
            "id",
            "Layanan pembayaran tidak dapat dihubungi, silakan coba lagi sebentar lagi",
        ),
        (
            "ms",
            "Perkhidmatan pembayaran tidak dapat dihubungi, sila cuba lagi sebentar lagi",
        ),
        (
            "en",
            "The payment service cannot be reached, please try again in a moment",
        ),
    ] {
        let request = act(id, "process", &patient).header("Accept-Language", language);
        let answer = request.send(&server);
        let problem = answer.problem(503, "gateway_unavailable");
        assert_eq!(problem["message"], message);
    }
}

#[test]
fn a_payment_that_is_over_is_not_paid() {
    let server = Server::start();
    let patient = server.customer();
    let id = &server.pay(&patient)["payment_id"];
    act(id, "cancel", &patient).send(&server).data(200);
    let answer = act(id, "process", &patient).send(&server);
    answer.problem(409, "payment_not_payable");
    let confirm = act(id, "confirm", &patient).json(&json!({ "transaction_id": "pi_1" }));
    confirm.send(&server).problem(422, "transaction_mismatch");
    let refreshed = act(id, "refresh", &patient).send(&server).data(200);
    assert_eq!(refreshed["payment"]["status"], "cancelled");
}

#[test]
fn a_gateway_that_cannot_take_it_is_not_asked() {
    let server = Server::with(&[("STRIPE_ACCOUNT_ID", "acct_1")]);
    let patient = server.customer();
    // Pesos.
    let id = &server.pay(&patient)["payment_id"];
    let request = act(id, "process", &patient).json(&json!({ "gateway": "midtrans" }));
    let answer = request.send(&server);
    answer.problem(422, "amount_not_taken_by_gateway");
    assert_eq!(status_of(&server, id, &patient), "pending");
}

#[test]
fn a_gateway_that_is_not_set_up_is_no_choice() {
    let server = Server::with(&[
        ("MIDTRANS_SERVER_KEY", ""),
        ("MIDTRANS_SNAP_BASE", ""),
        ("MIDTRANS_API_BASE", ""),
    ]);
    let patient = server.customer();
    let consultation = server.consultation(&patient, "15000", "IDR");
    let wish =
        json!({ "consultation_id": consultation, "amount": 15000, "payment_method": "stripe" });
    let made = payment(&patient.token).json(&wish).send(&server).data(201);
    let request = act(&made["payment_id"], "process", &patient);
    let answer = request
        .json(&json!({ "gateway": "midtrans" }))
        .send(&server);
    assert_eq!(answer.wrong_fields(), ["gateway"]);
}

#[test]
fn a_gateway_is_asked_once_however_often_the_button_is_pressed() {
    let server = Server::start();
    let patient = server.customer();
    let id = &server.pay(&patient)["payment_id"];
    let refreshed: Vec<_> = (0..3)
        .map(|_| act(id, "refresh", &patient).send(&server).data(200))
        .collect();
    assert_eq!(refreshed[0]["asked"], true);
    // Three seconds may pass between the second and the third, but not before the second.
    assert_eq!(refreshed[1]["asked"], false);
    for refreshed in refreshed {
        assert_eq!(refreshed["changed"], false);
        assert_eq!(refreshed["previous_status"], "pending");
        assert_eq!(refreshed["gateway_status"], Value::Null);
        assert_eq!(refreshed["incomplete"], false);
    }
}

#[test]
fn no_gateway_is_asked_elsewhere_by_these_tests() {
    assert!(NOBODY.starts_with("http://127.0.0.1:"));
}
