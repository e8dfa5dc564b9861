//! HTTP, limits, and what is odd about them.

use std::time::Duration;

use super::{load, warnings_of};

#[test]
fn what_is_set_for_http_reaches_it() {
    let config = load(&[
        ("BIND_ADDRESS", "[::]:80"),
        ("PUBLIC_URL", "https://Pay.example.com/"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        (
            "CORS_ORIGINS",
            "https://shop.example.com,http://localhost:3000",
        ),
        ("REQUEST_TIMEOUT", "10s"),
        ("SHUTDOWN_TIMEOUT", "0s"),
        ("HTTP_WORKERS", "3"),
        ("RATE_LIMIT_API", "off"),
    ]);
    let http = config.http;
    assert_eq!(http.bind, "[::]:80".parse().unwrap());
    assert_eq!(http.public_url(1234).as_str(), "https://pay.example.com");
    assert_eq!(http.trusted_proxies.len(), 2);
    assert!(http.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
    let origins: Vec<_> = http
        .cors_origins
        .iter()
        .map(|origin| origin.as_str())
        .collect();
    assert_eq!(
        origins,
        ["https://shop.example.com", "http://localhost:3000"]
    );
    assert_eq!(http.request_timeout, Duration::from_secs(10));
    assert_eq!(http.shutdown_timeout, Duration::ZERO);
    assert_eq!(http.workers.get(), 3);
    assert_eq!(config.limits.api, None);
    assert!(config.limits.login.is_some());
}

#[test]
fn a_port_that_is_known_later_makes_the_address_later() {
    let http = load(&[("BIND_ADDRESS", "127.0.0.1:0")]).http;
    assert_eq!(http.public_url(43_210).as_str(), "http://localhost:43210");
}

#[test]
fn listening_to_other_machines_wants_an_address_for_them() {
    assert_eq!(
        warnings_of(&[("BIND_ADDRESS", "0.0.0.0:8080")]),
        [
            "PUBLIC_URL: is not set, so every link begins with http://localhost:8080 and leads nowhere from other machines"
        ]
    );
    load(&[
        ("BIND_ADDRESS", "0.0.0.0:8080"),
        ("PUBLIC_URL", "https://pay.example.com"),
    ]);
}

#[test]
fn believing_every_caller_is_warned_of() {
    assert_eq!(
        warnings_of(&[("TRUSTED_PROXIES", "0.0.0.0/0")]),
        ["TRUSTED_PROXIES: believes every caller about its address, so nobody is limited by it"]
    );
}

#[test]
fn waiting_longer_for_the_lock_than_a_request_may_take_is_warned_of() {
    assert_eq!(
        warnings_of(&[("LOCK_TRIES", "300")]),
        ["LOCK_TRIES: times LOCK_DELAY_MS is 30s, and REQUEST_TIMEOUT ends the request after 30s"]
    );
    load(&[("LOCK_TRIES", "299")]);
}
