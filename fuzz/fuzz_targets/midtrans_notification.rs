//! The body of one of Midtrans's notifications, with the signature in it.
#![no_main]

use bayar_app::port::Webhooks;
use bayar_app::port::webhook::{Delivery, Disbelief, Trail};
use bayar_domain::Mode;
use bayar_midtrans::notification::{Hint, MidtransWebhooks};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use ring::digest;
use serde_json::{Value, json};

const KEY: &str = "SB-Mid-server-abc123";

fuzz_target!(|body: &[u8]| {
    let reader = MidtransWebhooks::new(vec![KEY.into()], Mode::Test, None);
    let verify = |body: &[u8]| {
        let delivery = Delivery {
            body,
            headers: &[],
            from: "",
        };
        reader.verify(&delivery, DateTime::UNIX_EPOCH)
    };

    let hint = Hint::parse(body);
    let expected = match &hint {
        None => Err(Disbelief::Unsigned),
        Some(hint)
            if hint
                .signature_key
                .eq_ignore_ascii_case(&signature(hint, KEY)) =>
        {
            Ok(())
        }
        Some(_) => Err(Disbelief::Forged),
    };
    assert_eq!(verify(body), expected);
    if let Some(hint) = hint {
        let told = [
            &hint.order_id,
            &hint.status_code,
            &hint.gross_amount,
            &hint.signature_key,
        ];
        assert!(told.into_iter().all(|text| !text.is_empty()));
        signed_anew(&hint, verify);
    }
    read(&reader, body);
});

/// The same with a true signature is believed, and with anything changed it is not.
fn signed_anew(hint: &Hint, verify: impl Fn(&[u8]) -> Result<(), Disbelief>) {
    let with = |changed: &str, value: &str| {
        let mut note = json!({
            "order_id": hint.order_id,
            "status_code": hint.status_code,
            "gross_amount": hint.gross_amount,
            "transaction_id": hint.transaction_id,
            "signature_key": signature(hint, KEY),
        });
        note[changed] = json!(value);
        note.to_string()
    };
    let same = with("order_id", &hint.order_id);
    assert_eq!(verify(same.as_bytes()), Ok(()));
    let again = Hint::parse(same.as_bytes()).expect("what was read is read again");
    assert_eq!(
        (
            &again.order_id,
            &again.status_code,
            &again.gross_amount,
            &again.transaction_id
        ),
        (
            &hint.order_id,
            &hint.status_code,
            &hint.gross_amount,
            &hint.transaction_id
        ),
    );
    for (name, told) in [
        ("order_id", &hint.order_id),
        ("status_code", &hint.status_code),
        ("gross_amount", &hint.gross_amount),
    ] {
        let changed = with(name, &format!("{told}0"));
        assert_eq!(verify(changed.as_bytes()), Err(Disbelief::Forged), "{name}");
    }
    for other in ["", "SB-Mid-server-other"] {
        let forged = with("signature_key", &signature(hint, other));
        assert_eq!(verify(forged.as_bytes()), Err(Disbelief::Forged));
    }
}

fn signature(hint: &Hint, key: &str) -> String {
    let parts = [&hint.order_id, &hint.status_code, &hint.gross_amount];
    let signed: String = parts.into_iter().map(String::as_str).chain([key]).collect();
    hex::encode(digest::digest(&digest::SHA512, signed.as_bytes()))
}

fn read(reader: &MidtransWebhooks, body: &[u8]) {
    let Some(news) = reader.read(body) else {
        return;
    };
    assert!(news.matters, "whatever it says is looked at");
    assert_eq!((news.mode, &news.account), (Mode::Test, &None));
    let key = digest::digest(&digest::SHA256, body);
    assert_eq!(news.key, format!("sha256:{}", hex::encode(key)));
    for (_, word) in &news.shown {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        assert!(
            (1..=64).contains(&word.len()) && word.bytes().all(plain),
            "{word}"
        );
    }
    // A number may be beyond what this reader holds; the service reads how it is written.
    let Ok(note) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    if news.says_paid {
        let settled = ["capture", "settlement"].contains(&news.kind.as_str());
        assert!(settled, "{}", news.kind);
        assert!(note["status_code"] == "200" || note["status_code"] == 200);
        let fraud = note["fraud_status"].as_str().unwrap_or_default();
        assert!(fraud.is_empty() || fraud.eq_ignore_ascii_case("accept"));
    }
    for trail in &news.trails {
        match trail {
            Trail::Call(order) => {
                let told = &note["order_id"];
                assert!(told == order.as_str() || told.is_number(), "{told}");
            }
            Trail::Capture(capture) => {
                let told = &note["transaction_id"];
                assert!(told == capture.as_str() || told.is_number(), "{told}");
            }
            Trail::Attempt { .. } => panic!("Midtrans keeps no mark of ours"),
        }
    }
}
