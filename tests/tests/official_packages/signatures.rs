//! Our check of Stripe's signatures, beside that of Stripe's own package.

use bayar_stripe::webhook::{TOLERANCE, verify};
use bayar_tests::npm;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

const SECRET: &str = "whsec_test_secret";
const OTHER: &str = "whsec_another_secret";
const BODY: &str = r#"{"id":"evt_test_1","object":"event","type":"payment_intent.succeeded"}"#;
const NOW: i64 = 1_700_000_200;

#[derive(Deserialize)]
struct Told {
    name: String,
    header: String,
    accepted: bool,
}

fn cases() -> Value {
    let signed = |secret: &str, timestamp: i64| json!({ "secret": secret, "timestamp": timestamp });
    let case = |name: &str, signed: Vec<Value>, secret: &str| json!({ "name": name, "payload": BODY, "signed": signed, "secret": secret, "now": NOW });
    let with = |mut case: Value, field: &str, value: Value| {
        case[field] = value;
        case
    };
    let good = || vec![signed(SECRET, NOW - 10)];
    let odd = |name: &str, header: &str| with(case(name, good(), SECRET), "header", json!(header));
    json!([
        case("signed", good(), SECRET),
        case(
            "signed with two secrets, the first is ours",
            vec![signed(SECRET, NOW), signed(OTHER, NOW)],
            SECRET
        ),
        case(
            "signed with two secrets, the second is ours",
            vec![signed(OTHER, NOW), signed(SECRET, NOW)],
            SECRET
        ),
        case(
            "signed with another secret",
            vec![signed(OTHER, NOW)],
            SECRET
        ),
        case(
            "signed with two other secrets",
            vec![signed(OTHER, NOW), signed("whsec_third", NOW)],
            SECRET
        ),
        with(
            case("a tampered body", good(), SECRET),
            "delivered",
            json!(BODY.replace("succeeded", "canceled"))
        ),
        with(
            case("a body with one space more", good(), SECRET),
            "delivered",
            json!(format!("{BODY} "))
        ),
        with(
            case("an empty body", good(), SECRET),
            "delivered",
            json!("")
        ),
        case("300 seconds old", vec![signed(SECRET, NOW - 300)], SECRET),
        case("301 seconds old", vec![signed(SECRET, NOW - 301)], SECRET),
        case("a year old", vec![signed(SECRET, NOW - 31_536_000)], SECRET),
        with(
            case("text beyond ASCII", good(), SECRET),
            "payload",
            json!(r#"{"name":"Siti Nurhaliza – ✓"}"#)
        ),
        odd("no signature", "t=1700000190"),
        odd(
            "no time",
            "v1=871acfe933554b446cc41d791076dd56a10c0553cc61aafbeb881d0082b45043"
        ),
        odd(
            "only the scheme of tests",
            "t=1700000190,v0=871acfe933554b446cc41d791076dd56a10c0553cc61aafbeb881d0082b45043"
        ),
        odd("a short signature", "t=1700000190,v1=871acf"),
        odd("no header at all", ""),
        odd("garbage", "garbage"),
    ])
}

#[test]
fn we_accept_and_refuse_what_stripes_own_package_does() {
    let cases = cases();
    let told = npm::run("verify.mjs", &[], &cases.to_string());
    let told: Vec<Told> = serde_json::from_str(&told).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(told.len(), cases.len());
    let now = DateTime::<Utc>::from_timestamp(NOW, 0).unwrap();
    let mut accepted = 0;
    for (case, told) in cases.iter().zip(&told) {
        let body = case.get("delivered").unwrap_or(&case["payload"]);
        let secrets = [SecretString::from(case["secret"].as_str().unwrap())];
        let body = body.as_str().unwrap().as_bytes();
        let ours = verify(body, &told.header, &secrets, now, TOLERANCE);
        assert_eq!(ours.is_ok(), told.accepted, "{}: {ours:?}", told.name);
        accepted += usize::from(told.accepted);
    }
    assert!((1..cases.len()).contains(&accepted), "{accepted} accepted");
}

/// While a secret is being changed, the old and the new one are ours.
#[test]
fn any_of_our_secrets_may_have_signed() {
    let cases = json!([
        { "name": "old", "payload": BODY, "signed": [{ "secret": OTHER, "timestamp": NOW }], "secret": OTHER, "now": NOW }
    ]);
    let told = npm::run("verify.mjs", &[], &cases.to_string());
    let told: Vec<Told> = serde_json::from_str(&told).unwrap();
    let now = DateTime::<Utc>::from_timestamp(NOW, 0).unwrap();
    let secrets = [SECRET, OTHER].map(SecretString::from);
    verify(BODY.as_bytes(), &told[0].header, &secrets, now, TOLERANCE).unwrap();
}

/// Stripe's own package takes a signature from the future, however far. Ours does not: nobody signs tomorrow's
/// notifications, and what could be sent tomorrow could be sent again by anybody.
#[test]
fn a_signature_from_the_future_is_refused_by_us_alone() {
    let cases = json!([
        { "name": "future", "payload": BODY, "signed": [{ "secret": SECRET, "timestamp": NOW + 301 }], "secret": SECRET, "now": NOW }
    ]);
    let told = npm::run("verify.mjs", &[], &cases.to_string());
    let told: Vec<Told> = serde_json::from_str(&told).unwrap();
    assert!(told[0].accepted);
    let now = DateTime::<Utc>::from_timestamp(NOW, 0).unwrap();
    let secrets = [SecretString::from(SECRET)];
    verify(BODY.as_bytes(), &told[0].header, &secrets, now, TOLERANCE).unwrap_err();
}
