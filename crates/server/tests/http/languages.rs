//! What people read is in their language.

use serde_json::{Value, json};

use crate::support::{Answer, Request, Server, get, payment, post};

/// Indonesian first: it is for whoever does not ask.
const ACCEPTED: [(Option<&str>, usize); 7] = [
    (None, 0),
    (Some("fr-CA, de"), 0),
    (Some("id"), 0),
    (Some("ms-MY"), 1),
    (Some("en"), 2),
    (Some("en;q=0.4, ms;q=0.9"), 1),
    (Some("%%%"), 0),
];

fn asked(request: &Request, accepted: Option<&str>) -> Request {
    let request = request.clone();
    match accepted {
        Some(languages) => request.header("Accept-Language", languages),
        None => request,
    }
}

fn assert_says(server: &Server, request: &Request, find: fn(&Value) -> &Value, texts: [&str; 3]) {
    for (accepted, language) in ACCEPTED {
        let answer = asked(request, accepted).send(server);
        assert_eq!(find(&answer.json()), texts[language], "{accepted:?}");
    }
}

fn message(json: &Value) -> &Value {
    &json["message"]
}

#[test]
fn errors_are_told_in_three_languages() {
    let server = Server::start();
    let patient = server.customer();
    assert_says(
        &server,
        &get("/api/v1/payments"),
        message,
        [
            "Silakan masuk terlebih dahulu",
            "Sila log masuk terlebih dahulu",
            "Please sign in first",
        ],
    );
    assert_says(
        &server,
        &get("/api/v1/payments/999").bearer(&patient.token),
        message,
        [
            "Pembayaran tidak ditemukan",
            "Pembayaran tidak ditemui",
            "The payment was not found",
        ],
    );
    assert_says(
        &server,
        &get("/nowhere"),
        message,
        [
            "Yang Anda cari tidak ditemukan",
            "Perkara yang anda cari tidak ditemui",
            "What you are looking for was not found",
        ],
    );
    let form = payment(&patient.token).json(&json!({
        "consultation_id": 1, "amount": 1, "payment_method": "stripe", "x": 1,
    }));
    assert_says(
        &server,
        &form,
        |json| &json["errors"]["x"][0],
        [
            "Kolom ini tidak dikenal",
            "Medan ini tidak dikenali",
            "This field is not known",
        ],
    );
}

#[test]
fn several_headers_are_one_list_of_languages() {
    let server = Server::start();
    let request = get("/nowhere")
        .header("Accept-Language", "fr, en;q=0.3")
        .header("Accept-Language", "ms;q=0.7");
    let message = &request.send(&server).json()["message"];
    assert_eq!(message, "Perkara yang anda cari tidak ditemui");
}

#[test]
fn title_and_detail_are_for_those_who_write_programs() {
    let server = Server::start();
    let told: Vec<_> = ["id", "ms", "en"]
        .iter()
        .map(|language| {
            let answer = get("/api/v1/payments")
                .header("Accept-Language", language)
                .send(&server);
            let json = answer.problem(401, "unauthorized");
            [json["title"].clone(), json["detail"].clone()]
        })
        .collect();
    assert!(told.iter().all(|other| *other == told[0]), "{told:?}");
}

#[test]
fn a_new_payment_is_told_in_three_languages() {
    let server = Server::start();
    let patient = server.customer();
    for (accepted, language) in ACCEPTED {
        let (request, body) = server.wish(&patient);
        let answer = asked(&request.json(&body), accepted).send(&server);
        assert_eq!(answer.status, 201);
        let texts = [
            "Pembayaran berhasil dibuat",
            "Pembayaran berjaya dibuat",
            "Payment created",
        ];
        assert_eq!(answer.json()["message"], texts[language], "{accepted:?}");
    }
}

#[test]
fn a_duplicate_is_told_in_three_languages_and_named_in_one() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    assert_eq!(request.send(&server).status, 201);
    assert_says(
        &server,
        &request,
        |json| &json["data"]["message"],
        [
            "Pembayaran sudah dibuat sebelumnya",
            "Pembayaran telah dibuat sebelum ini",
            "The payment has already been created",
        ],
    );
    let sentence = "Duplicate payment request detected";
    assert_says(&server, &request, message, [sentence; 3]);
}

#[test]
fn orders_are_told_in_three_languages() {
    let server = Server::start();
    let patient = server.customer();
    let body = json!({
        "consultation_id": 1, "patient_id": patient.id, "amount": 5000, "currency": "PHP",
    });
    let request = post("/api/v1/consultations")
        .bearer(server.service())
        .json(&body);
    let first: Answer = request.send(&server);
    assert_eq!(first.json()["message"], "Pesanan berhasil didaftarkan");
    assert_says(
        &server,
        &request,
        message,
        [
            "Pesanan sudah didaftarkan sebelumnya",
            "Pesanan telah didaftarkan sebelum ini",
            "The order has already been registered",
        ],
    );
}
