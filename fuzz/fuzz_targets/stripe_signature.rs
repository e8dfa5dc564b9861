//! The header `Stripe-Signature`.
//!
//! The first line of the input is the header, the rest is the body. Each `@` in the header becomes the true signature
//! of the body under the first time that the header names, so that what is true is reached too.
#![no_main]

use bayar_app::port::Webhooks;
use bayar_app::port::webhook::Delivery;
use bayar_domain::Mode;
use bayar_stripe::webhook::{StripeWebhooks, TOLERANCE, verify};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use ring::hmac;
use secrecy::SecretString;

const SECRET: &str = "whsec_5f0c1e";
const NOW: i64 = 1_700_000_000;
const TOLERATED: i64 = 300;

fuzz_target!(|data: &[u8]| {
    let line = data.iter().position(|&byte| byte == b'\n');
    let (header, body) = data.split_at(line.unwrap_or(data.len()));
    let body = body.get(1..).unwrap_or_default();
    let Ok(header) = str::from_utf8(header) else {
        return;
    };
    let signature = first_time(header).map(|time| signature(time, body));
    let header = header.replace('@', signature.as_deref().unwrap_or_default());

    let now = DateTime::from_timestamp(NOW, 0).expect("a time");
    let of = |secrets: &[&str]| -> Vec<SecretString> {
        secrets.iter().map(|&secret| secret.into()).collect()
    };
    let believed =
        |body: &[u8], secrets: &[&str]| verify(body, &header, &of(secrets), now, TOLERANCE).is_ok();

    let believed_here = believed(body, &[SECRET]);
    assert_eq!(believed_here, is_true(&header, body), "{header}");
    assert_eq!(believed_here, believed(body, &["whsec_new", SECRET]));
    // Nobody else's secret has made it, and it is good for this body alone.
    assert!(!believed(body, &[]) && !believed(body, &["", "whsec_new"]));
    let mut longer = body.to_vec();
    longer.push(b' ');
    assert!(!believed(&longer, &[SECRET]));
    if let Some((_, shorter)) = body.split_last() {
        assert!(!believed(shorter, &[SECRET]));
    }

    let headers = [("stripe-signature", header.clone())];
    let delivery = Delivery {
        body,
        headers: &headers,
        from: "",
    };
    let reader = StripeWebhooks::new(of(&[SECRET]), Mode::Test);
    assert_eq!(reader.verify(&delivery, now).is_ok(), believed_here);
});

/// What the header has to say to be believed.
fn is_true(header: &str, body: &[u8]) -> bool {
    let parts: Vec<&str> = header.split(',').map(str::trim).collect();
    if !parts.iter().all(|part| part.contains('=')) {
        return false;
    }
    let Some(time) = first_time(header) else {
        return false;
    };
    if time.is_empty() || !time.chars().all(|c| c.is_ascii_digit()) {
        return false;
    }
    let signature = signature(time, body);
    let in_time = time
        .parse::<i64>()
        .is_ok_and(|time| (NOW - TOLERATED..=NOW + TOLERATED).contains(&time));
    let is_signed = parts
        .iter()
        .filter_map(|part| part.strip_prefix("v1="))
        .any(|told| told.eq_ignore_ascii_case(&signature));
    in_time && is_signed
}

fn first_time(header: &str) -> Option<&str> {
    header
        .split(',')
        .find_map(|part| part.trim().strip_prefix("t="))
}

fn signature(time: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = [time.as_bytes(), b".", body].concat();
    hex::encode(hmac::sign(&key, &signed))
}
