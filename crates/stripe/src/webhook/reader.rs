//! What a notification tells.

use bayar_app::port::Webhooks;
use bayar_app::port::json::Object as Named;
use bayar_app::port::store::{CallKey, Installation};
use bayar_app::port::webhook::{Delivery, Disbelief, News, Trail};
use bayar_domain::gateway::{AccountRef, CaptureId};
use bayar_domain::{AttemptId, Gateway, Mode};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{SignatureError, TOLERANCE, verify};
use crate::names;

/// The notifications of one account.
pub struct StripeWebhooks {
    secrets: Vec<SecretString>,
    mode: Mode,
}

impl StripeWebhooks {
    /// Those that one of `secrets` signed.
    #[must_use]
    pub const fn new(secrets: Vec<SecretString>, mode: Mode) -> Self {
        Self { secrets, mode }
    }
}

impl Webhooks for StripeWebhooks {
    fn gateway(&self) -> Gateway {
        Gateway::Stripe
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn verify(&self, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Result<(), Disbelief> {
        if self.secrets.is_empty() {
            return Err(Disbelief::NoSecret);
        }
        let header = delivery.header("stripe-signature");
        let header = header.ok_or(Disbelief::Unsigned)?;
        verify(delivery.body, header, &self.secrets, now, TOLERANCE).map_err(|why| match why {
            SignatureError::NoSecret => Disbelief::NoSecret,
            SignatureError::Malformed => Disbelief::Unsigned,
            SignatureError::Stale => Disbelief::Stale,
            SignatureError::Mismatch => Disbelief::Forged,
        })
    }

    fn read(&self, body: &[u8]) -> Option<News> {
        let Named::<Event>(event) = serde_json::from_slice(body).ok()?;
        let key = names::plain_word(&event.id)?;
        let kind = type_name(&event.kind)?;
        let account = event.account.as_deref().map(AccountRef::new).transpose();
        let Named(Data { object }) = &event.data;
        let about = Object {
            kind: text(object, "object").unwrap_or_default(),
            value: object,
        };
        let mut shown = vec![("id", key.clone()), ("type", kind.clone())];
        let words = [
            ("object", Some(about.kind)),
            ("status", text(object, "status")),
            ("payment_status", text(object, "payment_status")),
        ];
        for (name, word) in words {
            shown.extend(word.and_then(names::plain_word).map(|word| (name, word)));
        }
        Some(News {
            account: account.ok()?,
            mode: if event.livemode {
                Mode::Live
            } else {
                Mode::Test
            },
            matters: matters(&kind),
            says_paid: about.says_paid(&kind),
            trails: about.trails(),
            key,
            kind,
            shown,
        })
    }
}

/// The envelope. Whatever else it holds is no matter.
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    account: Option<String>,
    data: Named<Data>,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// What an event is about.
struct Object<'a> {
    kind: &'a str,
    value: &'a Value,
}

impl Object<'_> {
    /// Whether it says that money is in. A session that is complete may still wait for its bank.
    fn says_paid(&self, kind: &str) -> bool {
        match kind {
            "checkout.session.completed" => text(self.value, "payment_status") == Some("paid"),
            "checkout.session.async_payment_succeeded" | "payment_intent.succeeded" => true,
            _ => false,
        }
    }

    fn trails(&self) -> Vec<Trail> {
        let metadata = self.value.get("metadata");
        let ours = |name| metadata.and_then(|metadata| text(metadata, name));
        let mut trails = Vec::new();
        let installation = ours(names::INSTALLATION).and_then(|word| Installation::new(word).ok());
        let attempt = ours(names::ATTEMPT).and_then(|number| number.parse::<AttemptId>().ok());
        if let (Some(installation), Some(attempt)) = (installation, attempt) {
            trails.push(Trail::Attempt {
                installation,
                attempt,
            });
        }
        let call = ours(names::CALL).and_then(|key| CallKey::new(key).ok());
        trails.extend(call.map(Trail::Call));
        let intent = match self.kind {
            "payment_intent" => text(self.value, "id"),
            // Its name, or the whole of it where somebody had it shown.
            _ => self.value.get("payment_intent").and_then(|intent| {
                intent
                    .as_str()
                    .or_else(|| intent.get("id").and_then(Value::as_str))
            }),
        };
        let capture = intent.and_then(|intent| CaptureId::new(intent).ok());
        trails.extend(capture.map(Trail::Capture));
        trails
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Whether something may have happened to money or to a checkout.
/// What is not named here changes nothing that we keep, and what Stripe adds one day is looked at then.
fn matters(kind: &str) -> bool {
    const FAMILIES: [&str; 2] = ["refund.", "charge.dispute."];
    let one = matches!(
        kind,
        "checkout.session.completed"
            | "checkout.session.async_payment_succeeded"
            | "checkout.session.async_payment_failed"
            | "checkout.session.expired"
            | "payment_intent.succeeded"
            | "payment_intent.payment_failed"
            | "payment_intent.processing"
            | "payment_intent.canceled"
            | "charge.refunded"
            | "charge.refund.updated"
    );
    one || FAMILIES.iter().any(|family| kind.starts_with(family))
}

/// The name of a type, as Stripe writes them: words with dots between.
fn type_name(text: &str) -> Option<String> {
    const LONGEST: usize = 100;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reader() -> StripeWebhooks {
        StripeWebhooks::new(vec!["whsec_a".into()], Mode::Test)
    }

    fn event(kind: &str, object: &Value) -> Value {
        json!({
            "id": "evt_1", "object": "event", "type": kind, "livemode": false,
            "data": { "object": object }, "request": null,
        })
    }

    fn read(event: &Value) -> Option<News> {
        reader().read(event.to_string().as_bytes())
    }

    #[test]
    fn our_mark_leads_to_the_attempt_and_the_intent_does_too() {
        let metadata = json!({
            "bayar_installation": "abcdefgh", "bayar_attempt": "7", "bayar_call": "by-abcdefgh-00",
        });
        let session = json!({
            "object": "checkout.session", "id": "cs_1", "payment_status": "paid",
            "payment_intent": "pi_1", "metadata": metadata,
        });
        let news = read(&event("checkout.session.completed", &session)).unwrap();
        let attempt = Trail::Attempt {
            installation: Installation::new("abcdefgh").unwrap(),
            attempt: AttemptId::new(7).unwrap(),
        };
        let call = Trail::Call(CallKey::new("by-abcdefgh-00").unwrap());
        let capture = Trail::Capture(CaptureId::new("pi_1").unwrap());
        assert_eq!(news.trails, [attempt, call, capture.clone()]);
        assert!(news.matters && news.says_paid);

        let intent = json!({ "object": "payment_intent", "id": "pi_1", "metadata": {} });
        let news = read(&event("payment_intent.succeeded", &intent)).unwrap();
        assert_eq!(news.trails, std::slice::from_ref(&capture));
        for (kind, object) in [
            (
                "charge.refunded",
                json!({ "object": "charge", "payment_intent": "pi_1" }),
            ),
            (
                "refund.created",
                json!({ "object": "refund", "payment_intent": { "id": "pi_1" } }),
            ),
            (
                "charge.dispute.closed",
                json!({ "object": "dispute", "payment_intent": "pi_1" }),
            ),
        ] {
            let news = read(&event(kind, &object)).unwrap();
            assert_eq!(news.trails, std::slice::from_ref(&capture), "{kind}");
            assert!(news.matters && !news.says_paid, "{kind}");
        }
    }

    #[test]
    fn a_session_that_is_complete_and_unpaid_says_nothing_about_money() {
        let object = json!({ "object": "checkout.session", "payment_status": "unpaid" });
        let news = read(&event("checkout.session.completed", &object)).unwrap();
        assert!(news.matters && !news.says_paid);
    }

    #[test]
    fn a_type_that_we_do_not_know_does_not_matter_and_is_read() {
        for kind in [
            "payment_intent.created",
            "customer.created",
            "refunds.x",
            "x",
        ] {
            let news = read(&event(kind, &json!({}))).unwrap();
            assert!(!news.matters, "{kind}");
        }
        for kind in [
            "refund.created",
            "refund.updated",
            "refund.failed",
            "charge.dispute.funds_withdrawn",
        ] {
            assert!(read(&event(kind, &json!({}))).unwrap().matters, "{kind}");
        }
    }

    #[test]
    fn the_world_and_the_account_are_told() {
        let mut event = event("payment_intent.succeeded", &json!({}));
        event["livemode"] = json!(true);
        event["account"] = json!("acct_2");
        let news = read(&event).unwrap();
        assert_eq!(news.mode, Mode::Live);
        assert_eq!(news.account, Some(AccountRef::new("acct_2").unwrap()));
    }

    #[test]
    fn what_is_no_event_is_not_read() {
        let right = event("payment_intent.succeeded", &json!({}));
        assert!(read(&right).is_some());
        for (name, value) in [
            ("id", json!(null)),
            ("id", json!("evt 1")),
            ("id", json!("e".repeat(65))),
            ("type", json!("two words")),
            ("type", json!("")),
            ("livemode", json!("yes")),
            ("data", json!({})),
            (
                "data",
                json!([{ "object": "payment_intent", "id": "pi_1" }]),
            ),
            ("account", json!("\u{0}")),
        ] {
            let mut wrong = right.clone();
            wrong[name] = value;
            assert_eq!(read(&wrong), None, "{wrong}");
        }
        let list = br#"["evt_1","payment_intent.succeeded",false,null,{"object":{}}]"#;
        for body in [&b""[..], b"{", b"[]", list, b"\xff\xfe", b"null"] {
            assert_eq!(reader().read(body), None);
        }
    }

    #[test]
    fn a_log_sees_plain_words_only() {
        let object = json!({
            "object": "payment_intent", "id": "pi_1", "client_secret": "pi_1_secret_x",
            "status": "jane@example.com", "receipt_email": "jane@example.com",
        });
        let news = read(&event("payment_intent.succeeded", &object)).unwrap();
        let shown = format!("{:?}", news.shown);
        assert!(
            !shown.contains("jane") && !shown.contains("secret"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_without_a_signature_or_a_secret_is_believed() {
        let now = DateTime::UNIX_EPOCH;
        let delivery = Delivery {
            body: b"{}",
            headers: &[],
            from: "nowhere",
        };
        assert_eq!(reader().verify(&delivery, now), Err(Disbelief::Unsigned));
        let none = StripeWebhooks::new(Vec::new(), Mode::Test);
        assert_eq!(none.verify(&delivery, now), Err(Disbelief::NoSecret));
    }
}
