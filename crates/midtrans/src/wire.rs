//! What Midtrans answers, read leniently: a number may come as a string, and what we do not know is passed over.

use bayar_app::port::json::Object;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Every answer of Midtrans: a transaction, a Snap page, or trouble. Anything may be missing.
///
/// It has no `Debug`: it holds what people paid with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Body {
    #[serde(deserialize_with = "text")]
    pub status_code: Option<String>,
    #[serde(deserialize_with = "text")]
    pub transaction_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub order_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub merchant_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub gross_amount: Option<String>,
    #[serde(deserialize_with = "text")]
    pub currency: Option<String>,
    #[serde(deserialize_with = "text")]
    pub payment_type: Option<String>,
    #[serde(deserialize_with = "text")]
    pub transaction_status: Option<String>,
    #[serde(deserialize_with = "text")]
    pub fraud_status: Option<String>,
    #[serde(deserialize_with = "text")]
    pub transaction_time: Option<String>,
    #[serde(deserialize_with = "text")]
    pub settlement_time: Option<String>,
    #[serde(deserialize_with = "text")]
    pub expiry_time: Option<String>,
    #[serde(deserialize_with = "text")]
    pub channel_response_message: Option<String>,
    #[serde(deserialize_with = "text")]
    pub custom_field1: Option<String>,
    #[serde(deserialize_with = "text")]
    pub custom_field2: Option<String>,
    #[serde(deserialize_with = "text")]
    pub custom_field3: Option<String>,
    #[serde(deserialize_with = "text")]
    pub signature_key: Option<String>,
    #[serde(deserialize_with = "text")]
    pub refund_amount: Option<String>,
    /// The name of the refund that was just made.
    #[serde(deserialize_with = "text")]
    pub refund_key: Option<String>,
    #[serde(deserialize_with = "text")]
    pub chargeback_amount: Option<String>,
    #[serde(deserialize_with = "entries")]
    pub refunds: Vec<RefundEntry>,
    /// The number of a request that was refused.
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub token: Option<String>,
    #[serde(deserialize_with = "text")]
    pub redirect_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub canceled_at: Option<String>,
    #[serde(deserialize_with = "texts")]
    pub error_messages: Vec<String>,
    #[serde(deserialize_with = "texts")]
    pub validation_messages: Vec<String>,
}

/// One refund of a transaction.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RefundEntry {
    #[serde(deserialize_with = "text")]
    pub refund_chargeback_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub refund_key: Option<String>,
    #[serde(deserialize_with = "text")]
    pub refund_amount: Option<String>,
    #[serde(deserialize_with = "text")]
    pub refund_method: Option<String>,
    #[serde(deserialize_with = "text")]
    pub created_at: Option<String>,
    #[serde(deserialize_with = "text")]
    pub bank_confirmed_at: Option<String>,
}

/// Where a transaction stands, in the gateway's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Pending,
    Authorize,
    Capture,
    Settlement,
    Deny,
    Cancel,
    Expire,
    Failure,
    Refund,
    PartialRefund,
    Chargeback,
    PartialChargeback,
    /// A word we do not know.
    Other,
}

/// What the gateway thinks of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fraud {
    /// Nothing is wrong with it. Methods other than cards need not say so.
    Accept,
    /// Somebody has to look at it.
    Challenge,
    /// It is refused.
    Deny,
    /// A word we do not know.
    Other,
}

impl Body {
    /// Reads an answer or a notification. A list is neither.
    pub fn read(json: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json).map(|Object(body)| body)
    }

    /// Where the transaction stands. One method writes it in upper case.
    ///
    /// A word that only resembles one of these is another word: nothing in it is passed over.
    pub fn word(&self) -> Word {
        let told = self.transaction_status.as_deref().unwrap_or_default();
        match told.trim().to_ascii_lowercase().as_str() {
            "pending" => Word::Pending,
            "authorize" => Word::Authorize,
            "capture" => Word::Capture,
            "settlement" => Word::Settlement,
            "deny" => Word::Deny,
            "cancel" => Word::Cancel,
            "expire" => Word::Expire,
            "failure" => Word::Failure,
            "refund" => Word::Refund,
            "partial_refund" => Word::PartialRefund,
            "chargeback" => Word::Chargeback,
            "partial_chargeback" => Word::PartialChargeback,
            _ => Word::Other,
        }
    }

    /// What it says of that, as text that a log may have.
    pub fn status(&self) -> String {
        const LONGEST: usize = 40;
        let told = self.transaction_status.as_deref().unwrap_or_default();
        told.trim()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-')
            .take(LONGEST)
            .collect::<String>()
            .to_ascii_lowercase()
    }

    /// What the gateway thinks of it.
    pub fn fraud(&self) -> Fraud {
        let told = self.fraud_status.as_deref().unwrap_or("accept");
        match told.to_ascii_lowercase().as_str() {
            "accept" => Fraud::Accept,
            "challenge" => Fraud::Challenge,
            "deny" => Fraud::Deny,
            _ => Fraud::Other,
        }
    }

    /// Whether a Snap or Core complaint has all of `words` in one of its sentences, whatever the case.
    pub fn complains_of(&self, words: &[&str]) -> bool {
        self.error_messages
            .iter()
            .chain(&self.validation_messages)
            .map(|message| message.to_lowercase())
            .any(|message| words.iter().all(|word| message.contains(word)))
    }
}

/// A string, or a number exactly as it was written; nothing for anything else, and for an empty one.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let json = raw.get();
    let told = match json.bytes().next() {
        Some(b'"') => serde_json::from_str(json).map_err(serde::de::Error::custom)?,
        Some(b'-' | b'0'..=b'9') => json.to_owned(),
        Some(_) | None => String::new(),
    };
    Ok(Some(told).filter(|told| !told.is_empty()))
}

/// The refunds of a list; none where there is no list. A list that cannot be read is not passed over.
fn entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RefundEntry>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let json = raw.get();
    if json.starts_with('[') {
        let listed: Vec<Object<RefundEntry>> =
            serde_json::from_str(json).map_err(serde::de::Error::custom)?;
        Ok(listed.into_iter().map(|Object(entry)| entry).collect())
    } else {
        Ok(Vec::new())
    }
}

/// The strings of a list, or the one string; nothing of anything else.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let told = match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Array(list) => list,
        other => vec![other],
    };
    let strings = told
        .into_iter()
        .filter_map(|told| told.as_str().map(str::to_owned));
    Ok(strings.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_come_as_a_string_or_bare_and_keeps_its_spelling() {
        let quoted: Body =
            serde_json::from_str(r#"{"gross_amount":"10000.00","status_code":"200"}"#).unwrap();
        let bare: Body =
            serde_json::from_str(r#"{"gross_amount":10000.00,"status_code":200}"#).unwrap();
        for body in [quoted, bare] {
            assert_eq!(body.gross_amount.as_deref(), Some("10000.00"));
            assert_eq!(body.status_code.as_deref(), Some("200"));
        }
    }

    #[test]
    fn what_is_missing_or_strange_or_new_is_passed_over() {
        let json = r#"{"gross_amount":null,"currency":{"a":1},"payment_type":true,"order_id":"","refunds":"none",
            "error_messages":"one","validation_messages":[1,"two"],"a_new_field":[{}]}"#;
        let body: Body = serde_json::from_str(json).unwrap();
        assert_eq!(body.gross_amount, None);
        assert_eq!(body.currency, None);
        assert_eq!(body.payment_type, None);
        assert_eq!(body.order_id, None);
        assert!(body.refunds.is_empty());
        assert!(body.complains_of(&["one"]) && body.complains_of(&["two"]));
        assert!(!body.complains_of(&["one", "two"]));
    }

    #[test]
    fn a_list_of_refunds_is_read_whole_or_not_at_all() {
        let body: Body = serde_json::from_str(r#"{"refunds":[{"refund_key":"a"},{}]}"#).unwrap();
        assert_eq!(body.refunds.len(), 2);
        for odd in ["1", r#"["1","a","5000"]"#, "[]"] {
            let json = format!(r#"{{"refunds":[{{"refund_key":"a"}},{odd}]}}"#);
            assert!(serde_json::from_str::<Body>(&json).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_word_that_only_resembles_one_that_we_know_is_another_word() {
        let word = |told: &str| {
            let body = Body {
                transaction_status: Some(told.to_owned()),
                ..Body::default()
            };
            body.word()
        };
        assert_eq!(word(" SETTLEMENT "), Word::Settlement);
        for told in [
            "settle.ment",
            "settlement!",
            "cap ture",
            "\u{0}capture",
            "séttlement",
        ] {
            assert_eq!(word(told), Word::Other, "{told:?}");
        }
    }

    #[test]
    fn a_field_told_twice_is_not_read() {
        assert!(serde_json::from_str::<Body>(r#"{"order_id":"a","order_id":"b"}"#).is_err());
    }
}
