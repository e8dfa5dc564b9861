mod confusion;
pub(super) mod samples;

use ring::signature::Ed25519KeyPair;

use super::*;
use crate::identity::jws::encode;
use crate::identity::testing::{NOW, at, signed, with_one_bit_changed};
use crate::identity::token::TokenSigner;

const SECRET: &[u8] = b"a secret that the provider shares with us";
const ISSUER: &str = "https://id.example.com/";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn terms(key: ExternalKey) -> ExternalTerms {
    ExternalTerms {
        key,
        issuer: ISSUER.to_owned(),
        audience: "bayar-shop".to_owned(),
        user_claim: "uid".to_owned(),
        role_claim: Some("roles".to_owned()),
        role_map: vec![
            ("cashier".to_owned(), Role::Operator),
            ("buyer".to_owned(), Role::Customer),
        ],
    }
}

fn issuer(key: ExternalKey) -> ExternalIssuer {
    ExternalIssuer::new(terms(key)).unwrap()
}

fn by_secret() -> ExternalIssuer {
    issuer(ExternalKey::hs256(SECRET).unwrap())
}

fn claims(role: Role) -> ExternalClaims {
    ExternalClaims {
        user: UserId::new(42).unwrap(),
        role,
        expires_at: at(NOW + 3600),
    }
}

/// The usual payload with `name` put to the JSON `value`, or left out.
fn payload(name: &str, value: Option<&str>) -> String {
    let mut payload = serde_json::json!({
        "iss": ISSUER, "aud": "bayar-shop", "sub": "auth0|7", "uid": 42, "iat": NOW, "exp": NOW + 3600,
    });
    let payload = payload.as_object_mut().unwrap();
    payload.remove(name);
    let mut text = serde_json::to_string(payload).unwrap();
    if let Some(value) = value {
        text.pop();
        text.push_str(&format!(r#","{name}":{value}}}"#));
    }
    text
}

fn verify(header: &str, payload: &str) -> Result<ExternalClaims, TokenError> {
    by_secret().verify(&signed(SECRET, header, payload), at(NOW))
}

fn with(name: &str, value: Option<&str>) -> Result<ExternalClaims, TokenError> {
    verify(HEADER, &payload(name, value))
}

#[test]
fn a_token_of_the_provider_is_read() {
    assert_eq!(
        verify(HEADER, &payload("", None)),
        Ok(claims(Role::Customer))
    );
}

#[test]
fn an_rs256_token_of_the_provider_is_read() {
    for (key, token) in [
        (samples::RSA_OURS, samples::SIGNED_RS256),
        (samples::RSA_E3, samples::SIGNED_E3),
    ] {
        let issuer = issuer(ExternalKey::rs256(key).unwrap());
        assert_eq!(issuer.verify(token, at(NOW)), Ok(claims(Role::Operator)));
        let ended = issuer.verify(token, at(NOW + 3600));
        assert_eq!(ended, Err(TokenError::Expired));
    }
}

#[test]
fn an_ed25519_token_of_the_provider_is_read_under_both_its_names() {
    // The key of RFC 8032, section 7.1, test 1, and of RFC 8037.
    let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed.unwrap()).unwrap();
    let issuer = issuer(ExternalKey::eddsa(samples::ED25519).unwrap());
    let verify = |alg: &str| {
        let header = encode(format!(r#"{{"alg":"{alg}"}}"#));
        let signed = format!("{header}.{}", encode(payload("", None)));
        let signature = pair.sign(signed.as_bytes());
        issuer.verify(&format!("{signed}.{}", encode(signature)), at(NOW))
    };
    for alg in ["EdDSA", "Ed25519"] {
        assert_eq!(verify(alg), Ok(claims(Role::Customer)));
    }
    for alg in ["Ed448", "eddsa", "ES256", "HS256", "RS256", "none"] {
        assert_eq!(verify(alg), Err(TokenError::Header), "{alg}");
    }
}

#[test]
fn the_user_is_a_number_from_one_up() {
    for value in ["42", r#""42""#] {
        assert_eq!(with("uid", Some(value)), Ok(claims(Role::Customer)));
    }
    let largest = with("uid", Some("9223372036854775807")).unwrap();
    assert_eq!(largest.user.get(), i64::MAX);
    for value in [
        "0",
        "-1",
        "42.0",
        "42.5",
        "4.2e1",
        "1e300",
        "true",
        "null",
        "[42]",
        "{}",
        "9223372036854775808",
        r#""""#,
        r#""0""#,
        r#""-42""#,
        r#""+42""#,
        r#""042""#,
        r#"" 42""#,
        r#""42 ""#,
        r#""42.0""#,
        r#""0x2a""#,
        r#""auth0|42""#,
        r#""9223372036854775808""#,
    ] {
        assert_eq!(with("uid", Some(value)), Err(wrong("uid")), "{value}");
    }
    assert_eq!(with("uid", None), Err(wrong("uid")));
}

#[test]
fn a_role_counts_only_when_it_is_mapped() {
    for (value, role) in [
        (Some(r#""cashier""#), Role::Operator),
        (Some(r#"["cashier"]"#), Role::Operator),
        (Some(r#"["staff","buyer","cashier"]"#), Role::Operator),
        (
            Some(r#"["buyer",7,null,{"cashier":true},"cashier"]"#),
            Role::Operator,
        ),
        (None, Role::Customer),
        (Some("null"), Role::Customer),
        (Some("true"), Role::Customer),
        (Some("[]"), Role::Customer),
        (Some(r#""buyer""#), Role::Customer),
        (Some(r#""staff""#), Role::Customer),
        (Some(r#""Cashier""#), Role::Customer),
        (Some(r#""cashier ""#), Role::Customer),
        (Some(r#""buyer cashier""#), Role::Customer),
        (Some(r#"[["cashier"]]"#), Role::Customer),
        (Some(r#"{"cashier":true}"#), Role::Customer),
        // The names of our roles mean nothing in a provider's token.
        (Some(r#""operator""#), Role::Customer),
        (Some(r#""service""#), Role::Customer),
    ] {
        assert_eq!(with("roles", value), Ok(claims(role)), "{value:?}");
    }
}

#[test]
fn without_a_role_claim_everybody_is_a_customer() {
    let mut terms = terms(ExternalKey::hs256(SECRET).unwrap());
    (terms.role_claim, terms.role_map) = (None, Vec::new());
    let issuer = ExternalIssuer::new(terms).unwrap();
    let token = signed(SECRET, HEADER, &payload("roles", Some(r#""cashier""#)));
    assert_eq!(issuer.verify(&token, at(NOW)), Ok(claims(Role::Customer)));
}

#[test]
fn the_audience_is_ours_or_holds_us() {
    for value in [
        r#""bayar-shop""#,
        r#"["bayar-shop"]"#,
        r#"["a","bayar-shop","b"]"#,
    ] {
        assert_eq!(
            with("aud", Some(value)),
            Ok(claims(Role::Customer)),
            "{value}"
        );
    }
    for value in [
        None,
        Some("null"),
        Some(r#""""#),
        Some("[]"),
        Some(r#""bayar""#),
        Some(r#""Bayar-shop""#),
        Some(r#""bayar-shop ""#),
        Some(r#""a bayar-shop""#),
        Some(r#"["a"]"#),
        Some(r#"[["bayar-shop"]]"#),
        Some(r#"{"bayar-shop":1}"#),
    ] {
        assert_eq!(with("aud", value), Err(TokenError::Foreign), "{value:?}");
    }
}

#[test]
fn the_issuer_is_exactly_the_provider() {
    for value in [
        None,
        Some("null"),
        Some(r#""""#),
        Some(r#""https://id.example.com""#),
        Some(r#""https://id.example.com//""#),
        Some(r#""http://id.example.com/""#),
        Some(r#""HTTPS://id.example.com/""#),
        Some(r#"["https://id.example.com/"]"#),
    ] {
        assert_eq!(with("iss", value), Err(TokenError::Foreign), "{value:?}");
    }
}

#[test]
fn times_are_whole_seconds_with_a_minute_of_leeway_at_the_begin() {
    let token = signed(SECRET, HEADER, &payload("nbf", Some("1800000000")));
    let verify = |now| by_secret().verify(&token, at(now));
    for now in [NOW - 60, NOW, NOW + 3599] {
        assert_eq!(verify(now), Ok(claims(Role::Customer)));
    }
    assert_eq!(verify(NOW - 61), Err(TokenError::NotYet));
    for now in [NOW + 3600, NOW + 3601] {
        assert_eq!(verify(now), Err(TokenError::Expired));
    }
    for value in [
        "null",
        r#""1800003600""#,
        "1800003600.5",
        "1e300",
        "9223372036854775807",
    ] {
        assert_eq!(with("exp", Some(value)), Err(wrong("exp")), "{value}");
    }
    assert_eq!(with("exp", None), Err(wrong("exp")));
    for name in ["iat", "nbf"] {
        for value in ["null", r#""1800000000""#, "1800000000.5"] {
            assert_eq!(with(name, Some(value)), Err(wrong(name)), "{name} {value}");
        }
        assert_eq!(with(name, Some("1800000061")), Err(TokenError::NotYet));
        assert!(with(name, Some("1800000060")).is_ok());
        assert!(with(name, None).is_ok());
    }
}

#[test]
fn a_token_has_at_most_16384_bytes() {
    let padded = |bytes: usize| {
        let payload = payload("pad", Some(&format!("\"{}\"", "x".repeat(bytes))));
        signed(SECRET, HEADER, &payload)
    };
    let bytes = (11_000..)
        .find(|&bytes| padded(bytes).len() > 16_384)
        .unwrap();
    let verify = |bytes| by_secret().verify(&padded(bytes), at(NOW));
    assert_eq!(verify(bytes - 1), Ok(claims(Role::Customer)));
    assert_eq!(verify(bytes), Err(TokenError::Malformed));
}

#[test]
fn a_provider_is_not_trusted_with_more_than_it_is_for() {
    let new = |change: fn(&mut ExternalTerms)| {
        let mut terms = terms(ExternalKey::hs256(SECRET).unwrap());
        change(&mut terms);
        ExternalIssuer::new(terms).map(|_| ()).unwrap_err()
    };
    assert_eq!(new(|terms| terms.issuer.clear()), InvalidIssuer::Issuer);
    assert_eq!(
        new(|terms| terms.issuer = "bayar".to_owned()),
        InvalidIssuer::Issuer
    );
    assert_eq!(new(|terms| terms.audience.clear()), InvalidIssuer::Audience);
    assert_eq!(
        new(|terms| terms.user_claim.clear()),
        InvalidIssuer::ClaimName
    );
    assert_eq!(
        new(|terms| terms.role_claim = Some(String::new())),
        InvalidIssuer::ClaimName
    );
    assert_eq!(
        new(|terms| terms.role_claim = None),
        InvalidIssuer::RoleMapWithoutClaim
    );
    assert_eq!(
        new(|terms| terms.role_map.push(("robot".to_owned(), Role::Service))),
        InvalidIssuer::ServiceRole
    );
}
