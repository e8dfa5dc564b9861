//! Every route of the API, taken from the document about it: a new one cannot be forgotten.

use bayar::openapi;

use crate::support::{Request, Server};

/// Those that are there for anyone.
const FOR_ANYONE: [&str; 2] = ["POST /api/login", "GET /api/cart/count"];

/// Every method and path under `/api`.
fn routes() -> Vec<(&'static str, String)> {
    let document = openapi();
    let mut routes = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in [
            ("GET", &item.get),
            ("PUT", &item.put),
            ("POST", &item.post),
            ("DELETE", &item.delete),
            ("OPTIONS", &item.options),
            ("HEAD", &item.head),
            ("PATCH", &item.patch),
            ("TRACE", &item.trace),
        ] {
            if operation.is_some() && path.starts_with("/api/") {
                routes.push((method, path.clone()));
            }
        }
    }
    assert!(routes.len() >= 15, "{routes:?}");
    routes
}

/// A path of a route, with something in its gaps.
fn filled(path: &str) -> String {
    let parts = path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_but_two_wants_to_know_who_is_asking() {
    let server = Server::start();
    let mut open = Vec::new();
    for (method, path) in routes() {
        let name = format!("{method} {path}");
        let answer = Request::new(method, &filled(&path)).send(&server);
        if FOR_ANYONE.contains(&name.as_str()) {
            assert_ne!(answer.status, 401, "{name}");
            open.push(name);
            continue;
        }
        assert_eq!(answer.status, 401, "{name}");
        answer.problem(401, "unauthorized");
        let forged = Request::new(method, &filled(&path)).bearer("bk_forged");
        forged.send(&server).problem(401, "unauthorized");
    }
    open.sort_unstable();
    let mut expected = FOR_ANYONE;
    expected.sort_unstable();
    assert_eq!(open, expected);
}

#[test]
fn every_route_says_how_many_requests_are_left() {
    let server = Server::with(&[("RATE_LIMIT_API", "100/min")]);
    for (number, (method, path)) in routes().into_iter().enumerate() {
        let answer = Request::new(method, &filled(&path)).send(&server);
        let left = (99 - number).to_string();
        assert_eq!(answer.header("x-ratelimit-limit"), Some("100"), "{path}");
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(left.as_str()));
        let reset: u64 = answer.header("x-ratelimit-reset").unwrap().parse().unwrap();
        assert!((1..=60).contains(&reset), "{reset}");
    }
}

#[test]
fn every_route_has_a_name_for_each_request() {
    let server = Server::start();
    for (method, path) in routes() {
        let request = Request::new(method, &filled(&path));
        let answer = request.header("X-Request-Id", "trace-1.a_b").send(&server);
        assert_eq!(answer.header("x-request-id"), Some("trace-1.a_b"), "{path}");
    }
}

#[test]
fn no_route_takes_another_method() {
    let server = Server::start();
    let all = routes();
    for (_, path) in &all {
        let of_path = all.iter().filter(|(_, other)| other == path);
        let mut allowed: Vec<_> = of_path.map(|(method, _)| *method).collect();
        if let Some(get) = allowed.iter().position(|method| *method == "GET") {
            allowed.insert(get + 1, "HEAD");
        }
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            if allowed.contains(&method) {
                continue;
            }
            let answer = Request::new(method, &filled(path)).send(&server);
            answer.problem(405, "method_not_allowed");
            assert_eq!(
                answer.header("allow"),
                Some(allowed.join(", ").as_str()),
                "{path}"
            );
        }
    }
}
