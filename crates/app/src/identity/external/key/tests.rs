use super::*;
use crate::identity::external::tests::samples::{ED25519 as ED25519_PEM, RSA_PKCS1, RSA_SPKI};
use crate::identity::testing::with_one_bit_changed;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// RFC 7515, appendix A.1.
const HS256: (&str, &str) = (
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
);
/// RFC 7515, appendix A.2, whose key is [`RSA_SPKI`].
const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
/// RFC 8037, appendix A.4.
const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn verifies(key: &ExternalKey, token: &str) -> bool {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    key.verifies(signed.as_bytes(), &signature)
}

fn examples() -> [(ExternalKey, &'static str); 4] {
    let secret = URL_SAFE_NO_PAD.decode(HS256.0).unwrap();
    [
        (ExternalKey::hs256(&secret).unwrap(), HS256.1),
        (ExternalKey::rs256(RSA_SPKI).unwrap(), RS256),
        (ExternalKey::rs256(RSA_PKCS1).unwrap(), RS256),
        (ExternalKey::eddsa(ED25519_PEM).unwrap(), EDDSA),
    ]
}

#[test]
fn the_published_examples_verify() {
    for (key, token) in examples() {
        assert!(verifies(&key, token), "{key:?}");
    }
}

#[test]
fn a_key_verifies_nothing_of_another_algorithm() {
    for (key, its_own) in examples() {
        for (_, token) in examples() {
            assert_eq!(verifies(&key, token), token == its_own, "{key:?}");
        }
    }
}

#[test]
fn a_changed_cut_or_longer_signature_does_not_verify() {
    for (key, token) in examples() {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let verifies = |signature: &[u8]| key.verifies(signed.as_bytes(), signature);
        assert!(verifies(&signature));
        for place in 0..signature.len() {
            let mut changed = signature.clone();
            changed[place] ^= 1;
            assert!(!verifies(&changed), "{key:?} {place}");
        }
        for cut in [0, 1, signature.len() - 1] {
            assert!(!verifies(&signature[..cut]), "{key:?} {cut}");
        }
        assert!(!verifies(&[&signature[..], &[0]].concat()));
        assert!(!verifies(&[&[0], &signature[..]].concat()));
        assert!(!verifies(&vec![0; signature.len()]));
        for changed in with_one_bit_changed(signed).take(100) {
            assert!(!key.verifies(changed.as_bytes(), &signature), "{key:?}");
        }
    }
}

#[test]
fn a_weak_or_public_secret_is_refused() {
    let refusal = |secret: &[u8]| ExternalKey::hs256(secret).map(|_| ()).unwrap_err();
    assert_eq!(refusal(b""), InvalidKey::WeakSecret);
    assert_eq!(refusal(&[7; 31]), InvalidKey::WeakSecret);
    assert!(ExternalKey::hs256(&[7; 32]).is_ok());
    let indented = format!("\n {RSA_SPKI}");
    for pem in [RSA_SPKI, RSA_PKCS1, ED25519_PEM, &indented] {
        assert_eq!(refusal(pem.as_bytes()), InvalidKey::NoSecret);
    }
}

#[test]
fn a_key_settles_the_algorithm() {
    let names: Vec<_> = examples().iter().map(|(key, _)| key.algorithms()).collect();
    let expected: [&[&str]; 4] = [&["HS256"], &["RS256"], &["RS256"], &["EdDSA", "Ed25519"]];
    assert_eq!(names, expected);
}

#[test]
fn debug_shows_the_algorithm_and_no_key() {
    let shown: Vec<_> = examples()
        .iter()
        .map(|(key, _)| format!("{key:?}"))
        .collect();
    assert_eq!(
        shown,
        [
            "ExternalKey(HS256, ..)",
            "ExternalKey(RS256, ..)",
            "ExternalKey(RS256, ..)",
            "ExternalKey(EdDSA or Ed25519, ..)",
        ]
    );
}
