mod forged;

use super::*;
use crate::identity::testing::{NOW, at, signed};

const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
const OTHER: &[u8] = b"another secret of thirty-two bytes or more";
const HOURS_8: Duration = Duration::from_secs(8 * 60 * 60);
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// For user 42, a customer, epoch 3, at NOW for 8 hours. Signed in Python.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJiYXlhciIsImVwb2NoIjozLCJleHAiOjE4MDAwMjg4MDAsImlhdCI6MTgwMDAwMDAwMCwiaXNzIjoiYmF5YXIiLCJyb2xlIjoiY3VzdG9tZXIiLCJzdWIiOiI0MiJ9.tsBv7N3wRvkuiKv2NQ1TXWFfLoT__87OVsj0OT_CGRw";

fn signer(secrets: &[&[u8]]) -> TokenSigner {
    TokenSigner::new(secrets, HOURS_8).unwrap()
}

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

fn claims(role: Role) -> Claims {
    Claims {
        user: user(42),
        role,
        epoch: 3,
        expires_at: at(NOW + 28_800),
    }
}

/// Our payload with `name` put to the JSON `value`, or left out, signed as ours.
fn with(name: &str, value: Option<&str>) -> String {
    let mut payload = serde_json::json!({
        "iss": "bayar", "aud": "bayar", "sub": "42", "role": "customer", "epoch": 3,
        "iat": NOW, "exp": NOW + 28_800,
    });
    let payload = payload.as_object_mut().unwrap();
    payload.remove(name);
    let mut text = serde_json::to_string(payload).unwrap();
    if let Some(value) = value {
        text.pop();
        text.push_str(&format!(r#","{name}":{value}}}"#));
    }
    signed(SECRET, HEADER, &text)
}

fn verify(token: &str) -> Result<Claims, TokenError> {
    signer(&[SECRET]).verify(token, at(NOW))
}

#[test]
fn a_token_is_what_it_is_elsewhere() {
    let token = signer(&[SECRET]).issue(user(42), Role::Customer, 3, at(NOW));
    assert_eq!(token, TOKEN);
    assert_eq!(verify(TOKEN), Ok(claims(Role::Customer)));
}

#[test]
fn a_token_of_another_library_is_read() {
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJiYXlhciIsImF1ZCI6ImJheWFyIiwic3ViIjoiNDIiLCJyb2xlIjoib3BlcmF0b3IiLCJlcG9jaCI6MywiaWF0IjoxODAwMDAwMDAwLCJleHAiOjE4MDAwMjg4MDB9.JMzRM4x0O7N7csR4WWG11vZJAVzv_dLNw3Qr11fLXSk";
    assert_eq!(verify(token), Ok(claims(Role::Operator)));
}

#[test]
fn every_user_role_and_epoch_comes_back() {
    let signer = signer(&[SECRET]);
    for &role in Role::ALL {
        for (id, epoch) in [(1, 0), (i64::MAX, i64::MAX), (7, i64::MIN)] {
            let token = signer.issue(user(id), role, epoch, at(NOW));
            let claims = signer.verify(&token, at(NOW)).unwrap();
            assert_eq!(
                (claims.user, claims.role, claims.epoch),
                (user(id), role, epoch)
            );
        }
    }
}

#[test]
fn a_token_is_good_until_its_last_second() {
    let signer = signer(&[SECRET]);
    let ends = NOW + 28_800;
    for now in [NOW - 60, NOW, ends - 1] {
        assert_eq!(signer.verify(TOKEN, at(now)), Ok(claims(Role::Customer)));
    }
    for now in [ends, ends + 1, ends + 1_000_000_000] {
        assert_eq!(signer.verify(TOKEN, at(now)), Err(TokenError::Expired));
    }
    assert_eq!(signer.verify(TOKEN, at(NOW - 61)), Err(TokenError::NotYet));
    assert_eq!(signer.lifetime(), HOURS_8);
}

#[test]
fn claims_are_what_they_should_be() {
    let foreign = |name, value| (name, value, TokenError::Foreign);
    let bad = |name, value| (name, value, wrong(name));
    for (name, value, refusal) in [
        foreign("iss", None),
        foreign("iss", Some(r#""Bayar""#)),
        foreign("iss", Some(r#""bayar ""#)),
        foreign("iss", Some(r#"["bayar"]"#)),
        foreign("iss", Some("null")),
        foreign("aud", None),
        foreign("aud", Some(r#""shop""#)),
        foreign("aud", Some(r#""""#)),
        foreign("aud", Some(r#"["bayar"]"#)),
        bad("exp", None),
        bad("exp", Some("null")),
        bad("exp", Some(r#""1800028800""#)),
        bad("exp", Some("1800028800.0")),
        bad("exp", Some("1800028800.5")),
        bad("exp", Some("1.8000288e9")),
        bad("exp", Some("1e300")),
        bad("exp", Some("true")),
        bad("exp", Some("[1800028800]")),
        bad("exp", Some("9223372036854775807")),
        bad("exp", Some("18446744073709551615")),
        bad("exp", Some("99999999999999999999999999")),
        ("exp", Some("0"), TokenError::Expired),
        ("exp", Some("-1"), TokenError::Expired),
        ("exp", Some("1800000000"), TokenError::Expired),
        bad("iat", Some("null")),
        bad("iat", Some(r#""1800000000""#)),
        bad("iat", Some("1800000000.5")),
        ("iat", Some("1800000061"), TokenError::NotYet),
        ("iat", Some("9223372036854775807"), TokenError::NotYet),
        bad("nbf", Some("null")),
        bad("nbf", Some("false")),
        ("nbf", Some("1800000061"), TokenError::NotYet),
        bad("sub", None),
        bad("sub", Some("42")),
        bad("sub", Some(r#""""#)),
        bad("sub", Some(r#""0""#)),
        bad("sub", Some(r#""-1""#)),
        bad("sub", Some(r#""+42""#)),
        bad("sub", Some(r#""042""#)),
        bad("sub", Some(r#"" 42""#)),
        bad("sub", Some(r#""4\u0662""#)),
        bad("sub", Some(r#""9223372036854775808""#)),
        bad("role", None),
        bad("role", Some(r#""admin""#)),
        bad("role", Some(r#""Operator""#)),
        bad("role", Some(r#"["operator"]"#)),
        bad("epoch", None),
        bad("epoch", Some("null")),
        bad("epoch", Some(r#""3""#)),
        bad("epoch", Some("3.0")),
        bad("epoch", Some("9223372036854775808")),
    ] {
        let answer = verify(&with(name, value));
        assert_eq!(answer, Err(refusal), "{name}: {value:?}");
    }
}

#[test]
fn claims_that_do_not_matter_are_left_alone() {
    for (name, value) in [
        ("nbf", Some("1800000060")),
        ("iat", Some("1800000060")),
        ("iat", Some("-9223372036854775808")),
        ("iat", None),
        ("jti", Some(r#""7""#)),
        ("admin", Some("true")),
        ("sub", Some(r#""\u0034\u0032""#)),
    ] {
        let answer = verify(&with(name, value));
        assert_eq!(answer, Ok(claims(Role::Customer)), "{name}: {value:?}");
    }
}

#[test]
fn a_token_has_at_most_4096_bytes() {
    let padded = |bytes: usize| with("pad", Some(&format!("\"{}\"", "x".repeat(bytes))));
    // Base64 grows by four characters for three bytes.
    let bytes = (0..).find(|&bytes| padded(bytes).len() > 4096).unwrap();
    assert!(padded(bytes - 1).len() <= 4096);
    assert!(verify(&padded(bytes - 1)).is_ok());
    assert_eq!(verify(&padded(bytes)), Err(TokenError::Malformed));
    assert_eq!(verify(&"a.".repeat(5_000_000)), Err(TokenError::Malformed));
}

#[test]
fn tokens_outlive_a_change_of_secrets() {
    let both = signer(&[OTHER, SECRET]);
    assert_eq!(both.verify(TOKEN, at(NOW)), Ok(claims(Role::Customer)));
    let of_new = both.issue(user(42), Role::Customer, 3, at(NOW));
    assert_eq!(
        signer(&[OTHER]).verify(&of_new, at(NOW)),
        Ok(claims(Role::Customer))
    );
    assert_eq!(verify(&of_new), Err(TokenError::Forged));
    assert_eq!(
        signer(&[OTHER]).verify(TOKEN, at(NOW)),
        Err(TokenError::Forged)
    );
}

#[test]
fn weak_secrets_and_odd_lifetimes_are_refused() {
    let new = |secrets: &[&[u8]], lifetime| TokenSigner::new(secrets, lifetime).map(|_| ());
    let (weak, strong) = (&[7; 31][..], &[7; 32][..]);
    assert_eq!(new(&[strong], HOURS_8), Ok(()));
    assert_eq!(new(&[], HOURS_8), Err(InvalidSigner::NoSecret));
    for secrets in [&[weak][..], &[b""], &[strong, weak], &[weak, strong]] {
        assert_eq!(new(secrets, HOURS_8), Err(InvalidSigner::WeakSecret));
    }
    let second = Duration::from_secs(1);
    let year = Duration::from_secs(366 * 86_400);
    for lifetime in [second, year] {
        assert_eq!(new(&[strong], lifetime), Ok(()));
    }
    let nearly = Duration::from_millis(999);
    for lifetime in [
        Duration::ZERO,
        nearly,
        year + Duration::from_nanos(1),
        Duration::MAX,
    ] {
        assert_eq!(new(&[strong], lifetime), Err(InvalidSigner::Lifetime));
    }
}

#[test]
fn a_signer_is_not_shown_by_debug() {
    let shown = format!("{:?}", signer(&[SECRET]));
    assert_eq!(
        shown,
        "TokenSigner { keys: SigningKeys(..), lifetime: 28800s }"
    );
}
