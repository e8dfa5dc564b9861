//! The signatures of both gateways.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};

/// `t=...,v1=...`, with one `v1` for each secret. The whole secret is the key, as it stands.
pub fn stripe_header(secrets: &[String], time: i64, body: &str) -> String {
    let mut header = format!("t={time}");
    for secret in secrets {
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
            mac.update(format!("{time}.{body}").as_bytes());
            let signature = hex::encode(mac.finalize().into_bytes());
            header.push_str(&format!(",v1={signature}"));
        }
    }
    header
}

/// The `signature_key` of a notification.
pub fn midtrans_signature(order: &str, code: &str, gross: &str, server_key: &str) -> String {
    let mut hash = Sha512::new();
    for part in [order, code, gross, server_key] {
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripe_signs_as_its_own_libraries_verify() {
        let body = r#"{"id":"evt_test_1","object":"event","type":"payment_intent.succeeded"}"#;
        let signature = "871acfe933554b446cc41d791076dd56a10c0553cc61aafbeb881d0082b45043";
        let secret = "whsec_test_secret".to_owned();
        assert_eq!(
            stripe_header(std::slice::from_ref(&secret), 1_700_000_000, body),
            format!("t=1700000000,v1={signature}")
        );
        let two = stripe_header(&["whsec_new".to_owned(), secret], 1_700_000_000, body);
        assert_eq!(two.matches("v1=").count(), 2);
        assert!(two.ends_with(signature));
    }

    #[test]
    fn midtrans_signs_order_code_amount_and_key() {
        assert_eq!(
            midtrans_signature("ORDER-101", "200", "10000.00", "SB-Mid-server-abc123"),
            "00a8f63535744a43a3b329a85d47b3541e64bc19e76f5517999894b77645267a944c926f6802442af7cd1b82ea462e3d2ca406d3702bb4abb32841d9781c976d"
        );
    }
}
