//! How often callers may do what.

use serde_json::json;

use crate::support::{Answer, Server, get, payment, post};

fn limit(answer: &Answer) -> (u32, u32) {
    let number = |name| answer.header(name).unwrap().parse().unwrap();
    (number("x-ratelimit-limit"), number("x-ratelimit-remaining"))
}

fn assert_too_many(answer: &Answer, limit: &str) {
    answer.problem(429, "rate_limited");
    assert_eq!(answer.header("x-ratelimit-limit"), Some(limit));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(
        answer.header("x-ratelimit-reset"),
        answer.header("retry-after")
    );
}

#[test]
fn each_caller_has_a_limit_of_their_own() {
    let server = Server::with(&[("RATE_LIMIT_API", "3/min")]);
    let people = [server.customer(), server.customer()];
    for person in &people {
        let ask = || get("/api/v1/payments").bearer(&person.token).send(&server);
        for left in [2, 1, 0] {
            let answer = ask();
            assert_eq!(answer.status, 200);
            assert_eq!(limit(&answer), (3, left));
        }
        assert_too_many(&ask(), "3");
        assert_too_many(&ask(), "3");
    }
    // Strangers of one place share theirs, whatever they show.
    for token in ["bk_wrong", "also wrong"] {
        let answer = get("/api/v1/payments").bearer(token).send(&server);
        answer.problem(401, "unauthorized");
    }
    assert_eq!(get("/api/cart/count").send(&server).status, 200);
    assert_too_many(&get("/api/cart/count").send(&server), "3");
    assert_too_many(
        &get("/api/v1/payments").bearer("bk_wrong").send(&server),
        "3",
    );
}

#[test]
fn every_answer_says_how_many_are_left_whatever_it_is() {
    let server = Server::with(&[("RATE_LIMIT_API", "100/min")]);
    let patient = server.customer();
    let large = "x".repeat(64 * 1024 + 1);
    let requests = [
        (get("/api/v1/payments"), 200),
        (get("/api/v1/payments?page=0"), 422),
        (get("/api/v1/payments/999"), 404),
        (get("/api/nowhere"), 404),
        (get("/api/login"), 405),
        (post("/api/v1/payments"), 415),
        (post("/api/v1/payments").body("application/json", "{"), 400),
        (post("/api/v1/payments").json(&json!({})), 422),
        (
            post("/api/v1/payments").body("application/json", large),
            413,
        ),
        (post("/api/v1/consultations").json(&json!({})), 403),
    ];
    for (number, (request, status)) in requests.into_iter().enumerate() {
        let answer = request.bearer(&patient.token).send(&server);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(limit(&answer), (100, 99 - u32::try_from(number).unwrap()));
    }
    // What is not the API has none.
    for path in ["/healthz", "/openapi.json", "/nowhere"] {
        let answer = get(path).send(&server);
        assert_eq!(answer.header("x-ratelimit-limit"), None, "{path}");
    }
}

#[test]
fn without_a_limit_nothing_is_said_about_one() {
    let server = Server::start();
    let answer = get("/api/cart/count").send(&server);
    assert_eq!(answer.header("x-ratelimit-limit"), None);
}

#[test]
fn an_application_has_another_limit() {
    let server = Server::with(&[("RATE_LIMIT_API", "1/min"), ("RATE_LIMIT_SERVICE", "2/min")]);
    let ask = || {
        get("/api/v1/payments")
            .bearer(server.service())
            .send(&server)
    };
    for left in [1, 0] {
        assert_eq!(limit(&ask()), (2, left));
    }
    assert_too_many(&ask(), "2");
}

#[test]
fn only_new_payments_count_as_new_payments() {
    let server = Server::with(&[("RATE_LIMIT_PAYMENTS", "2/min")]);
    let patient = server.customer();
    let wish = |key: &str| {
        let (request, body) = server.wish(&patient);
        request.header("Idempotency-Key", key).json(&body)
    };
    let (first, second, third) = (wish("k-1"), wish("k-2"), wish("k-3"));
    assert_eq!(first.send(&server).status, 201);
    for _ in 0..5 {
        assert_eq!(first.send(&server).status, 201);
    }
    // What is refused was no payment.
    for (amount, method) in [(5001, "stripe"), (5000, "midtrans")] {
        let id = server.consultation(&patient, "5000", "PHP");
        let body = json!({ "consultation_id": id, "amount": amount, "payment_method": method });
        for _ in 0..3 {
            let answer = payment(&patient.token).json(&body).send(&server);
            assert_eq!(answer.status, 422);
        }
    }
    assert_eq!(second.send(&server).status, 201);
    for _ in 0..2 {
        assert_too_many(&third.send(&server), "2");
    }
    // Whoever may make no more may repeat, and hears of what there is.
    assert_eq!(
        first.send(&server).header("idempotent-replayed"),
        Some("true")
    );
    assert_eq!(server.payments_of(&patient.token), 2);
}

#[test]
fn answers_409_do_not_count_as_new_payments() {
    let server = Server::with(&[("RATE_LIMIT_PAYMENTS", "2/min")]);
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    assert_eq!(request.send(&server).status, 201);
    for _ in 0..5 {
        assert_eq!(request.send(&server).status, 409);
    }
    server.pay(&patient);
    let (request, body) = server.wish(&patient);
    assert_too_many(&request.json(&body).send(&server), "2");
}

#[test]
fn new_payments_are_counted_for_each_person() {
    let server = Server::with(&[("RATE_LIMIT_PAYMENTS", "1/min")]);
    for person in [server.customer(), server.customer()] {
        server.pay(&person);
        let (request, body) = server.wish(&person);
        assert_too_many(&request.json(&body).send(&server), "1");
    }
    // An application has as much for each of its people, whichever key it shows.
    let other_key = server.key("other", bayar_app::identity::Role::Service, "all");
    for person in [server.customer(), server.customer()] {
        for (token, status) in [(server.service(), 201), (other_key.as_str(), 429)] {
            let (_, mut body) = server.wish(&person);
            body["user_id"] = json!(person.id);
            assert_eq!(payment(token).json(&body).send(&server).status, status);
        }
    }
}

#[test]
fn a_person_and_an_application_that_acts_for_them_share_one_limit_of_new_payments() {
    let server = Server::with(&[("RATE_LIMIT_PAYMENTS", "2/min")]);
    let patient = server.customer();
    let ask = |token: &str| {
        let (_, mut body) = server.wish(&patient);
        body["user_id"] = json!(patient.id);
        payment(token).json(&body).send(&server)
    };
    let callers = [patient.token.as_str(), server.service()];
    for token in callers {
        assert_eq!(ask(token).status, 201);
    }
    for token in callers {
        assert_too_many(&ask(token), "2");
    }
    assert_eq!(server.payments_of(&patient.token), 2);
}

#[test]
fn a_refused_new_payment_binds_no_key() {
    let server = Server::with(&[("RATE_LIMIT_PAYMENTS", "1/sec")]);
    let patient = server.customer();
    server.pay(&patient);
    let (request, body) = server.wish(&patient);
    let request = request.header("Idempotency-Key", "k-1").json(&body);
    // Refused or not yet: in the end, the same request makes the payment.
    let made = crate::support::eventually("the limit ends", || {
        let answer = request.send(&server);
        assert!([201, 429].contains(&answer.status), "{}", answer.text());
        (answer.status == 201).then_some(answer)
    });
    assert_eq!(made.header("idempotent-replayed"), None);
    assert_eq!(server.payments_of(&patient.token), 2);
}

#[test]
fn a_place_is_what_a_trusted_proxy_says() {
    let from = |server: &Server, forwarded: &str| {
        let request = get("/api/cart/count").header("X-Forwarded-For", forwarded);
        request.send(server).status
    };
    let server = Server::with(&[
        ("RATE_LIMIT_API", "1/min"),
        ("TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8"),
    ]);
    assert_eq!(from(&server, "192.0.2.1"), 200);
    assert_eq!(from(&server, "192.0.2.1"), 429);
    assert_eq!(from(&server, "192.0.2.2"), 200);
    // What a caller writes before it is nothing that a proxy has seen.
    assert_eq!(from(&server, "198.51.100.9, 192.0.2.2"), 429);
    assert_eq!(from(&server, "192.0.2.3, 10.1.2.3"), 200);
    assert_eq!(from(&server, "192.0.2.3"), 429);
    // Whoever has an address of IPv6 has all of its network.
    assert_eq!(from(&server, "2001:db8::1"), 200);
    assert_eq!(from(&server, "2001:db8::ffff:2"), 429);
    assert_eq!(from(&server, "2001:db8:0:1::1"), 200);
    assert_eq!(from(&server, "::ffff:192.0.2.1"), 429);

    let server = Server::with(&[("RATE_LIMIT_API", "1/min")]);
    assert_eq!(from(&server, "192.0.2.1"), 200);
    assert_eq!(from(&server, "192.0.2.2"), 429);
}
