//! The tokens that people sign in with.
//!
//! The input is a token. Each `@` in it becomes the true signature of what stands before its last point,
//! so that the readers behind the signature are reached too. Where the first byte is `{`, the input is two lines
//! of JSON instead, from which the token is made.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use bayar_app::identity::TokenSigner;
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use ring::hmac;
use serde_json::Value;

const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
const OTHER: &[u8] = b"another one that nobody has signed by";
const NOW: i64 = 1_700_000_000;

static OURS: LazyLock<TokenSigner> = LazyLock::new(|| signer(SECRET));
static THEIRS: LazyLock<TokenSigner> = LazyLock::new(|| signer(OTHER));

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let token = match text.split_once('\n') {
        Some((header, claims)) if text.starts_with('{') => {
            let signed = format!(
                "{}.{}",
                base64(header.as_bytes()),
                base64(claims.as_bytes())
            );
            format!("{signed}.{}", signature(&signed))
        }
        _ => match text.rsplit_once('.') {
            Some((signed, _)) => text.replace('@', &signature(signed)),
            None => text.to_owned(),
        },
    };
    let now = DateTime::from_timestamp(NOW, 0).expect("a time");
    assert!(THEIRS.verify(&token, now).is_err());
    let Ok(claims) = OURS.verify(&token, now) else {
        return;
    };
    // What is believed was signed, to the letter, and says what is believed.
    let (signed, told) = token.rsplit_once('.').expect("three parts");
    assert_eq!(told, signature(signed));
    assert!(claims.expires_at > now);
    let (header, payload) = signed.split_once('.').expect("three parts");
    let header = json(header);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&"HS256".into(), &"JWT".into())
    );
    let payload = json(payload);
    assert_eq!(
        (&payload["iss"], &payload["aud"]),
        (&"bayar".into(), &"bayar".into())
    );
    assert_eq!(payload["exp"], claims.expires_at.timestamp());
    assert_eq!(payload["epoch"], claims.epoch);
    let user = payload["sub"].as_str().and_then(|id| id.parse().ok());
    assert_eq!(user, Some(claims.user));
});

fn signer(secret: &[u8]) -> TokenSigner {
    TokenSigner::new(&[secret], Duration::from_secs(3600)).expect("a signer")
}

fn signature(signed: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    base64(hmac::sign(&key, signed.as_bytes()).as_ref())
}

fn json(part: &str) -> Value {
    serde_json::from_slice(&unbase64(part)).expect("JSON")
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..=chunk.len() {
            let shift = 18 - 6 * place;
            text.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
        }
    }
    text
}

fn unbase64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|&each| each == letter);
        bits = bits << 6 | value.expect("base64url") as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    bytes
}
