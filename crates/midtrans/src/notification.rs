//! What Midtrans posts to us.
//!
//! A notification is a hint and never a fact: its signature covers the order, the status code and the amount,
//! but neither the status nor the time. A true one can be edited and sent again for ever.
//! So it is checked, and then the gateway is asked.

mod reader;

use std::fmt;

use hmac::digest::CtOutput;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha512};

use crate::wire::Body;

pub use reader::MidtransWebhooks;

/// What a notification is about, and what its signature is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct Hint {
    /// The name that the attempt was opened by.
    pub order_id: String,
    /// The gateway's name for the money. The signature does not cover it.
    pub transaction_id: Option<String>,
    /// As it was received.
    pub status_code: String,
    /// As it was received: `10000.00`.
    pub gross_amount: String,
    /// The signature: 128 hexadecimal digits.
    pub signature_key: String,
}

/// The signature proves knowledge of a key, so it is not shown.
impl fmt::Debug for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hint")
            .field("order_id", &self.order_id)
            .field("transaction_id", &self.transaction_id)
            .finish_non_exhaustive()
    }
}

impl Hint {
    /// Reads the body of a notification. Nothing when it is not one: something it needs is missing or told twice.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let body = Body::read(body).ok()?;
        Some(Self {
            order_id: body.order_id?,
            transaction_id: body.transaction_id,
            status_code: body.status_code?,
            gross_amount: body.gross_amount?,
            signature_key: body.signature_key?,
        })
    }

    /// Whether one of `keys` signed it.
    #[must_use]
    pub fn is_signed_by(&self, keys: &[SecretString]) -> bool {
        verify(
            &self.order_id,
            &self.status_code,
            &self.gross_amount,
            &self.signature_key,
            keys,
        )
    }
}

/// Whether one of `keys` signed these texts, each exactly as it was received.
///
/// It takes the same time whichever key it was, and wherever a wrong signature differs.
/// Blanks around a key do not count. An empty key signs nothing.
#[must_use]
pub fn verify(
    order_id: &str,
    status_code: &str,
    gross_amount: &str,
    signature_key: &str,
    keys: &[SecretString],
) -> bool {
    let mut told = [0; 64];
    if hex::decode_to_slice(signature_key, &mut told).is_err() {
        return false;
    }
    let told = CtOutput::<Sha512>::new(told.into());
    keys.iter()
        .map(|key| key.expose_secret().trim())
        .filter(|key| !key.is_empty())
        .fold(false, |signed, key| {
            let digest = Sha512::new()
                .chain_update(order_id)
                .chain_update(status_code)
                .chain_update(gross_amount)
                .chain_update(key)
                .finalize();
            signed | (CtOutput::<Sha512>::new(digest) == told)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "00a8f63535744a43a3b329a85d47b3541e64bc19e76f5517999894b77645267a\
                             944c926f6802442af7cd1b82ea462e3d2ca406d3702bb4abb32841d9781c976d";

    fn keys(keys: &[&str]) -> Vec<SecretString> {
        keys.iter().map(|&key| SecretString::from(key)).collect()
    }

    #[test]
    fn a_true_signature_is_known() {
        let key = keys(&["SB-Mid-server-abc123"]);
        assert!(verify("ORDER-101", "200", "10000.00", SIGNATURE, &key));
        let copied = keys(&[" SB-Mid-server-abc123\n"]);
        assert!(verify("ORDER-101", "200", "10000.00", SIGNATURE, &copied));
    }

    #[test]
    fn a_forged_signature_is_refused() {
        let key = keys(&["SB-Mid-server-abc123"]);
        let last = SIGNATURE.replace("976d", "976e");
        for (order, code, amount, signature) in [
            ("ORDER-102", "200", "10000.00", SIGNATURE),
            ("ORDER-101", "201", "10000.00", SIGNATURE),
            ("ORDER-101", "200", "10000", SIGNATURE),
            ("ORDER-101", "200", "10000.00", last.as_str()),
            ("ORDER-101", "200", "10000.00", ""),
            ("ORDER-101", "200", "10000.00", "zz"),
            ("ORDER-101", "200", "10000.00", &SIGNATURE[..126]),
        ] {
            assert!(
                !verify(order, code, amount, signature, &key),
                "{order} {code} {amount}"
            );
        }
    }

    #[test]
    fn any_of_several_keys_may_have_signed_but_not_an_empty_one() {
        let check = |with: &[&str]| verify("ORDER-101", "200", "10000.00", SIGNATURE, &keys(with));
        assert!(check(&["new", "SB-Mid-server-abc123"]));
        assert!(check(&["SB-Mid-server-abc123", "new"]));
        assert!(!check(&["new", "newer"]));
        assert!(!check(&[]));
        let unsigned = hex::encode(Sha512::digest("ORDER-10120010000.00"));
        assert!(!verify(
            "ORDER-101",
            "200",
            "10000.00",
            &unsigned,
            &keys(&["", " "])
        ));
    }

    #[test]
    fn a_notification_is_read_as_it_was_written() {
        let body = format!(
            r#"{{"order_id":"ORDER-101","status_code":200,"gross_amount":10000.00,"signature_key":"{SIGNATURE}",
                "transaction_id":"57d5293c","transaction_status":"settlement","va_numbers":[]}}"#
        );
        let hint = Hint::parse(body.as_bytes()).unwrap();
        assert_eq!(hint.gross_amount, "10000.00");
        assert_eq!(hint.transaction_id.as_deref(), Some("57d5293c"));
        assert!(hint.is_signed_by(&keys(&["SB-Mid-server-abc123"])));
        assert!(!hint.is_signed_by(&keys(&["other"])));
        assert!(!format!("{hint:?}").contains(&SIGNATURE[..8]));
    }

    #[test]
    fn a_list_is_no_notification_whatever_stands_in_it() {
        let body = format!(
            r#"["200","57d5293c","ORDER-101",null,"10000.00","IDR","gopay","settlement","accept",
                null,null,null,null,null,"{SIGNATURE}"]"#
        );
        assert_eq!(Hint::parse(body.as_bytes()), None);
    }

    #[test]
    fn what_lacks_something_is_no_notification() {
        for body in [
            "",
            "{",
            "[]",
            "{}",
            "\u{0}",
            r#"{"order_id":"a","status_code":"200","gross_amount":"1.00"}"#,
            r#"{"order_id":"a","status_code":"200","signature_key":"b"}"#,
            r#"{"order_id":"a","order_id":"b","status_code":"200","gross_amount":"1.00","signature_key":"c"}"#,
        ] {
            assert_eq!(Hint::parse(body.as_bytes()), None, "{body}");
        }
    }
}
