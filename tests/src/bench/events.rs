//! What Stripe posts: of the size that it has there, signed as it is signed there, and no two alike.

use std::fmt::Write as _;
use std::sync::Arc;

use ring::hmac;

use super::clock::unix_seconds;
use super::http::RequestHead;
use super::load::Writer;

/// What the events of a run are signed with.
pub(super) const SECRET: &str = "whsec_a_secret_for_measuring";

/// What they tell of. Nothing is done about it but to write down that nothing is to be done.
pub(super) const KIND: &str = "payment_intent.created";

/// Posts what `body` makes of the number of the request, to a path that may end with it.
pub(super) fn post(path: fn(u64) -> String, body: fn(u64) -> String) -> Writer {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    Arc::new(move |number, request| {
        let body = body(number);
        let signature = format!(
            "Stripe-Signature: {}\r\n",
            sign(&key, unix_seconds(), &body)
        );
        RequestHead::new("POST", &path(number))
            .header(
                "User-Agent",
                "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            )
            .write(request, &signature, &body);
    })
}

/// The same event about an account of which nobody knows here whether it is ours.
pub(super) fn of_some_account(number: u64) -> String {
    let object = r#""object": "event","#;
    ours(number).replacen(
        object,
        &format!("{object}\n  \"account\": \"acct_1MeasuredHere\","),
        1,
    )
}

/// The name of an event, the same for every event in length.
pub(super) fn name(number: u64) -> String {
    format!("evt_{number:024}")
}

fn sign(key: &hmac::Key, at: i64, body: &str) -> String {
    let signed = format!("{at}.{body}");
    let mut header = format!("t={at},v1=");
    for byte in hmac::sign(key, signed.as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(header, "{byte:02x}");
    }
    header
}

/// An event as Stripe writes it, with its blanks.
pub(super) fn ours(number: u64) -> String {
    let (event, intent) = (name(number), format!("pi_{number:024}"));
    format!(
        r#"{{
  "id": "{event}",
  "object": "event",
  "api_version": "2026-08-26.dahlia",
  "created": 1763700000,
  "data": {{
    "object": {{
      "id": "{intent}",
      "object": "payment_intent",
      "amount": 500000,
      "amount_capturable": 0,
      "amount_details": {{
        "tip": {{
        }}
      }},
      "amount_received": 0,
      "application": null,
      "application_fee_amount": null,
      "automatic_payment_methods": null,
      "canceled_at": null,
      "cancellation_reason": null,
      "capture_method": "automatic_async",
      "client_secret": "{intent}_secret_wHk0kVQ2zTqzC8bMpaIr1QGvB",
      "confirmation_method": "automatic",
      "created": 1763700000,
      "currency": "php",
      "customer": null,
      "description": "Consultation {number}",
      "excluded_payment_method_types": null,
      "last_payment_error": null,
      "latest_charge": null,
      "livemode": false,
      "metadata": {{
        "bayar_installation": "abcdefghijkl",
        "bayar_attempt": "{number}",
        "bayar_call": "by-abcdefghijkl-{number:020}",
        "bayar_order": "INV202511210512-{number:06X}"
      }},
      "next_action": null,
      "on_behalf_of": null,
      "payment_method": null,
      "payment_method_configuration_details": null,
      "payment_method_options": {{
        "card": {{
          "installments": null,
          "mandate_options": null,
          "network": null,
          "request_three_d_secure": "automatic"
        }}
      }},
      "payment_method_types": [
        "card"
      ],
      "processing": null,
      "receipt_email": null,
      "review": null,
      "setup_future_usage": null,
      "shipping": null,
      "source": null,
      "statement_descriptor": null,
      "statement_descriptor_suffix": null,
      "status": "requires_payment_method",
      "transfer_data": null,
      "transfer_group": null
    }}
  }},
  "livemode": false,
  "pending_webhooks": 1,
  "request": {{
    "id": "req_{number:014}",
    "idempotency_key": "by-abcdefghijkl-{number:020}"
  }},
  "type": "{KIND}"
}}"#
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn an_event_is_json_with_a_name_of_its_own() {
        let event: Value = serde_json::from_str(&ours(7)).unwrap();
        assert_eq!(event["id"], name(7));
        assert_eq!(event["type"], KIND);
        assert_ne!(ours(7), ours(8));
        let event: Value = serde_json::from_str(&of_some_account(7)).unwrap();
        assert_eq!(event["account"], "acct_1MeasuredHere");
        assert_eq!(ours(7).len(), ours(8).len());
    }

    #[test]
    fn an_event_is_signed_as_stripe_signs() {
        // Made by `printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_a_secret_for_measuring`.
        const EXPECTED: &str = "855b6b9f04ea86837de3b07ae1630e418f9200b19c85f72f745b671c08ae60fe";
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signed = sign(&key, 1_700_000_000, "{}");
        assert_eq!(signed, format!("t=1700000000,v1={EXPECTED}"));
    }

    #[test]
    fn a_post_says_who_signed_it() {
        let mut request = Vec::new();
        post(|number| format!("/{number}"), ours)(3, &mut request);
        let text = String::from_utf8(request).unwrap();
        assert!(text.starts_with("POST /3 HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("Stripe-Signature: t="), "{text}");
        assert!(text.ends_with(&ours(3)), "{text}");
    }
}
