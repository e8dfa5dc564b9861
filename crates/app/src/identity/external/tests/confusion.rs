//! Tokens that try to choose their own key or algorithm.

use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn by_rsa() -> ExternalIssuer {
    issuer(ExternalKey::rs256(samples::RSA_OURS).unwrap())
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    let pem = samples::RSA_OURS;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(&body).unwrap();
    let crlf = pem.replace('\n', "\r\n");
    let payload = payload("", None);
    for secret in [
        pem.as_bytes(),
        pem.trim().as_bytes(),
        crlf.as_bytes(),
        body.as_bytes(),
        &der,
        // The PKCS#1 bytes inside, which are what is kept of the key.
        &der[24..],
        b"",
    ] {
        for alg in ["HS256", "RS256", "none"] {
            let forged = signed(
                secret,
                &format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#),
                &payload,
            );
            assert_eq!(by_rsa().verify(&forged, at(NOW)), Err(TokenError::Forged));
        }
    }
}

#[test]
fn a_token_does_not_choose_its_algorithm() {
    for (token, refusal) in [
        (samples::SIGNED_RS256_SAYS_HS256, TokenError::Header),
        (samples::SIGNED_RS256_SAYS_RS384, TokenError::Header),
        (samples::SIGNED_RS256_SAYS_NONE, TokenError::Header),
        (samples::SIGNED_PS256, TokenError::Forged),
        (samples::SIGNED_PS256_SAYS_RS256, TokenError::Forged),
        (samples::SIGNED_RS384_SAYS_RS256, TokenError::Forged),
        (samples::SIGNED_E3, TokenError::Forged),
    ] {
        assert_eq!(by_rsa().verify(token, at(NOW)), Err(refusal), "{token}");
    }
    for alg in [
        "none", "None", "hs256", "HS384", "HS512", "RS256", "EdDSA", "",
    ] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        let answer = verify(&header, &payload("", None));
        assert_eq!(answer, Err(TokenError::Header), "{alg}");
    }
    for header in [
        r#"{"typ":"JWT"}"#,
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
    ] {
        assert_eq!(verify(header, &payload("", None)), Err(TokenError::Header));
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let (unsigned, _) = samples::SIGNED_RS256_SAYS_NONE.rsplit_once('.').unwrap();
    let unsigned = format!("{unsigned}.");
    for issuer in [by_rsa(), by_secret()] {
        assert_eq!(issuer.verify(&unsigned, at(NOW)), Err(TokenError::Forged));
    }
}

#[test]
fn keys_and_addresses_in_the_header_are_never_looked_at() {
    let other = b"the secret of somebody else, long enough";
    let header = format!(
        r#"{{"alg":"HS256","kid":"x' OR 1=1","jku":"https://evil.example/","x5u":"https://evil.example/","x5c":["AA=="],"jwk":{{"kty":"oct","k":"{}"}}}}"#,
        encode(other)
    );
    let payload = payload("", None);
    let forged = signed(other, &header, &payload);
    let answer = by_secret().verify(&forged, at(NOW));
    assert_eq!(answer, Err(TokenError::Forged));
    assert_eq!(verify(&header, &payload), Ok(claims(Role::Customer)));
}

#[test]
fn the_type_is_one_for_signing_in() {
    let payload = payload("", None);
    let verify = |rest: &str| verify(&format!(r#"{{"alg":"HS256"{rest}}}"#), &payload);
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        let answer = verify(&format!(r#","typ":"{typ}""#));
        assert_eq!(answer, Ok(claims(Role::Customer)), "{typ}");
    }
    assert_eq!(verify(""), Ok(claims(Role::Customer)));
    for rest in [
        r#","typ":"logout+jwt""#,
        r#","typ":"secevent+jwt""#,
        r#","typ":"dpop+jwt""#,
        r#","typ":"JOSE""#,
        r#","typ":"""#,
        r#","typ":null"#,
        r#","typ":7"#,
        r#","crit":["exp"]"#,
        r#","crit":[]"#,
        r#","crit":null"#,
        r#","b64":false,"crit":["b64"]"#,
    ] {
        assert_eq!(verify(rest), Err(TokenError::Header), "{rest}");
    }
}

#[test]
fn a_token_with_one_bit_changed_is_refused_unread() {
    let token = signed(SECRET, HEADER, &payload("", None));
    let issuer = by_secret();
    for changed in with_one_bit_changed(&token) {
        let refusal = issuer.verify(&changed, at(NOW)).unwrap_err();
        assert!(
            matches!(refusal, TokenError::Forged | TokenError::Malformed),
            "{changed}: {refusal}"
        );
    }
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    let whole = payload("", None);
    let inside = &whole[1..whole.len() - 1];
    for payload in [
        format!(r#"{{{inside},"uid":1}}"#),
        format!(r#"{{"uid":1,{inside}}}"#),
        format!(r#"{{{inside},"\u0075id":1}}"#),
        format!(r#"{{{inside},"roles":"buyer","roles":"cashier"}}"#),
    ] {
        let answer = verify(HEADER, &payload);
        assert_eq!(answer, Err(TokenError::Malformed), "{payload}");
    }
    let header = r#"{"alg":"none","alg":"HS256"}"#;
    assert_eq!(verify(header, &whole), Err(TokenError::Malformed));
}

#[test]
fn our_tokens_and_those_of_a_provider_with_our_secret_stay_apart() {
    let ours = TokenSigner::new(&[SECRET], Duration::from_secs(3600)).unwrap();
    let user = UserId::new(42).unwrap();
    let token = ours.issue(user, Role::Operator, 0, at(NOW));
    let answer = by_secret().verify(&token, at(NOW));
    assert_eq!(answer, Err(TokenError::Foreign));
    let theirs = signed(SECRET, HEADER, &payload("", None));
    assert_eq!(ours.verify(&theirs, at(NOW)), Err(TokenError::Foreign));
}
