//! What is the same about every answer, and what is answered where nothing is.

use serde_json::json;

use crate::support::{Request, Server, exchange, get, payment, post, talk};

#[test]
fn a_request_has_a_name() {
    let server = Server::start();
    for path in [
        "/healthz",
        "/api/cart/count",
        "/api/v1/payments",
        "/nowhere",
        "/docs/",
    ] {
        let given = get(path)
            .header("X-Request-Id", "trace-1.a_B")
            .send(&server);
        assert_eq!(given.header("x-request-id"), Some("trace-1.a_B"), "{path}");
        let name = |request: Request| {
            let answer = request.send(&server);
            answer.header("x-request-id").unwrap().to_owned()
        };
        let (one, other) = (name(get(path)), name(get(path)));
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
        // What does not belong into a log is no name.
        for bad in ["", "a b", "a\"b", "a,b", "ä", &"x".repeat(65), "{\"a\":1}"] {
            assert_eq!(
                name(get(path).header("X-Request-Id", bad)).len(),
                32,
                "{bad}"
            );
        }
    }
}

#[test]
fn nothing_is_guessed_at() {
    let server = Server::start();
    for path in [
        "/healthz",
        "/metrics",
        "/openapi.json",
        "/docs/",
        "/api/cart/count",
        "/nowhere",
    ] {
        let answer = get(path).send(&server);
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{path}"
        );
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(answer.header("server"), None);
    }
}

#[test]
fn where_nothing_is_nothing_is_found() {
    let server = Server::start();
    for path in [
        "/",
        "/nowhere",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v2/payments",
        "/api/v1/payments/",
        "/api/v1/payments/1/",
        "/api/v1/payments/1/x",
        "/api/v1/payments/1/events/2",
        "/api//v1/payments",
        "//api/v1/payments",
        "/API/V1/PAYMENTS",
        "/healthz/",
        "/metrics/x",
        "/.env",
        "/api/v1/../../etc/passwd",
        "/docs/../../etc/passwd",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/%00",
        "/%FF",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = Request::new(method, path).send(&server);
            assert_eq!(answer.status, 404, "{method} {path}");
            if !path.starts_with("/docs") {
                answer.problem(404, "not_found");
            }
        }
    }
}

#[test]
fn what_can_be_got_can_be_asked_about_without_its_body() {
    let server = Server::start();
    let patient = server.customer();
    let payment = server.pay(&patient)["payment_id"].clone();
    for (path, status) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/openapi.json", 200),
        ("/docs/", 200),
        ("/docs", 307),
        ("/api/cart/count", 200),
        ("/api/v1/payments", 200),
        (&format!("/api/v1/payments/{payment}"), 200),
        ("/api/v1/payments/99999", 404),
        ("/checkout/stripe/return", 401),
        ("/nowhere", 404),
    ] {
        let ask = |method| {
            let request = Request::new(method, path).bearer(&patient.token);
            request.send(&server)
        };
        let (got, head) = (ask("GET"), ask("HEAD"));
        assert_eq!((got.status, head.status), (status, status), "{path}");
        for name in [
            "content-type",
            "content-length",
            "cache-control",
            "location",
        ] {
            assert_eq!(head.header(name), got.header(name), "{name} of {path}");
        }
    }
    let stranger = Request::new("HEAD", "/api/v1/payments").send(&server);
    assert_eq!(stranger.status, 401);
    let login = Request::new("HEAD", "/api/login").send(&server);
    assert_eq!((login.status, login.header("allow")), (405, Some("POST")));
}

#[test]
fn nothing_of_a_body_that_was_not_asked_for_meets_the_next_answer() {
    let server = Server::start();
    let first = Request::new("HEAD", "/healthz").header("Connection", "keep-alive");
    let both = [first.bytes(), get("/healthz").bytes()].concat();
    let answers = String::from_utf8(talk(&server, &both)).unwrap();
    assert_eq!(
        answers.matches("HTTP/1.1 200 OK\r\n").count(),
        2,
        "{answers}"
    );
    assert_eq!(
        answers.matches(r#"{"status":"ok"}"#).count(),
        1,
        "{answers}"
    );
}

#[test]
fn what_is_there_has_no_other_method() {
    let server = Server::start();
    for (path, allowed) in [
        ("/healthz", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/api/login", "POST"),
        ("/api/v1/payments", "GET, HEAD, POST"),
        ("/api/v1/payments/1", "GET, HEAD"),
        ("/api/v1/payments/1/cancel", "POST"),
        ("/api/v1/orders/INV202507180407-3C2A", "GET, HEAD"),
    ] {
        for method in ["PUT", "PATCH", "DELETE", "PROPFIND"] {
            let answer = Request::new(method, path).send(&server);
            answer.problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        }
    }
}

#[test]
fn what_is_no_http_is_refused() {
    let server = Server::start();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"POST /api/v1/payments HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST /api/v1/payments HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nabcde",
    ] {
        let answer = exchange(&server, bytes);
        let is_refused = (400..500).contains(&answer.status);
        assert!(is_refused, "{} to {}", answer.status, String::from_utf8_lossy(bytes));
    }
    assert_eq!(get("/healthz").send(&server).status, 200);
}

#[test]
fn very_long_heads_do_no_harm() {
    let server = Server::start();
    let long = "x".repeat(500_000);
    for request in [
        get(&format!("/api/v1/payments/{long}")),
        get(&format!("/api/v1/payments?{long}")),
        get("/api/v1/payments").bearer(&long),
        get("/api/v1/payments").header("Accept-Language", &long),
        get("/api/v1/payments").header("X-Request-Id", &long),
    ] {
        let mut bytes = request.bytes();
        // As long as it gets with this head, and no end.
        bytes.truncate(400_000);
        let answer = exchange(&server, &bytes);
        assert!((400..500).contains(&answer.status), "{}", answer.status);
    }
    let mut many = get("/api/v1/payments");
    for number in 0..200 {
        many = many.header(&format!("X-{number}"), "x");
    }
    let answer = many.send(&server);
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert_eq!(get("/healthz").send(&server).status, 200);
}

#[test]
fn answers_about_payments_are_not_kept() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let made = request.send(&server);
    let id = made.data(201)["payment_id"].clone();
    let number = made.data(201)["payment"]["order_number"].clone();
    let number = number.as_str().unwrap();
    for (request, status) in [
        (request, 409),
        (get("/api/v1/payments").bearer(&patient.token), 200),
        (
            get(&format!("/api/v1/payments/{id}")).bearer(&patient.token),
            200,
        ),
        (
            get(&format!("/api/v1/orders/{number}")).bearer(&patient.token),
            200,
        ),
        (
            post(&format!("/api/v1/payments/{id}/cancel")).bearer(&patient.token),
            200,
        ),
        (payment(&patient.token).json(&json!({})), 422),
        (get("/api/v1/payments"), 401),
    ] {
        let answer = request.send(&server);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}
