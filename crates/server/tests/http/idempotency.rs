//! One outcome for each key.

use serde_json::json;

use crate::support::{Answer, Person, Server, payment, post};

/// A second answer to a key in the standard header.
pub(crate) fn assert_replayed(first: &Answer, second: &Answer) {
    assert_eq!(second.status, 201, "{}", second.text());
    assert_eq!(second.body, first.body);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    for name in ["content-type", "cache-control", "location"] {
        assert_eq!(second.header(name), first.header(name), "{name}");
    }
}

/// The answer that names the payment there is.
pub(crate) fn assert_duplicate(answer: &Answer, payment: &serde_json::Value, same_key: bool) {
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("idempotent-replayed"), None);
    let mut json = answer.json();
    let url = json["data"]["process_url"].take();
    let id = payment["payment_id"].as_i64().unwrap();
    let url = url.as_str().unwrap().to_owned();
    assert!(
        url.contains(&format!("/payment/{id}/process?ticket=")),
        "{url}"
    );
    assert_eq!(
        json,
        json!({
            "data": {
                "type": "existing",
                "payment_id": id,
                "status": "pending",
                "same_key": same_key,
                "process_url": null,
                "message": "Pembayaran sudah dibuat sebelumnya",
            },
            "message": "Duplicate payment request detected",
            "code": "duplicate_payment",
        })
    );
}

#[test]
fn the_standard_header_gets_the_first_answer_again_byte_for_byte() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.header("Idempotency-Key", "k-1").json(&body);
    let first = request.send(&server);
    assert_eq!(first.status, 201);
    for _ in 0..3 {
        assert_replayed(&first, &request.send(&server));
    }
    // Not even the language makes another answer.
    let english = request.header("Accept-Language", "en");
    assert_replayed(&first, &english.send(&server));
    assert_eq!(server.payments_of(&patient.token), 1);
}

#[test]
fn quotes_around_a_key_are_no_part_of_it() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let quoted = request.clone().header("Idempotency-Key", "\"k-1\"");
    let first = quoted.send(&server);
    assert_eq!(first.status, 201);
    assert_replayed(&first, &quoted.send(&server));
    let bare = request.clone().header("Idempotency-Key", "k-1");
    assert_replayed(&first, &bare.send(&server));
    // Only one pair of them.
    let twice = request.header("Idempotency-Key", "\"\"k-1\"\"");
    assert_duplicate(&twice.send(&server), &first.data(201), false);
}

#[test]
fn both_headers_together_get_the_first_answer_again() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request
        .header("X-Idempotency-Key", "k-1")
        .header("Idempotency-Key", "\"k-1\"")
        .json(&body);
    let first = request.send(&server);
    assert_eq!(first.status, 201);
    assert_replayed(&first, &request.send(&server));
}

#[test]
fn a_key_in_the_other_places_gets_409_with_the_same_payment() {
    let server = Server::start();
    let patient = server.customer();
    for place in ["X-Idempotency-Key", "body"] {
        let (request, mut body) = server.wish(&patient);
        let request = match place {
            "body" => {
                body["idempotency_key"] = json!(place);
                request.json(&body)
            }
            header => request.header(header, place).json(&body),
        };
        let first = request.send(&server).data(201);
        for _ in 0..2 {
            assert_duplicate(&request.send(&server), &first, true);
        }
    }
    assert_eq!(server.payments_of(&patient.token), 2);
}

#[test]
fn a_key_is_the_same_wherever_it_stands() {
    let server = Server::start();
    let patient = server.customer();
    let (request, mut body) = server.wish(&patient);
    let in_standard = request.clone().header("Idempotency-Key", "k").json(&body);
    let in_header = request.clone().header("X-Idempotency-Key", "k").json(&body);
    body["idempotency_key"] = json!("k");
    let in_body = request.json(&body);

    let first = in_body.send(&server);
    let data = first.data(201);
    assert_duplicate(&in_header.send(&server), &data, true);
    assert_duplicate(&in_body.send(&server), &data, true);
    assert_replayed(&first, &in_standard.send(&server));
}

#[test]
fn another_key_or_none_gets_409_with_the_payment_of_the_order() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let first = request
        .clone()
        .header("Idempotency-Key", "k-1")
        .send(&server)
        .data(201);
    let other = request.clone().header("Idempotency-Key", "k-2");
    // A refusal binds no key: the second time is like the first.
    for _ in 0..2 {
        assert_duplicate(&other.send(&server), &first, false);
        assert_duplicate(&request.send(&server), &first, false);
    }
    assert_eq!(server.payments_of(&patient.token), 1);
}

#[test]
fn the_same_amount_may_be_written_in_another_way() {
    let server = Server::start();
    let patient = server.customer();
    let (request, mut body) = server.wish(&patient);
    let request = request.header("Idempotency-Key", "k-1");
    let first = request.clone().json(&body).send(&server);
    assert_eq!(first.status, 201);
    for amount in [json!("5000"), json!("5000.0"), json!("5000.00")] {
        body["amount"] = amount;
        assert_replayed(&first, &request.clone().json(&body).send(&server));
    }
    let bare = format!(
        r#"{{"payment_method":"stripe","amount":5000.00,"consultation_id":{}}}"#,
        body["consultation_id"]
    );
    let spelt = request.body("application/json", bare);
    assert_replayed(&first, &spelt.send(&server));
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.header("Idempotency-Key", "k-1");
    assert_eq!(request.clone().json(&body).send(&server).status, 201);
    let another = server.consultation(&patient, "5000", "PHP");
    for (field, value) in [
        ("amount", json!(5001)),
        ("payment_method", json!("midtrans")),
        ("consultation_id", json!(another)),
        ("consultation_id", json!(999_999)),
        ("currency", json!("PHP")),
    ] {
        let mut other = body.clone();
        other[field] = value;
        let answer = request.clone().json(&other).send(&server);
        answer.problem(422, "idempotency_key_reused");
    }
    assert_eq!(server.payments_of(&patient.token), 1);
}

#[test]
fn a_failure_binds_no_key() {
    let server = Server::start();
    let patient = server.customer();
    let stranger = server.customer();
    let id = server.fresh();
    let ask = |patient: &Person, amount: &str, method: &str| {
        let body = json!({ "consultation_id": id, "amount": amount, "payment_method": method });
        let request = payment(&patient.token).header("Idempotency-Key", "k-1");
        request.json(&body).send(&server)
    };
    ask(&patient, "5000", "stripe").problem(404, "order_not_found");
    server.register(&json!({
        "consultation_id": id, "patient_id": patient.id, "amount": 5000, "currency": "PHP",
    }));
    ask(&stranger, "5000", "stripe").problem(403, "forbidden");
    assert_eq!(ask(&patient, "5001", "stripe").wrong_fields(), ["amount"]);
    assert_eq!(
        ask(&patient, "5000", "midtrans").wrong_fields(),
        ["payment_method"]
    );
    assert_eq!(ask(&patient, "many", "stripe").wrong_fields(), ["amount"]);
    assert_eq!(server.payments_of(&patient.token), 0);
    let first = ask(&patient, "5000", "stripe");
    assert_eq!(first.status, 201);
    assert_replayed(&first, &ask(&patient, "5000", "stripe"));
}

#[test]
fn a_key_holds_when_the_server_begins_anew() {
    let mut server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let first = request
        .clone()
        .header("Idempotency-Key", "k-1")
        .send(&server);
    let data = first.data(201);

    server.restart();

    let other_body = json!({
        "consultation_id": body["consultation_id"], "amount": 5001, "payment_method": "stripe",
    });
    let reused = payment(&patient.token)
        .header("Idempotency-Key", "k-1")
        .json(&other_body);
    reused.send(&server).problem(422, "idempotency_key_reused");
    let in_header = request.clone().header("X-Idempotency-Key", "k-1");
    assert_duplicate(&in_header.send(&server), &data, true);
    assert_replayed(
        &first,
        &request.header("Idempotency-Key", "k-1").send(&server),
    );
    assert_eq!(server.payments_of(&patient.token), 1);
}

#[test]
fn a_key_holds_after_its_payment_has_ended() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let first = request
        .clone()
        .header("Idempotency-Key", "k-1")
        .send(&server);
    let id = first.data(201)["payment_id"].clone();
    let cancel = post(&format!("/api/v1/payments/{id}/cancel")).bearer(&patient.token);
    assert_eq!(cancel.send(&server).data(200)["status"], "cancelled");

    // The cache has forgotten: where the payment stands now is known to the database only.
    let again = request
        .clone()
        .header("X-Idempotency-Key", "k-1")
        .send(&server);
    assert_eq!(again.status, 409);
    let data = &again.json()["data"];
    assert_eq!(
        (&data["payment_id"], &data["status"]),
        (&id, &json!("cancelled"))
    );
    assert_eq!(data["same_key"], true);
    assert_replayed(
        &first,
        &request
            .clone()
            .header("Idempotency-Key", "k-1")
            .send(&server),
    );
    // Another key is another wish.
    let second = request
        .header("Idempotency-Key", "k-2")
        .send(&server)
        .data(201);
    assert_ne!(second["payment_id"], id);
}

#[test]
fn many_at_once_make_one_payment() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16)
            .map(|number| {
                // Half of them repeat one key, half of them have their own.
                let key = format!("k-{}", if number % 2 == 0 { 0 } else { number });
                let request = request.clone().header("Idempotency-Key", key);
                let server = &server;
                scope.spawn(move || request.send(server))
            })
            .collect();
        asking
            .into_iter()
            .map(|asking| asking.join().unwrap())
            .collect()
    });
    let new = answers
        .iter()
        .filter(|answer| answer.status == 201 && answer.header("idempotent-replayed").is_none());
    assert_eq!(new.count(), 1);
    let ids = answers.iter().map(|answer| {
        assert!([201, 409].contains(&answer.status), "{}", answer.text());
        answer.json()["data"]["payment_id"].as_i64().unwrap()
    });
    let ids: std::collections::BTreeSet<_> = ids.collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(server.payments_of(&patient.token), 1);
}
