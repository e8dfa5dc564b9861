//! Tokens that somebody else wrote, or wrote over.

use super::*;
use crate::identity::testing::with_one_bit_changed;

#[test]
fn a_token_with_one_bit_changed_is_refused_unread() {
    for changed in with_one_bit_changed(TOKEN) {
        let refusal = verify(&changed).unwrap_err();
        assert!(
            matches!(refusal, TokenError::Forged | TokenError::Malformed),
            "{changed}: {refusal}"
        );
    }
}

#[test]
fn a_token_that_another_secret_signed_is_refused() {
    let forged = signer(&[OTHER]).issue(user(1), Role::Operator, 3, at(NOW));
    assert_eq!(verify(&forged), Err(TokenError::Forged));
    for secret in [&SECRET[1..], &SECRET[..SECRET.len() - 1], b"", b"bayar"] {
        let forged = signed(secret, HEADER, "{}");
        assert_eq!(verify(&forged), Err(TokenError::Forged));
    }
}

#[test]
fn parts_of_different_tokens_make_no_token() {
    let other = signer(&[SECRET]).issue(user(1), Role::Operator, 3, at(NOW));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (ours, other) = (parts(TOKEN), parts(&other));
    for forged in [
        format!("{}.{}.{}", ours[0], other[1], ours[2]),
        format!("{}.{}.{}", ours[0], ours[1], other[2]),
        format!("{}.{}.{}", ours[1], ours[0], ours[2]),
    ] {
        assert_eq!(verify(&forged), Err(TokenError::Forged), "{forged}");
    }
}

#[test]
fn a_token_has_three_parts_in_their_one_spelling() {
    let (signed_part, signature) = TOKEN.rsplit_once('.').unwrap();
    let (header, payload) = signed_part.split_once('.').unwrap();
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "token".to_owned(),
        header.to_owned(),
        signed_part.to_owned(),
        format!("{signed_part}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{TOKEN}."),
        format!(".{TOKEN}"),
        format!("{TOKEN}.{signature}"),
        format!("{signed_part}..{signature}"),
        format!("{TOKEN}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}==.{signature}"),
        format!("{TOKEN} "),
        format!(" {TOKEN}"),
        format!("{TOKEN}\n"),
        format!("Bearer {TOKEN}"),
        TOKEN.replace('_', "/"),
        format!("{}x", &TOKEN[..TOKEN.len() - 1]),
        TOKEN[..TOKEN.len() - 1].to_owned(),
        format!("{}é", &TOKEN[..TOKEN.len() - 1]),
    ] {
        let refusal = verify(&text).unwrap_err();
        assert!(
            matches!(refusal, TokenError::Forged | TokenError::Malformed),
            "{text:?}: {refusal}"
        );
    }
}

#[test]
fn a_text_of_more_or_fewer_parts_is_no_token() {
    let part = TOKEN.split('.').next().unwrap();
    for parts in [1, 2, 4, 5, 6] {
        let text = vec![part; parts].join(".");
        assert_eq!(verify(&text), Err(TokenError::Malformed), "{parts}");
    }
    let three = [part; 3].join(".");
    assert_eq!(verify(&three), Err(TokenError::Forged));
}

#[test]
fn the_signed_parts_have_one_spelling_too() {
    let sign = |signed: String| {
        let signature = MacKey::new(SECRET).sign(signed.as_bytes());
        format!("{signed}.{}", jws::encode(signature))
    };
    let (header, payload) = (jws::encode(HEADER), TOKEN.split('.').nth(1).unwrap());
    assert!(verify(&sign(format!("{header}.{payload}"))).is_ok());
    for text in [
        format!("{header}=.{payload}"),
        format!("{header}.{payload}="),
        format!("{header} .{payload}"),
        format!("{header}.{payload}\n"),
        format!("{header}.{payload}.{payload}"),
        format!("{header}.{payload}A"),
        format!("{header}."),
        format!(".{payload}"),
    ] {
        assert_eq!(
            verify(&sign(text.clone())),
            Err(TokenError::Malformed),
            "{text:?}"
        );
    }
}

#[test]
fn only_hs256_is_taken_and_only_as_it_is_written() {
    let payload =
        r#"{"iss":"bayar","aud":"bayar","sub":"42","role":"operator","epoch":3,"exp":1800028800}"#;
    for header in [
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"alg":"None","typ":"JWT"}"#,
        r#"{"alg":"NONE","typ":"JWT"}"#,
        r#"{"alg":"nOnE","typ":"JWT"}"#,
        r#"{"alg":"","typ":"JWT"}"#,
        r#"{"alg":null,"typ":"JWT"}"#,
        r#"{"alg":true,"typ":"JWT"}"#,
        r#"{"alg":256,"typ":"JWT"}"#,
        r#"{"alg":["HS256"],"typ":"JWT"}"#,
        r#"{"alg":"hs256","typ":"JWT"}"#,
        r#"{"alg":"HS256 ","typ":"JWT"}"#,
        r#"{"alg":"HS256\u0000","typ":"JWT"}"#,
        r#"{"alg":"HS384","typ":"JWT"}"#,
        r#"{"alg":"HS512","typ":"JWT"}"#,
        r#"{"alg":"RS256","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","typ":"JWT"}"#,
        r#"{"ALG":"HS256","typ":"JWT"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"jwt"}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","typ":null}"#,
        r#"{"alg":"HS256","typ":"JWT","crit":["exp"]}"#,
        r#"{"alg":"HS256","typ":"JWT","crit":[]}"#,
        r#"{"alg":"HS256","typ":"JWT","crit":null}"#,
        r#"{"alg":"HS256","typ":"JWT","b64":false,"crit":["b64"]}"#,
        "{}",
    ] {
        // Signed as ours: it is the header alone that is refused.
        let token = signed(SECRET, header, payload);
        assert_eq!(verify(&token), Err(TokenError::Header), "{header}");
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        let unsigned = format!("{unsigned}.");
        assert_eq!(verify(&unsigned), Err(TokenError::Forged), "{header}");
    }
    for header in [
        "",
        "null",
        "[]",
        "\"HS256\"",
        "{",
        "{} {}",
        r#"{"alg":"none","alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT","alg":"none"}"#,
        r#"{"alg":"HS256","\u0061lg":"HS256","typ":"JWT"}"#,
    ] {
        let token = signed(SECRET, header, payload);
        assert_eq!(verify(&token), Err(TokenError::Malformed), "{header}");
    }
}

#[test]
fn keys_in_the_header_are_never_looked_at() {
    let payload =
        r#"{"iss":"bayar","aud":"bayar","sub":"42","role":"operator","epoch":3,"exp":1800028800}"#;
    let header = format!(
        r#"{{"alg":"HS256","typ":"JWT","kid":"../../dev/null","jku":"https://evil.example/keys","jwk":{{"kty":"oct","k":"{}"}}}}"#,
        jws::encode(OTHER)
    );
    let forged = signed(OTHER, &header, payload);
    assert_eq!(verify(&forged), Err(TokenError::Forged));
    assert!(verify(&signed(SECRET, &header, payload)).is_ok());
}

#[test]
fn nothing_is_read_before_the_signature_holds() {
    for payload in ["", "not json", "[]", r#"{"exp":"soon"}"#] {
        let forged = signed(OTHER, HEADER, payload);
        assert_eq!(verify(&forged), Err(TokenError::Forged), "{payload}");
    }
}

#[test]
fn a_payload_is_one_object_that_has_each_name_once() {
    let whole =
        r#""iss":"bayar","aud":"bayar","sub":"42","role":"customer","epoch":3,"exp":1800028800"#;
    assert!(verify(&signed(SECRET, HEADER, &format!("{{{whole}}}"))).is_ok());
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    for payload in [
        String::new(),
        "null".to_owned(),
        format!("[{{{whole}}}]"),
        format!("{{{whole}"),
        format!("{{{whole}}}}}"),
        format!("{{{whole},}}"),
        format!(r#"{{{whole},"sub":"1"}}"#),
        format!(r#"{{"sub":"1",{whole}}}"#),
        format!(r#"{{{whole},"\u0073ub":"1"}}"#),
        format!(r#"{{{whole},"exp":1800028800}}"#),
        format!(r#"{{{whole},"x":1,"x":1}}"#),
        format!(r#"{{{whole},"x":{deep}}}"#),
    ] {
        let token = signed(SECRET, HEADER, &payload);
        assert_eq!(verify(&token), Err(TokenError::Malformed), "{payload}");
    }
    let invalid_utf8 = {
        let text = format!(
            "{}.{}",
            jws::encode(HEADER),
            jws::encode(b"{\"sub\":\"\xff\"}")
        );
        let signature = MacKey::new(SECRET).sign(text.as_bytes());
        format!("{text}.{}", jws::encode(signature))
    };
    assert_eq!(verify(&invalid_utf8), Err(TokenError::Malformed));
}
