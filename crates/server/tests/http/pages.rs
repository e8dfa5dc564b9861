//! The pages that buyers see, while no gateway can be reached.

use bayar_app::identity::{Keyring, ReturnSigner};
use bayar_domain::PaymentId;
use chrono::TimeDelta;
use serde_json::Value;

use crate::support::{Answer, NOBODY, Person, Request, Server, get, post};

const KEY: [u8; 32] = [0x5a; 32];

/// Where buyers come back to.
const RETURNS: [&str; 3] = [
    "/checkout/stripe/return",
    "/direct-checkout/stripe/return",
    "/checkout/midtrans/finish",
];

fn server() -> Server {
    Server::with(&[("APP_KEY", &hex(&KEY))])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path of the address where a payment goes on.
fn process_path(made: &Value) -> String {
    let url = made["process_url"].as_str().unwrap();
    let (_, rest) = url.split_once("://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

fn id_of(made: &Value) -> PaymentId {
    PaymentId::new(made["payment_id"].as_i64().unwrap()).unwrap()
}

/// The ticket that goes along to a gateway.
fn return_ticket(made: &Value) -> String {
    let keyring = Keyring::new(vec![KEY]).unwrap();
    ReturnSigner::new(&keyring).issue(id_of(made))
}

/// The text of a page that has everything that every page has.
fn page(answer: &Answer, status: u16) -> &str {
    let html = answer.text();
    assert_eq!(answer.status, status, "{html}");
    let header = |name| answer.header(name);
    assert_eq!(header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(header("cache-control"), Some("no-store"));
    assert_eq!(header("referrer-policy"), Some("no-referrer"));
    assert_eq!(header("x-content-type-options"), Some("nosniff"));
    assert!(header("x-request-id").is_some());
    let policy = header("content-security-policy").unwrap();
    for rule in [
        "default-src 'none'",
        "style-src 'sha256-",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let language = header("content-language").unwrap();
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    assert!(
        html.contains(&format!("<html lang=\"{language}\">")),
        "{html}"
    );
    assert_eq!(html.matches("<h1>").count(), 1, "{html}");
    for foreign in [
        "<script",
        "<link",
        "<img",
        " src=",
        " style=",
        "javascript:",
    ] {
        assert!(!html.contains(foreign), "{html}");
    }
    html
}

fn heading(html: &str) -> &str {
    let (_, rest) = html.split_once("<h1>").unwrap();
    rest.split_once("</h1>").unwrap().0
}

fn cancel(server: &Server, made: &Value, patient: &Person) {
    let path = format!("/api/v1/payments/{}/cancel", made["payment_id"]);
    let answer = post(&path).bearer(&patient.token).send(server);
    assert_eq!(answer.data(200)["status"], "cancelled");
}

fn english(path: &str) -> Request {
    get(path).header("Accept-Language", "en")
}

#[test]
fn nobody_goes_on_without_a_ticket_of_the_payment() {
    let server = server();
    let patient = server.customer();
    let (made, other) = (server.pay(&patient), server.pay(&patient));
    let id = id_of(&made);
    let good = process_path(&made);
    let (_, ticket) = good.split_once("ticket=").unwrap();
    let of_the_other = process_path(&other);
    let (_, others) = of_the_other.split_once("ticket=").unwrap();
    let now = server.wait(server.app().store().now()).unwrap();
    let ended = server
        .app()
        .tickets()
        .issue(id, now - TimeDelta::seconds(1));
    let path = format!("/payment/{id}/process");

    let none = english(&path).send(&server);
    assert_eq!(
        heading(page(&none, 401)),
        "The payment session is not valid or has ended."
    );
    assert!(none.header("www-authenticate").is_some());
    let flipped = format!("B{}", &ticket[1..]);
    for bad in [
        "x",
        "",
        others,
        &ended,
        &flipped,
        &return_ticket(&made),
        &ticket[..ticket.len() - 1],
    ] {
        let answer = english(&format!("{path}?ticket={bad}")).send(&server);
        assert_eq!(
            heading(page(&answer, 403)),
            "The payment session is not valid or has ended."
        );
    }
    // Which of two it means is not guessed.
    let twice = english(&format!("{path}?ticket={ticket}&ticket={ticket}"));
    page(&twice.send(&server), 401);
    // It lets nobody do anything else.
    let api = format!("/api/v1/payments/{id}?ticket={ticket}");
    get(&api).send(&server).problem(401, "unauthorized");
    for id in ["0", "x", "999999"] {
        let answer = english(&format!("/payment/{id}/process?ticket={ticket}"));
        page(&answer.send(&server), 403);
    }
}

#[test]
fn a_gateway_that_is_not_there_can_be_tried_again() {
    let server = server();
    let made = server.pay(&server.customer());
    let answer = english(&process_path(&made)).send(&server);
    let html = page(&answer, 503);
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(heading(html), "The payment cannot go on.");
    assert!(html.contains("The payment service cannot be reached"));
    assert!(html.contains("<a href=\"\">Try again</a>"), "{html}");
}

#[test]
fn a_page_tells_nothing_about_the_order() {
    let server = server();
    let patient = server.customer();
    let made = server.pay(&patient);
    let number = made["payment"]["order_number"].as_str().unwrap();
    let ticket = return_ticket(&made);
    let mut paths = vec![process_path(&made)];
    paths.extend(RETURNS.map(|path| format!("{path}?ticket={ticket}")));
    for path in paths {
        let answer = get(&path).send(&server);
        let html = answer.text();
        for secret in [
            number,
            "5000",
            "5,000",
            "PHP",
            &patient.email,
            NOBODY,
            &ticket,
        ] {
            assert!(!html.contains(secret), "{secret}: {html}");
        }
    }
}

#[test]
fn a_wrong_gateway_is_told_of_on_the_page() {
    let server = server();
    let path = process_path(&server.pay(&server.customer()));
    page(&get(&format!("{path}&gateway=paypal")).send(&server), 422);
    let answer = english(&format!("{path}&gateway=midtrans")).send(&server);
    let html = page(&answer, 422);
    assert!(
        html.contains("cannot be paid by this payment method"),
        "{html}"
    );
}

#[test]
fn a_payment_that_is_over_leads_nowhere() {
    let server = server();
    let patient = server.customer();
    let made = server.pay(&patient);
    cancel(&server, &made, &patient);
    let answer = english(&process_path(&made)).send(&server);
    let html = page(&answer, 409);
    assert_eq!(heading(html), "This payment is over.");
    assert!(html.contains("Back to the site"), "{html}");
}

#[test]
fn whoever_comes_back_without_a_ticket_is_told_where_to_get_help() {
    let server = server();
    let made = server.pay(&server.customer());
    let process = process_path(&made);
    let (_, ticket_to_pay) = process.split_once("ticket=").unwrap();
    for path in RETURNS {
        for (query, status) in [
            (String::new(), 401),
            ("?session_id=cs_test_1".to_owned(), 401),
            ("?ticket=x".to_owned(), 403),
            (format!("?ticket={ticket_to_pay}"), 403),
        ] {
            let answer = get(&format!("{path}{query}")).send(&server);
            let html = page(&answer, status);
            assert_eq!(heading(html), "Sesi pembayaran tidak sah atau telah tamat.");
            assert!(html.contains("hubungi tempat Anda memesan"), "{html}");
        }
    }
}

#[test]
fn coming_back_proves_nothing() {
    let server = server();
    let patient = server.customer();
    let made = server.pay(&patient);
    let ticket = return_ticket(&made);
    for path in RETURNS {
        for said in [
            "",
            "&status=paid&payment_status=paid&paid=1",
            "&order_id=1&status_code=200&transaction_status=settlement",
        ] {
            let answer = english(&format!("{path}?ticket={ticket}{said}")).send(&server);
            let html = page(&answer, 200);
            assert_eq!(heading(html), "We have not received the payment yet.");
            // It may be on its way.
            assert!(html.contains("http-equiv=\"refresh\""), "{html}");
        }
        let answer = english(&format!("{path}?ticket={ticket}&back=1")).send(&server);
        let html = page(&answer, 200);
        assert!(html.contains("You can go on paying"), "{html}");
        assert!(!html.contains("refresh"), "{html}");
    }
    cancel(&server, &made, &patient);
    let answer = english(&format!("{}?ticket={ticket}", RETURNS[0])).send(&server);
    assert_eq!(heading(page(&answer, 200)), "This payment is over.");
}

#[test]
fn a_ticket_to_come_back_has_no_end_and_no_other_payment() {
    let server = server();
    let made = server.pay(&server.customer());
    let ticket = return_ticket(&made);
    let keyring = Keyring::new(vec![[1; 32]]).unwrap();
    let foreign = ReturnSigner::new(&keyring).issue(id_of(&made));
    let path = RETURNS[0];
    page(&get(&format!("{path}?ticket={foreign}")).send(&server), 403);
    // Signed by us, for a payment that is not there.
    let keyring = Keyring::new(vec![KEY]).unwrap();
    let nobody = ReturnSigner::new(&keyring).issue(PaymentId::new(999_999).unwrap());
    page(&get(&format!("{path}?ticket={nobody}")).send(&server), 403);
    page(&get(&format!("{path}?ticket={ticket}")).send(&server), 200);
}

#[test]
fn pages_are_in_the_language_of_the_browser() {
    let server = server();
    let ticket = return_ticket(&server.pay(&server.customer()));
    let path = format!("{}?ticket={ticket}", RETURNS[0]);
    for (accepted, language, title) in [
        ("fr", "id", "Pembayaran belum kami terima."),
        ("ms-MY", "ms", "Pembayaran belum kami terima."),
        (
            "en-GB,en;q=0.9",
            "en",
            "We have not received the payment yet.",
        ),
    ] {
        let answer = get(&path).header("Accept-Language", accepted).send(&server);
        assert_eq!(heading(page(&answer, 200)), title);
        assert_eq!(answer.header("content-language"), Some(language));
    }
}

#[test]
fn a_place_that_asks_too_often_waits() {
    let server = Server::with(&[("RATE_LIMIT_API", "2/min")]);
    let ask = || english(RETURNS[0]).send(&server);
    page(&ask(), 401);
    page(&ask(), 401);
    let answer = ask();
    let html = page(&answer, 429);
    assert!(html.contains("Too many requests"), "{html}");
    let pause: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&pause), "{pause}");
}
