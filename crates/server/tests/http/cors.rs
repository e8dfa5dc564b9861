//! What pages of other origins may do.

use crate::support::{Answer, Request, Server, get, post};

const SHOP: &str = "https://shop.example.com";

fn server() -> Server {
    let origins = "https://shop.example.com,http://localhost:3000";
    Server::with(&[("CORS_ORIGINS", origins), ("RATE_LIMIT_API", "100/min")])
}

fn names(answer: &Answer, header: &str) -> Vec<String> {
    let value = answer.header(header).unwrap_or_default();
    let names = value.split(',').map(|name| name.trim().to_lowercase());
    let mut names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names
}

fn preflight(origin: &str, method: &str, headers: &str) -> Request {
    Request::new("OPTIONS", "/api/v1/payments")
        .header("Origin", origin)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", headers)
}

#[test]
fn pages_of_a_listed_origin_may_read_answers() {
    let server = server();
    for origin in [SHOP, "http://localhost:3000"] {
        // Errors too: whoever cannot read them cannot show them.
        for (request, status) in [
            (get("/api/cart/count"), 200),
            (get("/api/v1/payments"), 401),
            (get("/api/nowhere"), 404),
            (post("/api/login"), 415),
        ] {
            let answer = request.header("Origin", origin).send(&server);
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(
                names(&answer, "access-control-expose-headers"),
                [
                    "idempotent-replayed",
                    "location",
                    "retry-after",
                    "x-ratelimit-limit",
                    "x-ratelimit-remaining",
                    "x-ratelimit-reset",
                    "x-request-id",
                ]
            );
            assert!(names(&answer, "vary").contains(&"origin".to_owned()));
            // Nothing is ever known by a cookie.
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        }
    }
}

#[test]
fn pages_of_a_listed_origin_may_read_that_an_answer_takes_too_long() {
    let server = Server::with(&[("CORS_ORIGINS", SHOP), ("REQUEST_TIMEOUT", "100ms")]);
    let ask = |origin: &str| {
        // Most of the body never comes.
        let request = post("/api/login").header("Content-Length", "100");
        let request = request.body("application/json", "{");
        let answer = request.header("Origin", origin).send(&server);
        answer.problem(503, "request_timeout");
        assert_eq!(answer.header("retry-after"), Some("1"));
        answer
    };
    let answer = ask(SHOP);
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    let readable = names(&answer, "access-control-expose-headers");
    assert!(readable.contains(&"retry-after".to_owned()), "{readable:?}");
    let answer = ask("https://evil.example.com");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn pages_of_other_origins_may_read_nothing() {
    let server = server();
    for origin in [
        "https://evil.example.com",
        "http://shop.example.com",
        "https://shop.example.com:8443",
        "https://shop.example.com.evil.example",
        "null",
    ] {
        let answer = get("/api/cart/count")
            .header("Origin", origin)
            .send(&server);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        let answer = preflight(origin, "POST", "content-type").send(&server);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            None,
            "{origin}"
        );
    }
}

#[test]
fn a_browser_that_asks_first_hears_what_it_may_send() {
    let server = server();
    let wanted =
        "authorization,content-type,accept-language,idempotency-key,x-idempotency-key,x-request-id";
    let answer = preflight(SHOP, "POST", wanted).send(&server);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(
        names(&answer, "access-control-allow-methods"),
        ["get", "head", "post"]
    );
    let mut expected: Vec<_> = wanted.split(',').collect();
    expected.sort_unstable();
    assert_eq!(names(&answer, "access-control-allow-headers"), expected);
    assert_eq!(answer.header("access-control-max-age"), Some("3600"));
    // Asking is not counted.
    let count = get("/api/cart/count").send(&server);
    assert_eq!(count.header("x-ratelimit-remaining"), Some("99"));
}

#[test]
fn a_browser_that_asks_for_more_is_refused() {
    let server = server();
    for (method, headers) in [("DELETE", "content-type"), ("POST", "x-other")] {
        let answer = preflight(SHOP, method, headers).send(&server);
        answer.problem(400, "invalid_request");
    }
    let evil = preflight("https://evil.example.com", "POST", "content-type");
    let evil = evil.header("Accept-Language", "en");
    let answer = evil.header("X-Request-Id", "trace-1").send(&server);
    let problem = answer.problem(400, "invalid_request");
    assert_eq!(problem["request_id"], "trace-1");
}

#[test]
fn without_a_list_no_origin_may_read_anything() {
    let server = Server::start();
    let answer = get("/api/cart/count").header("Origin", SHOP).send(&server);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
