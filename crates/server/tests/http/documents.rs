//! What is there for those who run it and those who write programs for it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Request, Server, get, post};

#[test]
fn it_says_that_it_lives_and_is_ready() {
    let server = Server::start();
    let alive = get("/healthz").send(&server);
    assert_eq!(
        (alive.status, alive.json()),
        (200, json!({ "status": "ok" }))
    );
    let ready = get("/readyz").send(&server);
    let expected = json!({ "status": "ready", "database": "up", "redis": "none" });
    assert_eq!((ready.status, ready.json()), (200, expected));
}

#[test]
fn it_says_what_it_has_counted() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    assert_eq!(request.send(&server).status, 201);
    assert_eq!(request.send(&server).status, 409);
    let answer = get("/metrics").send(&server);
    assert_eq!(answer.status, 200);
    let content_type = answer.header("content-type").unwrap();
    assert!(content_type.starts_with("text/plain"), "{content_type}");
    let figures = answer.text();
    for line in [
        r#"bayar_payments_created_total{method="stripe"}"#,
        r#"bayar_payment_requests_total{outcome="created"}"#,
        r#"bayar_payment_requests_total{outcome="duplicate"}"#,
        r#"bayar_cache_lookups_total{outcome="miss"}"#,
        r#"bayar_http_requests_total{method="POST",route="/api/v1/payments",status="201"}"#,
    ] {
        assert!(figures.contains(line), "{line} is not in:\n{figures}");
    }
    // Whoever asks for many addresses, or in many ways, must not make many figures.
    for path in ["/api/v1/payments/12345678", "/nowhere/12345678"] {
        get(path).bearer(&patient.token).send(&server);
    }
    Request::new("M12345678", "/api/v1/payments").send(&server);
    let figures = get("/metrics").send(&server);
    assert!(!figures.text().contains("12345678"));
    assert!(!figures.text().contains(&patient.email));
}

#[test]
fn every_figure_says_what_it_is() {
    let server = Server::start();
    let patient = server.customer();
    let payment = server.pay(&patient)["payment_id"].clone();
    // Nobody is there to be asked: what failed is counted too.
    let process = post(&format!("/api/v1/payments/{payment}/process"));
    let answer = process.bearer(&patient.token).send(&server);
    answer.problem(503, "gateway_unavailable");
    let figures = get("/metrics").send(&server);
    let figures = figures.text();
    let of_kind = |kind: &str| -> BTreeSet<String> {
        let lines = figures.lines().filter_map(|line| line.strip_prefix(kind));
        lines
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let (typed, helped) = (of_kind("# TYPE "), of_kind("# HELP "));
    assert_eq!(typed, helped, "{figures}");
    for name in [
        "bayar_http_requests_total",
        "bayar_payments_created_total",
        "bayar_gateway_errors_total",
        "bayar_checkouts_total",
    ] {
        assert!(typed.contains(name), "{name} is not in:\n{figures}");
    }
}

#[test]
fn the_document_describes_every_call() {
    let server = Server::start();
    let answer = get("/openapi.json").send(&server);
    assert_eq!(answer.status, 200);
    let document = answer.json();
    let version = document["openapi"].as_str().unwrap();
    assert!(version.starts_with("3.1"), "{version}");
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let words = &operation["summary"];
            assert!(words.is_string(), "{method} {path} has no words");
            assert!(operation["responses"].is_object());
            let is_open = ["/api/login", "/api/cart/count"].contains(&path.as_str());
            let wants_token = path.starts_with("/api/") && !is_open;
            assert_eq!(
                operation["security"].is_array(),
                wants_token,
                "{method} {path}"
            );
        }
    }
    assert!(document["components"]["securitySchemes"]["bearer"].is_object());
    let text = document.to_string();
    for reference in text.split(r##""$ref":"#/components/schemas/"##).skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name}"
        );
    }
}

#[test]
fn the_document_names_the_fields_of_a_payment() {
    let server = Server::start();
    let document = get("/openapi.json").send(&server).json();
    let patient = server.customer();
    let made = server.pay(&patient);
    for (schema, object) in [
        ("Payment", &made["payment"]),
        ("Invoice", &made["invoice"]),
        ("TaxRecord", &made["taxes"][0]),
    ] {
        let described = document["components"]["schemas"][schema]["properties"].as_object();
        let described: Vec<_> = described.unwrap().keys().collect();
        let answered: Vec<_> = object.as_object().unwrap().keys().collect();
        assert_eq!(described, answered, "{schema}");
    }
}

#[test]
fn the_page_for_the_document_needs_no_network() {
    let server = Server::start();
    let redirect = get("/docs").send(&server);
    assert!((300..400).contains(&redirect.status), "{}", redirect.status);
    assert_eq!(redirect.header("location"), Some("/docs/"));
    let page = get("/docs/").send(&server);
    assert_eq!(page.status, 200);
    let mut files = 0;
    for attribute in ["src=\"", "href=\""] {
        for address in page.text().split(attribute).skip(1) {
            let address = address.split('"').next().unwrap();
            let is_ours = !address.contains("//") && !address.starts_with("data:");
            assert!(is_ours, "{address}");
            let name = address.trim_start_matches("./");
            let file = get(&format!("/docs/{name}")).send(&server);
            assert_eq!(file.status, 200, "{address}");
            assert!(!file.body.is_empty());
            files += 1;
        }
    }
    assert!(files >= 3, "{}", page.text());
    let start = get("/docs/swagger-initializer.js").send(&server);
    assert!(start.text().contains("/openapi.json"), "{}", start.text());
    assert!(!start.text().contains("https://"), "{}", start.text());
}

#[test]
fn the_gateways_are_named_with_what_they_take() {
    let server = Server::start();
    let patient = server.customer();
    let answer = get("/api/v1/payment-methods")
        .bearer(&patient.token)
        .send(&server);
    assert_eq!(
        answer.header("cache-control"),
        Some("private, max-age=3600")
    );
    let limits =
        |currency: &str| json!({ "currency": currency, "least": "1000.00", "most": "10000000.00" });
    assert_eq!(
        answer.data(200),
        json!([
            { "payment_method": "stripe", "currencies": [limits("IDR"), limits("PHP")] },
            { "payment_method": "midtrans", "currencies": [limits("IDR")] },
        ])
    );
    let server = Server::with(&[
        ("STRIPE_SECRET_KEY", ""),
        ("AMOUNT_LIMITS", "PHP=1:2,IDR=100:2000000"),
    ]);
    let answer = get("/api/v1/payment-methods")
        .bearer(server.service())
        .send(&server);
    assert_eq!(
        answer.data(200),
        json!([{
            "payment_method": "midtrans",
            "currencies": [{ "currency": "IDR", "least": "100.00", "most": "2000000.00" }],
        }])
    );
}

#[test]
fn a_cart_is_empty() {
    let server = Server::start();
    let answer = get("/api/cart/count").send(&server);
    assert_eq!(
        (answer.status, answer.text()),
        (200, r#"{"count":0,"items":[]}"#)
    );
}

#[test]
fn no_secret_is_ever_answered() {
    let server = Server::start();
    let patient = server.customer();
    let wrong = json!({ "email": patient.email, "password": "a password of mine" });
    let secrets = [
        "sk_test_x",
        "SB-Mid-server-x",
        crate::support::JWT_SECRET,
        server.service(),
        patient.token.as_str(),
        "a password of mine",
    ];
    for request in [
        get("/metrics"),
        get("/openapi.json"),
        get("/api/v1/payment-methods").bearer(&patient.token),
        get("/api/v1/payments?page=x").bearer(server.service()),
        post("/api/login").json(&wrong),
    ] {
        let answer = request.send(&server);
        for secret in secrets {
            assert!(!answer.text().contains(secret), "{}", answer.text());
        }
    }
}
