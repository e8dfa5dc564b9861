//! What a notification tells.

use bayar_app::port::Webhooks;
use bayar_app::port::store::CallKey;
use bayar_app::port::webhook::{Delivery, Disbelief, News, Trail};
use bayar_domain::gateway::{AccountRef, CaptureId};
use bayar_domain::{Gateway, Mode};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::Hint;
use crate::wire::{Body, Fraud, Word};

/// The notifications of one merchant.
pub struct MidtransWebhooks {
    keys: Vec<SecretString>,
    mode: Mode,
    merchant: Option<AccountRef>,
}

impl MidtransWebhooks {
    /// Those that one of `keys` signed. Where `merchant` is told, one about another merchant is seen to be so.
    #[must_use]
    pub const fn new(keys: Vec<SecretString>, mode: Mode, merchant: Option<AccountRef>) -> Self {
        Self {
            keys,
            mode,
            merchant,
        }
    }
}

impl Webhooks for MidtransWebhooks {
    fn gateway(&self) -> Gateway {
        Gateway::Midtrans
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    /// The signature says nothing about the time, so an old one is as good as a new one: it is a hint in any case.
    fn verify(&self, delivery: &Delivery<'_>, _: DateTime<Utc>) -> Result<(), Disbelief> {
        let is_key = |key: &&SecretString| !key.expose_secret().trim().is_empty();
        if !self.keys.iter().any(|key| is_key(&key)) {
            return Err(Disbelief::NoSecret);
        }
        let hint = Hint::parse(delivery.body).ok_or(Disbelief::Unsigned)?;
        if hint.is_signed_by(&self.keys) {
            Ok(())
        } else {
            Err(Disbelief::Forged)
        }
    }

    fn read(&self, body: &[u8]) -> Option<News> {
        let told = Body::read(body).ok()?;
        let order = told.order_id.as_deref()?;
        let kind = told.transaction_status.as_deref()?.to_ascii_lowercase();
        let kind = plain_word(&kind)?;
        let word = told.word();
        let account = match (&self.merchant, &told.merchant_id) {
            (Some(_), Some(merchant)) => Some(AccountRef::new(merchant.as_str()).ok()?),
            (Some(_) | None, _) => None,
        };
        let mut trails: Vec<_> = CallKey::new(order)
            .ok()
            .map(Trail::Call)
            .into_iter()
            .collect();
        let capture = told.transaction_id.as_deref();
        let capture = capture.and_then(|name| CaptureId::new(name).ok());
        trails.extend(capture.map(Trail::Capture));
        let mut shown = vec![("transaction_status", kind.clone())];
        let words = [
            ("status_code", &told.status_code),
            ("fraud_status", &told.fraud_status),
            ("payment_type", &told.payment_type),
            ("gross_amount", &told.gross_amount),
            ("currency", &told.currency),
        ];
        for (name, word) in words {
            shown.extend(
                word.as_deref()
                    .and_then(plain_word)
                    .map(|word| (name, word)),
            );
        }
        let is_success = told.status_code.as_deref() == Some("200");
        let is_accepted = told.fraud() == Fraud::Accept;
        Some(News {
            key: format!("sha256:{}", hex::encode(Sha256::digest(body))),
            account,
            mode: self.mode,
            // Whatever it says, something may have happened: a word that we do not know is read like every other.
            matters: true,
            says_paid: matches!(word, Word::Capture | Word::Settlement)
                && is_success
                && is_accepted,
            trails,
            kind,
            shown,
        })
    }
}

/// What a log may have of a short word that came over the wire.
fn plain_word(text: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reader() -> MidtransWebhooks {
        MidtransWebhooks::new(vec!["SB-Mid-server-abc123".into()], Mode::Test, None)
    }

    fn note() -> Value {
        json!({
            "order_id": "by-abcdefgh-00", "transaction_id": "57d5293c", "status_code": "200",
            "gross_amount": "10000.00", "transaction_status": "settlement", "fraud_status": "accept",
            "currency": "IDR", "payment_type": "gopay", "merchant_id": "G141532850", "signature_key": "00",
        })
    }

    fn read(note: &Value) -> Option<News> {
        reader().read(note.to_string().as_bytes())
    }

    #[test]
    fn a_list_is_not_read() {
        let list = json!([
            "200",
            "57d5293c",
            "by-abcdefgh-00",
            null,
            "1.00",
            null,
            null,
            "settlement"
        ]);
        assert_eq!(read(&list), None);
    }

    #[test]
    fn the_order_leads_to_the_attempt() {
        let news = read(&note()).unwrap();
        let call = Trail::Call(CallKey::new("by-abcdefgh-00").unwrap());
        let capture = Trail::Capture(CaptureId::new("57d5293c").unwrap());
        assert_eq!(news.trails, [call, capture]);
        assert_eq!((news.kind.as_str(), news.account), ("settlement", None));
        assert!(news.matters && news.says_paid);
    }

    #[test]
    fn the_same_body_has_the_same_key_and_another_one_another() {
        let key = |note: &Value| read(note).unwrap().key;
        let mut other = note();
        other["transaction_status"] = json!("expire");
        assert_eq!(key(&note()), key(&note()));
        assert_ne!(key(&note()), key(&other));
    }

    #[test]
    fn only_a_success_that_is_accepted_says_that_money_is_in() {
        for (name, value, says_paid) in [
            ("transaction_status", "capture", true),
            ("transaction_status", "SETTLEMENT", true),
            ("transaction_status", "pending", false),
            ("transaction_status", "authorize", false),
            ("transaction_status", "deny", false),
            ("transaction_status", "cancel", false),
            ("transaction_status", "expire", false),
            ("transaction_status", "failure", false),
            ("transaction_status", "refund", false),
            ("transaction_status", "partial_refund", false),
            ("transaction_status", "chargeback", false),
            ("transaction_status", "partial_chargeback", false),
            ("transaction_status", "something_new", false),
            ("transaction_status", "settle.ment", false),
            ("fraud_status", "challenge", false),
            ("status_code", "201", false),
        ] {
            let mut note = note();
            note[name] = json!(value);
            let news = read(&note).unwrap();
            assert!(news.matters, "{name} {value}");
            assert_eq!(news.says_paid, says_paid, "{name} {value}");
        }
    }

    #[test]
    fn the_merchant_is_told_where_we_know_ours() {
        let merchant = AccountRef::new("G141532850").unwrap();
        let reader = MidtransWebhooks::new(Vec::new(), Mode::Test, Some(merchant.clone()));
        let news = reader.read(note().to_string().as_bytes()).unwrap();
        assert_eq!(news.account, Some(merchant));
    }

    #[test]
    fn what_lacks_something_is_not_read() {
        for name in ["order_id", "transaction_status"] {
            let mut note = note();
            note[name] = json!(null);
            assert_eq!(read(&note), None, "{name}");
        }
        assert_eq!(reader().read(b"{"), None);
    }

    #[test]
    fn a_log_sees_neither_the_order_nor_the_signature() {
        let shown = format!("{:?}", read(&note()).unwrap().shown);
        assert!(
            !shown.contains("by-abcdefgh") && !shown.contains("signature"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_without_a_signature_or_a_key_is_believed() {
        let verify = |reader: &MidtransWebhooks, body: &str| {
            let delivery = Delivery {
                body: body.as_bytes(),
                headers: &[],
                from: "nowhere",
            };
            reader.verify(&delivery, DateTime::UNIX_EPOCH)
        };
        let forged = note().to_string();
        assert_eq!(verify(&reader(), "{}"), Err(Disbelief::Unsigned));
        assert_eq!(verify(&reader(), &forged), Err(Disbelief::Forged));
        for keys in [vec![], vec![SecretString::from(" ")]] {
            let none = MidtransWebhooks::new(keys, Mode::Test, None);
            assert_eq!(verify(&none, &forged), Err(Disbelief::NoSecret));
        }
    }
}
